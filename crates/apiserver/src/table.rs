//! Tables: what `kubectl get` prints, made by the server as the real one makes it. The prose that describes columns is left
//! out.

mod columns;
mod custom;
mod json_path;
mod moment;
mod network;
mod policy;
mod stored;
mod workload;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::registry::Resource;
use crate::strategy::text;

/// What comes with each row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Include {
    #[default]
    Metadata,
    Object,
    Nothing,
}

impl Include {
    pub(crate) fn read(text: Option<&str>) -> Self {
        match text {
            Some("Object") => Self::Object,
            Some("None") => Self::Nothing,
            _ => Self::Metadata,
        }
    }
}

/// Makes tables of the objects of a resource.
pub(crate) struct Tables<'a> {
    pub(crate) resource: &'a Resource,
    pub(crate) include: Include,
    pub(crate) now: Timestamp,
}

/// What one cell is made from.
struct Row<'a> {
    object: &'a Value,
    now: Timestamp,
}

impl Tables<'_> {
    /// A table of one object.
    pub(crate) fn of_object(&self, object: &Value) -> Value {
        let revision = text(object, "/metadata/resourceVersion");
        self.table(json!({"resourceVersion": revision}), vec![self.row(object)], true)
    }

    /// The table of an event: the columns stand in the first only.
    pub(crate) fn of_event(&self, object: &Value, first: bool) -> Value {
        let revision = text(object, "/metadata/resourceVersion");
        self.table(json!({"resourceVersion": revision}), vec![self.row(object)], first)
    }

    /// A table of a list.
    pub(crate) fn of_list(&self, list: &Value) -> Value {
        let mut metadata = list.get("metadata").cloned().unwrap_or_default();
        // Go leaves out what is empty here.
        if let Some(fields) = metadata.as_object_mut()
            && fields.get("continue") == Some(&"".into())
        {
            fields.shift_remove("continue");
        }
        let items = list.get("items").and_then(Value::as_array).into_iter().flatten();
        self.table(metadata, items.map(|item| self.row(item)).collect(), true)
    }

    fn table(&self, metadata: Value, rows: Vec<Value>, headed: bool) -> Value {
        let columns = match &self.resource.custom {
            Some(version) => custom::columns(version),
            None => columns::of(self.resource),
        };
        json!({
            "kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": metadata,
            "columnDefinitions": if headed { Value::Array(columns) } else { Value::Null },
            // Of kinds without columns of their own Go writes no rows as null.
            "rows": if rows.is_empty() && !columns::has_own(self.resource) { Value::Null } else { rows.into() },
        })
    }

    fn row(&self, object: &Value) -> Value {
        let row = Row { object, now: self.now };
        let cells = match &self.resource.custom {
            Some(version) => custom::cells(version, &row),
            None => cells(self.resource, &row),
        };
        let mut made = json!({"cells": cells});
        if self.resource.is("", "pods")
            && let Some(condition) = workload::ended(object)
        {
            made["conditions"] = json!([condition]);
        }
        match self.include {
            Include::Nothing => made["object"] = Value::Null,
            Include::Object => {
                let mut object = object.clone();
                object["kind"] = (*self.resource.kind).into();
                object["apiVersion"] = self.resource.api_version().into();
                made["object"] = object;
            }
            Include::Metadata => {
                made["object"] = crate::view::metadata(object);
            }
        }
        made
    }
}

fn cells(resource: &Resource, row: &Row<'_>) -> Vec<Value> {
    match (&*resource.group, &*resource.plural) {
        ("", "pods") => workload::pod(row),
        ("", "podtemplates") => workload::pod_template(row),
        ("", "replicationcontrollers") | ("apps", "replicasets") => workload::replica_set(row),
        ("apps", "deployments") => workload::deployment(row),
        ("apps", "statefulsets") => workload::stateful_set(row),
        ("apps", "daemonsets") => workload::daemon_set(row),
        ("apps", "controllerrevisions") => workload::revision(row),
        ("batch", "jobs") => workload::job(row),
        ("batch", "cronjobs") => workload::cron_job(row),
        ("autoscaling", _) => policy::autoscaler(row),
        ("", "services") => network::service(row),
        ("", "endpoints") => network::endpoints(row),
        ("discovery.k8s.io", "endpointslices") => network::endpoint_slice(row),
        ("networking.k8s.io", "ingresses") => network::ingress(row),
        ("networking.k8s.io", "ingressclasses") => network::ingress_class(row),
        ("networking.k8s.io", "networkpolicies") => network::policy(row),
        ("", "nodes") => network::node(row),
        ("", "namespaces") => vec![row.name(), row.text("/status/phase"), row.age()],
        ("", "configmaps") => stored::config_map(row),
        ("", "secrets") => vec![row.name(), row.text("/type"), row.count("/data").into(), row.age()],
        ("", "serviceaccounts") => vec![row.name(), row.age()],
        ("", "persistentvolumes") => stored::volume(row),
        ("", "persistentvolumeclaims") => stored::claim(row),
        ("", "resourcequotas") => policy::quota(row),
        ("storage.k8s.io", "storageclasses") => stored::class(row),
        ("policy", "poddisruptionbudgets") => policy::budget(row),
        ("rbac.authorization.k8s.io", "rolebindings" | "clusterrolebindings") => policy::binding(row),
        ("coordination.k8s.io", "leases") => vec![row.name(), row.text("/spec/holderIdentity"), row.age()],
        ("scheduling.k8s.io", "priorityclasses") => policy::priority_class(row),
        ("node.k8s.io", "runtimeclasses") => vec![row.name(), row.text("/handler"), row.age()],
        ("admissionregistration.k8s.io", "mutatingwebhookconfigurations" | "validatingwebhookconfigurations") => {
            vec![row.name(), row.count("/webhooks").into(), row.age()]
        }
        ("", "events") => stored::event(row),
        _ => vec![row.name(), row.text("/metadata/creationTimestamp")],
    }
}

impl Row<'_> {
    fn name(&self) -> Value {
        self.text("/metadata/name")
    }

    /// Empty text where nothing is.
    fn text(&self, pointer: &str) -> Value {
        text(self.object, pointer).into()
    }

    fn text_or(&self, pointer: &str, otherwise: &str) -> Value {
        match text(self.object, pointer) {
            "" => otherwise.into(),
            found => found.into(),
        }
    }

    /// Zero where nothing is.
    fn number(&self, pointer: &str) -> i64 {
        self.object.pointer(pointer).and_then(Value::as_i64).unwrap_or(0)
    }

    fn list(&self, pointer: &str) -> &[Value] {
        self.object.pointer(pointer).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
    }

    fn count(&self, pointer: &str) -> usize {
        match self.object.pointer(pointer) {
            Some(Value::Array(items)) => items.len(),
            Some(Value::Object(fields)) => fields.len(),
            _ => 0,
        }
    }

    fn age(&self) -> Value {
        self.since("/metadata/creationTimestamp", "<unknown>")
    }

    /// How long ago a time was.
    fn since(&self, pointer: &str, otherwise: &str) -> Value {
        match text(self.object, pointer).parse::<Timestamp>() {
            Ok(then) => moment::span(self.now.as_second() - then.as_second()).into(),
            Err(_) => otherwise.into(),
        }
    }

    /// The names and the images of containers, each as one text.
    fn containers(&self, pointer: &str) -> [Value; 2] {
        let joined = |name: &str| -> Value {
            let all = self.list(pointer).iter();
            all.map(|one| one.get(name).and_then(Value::as_str).unwrap_or_default())
                .collect::<Vec<_>>()
                .join(",")
                .into()
        };
        [joined("name"), joined("image")]
    }

    /// A selector as one text.
    fn selector(&self, pointer: &str) -> Value {
        match self.object.pointer(pointer) {
            Some(selector) => match crate::scale::selector_text(selector) {
                text if text.is_empty() => "<none>".into(),
                text => text.into(),
            },
            None => "<none>".into(),
        }
    }
}

/// Labels as one text.
fn labels(labels: Option<&Value>) -> Value {
    let pairs: Vec<String> = labels
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default()))
        .collect();
    if pairs.is_empty() { "<none>".into() } else { pairs.join(",").into() }
}
