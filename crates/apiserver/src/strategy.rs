use serde_json::{Map, Value, json};

use crate::registry::Resource;

/// Kinds whose `metadata.generation` counts changes of the spec, as recorded from a real server.
const COUNTED: &[(&str, &str)] = &[
    ("", "pods"),
    ("", "podtemplates"),
    ("", "replicationcontrollers"),
    ("admissionregistration.k8s.io", "mutatingwebhookconfigurations"),
    ("admissionregistration.k8s.io", "validatingwebhookconfigurations"),
    ("admissionregistration.k8s.io", "validatingadmissionpolicies"),
    ("admissionregistration.k8s.io", "validatingadmissionpolicybindings"),
    ("admissionregistration.k8s.io", "mutatingadmissionpolicies"),
    ("admissionregistration.k8s.io", "mutatingadmissionpolicybindings"),
    ("apiextensions.k8s.io", "customresourcedefinitions"),
    ("apps", "daemonsets"),
    ("apps", "deployments"),
    ("apps", "replicasets"),
    ("apps", "statefulsets"),
    ("batch", "cronjobs"),
    ("batch", "jobs"),
    ("discovery.k8s.io", "endpointslices"),
    ("flowcontrol.apiserver.k8s.io", "flowschemas"),
    ("flowcontrol.apiserver.k8s.io", "prioritylevelconfigurations"),
    ("networking.k8s.io", "ingressclasses"),
    ("networking.k8s.io", "ingresses"),
    ("networking.k8s.io", "networkpolicies"),
    ("policy", "poddisruptionbudgets"),
    ("scheduling.k8s.io", "priorityclasses"),
];

/// Kinds whose DELETE answers with the object that is gone, not with a `Status`.
const RETURNED: &[&str] = &[
    "persistentvolumeclaims",
    "persistentvolumes",
    "pods",
    "podtemplates",
    "resourcequotas",
    "serviceaccounts",
    "services",
];

/// As [`RETURNED`], of storage.
const RETURNED_STORAGE: &[&str] = &["csidrivers", "csinodes", "storageclasses", "volumeattachments"];

impl Resource {
    pub(crate) fn counts_generation(&self) -> bool {
        self.custom.is_some() || COUNTED.iter().any(|(group, plural)| self.is(group, plural))
    }

    /// Whether an update has to name the revision that it stands on.
    pub(crate) fn needs_revision(&self) -> bool {
        self.custom.is_some()
            || self.is("policy", "poddisruptionbudgets")
            || self.is("coordination.k8s.io", "leases")
            || self.is("node.k8s.io", "runtimeclasses")
            || (&*self.group == "storage.k8s.io" && &*self.plural != "storageclasses")
            || matches!(&*self.group, "apiextensions.k8s.io" | "apiregistration.k8s.io")
            || &*self.group == "admissionregistration.k8s.io"
    }

    /// Whether a PUT of what is not there creates it.
    pub(crate) fn created_by_update(&self) -> bool {
        let core =
            self.group.is_empty() && matches!(&*self.plural, "endpoints" | "events" | "limitranges" | "services");
        let others = self.is("coordination.k8s.io", "leases") || self.is("node.k8s.io", "runtimeclasses");
        core || others || &*self.group == "rbac.authorization.k8s.io"
    }

    pub(crate) fn returns_deleted(&self) -> bool {
        (self.group.is_empty() && RETURNED.contains(&&*self.plural))
            || (&*self.group == "storage.k8s.io" && RETURNED_STORAGE.contains(&&*self.plural))
    }

    /// What a write through this endpoint neither changes nor owns.
    pub(crate) fn reset_fields(&self, subresource: &str) -> &'static [&'static [&'static str]] {
        match subresource {
            "status" if self.custom.is_some() => &[&["spec"], &["metadata"]],
            "status" if self.is("", "namespaces") || self.is("", "persistentvolumes") => &[&["spec"]],
            "status" if self.is("", "pods") => {
                &[&["spec"], &["metadata", "deletionTimestamp"], &["metadata", "ownerReferences"]]
            }
            "status" if self.is("apps", "deployments") => &[&["spec"], &["metadata", "labels"]],
            "status" => &[&["spec"]],
            _ if self.has_status() => &[&["status"]],
            _ => &[],
        }
    }
}

/// Makes a status of a write to `/status`, and everything else what it was.
pub(crate) fn status_only(resource: &Resource, old: &Value, new: &mut Value) {
    let status = new.get("status").cloned();
    let managed = new.pointer("/metadata/managedFields").cloned();
    let metadata = new.get("metadata").cloned();
    *new = old.clone();
    let class = old.pointer("/status/qosClass").cloned();
    let Some(fields) = new.as_object_mut() else { return };
    match status {
        Some(status) => fields.insert("status".to_owned(), status),
        None => fields.shift_remove("status"),
    };
    if let (Some(class), Some(status)) = (class, fields.get_mut("status").and_then(Value::as_object_mut)) {
        status.entry("qosClass").or_insert(class);
    }
    if let (None, Some(given)) = (&resource.custom, metadata) {
        // Built-in kinds let labels and annotations through, but for a Deployment's labels.
        let kept = fields.get("metadata").cloned().unwrap_or_default();
        let mut given = given;
        if let Some(given) = given.as_object_mut() {
            if resource.is("apps", "deployments") {
                given.shift_remove("labels");
                if let Some(labels) = kept.get("labels") {
                    given.insert("labels".to_owned(), labels.clone());
                }
            }
            fields.insert("metadata".to_owned(), Value::Object(given.clone()));
        }
    } else if let (Some(managed), Some(metadata)) = (managed, fields.get_mut("metadata").and_then(Value::as_object_mut))
    {
        metadata.insert("managedFields".to_owned(), managed);
    }
}

/// Gives a new object the generation that it starts with.
pub(crate) fn start_generation(resource: &Resource, object: &mut Value) {
    if let Some(metadata) = metadata_mut(object) {
        metadata.shift_remove("generation");
        if resource.counts_generation() {
            metadata.insert("generation".to_owned(), 1.into());
        }
    }
}

/// Counts a change of what the generation stands for.
pub(crate) fn count_generation(resource: &Resource, through_status: bool, old: &Value, new: &mut Value) {
    let before = old.pointer("/metadata/generation").and_then(Value::as_i64);
    let Some(before) = before else {
        if let Some(metadata) = metadata_mut(new) {
            metadata.shift_remove("generation");
        }
        return;
    };
    // An EndpointSlice is what its labels say as well, and a Deployment what its annotations say.
    let differs = |pointer: &str| old.pointer(pointer) != new.pointer(pointer);
    let noted = (resource.is("discovery.k8s.io", "endpointslices") && differs("/metadata/labels"))
        || (resource.is("apps", "deployments") && !through_status && differs("/metadata/annotations"));
    let changed = noted || (resource.counts_generation() && desired(resource, old) != desired(resource, new));
    if let Some(metadata) = metadata_mut(new) {
        metadata.insert("generation".to_owned(), (before + i64::from(changed)).into());
    }
}

/// What of an object its generation counts: the spec, and with kinds that have none, everything but the metadata.
fn desired(resource: &Resource, object: &Value) -> Map<String, Value> {
    let fields = object.as_object().into_iter().flatten();
    let counts = |name: &str| match name {
        "metadata" | "apiVersion" | "kind" => false,
        "status" => resource.custom.is_some() && !resource.has_status(),
        "spec" => true,
        // The only thing of it that counts cannot be changed.
        _ if resource.is("scheduling.k8s.io", "priorityclasses") => name == "value",
        _ => resource.custom.is_some() || !object.get("spec").is_some_and(Value::is_object),
    };
    fields.filter(|(name, _)| counts(name)).map(|(name, value)| (name.clone(), value.clone())).collect()
}

pub(crate) fn metadata_mut(object: &mut Value) -> Option<&mut Map<String, Value>> {
    object.get_mut("metadata").and_then(Value::as_object_mut)
}

pub(crate) fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// What a deletion leaves to be done before the object is gone.
pub(crate) fn has_finalizers(object: &Value) -> bool {
    object.pointer("/metadata/finalizers").and_then(Value::as_array).is_some_and(|list| !list.is_empty())
}

/// The answer to a deletion that is complete.
pub(crate) fn deleted_status(resource: &Resource, object: &Value) -> Value {
    let mut details = Map::new();
    details.insert("name".to_owned(), text(object, "/metadata/name").into());
    if !resource.group.is_empty() {
        details.insert("group".to_owned(), (*resource.group).into());
    }
    details.insert("kind".to_owned(), (*resource.plural).into());
    details.insert("uid".to_owned(), text(object, "/metadata/uid").into());
    json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details})
}
