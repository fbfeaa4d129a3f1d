use serde_json::Value;

use super::{Faults, each, is_empty, names, required, word};
use crate::failure::FieldFault;

/// The faults of an Ingress.
pub(super) fn check(object: &Value, faults: &mut Faults) {
    let spec = object.get("spec").unwrap_or(&Value::Null);
    if is_empty(spec, "rules") && is_empty(spec, "defaultBackend") {
        let detail = "either `defaultBackend` or `rules` must be specified";
        faults.push(FieldFault::invalid("spec", &Value::Null, detail));
    }
    if let Some(there) = spec.get("defaultBackend").filter(|one| one.is_object()) {
        backend(there, "spec.defaultBackend", faults);
    }
    for (place, tls) in each(spec, "tls", "spec") {
        for (index, host) in tls.get("hosts").and_then(Value::as_array).into_iter().flatten().enumerate() {
            host_name(host.as_str().unwrap_or_default(), &format!("{place}.hosts[{index}]"), faults);
        }
        let secret = word(tls, "secretName");
        if !secret.is_empty() {
            names::subdomain(secret, &format!("{place}.secretName"), faults);
        }
    }
    for (place, rule) in each(spec, "rules", "spec") {
        let host = word(rule, "host");
        if !host.is_empty() {
            if host.parse::<std::net::IpAddr>().is_ok() {
                let detail = "must be a DNS name, not an IP address";
                faults.push(FieldFault::invalid(format!("{place}.host"), &host.into(), detail));
            } else {
                host_name(host, &format!("{place}.host"), faults);
            }
        }
        if let Some(http) = rule.get("http") {
            paths(http, &format!("{place}.http"), faults);
        }
    }
    let class = word(spec, "ingressClassName");
    if !class.is_empty() {
        names::subdomain(class, "spec.ingressClassName", faults);
    }
}

fn host_name(host: &str, field: &str, faults: &mut Faults) {
    const WILDCARD: &str = "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which \
                            must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric \
                            character (e.g. '*.example.com', regex used for validation is \
                            '\\*\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
    if !host.contains('*') {
        names::subdomain(host, field, faults);
    } else if !host.strip_prefix("*.").is_some_and(names::is_subdomain) {
        faults.push(FieldFault::invalid(field, &host.into(), WILDCARD));
    }
}

fn paths(http: &Value, place: &str, faults: &mut Faults) {
    if is_empty(http, "paths") {
        faults.push(FieldFault::required(format!("{place}.paths"), ""));
    }
    for (place, one) in each(http, "paths", place) {
        let path = word(one, "path");
        let field = format!("{place}.path");
        match word(one, "pathType") {
            "" => faults.push(FieldFault::required(format!("{place}.pathType"), "pathType must be specified")),
            "Exact" | "Prefix" => {
                if !path.starts_with('/') {
                    faults.push(FieldFault::invalid(&field, &path.into(), "must be an absolute path"));
                }
                for part in ["//", "/./", "/../", "%2f", "%2F"] {
                    if path.contains(part) {
                        let detail = format!("must not contain '{part}'");
                        faults.push(FieldFault::invalid(&field, &path.into(), detail));
                    }
                }
                for end in ["/..", "/."] {
                    if path.ends_with(end) {
                        let detail = format!("cannot end with '{end}'");
                        faults.push(FieldFault::invalid(&field, &path.into(), detail));
                    }
                }
            }
            "ImplementationSpecific" => {
                if !path.is_empty() && !path.starts_with('/') {
                    faults.push(FieldFault::invalid(&field, &path.into(), "must be an absolute path"));
                }
            }
            other => {
                let allowed = ["Exact", "ImplementationSpecific", "Prefix"].map(|one| format!("{one:?}"));
                faults.push(FieldFault::unsupported(format!("{place}.pathType"), &other.into(), &allowed));
            }
        }
        backend(one.get("backend").unwrap_or(&Value::Null), &format!("{place}.backend"), faults);
    }
}

fn backend(backend: &Value, place: &str, faults: &mut Faults) {
    let service = backend.get("service").filter(|one| one.is_object());
    let resource = backend.get("resource").filter(|one| one.is_object());
    match (service, resource) {
        (Some(_), Some(_)) => {
            let detail = "cannot set both resource and service backends";
            faults.push(FieldFault::invalid(place, &"".into(), detail));
        }
        (None, None) => {
            let detail = "resource or service backend is required";
            faults.push(FieldFault::invalid(place, &"".into(), detail));
        }
        (None, Some(resource)) => {
            required(resource, "kind", &format!("{place}.resource"), faults);
            required(resource, "name", &format!("{place}.resource"), faults);
        }
        (Some(service), None) => {
            let whole = place;
            let place = format!("{place}.service");
            let name = word(service, "name");
            if name.is_empty() {
                faults.push(FieldFault::required(format!("{place}.name"), ""));
            } else {
                names::label(name, &format!("{place}.name"), faults);
            }
            let port = service.get("port").unwrap_or(&Value::Null);
            let (name, number) = (word(port, "name"), port.get("number").and_then(Value::as_i64).unwrap_or(0));
            if !name.is_empty() && number != 0 {
                faults.push(FieldFault::invalid(whole, &"".into(), "cannot set both port name & port number"));
            } else if !name.is_empty() {
                names::port_name(name, &format!("{place}.port.name"), faults);
            } else if number != 0 {
                names::port(&number.into(), &format!("{place}.port.number"), faults);
            } else {
                faults.push(FieldFault::required(whole, "port name or number is required"));
            }
        }
    }
}

/// The faults of an IngressClass.
pub(super) fn class(object: &Value, faults: &mut Faults) {
    let spec = object.get("spec").unwrap_or(&Value::Null);
    required(spec, "controller", "spec", faults);
    if let Some(parameters) = spec.get("parameters").filter(|one| one.is_object()) {
        required(parameters, "kind", "spec.parameters", faults);
        required(parameters, "name", "spec.parameters", faults);
    }
}
