use serde_json::Value;

use super::{Faults, each, names, number, one_of, selector, word};
use crate::failure::FieldFault;

/// The faults of a NetworkPolicy.
pub(super) fn check(object: &Value, faults: &mut Faults) {
    let spec = object.get("spec").unwrap_or(&Value::Null);
    selector::check(spec.get("podSelector").unwrap_or(&Value::Null), "spec.podSelector", faults);
    for (rules, peers) in [("ingress", "from"), ("egress", "to")] {
        for (place, rule) in each(spec, rules, "spec") {
            for (place, port) in each(rule, "ports", &place) {
                check_port(port, &place, faults);
            }
            for (place, peer) in each(rule, peers, &place) {
                check_peer(peer, &place, faults);
            }
        }
    }
    let types: Vec<&Value> = spec.get("policyTypes").and_then(Value::as_array).into_iter().flatten().collect();
    if types.len() > 2 {
        let detail = "may not specify more than two policyTypes";
        let shown = Value::Array(types.iter().map(|one| (*one).clone()).collect());
        faults.push(FieldFault::invalid("spec.policyTypes", &shown, detail));
        return;
    }
    for (index, one) in types.iter().enumerate() {
        if !matches!(one.as_str(), Some("Ingress" | "Egress")) {
            let allowed = ["Ingress", "Egress"].map(|one| format!("{one:?}"));
            faults.push(FieldFault::unsupported(format!("spec.policyTypes[{index}]"), one, &allowed));
        }
    }
}

fn check_port(port: &Value, place: &str, faults: &mut Faults) {
    one_of(port, "protocol", place, &["TCP", "UDP", "SCTP"], faults);
    if let Some(value) = port.get("port").filter(|value| !value.is_null()) {
        names::port(value, &format!("{place}.port"), faults);
        if let (Some(start), Some(end)) = (value.as_i64(), number(port, "endPort"))
            && end < start
        {
            let detail = "must be greater than or equal to `port`";
            faults.push(FieldFault::invalid(format!("{place}.endPort"), &start.into(), detail));
        }
    } else if let Some(end) = number(port, "endPort") {
        let detail = "may not be specified when `port` is not specified";
        faults.push(FieldFault::invalid(format!("{place}.endPort"), &end.into(), detail));
    }
}

fn check_peer(peer: &Value, place: &str, faults: &mut Faults) {
    let mut given = 0;
    for name in ["podSelector", "namespaceSelector"] {
        if let Some(there) = peer.get(name).filter(|one| one.is_object()) {
            given += 1;
            selector::check(there, &format!("{place}.{name}"), faults);
        }
    }
    if let Some(block) = peer.get("ipBlock").filter(|one| one.is_object()) {
        given += 1;
        address_block(block, &format!("{place}.ipBlock"), faults);
        if given > 1 {
            let detail = "may not specify both ipBlock and another peer";
            faults.push(FieldFault::forbidden(place, detail));
        }
    }
    if given == 0 {
        faults.push(FieldFault::required(place, "must specify a peer"));
    }
}

fn address_block(block: &Value, place: &str, faults: &mut Faults) {
    const BLOCK: &str = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)";
    let cidr = word(block, "cidr");
    if cidr.is_empty() {
        faults.push(FieldFault::required(format!("{place}.cidr"), ""));
        return;
    }
    if !is_block(cidr) {
        faults.push(FieldFault::invalid(format!("{place}.cidr"), &cidr.into(), BLOCK));
        return;
    }
    for (index, except) in block.get("except").and_then(Value::as_array).into_iter().flatten().enumerate() {
        let field = format!("{place}.except[{index}]");
        let text = except.as_str().unwrap_or_default();
        if !is_block(text) {
            faults.push(FieldFault::invalid(field, except, BLOCK));
        } else if !is_part(text, cidr) {
            faults.push(FieldFault::invalid(field, except, "must be a strict subset of `cidr`"));
        }
    }
}

/// Whether a block lies in another and is smaller.
fn is_part(part: &str, whole: &str) -> bool {
    let read = |text: &str| -> Option<(u128, u32, u32)> {
        let (address, bits) = text.split_once('/')?;
        let bits: u32 = bits.parse().ok()?;
        Some(match address.parse().ok()? {
            std::net::IpAddr::V4(address) => (u128::from(address.to_bits()), bits, 32),
            std::net::IpAddr::V6(address) => (address.to_bits(), bits, 128),
        })
    };
    let (Some((part, small, size)), Some((whole, large, other))) = (read(part), read(whole)) else { return false };
    let start = |address: u128| address.checked_shr(size - large).unwrap_or(0);
    size == other && small > large && large <= size && start(part) == start(whole)
}

fn is_block(text: &str) -> bool {
    let Some((address, bits)) = text.split_once('/') else { return false };
    let Ok(bits) = bits.parse::<u8>() else { return false };
    match address.parse::<std::net::IpAddr>() {
        Ok(std::net::IpAddr::V4(_)) => bits <= 32,
        Ok(std::net::IpAddr::V6(_)) => bits <= 128,
        Err(_) => false,
    }
}
