use serde_json::Value;

use super::{Faults, each, names, number, one_of, probe, required, word};
use crate::failure::FieldFault;
use crate::quantity::nanos;

/// What containers of one Pod share.
pub(super) struct Shared<'a> {
    pub(super) volumes: Vec<&'a str>,
    pub(super) on_host: bool,
}

/// The faults of a list of containers.
pub(super) fn list(spec: &Value, name: &str, path: &str, shared: &Shared<'_>, faults: &mut Faults) {
    let mut names: Vec<&str> = Vec::new();
    for (place, container) in each(spec, name, path) {
        let own = word(container, "name");
        if own.is_empty() {
            faults.push(FieldFault::required(format!("{place}.name"), ""));
        } else {
            names::label(own, &format!("{place}.name"), faults);
            if names.contains(&own) {
                faults.push(FieldFault::duplicate(format!("{place}.name"), &own.into()));
            }
        }
        names.push(own);
        one(container, &place, name == "initContainers", shared, faults);
    }
}

fn one(container: &Value, place: &str, initial: bool, shared: &Shared<'_>, faults: &mut Faults) {
    let image = word(container, "image");
    if image.is_empty() {
        faults.push(FieldFault::required(format!("{place}.image"), ""));
    } else if image.trim() != image {
        let detail = "must not have leading or trailing whitespace";
        faults.push(FieldFault::invalid(format!("{place}.image"), &image.into(), detail));
    }
    one_of(container, "terminationMessagePolicy", place, &["File", "FallbackToLogsOnError"], faults);
    one_of(container, "imagePullPolicy", place, &["Always", "IfNotPresent", "Never"], faults);
    ports(container, place, shared, faults);
    environment(container, place, faults);
    mounts(container, place, shared, faults);
    resources(container, place, faults);
    // A sidecar, which is an initial container that stays, may have what others may not.
    let sidecar = initial && word(container, "restartPolicy") == "Always";
    for name in ["livenessProbe", "readinessProbe", "startupProbe"] {
        let Some(there) = container.get(name).filter(|one| one.is_object()) else { continue };
        if initial && !sidecar {
            let detail = "may not be set for init containers without restartPolicy=Always";
            faults.push(FieldFault::forbidden(format!("{place}.{name}"), detail));
        } else {
            probe::check(there, &format!("{place}.{name}"), name, faults);
        }
    }
    for hook in ["postStart", "preStop"] {
        if let Some(there) = container.get("lifecycle").and_then(|one| one.get(hook)) {
            probe::handler(there, &format!("{place}.lifecycle.{hook}"), faults);
        }
    }
    let security = container.get("securityContext").unwrap_or(&Value::Null);
    let place = format!("{place}.securityContext");
    for name in ["runAsUser", "runAsGroup"] {
        if let Some(id) = number(security, name).filter(|id| *id < 0 || *id > i64::from(i32::MAX)) {
            let detail = "must be between 0 and 2147483647, inclusive";
            faults.push(FieldFault::invalid(format!("{place}.{name}"), &id.into(), detail));
        }
    }
}

fn ports(container: &Value, place: &str, shared: &Shared<'_>, faults: &mut Faults) {
    let mut names: Vec<&str> = Vec::new();
    for (place, port) in each(container, "ports", place) {
        let name = word(port, "name");
        if !name.is_empty() {
            let before = faults.len();
            names::port_name(name, &format!("{place}.name"), faults);
            if faults.len() == before && names.contains(&name) {
                faults.push(FieldFault::duplicate(format!("{place}.name"), &name.into()));
            }
            names.push(name);
        }
        match number(port, "containerPort").unwrap_or(0) {
            0 => faults.push(FieldFault::required(format!("{place}.containerPort"), "")),
            other => names::port(&other.into(), &format!("{place}.containerPort"), faults),
        }
        match number(port, "hostPort") {
            None | Some(0) => {}
            Some(host) => {
                names::port(&host.into(), &format!("{place}.hostPort"), faults);
                if shared.on_host && Some(host) != number(port, "containerPort") {
                    let detail = "must match `containerPort` when `hostNetwork` is true";
                    faults.push(FieldFault::invalid(format!("{place}.hostPort"), &host.into(), detail));
                }
            }
        }
        if word(port, "protocol").is_empty() {
            faults.push(FieldFault::required(format!("{place}.protocol"), ""));
        }
        one_of(port, "protocol", &place, &["SCTP", "TCP", "UDP"], faults);
    }
}

fn environment(container: &Value, place: &str, faults: &mut Faults) {
    const NAME: &str =
        "a valid environment variable name must consist only of printable ASCII characters other than '='";
    for (place, variable) in each(container, "env", place) {
        let name = word(variable, "name");
        if name.is_empty() {
            faults.push(FieldFault::required(format!("{place}.name"), ""));
        } else if name.contains('=') || !name.bytes().all(|one| (b' '..=b'~').contains(&one)) {
            faults.push(FieldFault::invalid(format!("{place}.name"), &name.into(), NAME));
        }
        if let Some(from) = variable.get("valueFrom").filter(|from| from.is_object()) {
            source(variable, from, &format!("{place}.valueFrom"), faults);
        }
    }
    // Of some faults the real server does not say in which item they are.
    let list = format!("{place}.envFrom");
    for (place, from) in each(container, "envFrom", place) {
        let mut count = 0;
        for name in ["configMapRef", "secretRef"] {
            if let Some(reference) = from.get(name) {
                count += 1;
                required(reference, "name", &format!("{place}.{name}"), faults);
                if count > 1 {
                    let detail = "may not have more than one field specified at a time";
                    faults.push(FieldFault::invalid(&list, &"".into(), detail));
                }
            }
        }
        if count == 0 {
            let detail = "must specify one of: `configMapRef` or `secretRef`";
            faults.push(FieldFault::invalid(&list, &"".into(), detail));
        }
    }
}

fn source(variable: &Value, from: &Value, place: &str, faults: &mut Faults) {
    let kinds = ["fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef", "fileKeyRef"];
    let given: Vec<&str> = kinds.into_iter().filter(|name| from.get(*name).is_some_and(Value::is_object)).collect();
    if given.is_empty() {
        let detail = "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or \
                      `fileKeyRef`";
        faults.push(FieldFault::invalid(place, &"".into(), detail));
    }
    if !word(variable, "value").is_empty() && !given.is_empty() {
        faults.push(FieldFault::invalid(place, &"".into(), "may not be specified when `value` is not empty"));
    } else if given.len() > 1 {
        faults.push(FieldFault::invalid(place, &"".into(), "may not have more than one field specified at a time"));
    }
    for name in given {
        let (reference, place) = (&from[name], format!("{place}.{name}"));
        match name {
            "fieldRef" => field_reference(reference, &place, faults),
            "resourceFieldRef" => {
                required(reference, "resource", &place, faults);
            }
            "configMapKeyRef" | "secretKeyRef" => {
                names::subdomain(word(reference, "name"), &format!("{place}.name"), faults);
                if required(reference, "key", &place, faults) {
                    names::config_key(word(reference, "key"), &format!("{place}.key"), faults);
                }
            }
            _ => {}
        }
    }
}

fn field_reference(reference: &Value, place: &str, faults: &mut Faults) {
    const FIELDS: &[&str] = &[
        "metadata.name",
        "metadata.namespace",
        "metadata.uid",
        "spec.nodeName",
        "spec.serviceAccountName",
        "status.hostIP",
        "status.hostIPs",
        "status.podIP",
        "status.podIPs",
    ];
    let path = word(reference, "fieldPath");
    if path.is_empty() {
        faults.push(FieldFault::required(format!("{place}.fieldPath"), ""));
        return;
    }
    let keyed = ["metadata.labels['", "metadata.annotations['"].iter().any(|start| path.starts_with(start));
    if !keyed && !FIELDS.contains(&path) {
        let detail = format!("error converting fieldPath: field label not supported: {path}");
        faults.push(FieldFault::invalid(format!("{place}.fieldPath"), &path.into(), detail));
    }
}

fn mounts(container: &Value, place: &str, shared: &Shared<'_>, faults: &mut Faults) {
    let mut paths: Vec<&str> = Vec::new();
    let list = format!("{place}.volumeMounts");
    for (place, mount) in each(container, "volumeMounts", place) {
        let name = word(mount, "name");
        if name.is_empty() {
            faults.push(FieldFault::required(format!("{place}.name"), ""));
        }
        if !shared.volumes.contains(&name) {
            faults.push(FieldFault {
                field: format!("{place}.name"),
                reason: "FieldValueNotFound",
                message: format!("Not found: {name:?}"),
            });
        }
        let path = word(mount, "mountPath");
        if path.is_empty() {
            faults.push(FieldFault::required(format!("{place}.mountPath"), ""));
        }
        if paths.contains(&path) {
            faults.push(FieldFault::invalid(format!("{place}.mountPath"), &path.into(), "must be unique"));
        }
        paths.push(path);
        let below = word(mount, "subPath");
        if below.starts_with('/') {
            faults.push(FieldFault::invalid(format!("{list}.subPath"), &below.into(), "must be a relative path"));
        } else if below.split('/').any(|step| step == "..") {
            faults.push(FieldFault::invalid(format!("{list}.subPath"), &below.into(), "must not contain '..'"));
        }
    }
}

fn resources(container: &Value, place: &str, faults: &mut Faults) {
    let Some(resources) = container.get("resources") else { return };
    let place = format!("{place}.resources");
    for list in ["limits", "requests"] {
        for (name, amount) in resources.get(list).and_then(Value::as_object).into_iter().flatten() {
            let field = format!("{place}.{list}[{name}]");
            if nanos(amount).is_some_and(|amount| amount < 0) {
                faults.push(FieldFault::invalid(&field, amount, "must be greater than or equal to 0"));
            }
            let standard = matches!(&**name, "cpu" | "memory" | "ephemeral-storage" | "storage");
            if !standard && !name.contains('/') && !name.starts_with("hugepages-") {
                let detail = "must be a standard resource type or fully qualified";
                faults.push(FieldFault::invalid(&field, &name.as_str().into(), detail));
                let detail = "must be a standard resource for containers";
                faults.push(FieldFault::invalid(&field, &name.as_str().into(), detail));
            }
        }
    }
    let requests = resources.get("requests").and_then(Value::as_object);
    for (name, wanted) in requests.into_iter().flatten() {
        let limit = resources.get("limits").and_then(|limits| limits.get(name));
        if let (Some(limit), Some(most), Some(amount)) = (limit, limit.and_then(nanos), nanos(wanted))
            && amount > most
        {
            let limit = limit.as_str().unwrap_or_default();
            let detail = format!("must be less than or equal to {name} limit of {limit}");
            faults.push(FieldFault::invalid(format!("{place}.requests"), wanted, detail));
        }
    }
}
