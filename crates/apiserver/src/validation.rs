//! What the real server's validation says of built-in kinds: the rules that manifests run into, in its words.

mod autoscaler;
mod claim;
mod config;
mod container;
mod ingress;
mod job;
pub(crate) mod names;
mod network_policy;
mod pod;
mod probe;
mod rbac;
mod schedule;
mod selector;
mod service;
mod volume;
mod workload;

use serde_json::Value;

use crate::failure::FieldFault;
use crate::registry::Resource;

type Faults = Vec<FieldFault>;

/// What is wrong with an object of a built-in kind, metadata aside.
pub(crate) fn check(resource: &Resource, object: &Value, faults: &mut Faults) {
    match (&*resource.group, &*resource.plural) {
        ("apps", "deployments") => workload::deployment(object, faults),
        ("apps", "replicasets") => workload::replica_set(object, faults),
        ("apps", "daemonsets") => workload::daemon_set(object, faults),
        ("apps", "statefulsets") => workload::stateful_set(object, faults),
        ("batch", "jobs") => {
            let spec = object.get("spec").unwrap_or(&Value::Null);
            job::job(spec, "spec", faults);
            job::selected(spec, faults);
        }
        ("batch", "cronjobs") => job::cron_job(object, faults),
        ("", "pods") => pod::pod(object, faults),
        ("", "podtemplates") => pod::template(object.get("template").unwrap_or(&Value::Null), "template", faults),
        ("", "services") => service::check(object, faults),
        ("", "configmaps") => config::config_map(object, faults),
        ("", "secrets") => config::secret(object, faults),
        ("", "persistentvolumeclaims") => {
            claim::spec(object.get("spec").unwrap_or(&Value::Null), "spec", faults);
        }
        ("", "persistentvolumes") => claim::volume(object, faults),
        ("storage.k8s.io", "storageclasses") => claim::class(object, faults),
        ("rbac.authorization.k8s.io", "roles") => rbac::role(object, true, faults),
        ("rbac.authorization.k8s.io", "clusterroles") => rbac::role(object, false, faults),
        ("rbac.authorization.k8s.io", "rolebindings") => rbac::binding(object, true, faults),
        ("rbac.authorization.k8s.io", "clusterrolebindings") => rbac::binding(object, false, faults),
        ("networking.k8s.io", "ingresses") => ingress::check(object, faults),
        ("networking.k8s.io", "ingressclasses") => ingress::class(object, faults),
        ("networking.k8s.io", "networkpolicies") => network_policy::check(object, faults),
        ("autoscaling", "horizontalpodautoscalers") => autoscaler::check(object, faults),
        ("policy", "poddisruptionbudgets") => workload::budget(object, faults),
        ("coordination.k8s.io", "leases") => workload::lease(object, faults),
        _ => {}
    }
}

/// The text in a field, empty where there is none.
fn word<'a>(object: &'a Value, name: &str) -> &'a str {
    object.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn number(object: &Value, name: &str) -> Option<i64> {
    object.get(name).and_then(Value::as_i64)
}

/// The items of a list, each with its path.
fn each<'a>(object: &'a Value, name: &str, path: &str) -> impl Iterator<Item = (String, &'a Value)> {
    let path = format!("{path}.{name}");
    let items = object.get(name).and_then(Value::as_array).into_iter().flatten().enumerate();
    items.map(move |(index, item)| (format!("{path}[{index}]"), item))
}

fn is_empty(object: &Value, name: &str) -> bool {
    match object.get(name) {
        None | Some(Value::Null) => true,
        Some(Value::Array(items)) => items.is_empty(),
        Some(Value::Object(fields)) => fields.is_empty(),
        Some(Value::String(text)) => text.is_empty(),
        Some(_) => false,
    }
}

/// A number that must not be negative.
fn not_negative(object: &Value, name: &str, path: &str, faults: &mut Faults) {
    if let Some(value) = number(object, name).filter(|value| *value < 0) {
        let detail = "must be greater than or equal to 0";
        faults.push(FieldFault::invalid(format!("{path}.{name}"), &value.into(), detail));
    }
}

/// A text that must be one of a few.
fn one_of(object: &Value, name: &str, path: &str, allowed: &[&str], faults: &mut Faults) {
    let value = word(object, name);
    if !value.is_empty() && !allowed.contains(&value) {
        let allowed: Vec<String> = allowed.iter().map(|one| format!("{one:?}")).collect();
        faults.push(FieldFault::unsupported(format!("{path}.{name}"), &value.into(), &allowed));
    }
}

fn required(object: &Value, name: &str, path: &str, faults: &mut Faults) -> bool {
    let missing = is_empty(object, name);
    if missing {
        faults.push(FieldFault::required(format!("{path}.{name}"), ""));
    }
    !missing
}
