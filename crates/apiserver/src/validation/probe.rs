use serde_json::Value;

use super::{Faults, names, not_negative, one_of, required};
use crate::failure::FieldFault;

/// The faults of a probe; `name` is that of its field.
pub(super) fn check(probe: &Value, place: &str, name: &str, faults: &mut Faults) {
    handler(probe, place, faults);
    for name in ["initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold"] {
        not_negative(probe, name, place, faults);
    }
    let successes = probe.get("successThreshold").and_then(Value::as_i64).unwrap_or(1);
    if name != "readinessProbe" && successes != 1 {
        faults.push(FieldFault::invalid(format!("{place}.successThreshold"), &successes.into(), "must be 1"));
    }
}

/// The faults of what is done: a command, a request, a connection.
pub(super) fn handler(handler: &Value, place: &str, faults: &mut Faults) {
    let mut given = 0;
    for name in ["exec", "httpGet", "tcpSocket", "grpc", "sleep"] {
        let Some(action) = handler.get(name).filter(|action| action.is_object()) else { continue };
        given += 1;
        let place = format!("{place}.{name}");
        if given > 1 {
            faults.push(FieldFault::forbidden(place, "may not specify more than 1 handler type"));
            continue;
        }
        match name {
            "exec" => {
                required(action, "command", &place, faults);
            }
            "httpGet" => {
                required(action, "path", &place, faults);
                names::port(action.get("port").unwrap_or(&Value::Null), &format!("{place}.port"), faults);
                one_of(action, "scheme", &place, &["HTTP", "HTTPS"], faults);
            }
            "tcpSocket" | "grpc" => {
                names::port(action.get("port").unwrap_or(&Value::Null), &format!("{place}.port"), faults);
            }
            _ => {}
        }
    }
    if given == 0 {
        faults.push(FieldFault::required(place, "must specify a handler type"));
    }
}
