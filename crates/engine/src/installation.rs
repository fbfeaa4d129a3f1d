//! The objects that run the reconciler inside of the cluster that it keeps.

use serde_json::{Value, json};

/// Who the process is inside of its image and its Pod: nobody in particular, and not root.
const USER: u32 = 65532;
const PORT: u16 = 8080;
const STORE: &str = "/var/lib/windlass";
const KEYS: &str = "/etc/windlass/keys";

/// How `windlassd` runs in a cluster; [`objects`](Self::objects) are the manifests for it.
///
/// The Pod fits the `restricted` level of Kubernetes' Pod Security Standards. The ServiceAccount is bound to
/// `cluster-admin`, as that of Flux's kustomize-controller is: a reconciler applies whatever the repository holds.
///
/// ```
/// use windlass_engine::Installation;
///
/// let objects = Installation::new("registry.lan/windlass:0.1.0").with_volume("1Gi", None).objects();
/// let kinds: Vec<_> = objects.iter().map(|object| object["kind"].as_str().unwrap_or_default()).collect();
/// assert_eq!(kinds, ["Namespace", "ServiceAccount", "ClusterRoleBinding", "PersistentVolumeClaim", "Deployment"]);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Installation {
    /// The image, with `windlassd` on its path.
    pub image: String,
    /// Where it runs: `flux-system` by default.
    pub namespace: String,
    /// The volume for fetched repositories; without one they are fetched anew when the Pod moves.
    pub volume: Option<StoreVolume>,
    /// A Secret of that namespace whose entries are files below `/etc/windlass/keys`, such as the writer key of backups.
    pub keys: Option<String>,
    /// Further arguments of `windlassd`.
    pub arguments: Vec<String>,
}

/// A claim for fetched repositories.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoreVolume {
    /// How large, as Kubernetes writes quantities: `1Gi`.
    pub size: String,
    /// The storage class; that of the cluster where none is named.
    pub storage_class: Option<String>,
}

impl Installation {
    /// In `flux-system`, without a volume.
    pub fn new(image: impl Into<String>) -> Self {
        Self {
            image: image.into(),
            namespace: "flux-system".to_owned(),
            volume: None,
            keys: None,
            arguments: Vec::new(),
        }
    }

    /// The same in another namespace.
    #[must_use]
    pub fn with_namespace(mut self, namespace: impl Into<String>) -> Self {
        self.namespace = namespace.into();
        self
    }

    /// The same with a claim of that size for fetched repositories.
    #[must_use]
    pub fn with_volume(mut self, size: impl Into<String>, storage_class: Option<String>) -> Self {
        self.volume = Some(StoreVolume { size: size.into(), storage_class });
        self
    }

    /// The same with the entries of a Secret as files below `/etc/windlass/keys`.
    #[must_use]
    pub fn with_keys(mut self, secret: impl Into<String>) -> Self {
        self.keys = Some(secret.into());
        self
    }

    /// The same with further arguments of `windlassd`.
    #[must_use]
    pub fn with_arguments(mut self, arguments: impl IntoIterator<Item = String>) -> Self {
        self.arguments.extend(arguments);
        self
    }

    /// Namespace, ServiceAccount, its binding, the claim if there is one, and the Deployment: in an order in which they
    /// can be applied one after the other. The definitions of Flux's kinds ([`windlass_flux::crds`]) are not among them.
    pub fn objects(&self) -> Vec<Value> {
        let mut objects = vec![
            json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": self.namespace, "labels": labels() } }),
            json!({ "apiVersion": "v1", "kind": "ServiceAccount", "metadata": self.metadata() }),
            self.binding(),
        ];
        objects.extend(self.volume.as_ref().map(|volume| self.claim(volume)));
        objects.push(self.deployment());
        objects
    }

    fn metadata(&self) -> Value {
        json!({ "name": "windlass", "namespace": self.namespace, "labels": labels() })
    }

    fn binding(&self) -> Value {
        json!({
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRoleBinding",
            // Two installations, of two namespaces, do not share one.
            "metadata": { "name": format!("windlass-{}", self.namespace), "labels": labels() },
            "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin" },
            "subjects": [{ "kind": "ServiceAccount", "name": "windlass", "namespace": self.namespace }],
        })
    }

    fn claim(&self, volume: &StoreVolume) -> Value {
        let mut spec = json!({
            "accessModes": ["ReadWriteOnce"],
            "resources": { "requests": { "storage": volume.size } },
        });
        if let Some(class) = &volume.storage_class {
            spec["storageClassName"] = json!(class);
        }
        json!({ "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": self.metadata(), "spec": spec })
    }

    fn deployment(&self) -> Value {
        json!({
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": self.metadata(),
            "spec": {
                "replicas": 1,
                // Never two: both would write the same objects.
                "strategy": { "type": "Recreate" },
                "selector": { "matchLabels": labels() },
                "template": {
                    "metadata": {
                        "labels": labels(),
                        "annotations": { "prometheus.io/scrape": "true", "prometheus.io/port": PORT.to_string() },
                    },
                    "spec": self.pod(),
                },
            },
        })
    }

    fn pod(&self) -> Value {
        let mut arguments = vec![format!("--store={STORE}"), format!("--listen=0.0.0.0:{PORT}")];
        arguments.extend(self.arguments.iter().cloned());
        let store = match self.volume {
            Some(_) => json!({ "name": "store", "persistentVolumeClaim": { "claimName": "windlass" } }),
            None => json!({ "name": "store", "emptyDir": {} }),
        };
        let mut volumes = vec![store, json!({ "name": "scratch", "emptyDir": {} })];
        let mut mounts =
            vec![json!({ "name": "store", "mountPath": STORE }), json!({ "name": "scratch", "mountPath": "/tmp" })];
        if let Some(secret) = &self.keys {
            volumes.push(json!({ "name": "keys", "secret": { "secretName": secret, "defaultMode": 0o440 } }));
            mounts.push(json!({ "name": "keys", "mountPath": KEYS, "readOnly": true }));
        }
        json!({
            "serviceAccountName": "windlass",
            // What brings everything else back is not to be evicted for it.
            "priorityClassName": "system-cluster-critical",
            // Time to finish the object that is being written.
            "terminationGracePeriodSeconds": 60,
            "nodeSelector": { "kubernetes.io/os": "linux" },
            "securityContext": {
                "runAsNonRoot": true,
                "runAsUser": USER,
                "runAsGroup": USER,
                "fsGroup": USER,
                "seccompProfile": { "type": "RuntimeDefault" },
            },
            "containers": [{
                "name": "windlassd",
                "image": self.image,
                "command": ["windlassd"],
                "args": arguments,
                "ports": [{ "name": "http", "containerPort": PORT }],
                "livenessProbe": { "httpGet": { "path": "/healthz", "port": "http" } },
                "readinessProbe": { "httpGet": { "path": "/readyz", "port": "http" } },
                "resources": { "requests": { "cpu": "50m", "memory": "32Mi" }, "limits": { "memory": "256Mi" } },
                "securityContext": {
                    "allowPrivilegeEscalation": false,
                    "readOnlyRootFilesystem": true,
                    "capabilities": { "drop": ["ALL"] },
                },
                "volumeMounts": mounts,
            }],
            "volumes": volumes,
        })
    }
}

fn labels() -> Value {
    json!({ "app.kubernetes.io/name": "windlass" })
}
