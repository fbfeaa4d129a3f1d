use serde_json::{Value, json};

use crate::failure::{Failure, FieldFault};
use crate::registry::Resource;
use crate::state::State;
use crate::strategy::{metadata_mut, text};

/// Refuses objects in namespaces that are not there or on their way out, and completes Pods as admission plugins do.
pub(crate) fn admit_create(
    state: &State,
    resource: &Resource,
    namespace: &str,
    name: &str,
    object: &mut Value,
) -> Result<(), Failure> {
    if resource.namespaced {
        let key = ("".into(), "namespaces".into());
        let found = state.get(&key, "", namespace).ok_or_else(|| Failure::not_found("", "namespaces", namespace))?;
        if text(&found, "/status/phase") == "Terminating" {
            let why = format!("unable to create new content in namespace {namespace} because it is being terminated");
            let mut failure = Failure::forbidden(&resource.group, &resource.plural, name, why);
            if let crate::failure::Body::Status { details: Some(details), .. } = &mut *failure.body {
                details["causes"] = json!([{
                    "reason": "NamespaceTerminating",
                    "message": format!("namespace {namespace} is being terminated"),
                    "field": "metadata.namespace",
                }]);
            }
            return Err(failure);
        }
    }
    if resource.is("", "pods") {
        admit_pod(object);
    }
    if resource.is("apps", "daemonsets") {
        annotate_generation(object, 1);
    }
    if resource.is("", "persistentvolumeclaims") {
        add_finalizer(object, "kubernetes.io/pvc-protection");
    }
    if resource.is("", "persistentvolumes") {
        add_finalizer(object, "kubernetes.io/pv-protection");
    }
    Ok(())
}

/// A DaemonSet counts its templates in an annotation.
fn annotate_generation(object: &mut Value, generation: i64) {
    let Some(metadata) = metadata_mut(object) else { return };
    let annotations = metadata.entry("annotations").or_insert_with(|| json!({}));
    annotations["deprecated.daemonset.template.generation"] = generation.to_string().into();
}

fn add_finalizer(object: &mut Value, name: &str) {
    let Some(metadata) = metadata_mut(object) else { return };
    let list = metadata.entry("finalizers").or_insert_with(|| json!([]));
    if let Some(list) = list.as_array_mut().filter(|list| !list.iter().any(|one| one == name)) {
        list.push(name.into());
    }
}

fn admit_pod(pod: &mut Value) {
    let Some(spec) = pod.get_mut("spec").and_then(Value::as_object_mut) else { return };
    spec.entry("serviceAccountName").or_insert_with(|| "default".into());
    let account = spec.get("serviceAccountName").cloned().unwrap_or_default();
    spec.entry("serviceAccount").or_insert(account);
    spec.entry("priority").or_insert_with(|| 0.into());
    spec.entry("preemptionPolicy").or_insert_with(|| "PreemptLowerPriority".into());
    let tolerations = spec.entry("tolerations").or_insert_with(|| json!([]));
    for key in ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"] {
        let list = tolerations.as_array_mut();
        if let Some(list) = list.filter(|list| !list.iter().any(|one| one.get("key") == Some(&key.into()))) {
            list.push(json!({"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}));
        }
    }
}

/// The status with which an object of a kind starts; what a client sent is dropped.
pub(crate) fn start_status(state: &State, resource: &Resource, object: &mut Value) {
    let Some(fields) = object.as_object_mut() else { return };
    fields.shift_remove("status");
    if resource.custom.is_some() {
        return;
    }
    if resource.is("", "namespaces") {
        // Every namespace is emptied before it goes.
        fields.insert("spec".to_owned(), json!({"finalizers": ["kubernetes"]}));
    }
    let status = match &*resource.plural {
        "namespaces" => json!({"phase": "Active"}),
        "pods" => json!({"phase": "Pending", "qosClass": quality(fields.get("spec").unwrap_or(&Value::Null))}),
        "persistentvolumeclaims" if resource.group.is_empty() => json!({"phase": "Pending"}),
        "persistentvolumes" => json!({"phase": "Pending", "lastPhaseTransitionTime": state.clock.text()}),
        "customresourcedefinitions" => json!({"storedVersions": stored_versions(fields.get("spec"))}),
        "flowschemas" | "prioritylevelconfigurations" => json!({}),
        "horizontalpodautoscalers" => json!({"desiredReplicas": 0, "currentMetrics": null}),
        _ => json!({}),
    };
    // Through the type, for the zeros that Go writes.
    let node = resource.schema(&state.schema).and_then(|kind| kind.field("status"));
    let status = node.and_then(|node| crate::typed::decode(&status, node, "").ok()).map(|decoded| decoded.value);
    if let Some(status) = status {
        fields.insert("status".to_owned(), status);
    }
}

fn stored_versions(spec: Option<&Value>) -> Vec<Value> {
    let versions = spec.and_then(|spec| spec.get("versions")).and_then(Value::as_array).into_iter().flatten();
    let stored = versions.filter(|version| version.get("storage") == Some(&Value::Bool(true)));
    stored.filter_map(|version| version.get("name").cloned()).collect()
}

/// The class of a Pod by its requests and limits.
fn quality(spec: &Value) -> &'static str {
    let containers = ["containers", "initContainers"].into_iter().filter_map(|list| spec.get(list)?.as_array());
    let all: Vec<&Value> = containers.flatten().collect();
    let part = |one: &Value, list: &str, what: &str| one.pointer(&format!("/resources/{list}/{what}")).cloned();
    let any = all.iter().any(|one| {
        ["cpu", "memory"].iter().any(|what| part(one, "limits", what).or(part(one, "requests", what)).is_some())
    });
    if !any {
        return "BestEffort";
    }
    let guaranteed = all.iter().all(|one| {
        ["cpu", "memory"].iter().all(|what| {
            let limit = part(one, "limits", what);
            limit.is_some() && part(one, "requests", what).is_none_or(|request| Some(request) == limit)
        })
    });
    if guaranteed { "Guaranteed" } else { "Burstable" }
}

/// Carries over what an update cannot mean to take away.
pub(crate) fn prepare_update(_state: &State, resource: &Resource, old: &Value, object: &mut Value) {
    if resource.is("apps", "daemonsets") {
        let count = "/metadata/annotations/deprecated.daemonset.template.generation";
        let count: i64 = text(old, count).parse().unwrap_or(1);
        let changed = old.pointer("/spec/template") != object.pointer("/spec/template");
        annotate_generation(object, count + i64::from(changed));
    }
    if resource.is("", "namespaces") {
        // Only `/finalize` changes these.
        if let Some(spec) = old.get("spec") {
            object["spec"] = spec.clone();
        }
    }
    if resource.is("", "services") {
        let selects = |value: &Value| !matches!(text(value, "/spec/type"), "ExternalName");
        if selects(old) && selects(object) {
            for field in ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"] {
                let there = object.pointer(&format!("/spec/{field}")).is_some();
                if let (false, Some(was)) = (there, old.pointer(&format!("/spec/{field}"))) {
                    object["spec"][field] = was.clone();
                }
            }
            let (was, is) = (text(old, "/spec/clusterIP"), text(object, "/spec/clusterIP").to_owned());
            if was != is && old.pointer("/spec/clusterIPs") == object.pointer("/spec/clusterIPs") {
                object["spec"]["clusterIPs"] = json!([is]);
            }
            keep_node_ports(old, object);
        }
    }
    if resource.is("", "persistentvolumeclaims")
        && object.pointer("/spec/volumeName").is_none()
        && let Some(was) = old.pointer("/spec/volumeName")
    {
        object["spec"]["volumeName"] = was.clone();
    }
    if resource.is("", "serviceaccounts")
        && object.get("secrets").is_none()
        && let Some(was) = old.get("secrets")
    {
        object["secrets"] = was.clone();
    }
}

fn has_node_ports(service: &Value) -> bool {
    matches!(text(service, "/spec/type"), "NodePort" | "LoadBalancer")
}

fn keep_node_ports(old: &Value, object: &mut Value) {
    if !has_node_ports(old) || !has_node_ports(object) {
        return;
    }
    let was = old.pointer("/spec/ports").and_then(Value::as_array).cloned().unwrap_or_default();
    for port in object.pointer_mut("/spec/ports").and_then(Value::as_array_mut).into_iter().flatten() {
        let same = |one: &&Value| one.get("port") == port.get("port") && one.get("protocol") == port.get("protocol");
        let number = was.iter().find(same).and_then(|one| one.get("nodePort")).cloned();
        if let (None, Some(number)) = (port.get("nodePort"), number) {
            port["nodePort"] = number;
        }
    }
}

/// Gives Services their addresses and ports.
pub(crate) fn allocate(
    state: &mut State,
    resource: &Resource,
    _old: Option<&Value>,
    object: &mut Value,
) -> Result<(), Failure> {
    if !resource.is("", "services") {
        return Ok(());
    }
    let external = text(object, "/spec/type") == "ExternalName";
    let mut used = Used::of(state, object);
    let Some(spec) = object.get_mut("spec").and_then(Value::as_object_mut) else { return Ok(()) };
    if external {
        for field in ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"] {
            spec.shift_remove(field);
        }
        return Ok(());
    }
    let address = match spec.get("clusterIP").and_then(Value::as_str) {
        Some(given) if !given.is_empty() => given.to_owned(),
        _ => used.address(state),
    };
    spec.insert("clusterIP".to_owned(), address.clone().into());
    spec.entry("clusterIPs").or_insert_with(|| json!([address]));
    let selectorless = address == "None" && spec.get("selector").is_none();
    spec.entry("ipFamilies").or_insert_with(|| if selectorless { json!(["IPv4", "IPv6"]) } else { json!(["IPv4"]) });
    spec.entry("ipFamilyPolicy")
        .or_insert_with(|| if selectorless { "RequireDualStack".into() } else { "SingleStack".into() });
    let wants_ports = matches!(spec.get("type").and_then(Value::as_str), Some("NodePort" | "LoadBalancer"));
    let allocates = spec.get("allocateLoadBalancerNodePorts") != Some(&Value::Bool(false));
    for port in spec.get_mut("ports").and_then(Value::as_array_mut).into_iter().flatten() {
        if wants_ports && allocates && port.get("nodePort").is_none() {
            port["nodePort"] = used.port(state).into();
        }
    }
    Ok(())
}

/// What other Services have already.
struct Used {
    addresses: Vec<String>,
    ports: Vec<i64>,
}

impl Used {
    fn of(state: &State, but: &Value) -> Self {
        let mut used = Self { addresses: Vec::new(), ports: Vec::new() };
        let services = state.collection(&("".into(), "services".into()));
        let others = services.into_iter().flat_map(|all| all.objects.values()).map(|one| &**one);
        for service in others.chain([but]) {
            used.addresses.push(text(service, "/spec/clusterIP").to_owned());
            let ports = service.pointer("/spec/ports").and_then(Value::as_array).into_iter().flatten();
            used.ports.extend(ports.filter_map(|port| port.get("nodePort")?.as_i64()));
        }
        used
    }

    fn address(&mut self, state: &mut State) -> String {
        loop {
            let random = state.random();
            let address = format!("10.96.{}.{}", (random >> 8) % 256, 1 + random % 254);
            if !self.addresses.contains(&address) {
                self.addresses.push(address.clone());
                return address;
            }
        }
    }

    fn port(&mut self, state: &mut State) -> i64 {
        loop {
            let port = 30_000 + i64::try_from(state.random() % 2_768).unwrap_or(0);
            if !self.ports.contains(&port) {
                self.ports.push(port);
                return port;
            }
        }
    }
}

/// The fault of a new finalizer on what is being deleted.
pub(crate) fn new_finalizers(old: &Value, object: &Value) -> Option<FieldFault> {
    old.pointer("/metadata/deletionTimestamp")?;
    let list = |value: &Value| -> Vec<String> {
        let list = value.pointer("/metadata/finalizers").and_then(Value::as_array);
        list.into_iter().flatten().filter_map(|one| one.as_str().map(str::to_owned)).collect()
    };
    let was = list(old);
    let new: Vec<String> = list(object).into_iter().filter(|one| !was.contains(one)).collect();
    if new.is_empty() {
        return None;
    }
    let quoted: Vec<String> = new.iter().map(|one| format!("{one:?}")).collect();
    let detail = format!(
        "no new finalizers can be added if the object is being deleted, found new finalizers []string{{{}}}",
        quoted.join(", ")
    );
    Some(FieldFault::forbidden("metadata.finalizers", detail))
}
