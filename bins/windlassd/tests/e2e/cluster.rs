//! The API server that the tests share, and what they ask it.

use std::collections::BTreeMap;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use windlass_testbed::{GitHttp, KubeApi, KubeApiOptions, Testbed, Tool};

/// What must be installed.
pub(crate) fn needs() -> Vec<Tool> {
    [KubeApi::NEEDS, GitHttp::NEEDS].concat()
}

/// The API server with Flux's CRDs. It ends with the test process.
pub(crate) fn shared(testbed: &Testbed) -> &'static KubeApi {
    static SHARED: OnceLock<KubeApi> = OnceLock::new();
    SHARED.get_or_init(|| start(testbed))
}

/// An API server of one's own, for a test that stops it.
pub(crate) fn start(testbed: &Testbed) -> KubeApi {
    let kube = KubeApi::start_with(testbed, KubeApiOptions::default().with_controllers().with_audit()).unwrap();
    kube.apply(&windlass_yaml::print_documents(&windlass_flux::crds())).unwrap();
    for crd in ["gitrepositories.source.toolkit.fluxcd.io", "kustomizations.kustomize.toolkit.fluxcd.io"] {
        kube.kubectl(["wait", "--for=condition=Established", "--timeout=30s", &format!("crd/{crd}")]).unwrap();
    }
    kube
}

/// Makes a namespace.
pub(crate) fn make_namespace(kube: &KubeApi, name: &str) {
    kube.kubectl(["create", "namespace", name]).unwrap();
}

/// Waits until `is_so` gives something, for at most a minute and a half.
pub(crate) fn eventually<T>(what: &str, mut is_so: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + Duration::from_secs(90);
    loop {
        if let Some(found) = is_so() {
            return found;
        }
        assert!(Instant::now() < end, "in vain: {what}");
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// The condition `type_` of a Flux object, as `status reason message`; empty where there is none.
pub(crate) fn condition(object: &Value, type_: &str) -> String {
    let conditions = object["status"]["conditions"].as_array().cloned().unwrap_or_default();
    let found = conditions.iter().find(|condition| condition["type"] == type_);
    found.map_or_else(String::new, |condition| {
        let part = |name: &str| condition[name].as_str().unwrap_or_default().to_owned();
        format!("{} {} {}", part("status"), part("reason"), part("message"))
    })
}

/// A Kustomization as it is now.
pub(crate) fn kustomization(kube: &KubeApi, namespace: &str, name: &str) -> Value {
    kube.get("kustomizations.v1.kustomize.toolkit.fluxcd.io", namespace, name).unwrap_or(Value::Null)
}

/// Waits until a Kustomization is ready at a revision that contains `revision`.
pub(crate) fn wait_ready(kube: &KubeApi, namespace: &str, name: &str, revision: &str) -> Value {
    let mut last = String::new();
    let end = Instant::now() + Duration::from_secs(90);
    loop {
        let object = kustomization(kube, namespace, name);
        last = if object.is_null() { last } else { condition(&object, "Ready") };
        let applied = object["status"]["lastAppliedRevision"].as_str().unwrap_or_default();
        if last.starts_with("True") && applied.contains(revision) {
            return object;
        }
        assert!(Instant::now() < end, "{namespace}/{name} is not ready at {revision}: {last} (applied {applied})");
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// Waits until the condition `Ready` of a Kustomization contains `text`, and returns it whole.
pub(crate) fn wait_condition(kube: &KubeApi, namespace: &str, name: &str, text: &str) -> String {
    let mut last = String::new();
    let end = Instant::now() + Duration::from_secs(90);
    loop {
        last =
            Some(condition(&kustomization(kube, namespace, name), "Ready")).filter(|c| !c.is_empty()).unwrap_or(last);
        if last.contains(text) {
            return last;
        }
        assert!(Instant::now() < end, "{namespace}/{name} never said {text:?}, but {last:?}");
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// Asks for a reconcile of a Flux object by annotation, and waits for the answer.
pub(crate) fn request(kube: &KubeApi, resource: &str, namespace: &str, name: &str) {
    static COUNT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
    let token = format!("test-{}", COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
    let annotation = format!("reconcile.fluxcd.io/requestedAt={token}");
    // As `flux reconcile` does: what `kubectl` itself sets is taken back, on purpose.
    kube.kubectl(["annotate", "--field-manager=flux", "--overwrite", resource, name, "-n", namespace, &annotation])
        .unwrap();
    eventually(&format!("{resource}/{name} answers a request"), || {
        let object = kube.get(resource, namespace, name).ok()?;
        (object["status"]["lastHandledReconcileAt"] == token.as_str()).then_some(())
    });
}

/// How many objects `windlassd` has really written so far, by verb and resource: dry runs, status, events and its own
/// Flux objects' metadata left out.
pub(crate) fn writes(kube: &KubeApi, since: usize) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for event in kube.audit().unwrap().iter().skip(since) {
        let verb = event["verb"].as_str().unwrap_or_default();
        let reference = &event["objectRef"];
        let is_dry = event["requestURI"].as_str().is_some_and(|uri| uri.contains("dryRun"));
        let is_ours = event["userAgent"].as_str().is_some_and(|agent| agent.starts_with("windlassd/"));
        let resource = reference["resource"].as_str().unwrap_or_default();
        let is_write = ["create", "update", "patch", "delete"].contains(&verb);
        if is_write && is_ours && !is_dry && reference["subresource"].is_null() && resource != "events" {
            let name = format!("{verb} {resource}/{}", reference["name"].as_str().unwrap_or_default());
            *counts.entry(name).or_default() += 1;
        }
    }
    counts
}

/// How many requests are on record.
pub(crate) fn mark(kube: &KubeApi) -> usize {
    kube.audit().unwrap().len()
}

/// A GitRepository and a Kustomization of it, polled every second.
pub(crate) fn flux_objects(namespace: &str, url: &str, spec: Value) -> String {
    let source = json!({
        "apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "GitRepository",
        "metadata": {"name": "repo", "namespace": namespace},
        "spec": {"url": url, "interval": "1s", "ref": {"branch": "main"}},
    });
    let mut kustomization = json!({
        "apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization",
        "metadata": {"name": "apps", "namespace": namespace},
        "spec": {"interval": "1h", "retryInterval": "2s", "prune": true, "path": "./",
            "sourceRef": {"kind": "GitRepository", "name": "repo"}},
    });
    for (field, value) in spec.as_object().into_iter().flatten() {
        kustomization["spec"][field] = value.clone();
    }
    windlass_yaml::print_documents(&[source, kustomization])
}

/// A ConfigMap as a manifest.
pub(crate) fn config_map(namespace: &str, name: &str, value: &str) -> String {
    format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\n  namespace: {namespace}\ndata:\n  value: {value:?}\n"
    )
}
