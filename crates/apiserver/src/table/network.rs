use serde_json::Value;

use super::{Row, labels};
use crate::strategy::text;

pub(super) fn service(row: &Row<'_>) -> Vec<Value> {
    let kind = text(row.object, "/spec/type");
    let ports: Vec<String> = row.list("/spec/ports").iter().map(port).collect();
    let ports = if ports.is_empty() { "<none>".to_owned() } else { ports.join(",") };
    vec![
        row.name(),
        kind.into(),
        row.text_or("/spec/clusterIP", "<none>"),
        external(row, kind).into(),
        ports.into(),
        row.age(),
        labels(row.object.pointer("/spec/selector")),
    ]
}

fn port(port: &Value) -> String {
    let number = |name: &str| port.get(name).and_then(Value::as_i64).unwrap_or(0);
    let node = match number("nodePort") {
        0 => String::new(),
        node => format!(":{node}"),
    };
    format!("{}{node}/{}", number("port"), text(port, "/protocol"))
}

fn external(row: &Row<'_>, kind: &str) -> String {
    let given: Vec<&str> = row.list("/spec/externalIPs").iter().filter_map(Value::as_str).collect();
    match kind {
        "ClusterIP" | "NodePort" if given.is_empty() => "<none>".to_owned(),
        "ClusterIP" | "NodePort" => given.join(","),
        "LoadBalancer" => {
            let mut balanced = balancer(row);
            balanced.extend(given.iter().map(|one| (*one).to_owned()));
            if balanced.is_empty() { "<pending>".to_owned() } else { balanced.join(",") }
        }
        "ExternalName" => text(row.object, "/spec/externalName").to_owned(),
        _ => "<unknown>".to_owned(),
    }
}

fn balancer(row: &Row<'_>) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for one in row.list("/status/loadBalancer/ingress") {
        let address = match text(one, "/ip") {
            "" => text(one, "/hostname"),
            ip => ip,
        };
        if !address.is_empty() && !found.iter().any(|known| known == address) {
            found.push(address.to_owned());
        }
    }
    found
}

pub(super) fn ingress(row: &Row<'_>) -> Vec<Value> {
    let mut hosts: Vec<&str> = row.list("/spec/rules").iter().map(|rule| text(rule, "/host")).collect();
    hosts.retain(|host| !host.is_empty());
    let shown = match hosts.as_slice() {
        [] => "*".to_owned(),
        hosts if hosts.len() > 3 => format!("{} + {} more...", hosts[..3].join(","), hosts.len() - 3),
        hosts => hosts.join(","),
    };
    let ports = if row.count("/spec/tls") > 0 { "80, 443" } else { "80" };
    let address = balancer(row).join(",");
    vec![
        row.name(),
        row.text_or("/spec/ingressClassName", "<none>"),
        shown.into(),
        address.into(),
        ports.into(),
        row.age(),
    ]
}

pub(super) fn ingress_class(row: &Row<'_>) -> Vec<Value> {
    let parameters = match row.object.pointer("/spec/parameters") {
        Some(parameters) if !parameters.is_null() => {
            let kind = text(parameters, "/kind");
            let group = text(parameters, "/apiGroup");
            let kind = if group.is_empty() { kind.to_owned() } else { format!("{kind}.{group}") };
            format!("{kind}/{}", text(parameters, "/name"))
        }
        _ => "<none>".to_owned(),
    };
    vec![row.name(), row.text("/spec/controller"), parameters.into(), row.age()]
}

pub(super) fn policy(row: &Row<'_>) -> Vec<Value> {
    vec![row.name(), row.selector("/spec/podSelector"), row.age()]
}

pub(super) fn endpoints(row: &Row<'_>) -> Vec<Value> {
    let mut found = Vec::new();
    for subset in row.list("/subsets") {
        let list = |name: &str| subset.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
        let (addresses, ports) = (list("addresses"), list("ports"));
        for address in &addresses {
            let ip = text(address, "/ip");
            if ports.is_empty() {
                found.push(ip.to_owned());
            }
            for port in &ports {
                let number = port.get("port").and_then(Value::as_i64).unwrap_or(0);
                found.push(if ip.contains(':') { format!("[{ip}]:{number}") } else { format!("{ip}:{number}") });
            }
        }
    }
    vec![row.name(), first_three(&found, "<none>").into(), row.age()]
}

pub(super) fn endpoint_slice(row: &Row<'_>) -> Vec<Value> {
    let ports: Vec<String> = row
        .list("/ports")
        .iter()
        .map(|port| match port.get("port").and_then(Value::as_i64) {
            Some(number) => number.to_string(),
            None => "*".to_owned(),
        })
        .collect();
    let addresses = row
        .list("/endpoints")
        .iter()
        .flat_map(|one| one.get("addresses").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str));
    let addresses: Vec<String> = addresses.map(str::to_owned).collect();
    vec![
        row.name(),
        row.text("/addressType"),
        first_three(&ports, "<unset>").into(),
        first_three(&addresses, "<unset>").into(),
        row.age(),
    ]
}

fn first_three(all: &[String], none: &str) -> String {
    match all.len() {
        0 => none.to_owned(),
        1..=3 => all.join(","),
        many => format!("{} + {} more...", all[..3].join(","), many - 3),
    }
}

pub(super) fn node(row: &Row<'_>) -> Vec<Value> {
    let ready = row.list("/status/conditions").iter().find(|one| text(one, "/type") == "Ready");
    let mut status = match ready.map(|one| text(one, "/status")) {
        Some("True") => "Ready".to_owned(),
        Some(_) => "NotReady".to_owned(),
        None => "Unknown".to_owned(),
    };
    if row.object.pointer("/spec/unschedulable") == Some(&true.into()) {
        status.push_str(",SchedulingDisabled");
    }
    let labelled = row.object.pointer("/metadata/labels").and_then(Value::as_object).into_iter().flatten();
    let mut roles: Vec<String> = labelled
        .filter_map(|(key, value)| match key.strip_prefix("node-role.kubernetes.io/") {
            Some(role) => Some(role.to_owned()),
            None if key == "kubernetes.io/role" => value.as_str().map(str::to_owned),
            None => None,
        })
        .filter(|role| !role.is_empty())
        .collect();
    roles.sort();
    roles.dedup();
    let roles = if roles.is_empty() { "<none>".to_owned() } else { roles.join(",") };
    let address = |kind: &str| -> Value {
        let found = row.list("/status/addresses").iter().find(|one| text(one, "/type") == kind);
        found.map_or("<none>", |one| text(one, "/address")).into()
    };
    let info = |name: &str| row.text_or(&format!("/status/nodeInfo/{name}"), "<unknown>");
    vec![
        row.name(),
        status.into(),
        roles.into(),
        row.age(),
        row.text("/status/nodeInfo/kubeletVersion"),
        address("InternalIP"),
        address("ExternalIP"),
        info("osImage"),
        info("kernelVersion"),
        info("containerRuntimeVersion"),
    ]
}
