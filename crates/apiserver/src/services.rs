//! Addresses and ports of Services: what is handed out, what is kept, and what goes when the type changes.

use serde_json::{Map, Value, json};

use crate::state::State;
use crate::strategy::text;

/// Carries over and takes away what an update cannot mean to change.
pub(crate) fn prepare_update(old: &Value, object: &mut Value) {
    if has_address(old) && has_address(object) {
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
    }
    if has_node_ports(old) && has_node_ports(object) {
        keep_node_ports(old, object);
    }
    drop_what_the_type_lacks(old, object);
}

fn kind(service: &Value) -> &str {
    text(service, "/spec/type")
}

fn has_address(service: &Value) -> bool {
    kind(service) != "ExternalName"
}

fn has_node_ports(service: &Value) -> bool {
    match kind(service) {
        "NodePort" => true,
        "LoadBalancer" => service.pointer("/spec/allocateLoadBalancerNodePorts") != Some(&Value::Bool(false)),
        _ => false,
    }
}

fn is_external(service: &Value) -> bool {
    let listed = service.pointer("/spec/externalIPs").and_then(Value::as_array).is_some_and(|list| !list.is_empty());
    matches!(kind(service), "NodePort" | "LoadBalancer") || (kind(service) == "ClusterIP" && listed)
}

fn ports(service: &Value) -> impl Iterator<Item = &Value> {
    service.pointer("/spec/ports").and_then(Value::as_array).into_iter().flatten()
}

fn node_port(port: &Value) -> Option<i64> {
    port.get("nodePort").and_then(Value::as_i64).filter(|number| *number != 0)
}

/// A port that names no number keeps the one that the port of its name had.
fn keep_node_ports(old: &Value, object: &mut Value) {
    let was: Vec<i64> = ports(old).filter_map(node_port).collect();
    let mut used: Vec<i64> = ports(object).filter_map(node_port).filter(|number| was.contains(number)).collect();
    for port in object.pointer_mut("/spec/ports").and_then(Value::as_array_mut).into_iter().flatten() {
        if node_port(port).is_some() {
            continue;
        }
        let name = text(port, "/name");
        // Of ports of one name the last counts.
        let number = ports(old).filter(|one| text(one, "/name") == name).last().and_then(node_port);
        if let Some(number) = number.filter(|number| !used.contains(number)) {
            port["nodePort"] = number.into();
            used.push(number);
        }
    }
}

fn drop_what_the_type_lacks(old: &Value, object: &mut Value) {
    let same = |object: &Value, field: &str| {
        let pointer = format!("/spec/{field}");
        old.pointer(&pointer) == object.pointer(&pointer)
    };
    let (address, node_ports, external) = (has_address(object), has_node_ports(object), is_external(object));
    let balanced = kind(object) == "LoadBalancer";
    let mut gone: Vec<&str> = Vec::new();
    if has_address(old) && !address {
        if same(object, "clusterIP") && same(object, "clusterIPs") {
            gone.extend(["clusterIP", "clusterIPs"]);
        }
        gone.extend(["ipFamilies", "ipFamilyPolicy"].iter().filter(|field| same(object, field)));
    }
    let was: Vec<i64> = ports(old).filter_map(node_port).collect();
    if has_node_ports(old) && !node_ports && ports(object).filter_map(node_port).all(|number| was.contains(&number)) {
        for port in object.pointer_mut("/spec/ports").and_then(Value::as_array_mut).into_iter().flatten() {
            port.as_object_mut().map(|port| port.shift_remove("nodePort"));
        }
    }
    if kind(old) == "LoadBalancer" && !balanced {
        let fields = ["allocateLoadBalancerNodePorts", "loadBalancerClass"];
        gone.extend(fields.iter().filter(|field| same(object, field)));
    }
    if is_external(old) && !external && same(object, "externalTrafficPolicy") {
        gone.push("externalTrafficPolicy");
    }
    if let Some(spec) = object.get_mut("spec").and_then(Value::as_object_mut) {
        for field in gone {
            spec.shift_remove(field);
        }
    }
}

/// Gives a Service its addresses and ports.
pub(crate) fn allocate(state: &mut State, old: Option<&Value>, object: &mut Value) {
    let external = !has_address(object);
    let wants_ports = has_node_ports(object);
    let Some(spec) = object.get("spec").and_then(Value::as_object) else { return };
    let lacks_port = |spec: &Map<String, Value>| {
        let ports = spec.get("ports").and_then(Value::as_array).into_iter().flatten();
        wants_ports && ports.into_iter().any(|port| node_port(port).is_none())
    };
    // Who was without an address, and is not of a type that has none, stays without.
    let due = old.is_none_or(|old| !has_address(old));
    let lacks_address = due && spec.get("clusterIP").and_then(Value::as_str).is_none_or(str::is_empty);
    // What others have is looked up only for who needs something.
    let mut used = (!external && (lacks_address || lacks_port(spec))).then(|| Used::of(state, object));
    let Some(spec) = object.get_mut("spec").and_then(Value::as_object_mut) else { return };
    if external {
        for field in ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"] {
            spec.shift_remove(field);
        }
        return;
    }
    let address = match (spec.get("clusterIP").and_then(Value::as_str), &mut used) {
        (Some(given), _) if !given.is_empty() => given.to_owned(),
        (_, Some(used)) => used.address(state),
        _ => String::new(),
    };
    let selectorless = address == "None" && spec.get("selector").is_none();
    if !address.is_empty() {
        spec.insert("clusterIP".to_owned(), address.clone().into());
        spec.entry("clusterIPs").or_insert_with(|| json!([address]));
    }
    spec.entry("ipFamilies").or_insert_with(|| if selectorless { json!(["IPv4", "IPv6"]) } else { json!(["IPv4"]) });
    spec.entry("ipFamilyPolicy")
        .or_insert_with(|| if selectorless { "RequireDualStack".into() } else { "SingleStack".into() });
    let Some(used) = used.filter(|_| wants_ports) else { return };
    let mut used = used;
    for port in spec.get_mut("ports").and_then(Value::as_array_mut).into_iter().flatten() {
        if node_port(port).is_none() {
            port["nodePort"] = used.port(state).into();
        }
    }
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
            used.ports.extend(ports(service).filter_map(node_port));
        }
        used
    }

    fn address(&mut self, state: &mut State) -> String {
        // There are more addresses than any test has Services.
        for _ in 0..1_000 {
            let random = state.random();
            let address = format!("10.96.{}.{}", (random >> 8) % 256, 1 + random % 254);
            if !self.addresses.contains(&address) {
                self.addresses.push(address.clone());
                return address;
            }
        }
        String::new()
    }

    fn port(&mut self, state: &mut State) -> i64 {
        let start = i64::try_from(state.random() % 2_768).unwrap_or(0);
        let free = (0..2_768).map(|step| 30_000 + (start + step) % 2_768).find(|port| !self.ports.contains(port));
        self.ports.extend(free);
        free.unwrap_or(0)
    }
}
