//! What tests wait for, and what they put into a cluster.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::server::{KUSTOMIZE, SOURCE, Server};

/// How long something may take that has to happen.
const PATIENCE: Duration = Duration::from_secs(90);

/// How often is looked. A real server is asked by a request each time.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Waits until `is_so` gives something, for at most a minute and a half.
pub(crate) fn eventually<T>(what: &str, mut is_so: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = is_so() {
            return found;
        }
        assert!(Instant::now() < end, "in vain: {what}");
        std::thread::sleep(LOOK_EVERY);
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
pub(crate) fn kustomization(server: &Server, namespace: &str, name: &str) -> Value {
    server.get(KUSTOMIZE, "Kustomization", namespace, name).unwrap_or(Value::Null)
}

/// Waits until a Kustomization is ready at a revision that contains `revision`.
pub(crate) fn wait_ready(server: &Server, namespace: &str, name: &str, revision: &str) -> Value {
    let mut last = String::new();
    let end = Instant::now() + PATIENCE;
    loop {
        let object = kustomization(server, namespace, name);
        last = if object.is_null() { last } else { condition(&object, "Ready") };
        let applied = object["status"]["lastAppliedRevision"].as_str().unwrap_or_default();
        if last.starts_with("True") && applied.contains(revision) {
            return object;
        }
        assert!(Instant::now() < end, "{namespace}/{name} is not ready at {revision}: {last} (applied {applied})");
        std::thread::sleep(LOOK_EVERY);
    }
}

/// Waits until the condition `Ready` of a Kustomization contains `text`, and returns it whole.
pub(crate) fn wait_condition(server: &Server, namespace: &str, name: &str, text: &str) -> String {
    let mut last = String::new();
    let end = Instant::now() + PATIENCE;
    loop {
        let now = condition(&kustomization(server, namespace, name), "Ready");
        last = Some(now).filter(|now| !now.is_empty()).unwrap_or(last);
        if last.contains(text) {
            return last;
        }
        assert!(Instant::now() < end, "{namespace}/{name} never said {text:?}, but {last:?}");
        std::thread::sleep(LOOK_EVERY);
    }
}

/// Asks for a reconcile of a Flux object by annotation, and waits for the answer.
pub(crate) fn request(server: &Server, api_version: &str, kind: &str, namespace: &str, name: &str) {
    static COUNT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
    let token = format!("test-{}", COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
    let patch = json!({"metadata": {"annotations": {"reconcile.fluxcd.io/requestedAt": token}}});
    // As `flux reconcile` does: what `kubectl` itself sets is taken back, on purpose.
    server.patch("flux", api_version, kind, (namespace, name), &patch);
    eventually(&format!("{kind}/{name} answers a request"), || {
        let object = server.get(api_version, kind, namespace, name).ok()?;
        (object["status"]["lastHandledReconcileAt"] == token.as_str()).then_some(())
    });
}

/// A GitRepository that is polled often, and a Kustomization of it.
pub(crate) fn flux_objects(server: &Server, namespace: &str, url: &str, spec: Value) -> String {
    let source = json!({
        "apiVersion": SOURCE, "kind": "GitRepository",
        "metadata": {"name": "repo", "namespace": namespace},
        "spec": {"url": url, "interval": server.poll_interval(), "ref": {"branch": "main"}},
    });
    let mut kustomization = json!({
        "apiVersion": KUSTOMIZE, "kind": "Kustomization",
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
