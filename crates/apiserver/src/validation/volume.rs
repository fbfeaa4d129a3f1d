use serde_json::Value;

use super::{Faults, claim, each, names, number, required, word};
use crate::failure::FieldFault;

/// The faults of the volumes of a Pod.
pub(super) fn list(spec: &Value, path: &str, faults: &mut Faults) {
    let mut names: Vec<&str> = Vec::new();
    for (place, volume) in each(spec, "volumes", path) {
        let name = word(volume, "name");
        if name.is_empty() {
            faults.push(FieldFault::required(format!("{place}.name"), ""));
        } else {
            names::label(name, &format!("{place}.name"), faults);
        }
        if !name.is_empty() && names.contains(&name) {
            faults.push(FieldFault::duplicate(format!("{place}.name"), &name.into()));
        }
        names.push(name);
        source(volume, &place, faults);
    }
}

/// In the order in which the real server counts them.
const SOURCES: &[&str] = &[
    "emptyDir",
    "hostPath",
    "gitRepo",
    "gcePersistentDisk",
    "awsElasticBlockStore",
    "secret",
    "nfs",
    "iscsi",
    "glusterfs",
    "flocker",
    "persistentVolumeClaim",
    "rbd",
    "cinder",
    "cephfs",
    "quobyte",
    "downwardAPI",
    "fc",
    "configMap",
    "azureFile",
    "vsphereVolume",
    "photonPersistentDisk",
    "portworxVolume",
    "azureDisk",
    "storageos",
    "projected",
    "scaleIO",
    "csi",
    "ephemeral",
    "image",
];

fn source(volume: &Value, place: &str, faults: &mut Faults) {
    let mut given = 0;
    for name in SOURCES {
        let Some(source) = volume.get(*name).filter(|source| source.is_object()) else { continue };
        given += 1;
        let place = format!("{place}.{name}");
        if given > 1 {
            faults.push(FieldFault::forbidden(place, "may not specify more than 1 volume type"));
            continue;
        }
        match *name {
            "hostPath" => {
                required(source, "path", &place, faults);
                let path = word(source, "path");
                if path.split('/').any(|step| step == "..") {
                    let detail = "must not contain '..'";
                    faults.push(FieldFault::invalid(format!("{place}.path"), &path.into(), detail));
                }
            }
            "configMap" => {
                required(source, "name", &place, faults);
                files(source, &place, faults);
            }
            "secret" => {
                required(source, "secretName", &place, faults);
                files(source, &place, faults);
            }
            "persistentVolumeClaim" => {
                required(source, "claimName", &place, faults);
            }
            "nfs" => {
                required(source, "server", &place, faults);
                if required(source, "path", &place, faults) && !word(source, "path").starts_with('/') {
                    let path = word(source, "path");
                    let detail = "must be an absolute path";
                    faults.push(FieldFault::invalid(format!("{place}.path"), &path.into(), detail));
                }
            }
            "csi" => {
                required(source, "driver", &place, faults);
            }
            "ephemeral" => {
                if let Some(template) = source.get("volumeClaimTemplate") {
                    let spec = template.get("spec").unwrap_or(&Value::Null);
                    claim::spec(spec, &format!("{place}.volumeClaimTemplate.spec"), faults);
                } else {
                    faults.push(FieldFault::required(format!("{place}.volumeClaimTemplate"), ""));
                }
            }
            _ => {}
        }
    }
    if given == 0 {
        faults.push(FieldFault::required(place, "must specify a volume type"));
    }
}

fn files(source: &Value, place: &str, faults: &mut Faults) {
    let mode = |value: Option<i64>, field: String, faults: &mut Faults| {
        if let Some(mode) = value.filter(|mode| !(0..=0o777).contains(mode)) {
            let detail = "must be a number between 0 and 0777 (octal), both inclusive";
            faults.push(FieldFault::invalid(field, &mode.into(), detail));
        }
    };
    mode(number(source, "defaultMode"), format!("{place}.defaultMode"), faults);
    for (place, item) in each(source, "items", place) {
        required(item, "key", &place, faults);
        if required(item, "path", &place, faults) {
            let path = word(item, "path");
            if path.starts_with('/') {
                faults.push(FieldFault::invalid(format!("{place}.path"), &path.into(), "must be a relative path"));
            }
            if path.split('/').any(|step| step == "..") {
                faults.push(FieldFault::invalid(format!("{place}.path"), &path.into(), "must not contain '..'"));
            }
        }
        mode(number(item, "mode"), format!("{place}.mode"), faults);
    }
}
