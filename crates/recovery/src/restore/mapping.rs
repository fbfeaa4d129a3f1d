use std::collections::BTreeMap;

use serde_json::Value;
use windlass_manifest::Manifest;

/// Where saved objects go, and what is changed in them on the way.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Mapping {
    /// Namespaces, from their names in the backup to those in the cluster.
    pub namespaces: BTreeMap<String, String>,
    /// Storage classes, from their names in the backup to those in the cluster.
    pub storage_classes: BTreeMap<String, String>,
    /// Patches as a Kustomization lists them, strategic merge or JSON 6902, each with a `target` where it does not name
    /// its object itself. They come after the names were mapped. A target that fits nothing is no error.
    pub patches: Vec<Value>,
}

impl Mapping {
    /// The name in the cluster of a namespace of the backup.
    #[must_use]
    pub fn namespace<'n>(&'n self, namespace: &'n str) -> &'n str {
        self.namespaces.get(namespace).map_or(namespace, String::as_str)
    }

    /// Puts an object where it belongs: its own namespace, and every field of a built-in kind that names one.
    ///
    /// Of other kinds `spec.sourceRef.namespace` and `spec.targetNamespace` (Flux) are mapped, and nothing else: what they
    /// mean by a name is not known here. Patches can say it.
    pub(crate) fn apply(&self, manifest: &mut Manifest) {
        if !self.namespaces.is_empty() {
            self.map_namespaces(manifest);
        }
        if !self.storage_classes.is_empty() {
            self.map_storage_classes(manifest);
        }
    }

    fn map_namespaces(&self, manifest: &mut Manifest) {
        if let Some(namespace) = manifest.namespace().map(str::to_owned) {
            let mapped = self.namespace(&namespace).to_owned();
            manifest.set_namespace(&mapped);
        }
        let (api_version, kind) = (manifest.api_version().to_owned(), manifest.kind().to_owned());
        let object = manifest.value_mut();
        match (api_version.as_str(), kind.as_str()) {
            ("v1", "Namespace") => self.at(object, "/metadata/name"),
            ("v1", "PersistentVolume") => self.at(object, "/spec/claimRef/namespace"),
            (_, "RoleBinding" | "ClusterRoleBinding") => self.in_each(object, "/subjects", "/namespace"),
            (_, "MutatingWebhookConfiguration" | "ValidatingWebhookConfiguration") => {
                self.in_each(object, "/webhooks", "/clientConfig/service/namespace");
            }
            (_, "APIService") => self.at(object, "/spec/service/namespace"),
            (_, "CustomResourceDefinition") => {
                self.at(object, "/spec/conversion/webhook/clientConfig/service/namespace");
            }
            _ if api_version.contains(".toolkit.fluxcd.io/") => {
                self.at(object, "/spec/sourceRef/namespace");
                self.at(object, "/spec/targetNamespace");
            }
            _ => {}
        }
    }

    fn map_storage_classes(&self, manifest: &mut Manifest) {
        let kind = manifest.kind().to_owned();
        let object = manifest.value_mut();
        let map = |value: Option<&mut Value>| {
            if let Some(Value::String(class)) = value
                && let Some(mapped) = self.storage_classes.get(class)
            {
                class.clone_from(mapped);
            }
        };
        match kind.as_str() {
            "PersistentVolumeClaim" | "PersistentVolume" => map(object.pointer_mut("/spec/storageClassName")),
            "StatefulSet" => {
                let templates = object.pointer_mut("/spec/volumeClaimTemplates").and_then(Value::as_array_mut);
                for template in templates.into_iter().flatten() {
                    map(template.pointer_mut("/spec/storageClassName"));
                }
            }
            _ => {}
        }
    }

    fn at(&self, object: &mut Value, pointer: &str) {
        if let Some(Value::String(namespace)) = object.pointer_mut(pointer) {
            *namespace = self.namespace(namespace).to_owned();
        }
    }

    fn in_each(&self, object: &mut Value, list: &str, pointer: &str) {
        for item in object.pointer_mut(list).and_then(Value::as_array_mut).into_iter().flatten() {
            self.at(item, pointer);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use windlass_manifest::Origin;

    use super::*;

    fn mapped(object: Value) -> Value {
        let pairs = |from: &str, to: &str| BTreeMap::from([(from.to_owned(), to.to_owned())]);
        let mapping = Mapping {
            namespaces: pairs("shop", "shop-copy"),
            storage_classes: pairs("longhorn", "local-path"),
            patches: Vec::new(),
        };
        let mut manifest = Manifest::new(object, Origin::unknown()).unwrap();
        mapping.apply(&mut manifest);
        manifest.value().clone()
    }

    #[test]
    fn every_place_that_names_a_namespace_follows() {
        let binding = mapped(json!({
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": "b"},
            "subjects": [{"kind": "ServiceAccount", "namespace": "shop"}, {"kind": "ServiceAccount", "namespace": "x"}],
        }));
        assert_eq!(binding["subjects"][0]["namespace"], "shop-copy");
        assert_eq!(binding["subjects"][1]["namespace"], "x");
        let namespace = mapped(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}));
        assert_eq!(namespace["metadata"]["name"], "shop-copy");
        let map =
            mapped(json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": "shop"}}));
        assert_eq!(map["metadata"]["namespace"], "shop-copy");
    }

    #[test]
    fn claims_and_templates_of_claims_change_their_class() {
        let set = mapped(json!({
            "apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "db", "namespace": "x"},
            "spec": {"volumeClaimTemplates": [{"spec": {"storageClassName": "longhorn"}}]},
        }));
        assert_eq!(set["spec"]["volumeClaimTemplates"][0]["spec"]["storageClassName"], "local-path");
    }
}
