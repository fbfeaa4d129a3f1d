mod batch;
mod core;
mod network;
mod pod;
mod workload;

pub(crate) use batch::take_labels;
pub(crate) use workload::count_templates;

use serde_json::{Map, Value};

use crate::registry::Resource;

/// Fills in what the real server fills in. For kinds that are not named here that is nothing.
pub(crate) fn apply(resource: &Resource, object: &mut Value) {
    match (&*resource.group, &*resource.plural) {
        ("", "pods") => at(object, "spec", pod::pod),
        ("", "podtemplates") => at(object, "template", |template| at_map(template, "spec", pod::spec)),
        ("", "services") => core::service(object),
        ("", "secrets") => core::secret(object),
        ("", "namespaces") => core::namespace(object),
        ("", "persistentvolumeclaims") => {
            at(object, "spec", core::claim);
            at(object, "status", |status| set(status, "phase", "Pending"));
        }
        ("", "persistentvolumes") => core::volume(object),
        ("apps", "deployments") => workload::deployment(object),
        ("apps", "statefulsets") => workload::stateful_set(object),
        ("apps", "daemonsets") => workload::daemon_set(object),
        ("apps", "replicasets") => workload::replica_set(object),
        ("batch", "jobs") => batch::job(object),
        ("batch", "cronjobs") => batch::cron_job(object),
        ("autoscaling", "horizontalpodautoscalers") => workload::autoscaler(object),
        ("networking.k8s.io", "networkpolicies") => network::policy(object),
        ("networking.k8s.io", "ingressclasses") => network::class(object),
        ("rbac.authorization.k8s.io", "rolebindings" | "clusterrolebindings") => core::binding(object),
        ("storage.k8s.io", "storageclasses") => {
            root(object, |object| {
                set(object, "reclaimPolicy", "Delete");
                set(object, "volumeBindingMode", "Immediate");
            });
        }
        ("storage.k8s.io", "csidrivers") => at(object, "spec", core::csi_driver),
        ("discovery.k8s.io", "endpointslices") => network::slice(object),
        ("admissionregistration.k8s.io", _) => network::webhooks(object),
        ("apiextensions.k8s.io", "customresourcedefinitions") => core::definition(object),
        ("scheduling.k8s.io", "priorityclasses") => {
            root(object, |object| set(object, "preemptionPolicy", "PreemptLowerPriority"));
        }
        _ => {}
    }
}

type Fields = Map<String, Value>;

/// Sets a field that is not there.
fn set(fields: &mut Fields, name: &str, value: impl Into<Value>) {
    if fields.get(name).is_none_or(Value::is_null) {
        fields.insert(name.to_owned(), value.into());
    }
}

fn root(object: &mut Value, then: impl FnOnce(&mut Fields)) {
    if let Some(fields) = object.as_object_mut() {
        then(fields);
    }
}

/// Does something with the mapping in a field, if there is one.
fn at(object: &mut Value, name: &str, then: impl FnOnce(&mut Fields)) {
    if let Some(fields) = object.get_mut(name).and_then(Value::as_object_mut) {
        then(fields);
    }
}

fn at_map(object: &mut Fields, name: &str, then: impl FnOnce(&mut Fields)) {
    if let Some(fields) = object.get_mut(name).and_then(Value::as_object_mut) {
        then(fields);
    }
}

/// Does something with each mapping in a list.
fn each(object: &mut Fields, name: &str, then: impl Fn(&mut Fields)) {
    let items = object.get_mut(name).and_then(Value::as_array_mut).into_iter().flatten();
    items.filter_map(Value::as_object_mut).for_each(then);
}

fn word<'a>(fields: &'a Fields, name: &str) -> &'a str {
    fields.get(name).and_then(Value::as_str).unwrap_or_default()
}
