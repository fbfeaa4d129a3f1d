use serde_json::{Value, json};

use super::{Faults, each, is_empty, names, one_of, word};
use crate::failure::FieldFault;

/// The faults of a Service.
pub(super) fn check(object: &Value, faults: &mut Faults) {
    let spec = object.get("spec").unwrap_or(&Value::Null);
    let kind = word(spec, "type");
    let headless = word(spec, "clusterIP") == "None";
    if is_empty(spec, "ports") && !headless && kind != "ExternalName" {
        faults.push(FieldFault::required("spec.ports", ""));
    }
    if headless && matches!(kind, "NodePort" | "LoadBalancer") {
        let detail = format!("may not be set to 'None' for {kind} services");
        faults.push(FieldFault::invalid("spec.clusterIPs[0]", &"None".into(), detail));
    }
    if kind == "ExternalName" {
        external_name(spec, faults);
    }
    if kind != "LoadBalancer" && object.pointer("/status/loadBalancer/ingress/0").is_some() {
        let detail = "may only be used when `spec.type` is 'LoadBalancer'";
        faults.push(FieldFault::forbidden("status.loadBalancer.ingress", detail));
    }
    ports(spec, kind, faults);
    names::labels(spec.get("selector"), "spec.selector", faults);
    let affinities = ["ClientIP", "None"];
    if word(spec, "sessionAffinity").is_empty() {
        faults.push(FieldFault::required("spec.sessionAffinity", ""));
    }
    one_of(spec, "sessionAffinity", "spec", &affinities, faults);
    if let Some(seconds) = spec.pointer("/sessionAffinityConfig/clientIP/timeoutSeconds").and_then(Value::as_i64)
        && !(1..=86_400).contains(&seconds)
    {
        let field = "spec.sessionAffinityConfig.clientIP.timeoutSeconds";
        let detail = "must be greater than 0 and less than 86400";
        faults.push(FieldFault::invalid(field, &seconds.into(), detail));
    }
    one_of(spec, "type", "spec", &["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"], faults);
    addresses(spec, faults);
    let external =
        matches!(kind, "NodePort" | "LoadBalancer") || (kind == "ClusterIP" && !is_empty(spec, "externalIPs"));
    let policy = word(spec, "externalTrafficPolicy");
    if !policy.is_empty() && !external {
        let detail = "may only be set for externally-accessible services";
        faults.push(FieldFault::invalid("spec.externalTrafficPolicy", &policy.into(), detail));
    } else {
        one_of(spec, "externalTrafficPolicy", "spec", &["Cluster", "Local"], faults);
    }
    one_of(spec, "internalTrafficPolicy", "spec", &["Cluster", "Local"], faults);
    if kind != "LoadBalancer" {
        for name in ["loadBalancerClass", "allocateLoadBalancerNodePorts"] {
            if spec.get(name).is_some() {
                let detail = "may only be used when `type` is 'LoadBalancer'";
                faults.push(FieldFault::forbidden(format!("spec.{name}"), detail));
            }
        }
    }
}

fn external_name(spec: &Value, faults: &mut Faults) {
    let name = word(spec, "externalName").trim_end_matches('.');
    if name.is_empty() {
        faults.push(FieldFault::required("spec.externalName", ""));
    } else {
        names::subdomain(name, "spec.externalName", faults);
    }
}

fn ports(spec: &Value, kind: &str, faults: &mut Faults) {
    let count = spec.get("ports").and_then(Value::as_array).map_or(0, Vec::len);
    let (mut seen_names, mut seen_ports): (Vec<&str>, Vec<(i64, &str)>) = (Vec::new(), Vec::new());
    let mut node_ports: Vec<(i64, &str)> = Vec::new();
    for (place, port) in each(spec, "ports", "spec") {
        let name = word(port, "name");
        if name.is_empty() {
            if count > 1 {
                faults.push(FieldFault::required(format!("{place}.name"), ""));
            }
        } else {
            let before = faults.len();
            names::label(name, &format!("{place}.name"), faults);
            if faults.len() == before && seen_names.contains(&name) {
                faults.push(FieldFault::duplicate(format!("{place}.name"), &name.into()));
            }
            seen_names.push(name);
        }
        let number = port.get("port").and_then(Value::as_i64).unwrap_or(0);
        names::port(&number.into(), &format!("{place}.port"), faults);
        if word(port, "protocol").is_empty() {
            faults.push(FieldFault::required(format!("{place}.protocol"), ""));
        }
        one_of(port, "protocol", &place, &["SCTP", "TCP", "UDP"], faults);
        if let Some(target) = port.get("targetPort") {
            names::port(target, &format!("{place}.targetPort"), faults);
        }
        let protocol = word(port, "protocol");
        let key = (number, protocol);
        if seen_ports.contains(&key) {
            faults.push(FieldFault::duplicate(&place, &shown(number, protocol)));
        }
        seen_ports.push(key);
        let node = port.get("nodePort").and_then(Value::as_i64).unwrap_or(0);
        if node == 0 {
            continue;
        }
        if kind == "ClusterIP" {
            let detail = "may not be used when `type` is 'ClusterIP'";
            faults.push(FieldFault::forbidden(format!("{place}.nodePort"), detail));
        } else if node_ports.contains(&(node, protocol)) {
            let detail = "provided port is already allocated";
            faults.push(FieldFault::invalid(format!("{place}.nodePort"), &node.into(), detail));
        }
        node_ports.push((node, protocol));
    }
}

/// A port as the real server quotes it: its own type, which has other names.
fn shown(port: i64, protocol: &str) -> Value {
    json!({"Name": "", "Protocol": protocol, "AppProtocol": null, "Port": port, "TargetPort": 0, "NodePort": 0})
}

fn addresses(spec: &Value, faults: &mut Faults) {
    const ADDRESS: &str = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";
    let single = [spec.get("clusterIP").cloned().unwrap_or_default()];
    let list = spec.get("clusterIPs").and_then(Value::as_array).map_or(single.as_slice(), Vec::as_slice);
    for (index, address) in list.iter().enumerate() {
        let text = address.as_str().unwrap_or_default();
        if !matches!(text, "" | "None") && text.parse::<std::net::IpAddr>().is_err() {
            faults.push(FieldFault::invalid(format!("spec.clusterIPs[{index}]"), address, ADDRESS));
        }
    }
    for (index, address) in spec.get("externalIPs").and_then(Value::as_array).into_iter().flatten().enumerate() {
        if address.as_str().is_none_or(|text| text.parse::<std::net::IpAddr>().is_err()) {
            faults.push(FieldFault::invalid(format!("spec.externalIPs[{index}]"), address, ADDRESS));
        }
    }
}
