use serde_json::Value;

use super::Row;
use crate::strategy::text;

pub(super) fn config_map(row: &Row<'_>) -> Vec<Value> {
    vec![row.name(), (row.count("/data") + row.count("/binaryData")).into(), row.age()]
}

pub(super) fn volume(row: &Row<'_>) -> Vec<Value> {
    let claim = match (text(row.object, "/spec/claimRef/namespace"), text(row.object, "/spec/claimRef/name")) {
        (_, "") => String::new(),
        (namespace, name) => format!("{namespace}/{name}"),
    };
    let phase = if is_ending(row) { "Terminating" } else { text(row.object, "/status/phase") };
    vec![
        row.name(),
        row.text("/spec/capacity/storage"),
        modes(row.list("/spec/accessModes")).into(),
        row.text("/spec/persistentVolumeReclaimPolicy"),
        phase.into(),
        claim.into(),
        row.text("/spec/storageClassName"),
        row.text_or("/spec/volumeAttributesClassName", "<unset>"),
        row.text("/status/reason"),
        row.age(),
        row.text_or("/spec/volumeMode", "<unset>"),
    ]
}

pub(super) fn claim(row: &Row<'_>) -> Vec<Value> {
    let phase = if is_ending(row) { "Terminating" } else { text(row.object, "/status/phase") };
    let bound = !text(row.object, "/spec/volumeName").is_empty();
    let (capacity, access) = if bound {
        (row.text("/status/capacity/storage"), modes(row.list("/status/accessModes")))
    } else {
        ("".into(), String::new())
    };
    vec![
        row.name(),
        phase.into(),
        row.text("/spec/volumeName"),
        capacity,
        access.into(),
        row.text("/spec/storageClassName"),
        row.text_or("/spec/volumeAttributesClassName", "<unset>"),
        row.age(),
        row.text_or("/spec/volumeMode", "<unset>"),
    ]
}

fn is_ending(row: &Row<'_>) -> bool {
    row.object.pointer("/metadata/deletionTimestamp").is_some()
}

fn modes(modes: &[Value]) -> String {
    const SHORT: [(&str, &str); 4] =
        [("ReadWriteOnce", "RWO"), ("ReadOnlyMany", "ROX"), ("ReadWriteMany", "RWX"), ("ReadWriteOncePod", "RWOP")];
    let given = SHORT.iter().filter(|(long, _)| modes.iter().any(|mode| mode == long));
    given.map(|one| one.1).collect::<Vec<_>>().join(",")
}

pub(super) fn class(row: &Row<'_>) -> Vec<Value> {
    let annotation = |name: &str| row.object.pointer("/metadata/annotations").and_then(|all| all.get(name));
    let by_default =
        ["storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class"];
    let is_default = by_default.iter().any(|name| annotation(name) == Some(&"true".into()));
    let name = text(row.object, "/metadata/name");
    let name = if is_default { format!("{name} (default)") } else { name.to_owned() };
    let expands = row.object.get("allowVolumeExpansion") == Some(&true.into());
    vec![
        name.into(),
        row.text("/provisioner"),
        row.text("/reclaimPolicy"),
        row.text("/volumeBindingMode"),
        expands.into(),
        row.age(),
    ]
}

pub(super) fn event(row: &Row<'_>) -> Vec<Value> {
    let first = row.since("/firstTimestamp", "<unknown>");
    let first = if first == "<unknown>" { row.since("/eventTime", "<unknown>") } else { first };
    let last = row.since("/lastTimestamp", "<unknown>");
    let last = if last == "<unknown>" { first.clone() } else { last };
    let kind = text(row.object, "/involvedObject/kind").to_lowercase();
    let target = match text(row.object, "/involvedObject/name") {
        "" => kind,
        name => format!("{kind}/{name}"),
    };
    let source = match (text(row.object, "/source/component"), text(row.object, "/source/host")) {
        ("", _) => text(row.object, "/reportingComponent").to_owned(),
        (component, "") => component.to_owned(),
        (component, host) => format!("{component}, {host}"),
    };
    let count = row.number("/count").max(1);
    vec![
        last,
        row.text("/type"),
        row.text("/reason"),
        target.into(),
        row.text("/involvedObject/fieldPath"),
        source.into(),
        text(row.object, "/message").trim().into(),
        first,
        count.into(),
        row.name(),
    ]
}
