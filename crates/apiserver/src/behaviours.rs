use std::time::Duration;

/// What objects do by themselves, so that `wait` and health checks come to an end. By default nothing: a Deployment stays as
/// it was applied.
///
/// ```
/// use std::time::Duration;
/// use windlass_apiserver::{ApiServer, Behaviours, Failing};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let behaviours = Behaviours::ready()
///     .pods()
///     .delay(Duration::from_secs(30))
///     .failing("Deployment", "shop", "worker", Failing::CrashLoop);
/// let server = ApiServer::builder().behaviours(behaviours).virtual_clock("2026-01-01T00:00:00Z".parse()?).build();
/// let deployment = |name: &str| serde_json::json!({
///     "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "namespace": "shop"},
///     "spec": {"selector": {"matchLabels": {"app": name}}, "template": {
///         "metadata": {"labels": {"app": name}}, "spec": {"containers": [{"name": "c", "image": "shop:1"}]},
///     }},
/// });
/// server.objects().create(&serde_json::json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}))?;
/// server.objects().create(&deployment("web"))?;
/// server.objects().create(&deployment("worker"))?;
///
/// // Half a minute later, which takes no time.
/// assert!(server.advance_to_next_event());
/// let ready = |name| server.objects().get("apps/v1", "Deployment", "shop", name).map(|one| one["status"]["readyReplicas"].clone());
/// assert_eq!(ready("web"), Some(1.into()));
/// assert_eq!(ready("worker"), Some(serde_json::Value::Null));
/// assert_eq!(server.objects().list("v1", "Pod").len(), 2);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default)]
pub struct Behaviours {
    pub(crate) ready: bool,
    pub(crate) pods: bool,
    pub(crate) delay: Duration,
    failing: Vec<(Subject, Failing)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Subject {
    kind: String,
    namespace: String,
    name: String,
}

/// How a workload comes to grief.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Failing {
    /// Its containers run, and never say that they are ready. A Job never ends.
    NeverReady,
    /// Its containers end with an error again and again. A Job fails when it has tried often enough.
    CrashLoop,
    /// Its images cannot be pulled. A Job never ends.
    ImagePull,
}

impl Behaviours {
    /// Workloads become ready, Jobs complete, claims are bound and Services of type LoadBalancer get an address: at once, or
    /// after [`delay`](Self::delay).
    ///
    /// These are Deployments, StatefulSets, DaemonSets (on one node), ReplicaSets, Pods, Jobs that are not suspended,
    /// PersistentVolumeClaims and Services. Only statuses are written, and no PersistentVolumes come into being: see
    /// [`pods`](Self::pods) for more. CronJobs start nothing.
    #[must_use]
    pub fn ready() -> Self {
        Self { ready: true, ..Self::default() }
    }

    /// Workloads have Pods, too: Deployments have ReplicaSets, StatefulSets have their claims, and Services with a selector
    /// have an EndpointSlice. A Pod that is deleted comes back.
    ///
    /// They come into being with the workload and run after [`delay`](Self::delay). A new template takes the place of the old
    /// one at once, without a rolling update.
    #[must_use]
    pub fn pods(mut self) -> Self {
        self.pods = true;
        self
    }

    /// Lets it take so long until something is ready, by the server's clock. Default: no time.
    #[must_use]
    pub fn delay(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// Lets one workload fail instead: a Deployment, StatefulSet, DaemonSet, ReplicaSet, Job or Pod; a claim is never bound, and
    /// a Service never gets its address, however it is to fail. A Deployment exceeds its progress deadline in time.
    #[must_use]
    pub fn failing(mut self, kind: &str, namespace: &str, name: &str, how: Failing) -> Self {
        let subject = Subject { kind: kind.to_owned(), namespace: namespace.to_owned(), name: name.to_owned() };
        self.failing.push((subject, how));
        self
    }

    /// How an object is to fail, if it is.
    pub(crate) fn failure(&self, kind: &str, namespace: &str, name: &str) -> Option<Failing> {
        let is = |subject: &Subject| subject.kind == kind && subject.namespace == namespace && subject.name == name;
        self.failing.iter().rev().find(|(subject, _)| is(subject)).map(|(_, how)| *how)
    }
}
