//! What leads to Pods: EndpointSlices, and the addresses of load balancers.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::pods::create;
use crate::registry::GroupResource;
use crate::state::{Key, State};
use crate::strategy::text;

/// The addresses that Services other than this one have.
pub(super) fn addresses(state: &State, but: &Key) -> BTreeSet<String> {
    let services = state.collection(&("".into(), "services".into()));
    let others = services.into_iter().flat_map(|all| &all.objects).filter(|(key, _)| *key != but);
    let addresses = others.map(|(_, service)| text(service, "/status/loadBalancer/ingress/0/ip").to_owned());
    addresses.filter(|address| !address.is_empty()).collect()
}

/// Brings the EndpointSlices of a namespace up to date with its Services and Pods.
pub(super) fn sync(state: &mut State, namespace: &str) {
    let services = in_namespace(state, "", "services", namespace);
    let pods = in_namespace(state, "", "pods", namespace);
    for (key, service) in services {
        let Some(selector) = service.pointer("/spec/selector").and_then(Value::as_object) else { continue };
        let fits = |pod: &Value| {
            let label = |name: &str| pod.pointer("/metadata/labels").and_then(|labels| labels.get(name)).cloned();
            selector.iter().all(|(name, value)| label(name).as_ref() == Some(value))
        };
        let has_address = |pod: &Value| !text(pod, "/status/podIP").is_empty();
        let behind = pods.iter().map(|(_, pod)| pod).filter(|pod| fits(pod) && has_address(pod));
        let endpoints: Vec<Value> = behind.map(|pod| endpoint(pod)).collect();
        write(state, &key, &service, endpoints);
    }
}

fn write(state: &mut State, key: &Key, service: &Value, endpoints: Vec<Value>) {
    let of: GroupResource = ("discovery.k8s.io".into(), "endpointslices".into());
    let slices = in_namespace(state, "discovery.k8s.io", "endpointslices", &key.0);
    let known =
        slices.into_iter().find(|(_, slice)| text(slice, "/metadata/labels/kubernetes.io~1service-name") == key.1);
    let ports: Vec<Value> =
        service.pointer("/spec/ports").and_then(Value::as_array).into_iter().flatten().map(port).collect();
    if let Some((key, slice)) = known {
        if slice.get("endpoints") != Some(&Value::from(endpoints.clone()))
            || slice.get("ports") != Some(&Value::from(ports.clone()))
        {
            let mut changed = (*slice).clone();
            changed["endpoints"] = endpoints.into();
            changed["ports"] = ports.into();
            state.put(&of, key, changed);
        }
        return;
    }
    let slice = json!({
        "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
        "metadata": {
            "generateName": format!("{}-", key.1), "namespace": key.0,
            "labels": {
                "kubernetes.io/service-name": key.1, "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
            },
            "ownerReferences": [{
                "apiVersion": "v1", "kind": "Service", "name": key.1, "uid": text(service, "/metadata/uid"), "controller": true,
                "blockOwnerDeletion": true,
            }],
        },
        "addressType": "IPv4", "endpoints": endpoints, "ports": ports,
    });
    create(state, &of, &key.0, &slice);
}

fn endpoint(pod: &Value) -> Value {
    let conditions = pod.pointer("/status/conditions").and_then(Value::as_array).into_iter().flatten();
    let is_ready = conditions.into_iter().any(|one| text(one, "/type") == "Ready" && text(one, "/status") == "True");
    json!({
        "addresses": [text(pod, "/status/podIP")],
        "conditions": {"ready": is_ready, "serving": is_ready, "terminating": false},
        "targetRef": {
            "kind": "Pod", "name": text(pod, "/metadata/name"), "namespace": text(pod, "/metadata/namespace"),
            "uid": text(pod, "/metadata/uid"),
        },
    })
}

/// A port, with the number that it has in the Pod where that is said by number.
fn port(port: &Value) -> Value {
    let target = port.get("targetPort").filter(|target| target.is_number()).or_else(|| port.get("port"));
    json!({
        "name": text(port, "/name"), "port": target, "protocol": port.get("protocol").cloned().unwrap_or_else(|| "TCP".into()),
    })
}

fn in_namespace(state: &State, group: &str, plural: &str, namespace: &str) -> Vec<(Key, std::sync::Arc<Value>)> {
    let collection = state.collection(&(group.into(), plural.into()));
    let all = collection.into_iter().flat_map(|all| &all.objects);
    all.filter(|(key, _)| key.0 == namespace).map(|(key, one)| (key.clone(), one.clone())).collect()
}
