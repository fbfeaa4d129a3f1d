//! The fields that may mention vars. Kinds and paths are facts of the format.

use std::borrow::Cow;

use crate::identity::GvkFilter;
use crate::transform::field_spec::FieldSpec;

const POD_SPECS: [(&str, &str); 7] = [
    ("CronJob", "spec/jobTemplate/spec/template/spec/"),
    ("DaemonSet", "spec/template/spec/"),
    ("Deployment", "spec/template/spec/"),
    ("Job", "spec/template/spec/"),
    ("Pod", "spec/"),
    ("ReplicaSet", "spec/template/spec/"),
    ("StatefulSet", "spec/template/spec/"),
];

const IN_POD: [&str; 9] = [
    "containers/args",
    "containers/command",
    "containers/env/value",
    "containers/volumeMounts/mountPath",
    "initContainers/args",
    "initContainers/command",
    "initContainers/env/value",
    "initContainers/volumeMounts/mountPath",
    "volumes/nfs/server",
];

const OTHERS: [(&str, &str); 10] = [
    ("Deployment", "spec/template/metadata/annotations"),
    ("Ingress", "spec/rules/host"),
    ("Ingress", "spec/tls/hosts"),
    ("Ingress", "spec/tls/secretName"),
    ("Service", "spec/ports/port"),
    ("Service", "spec/ports/targetPort"),
    ("StatefulSet", "spec/volumeClaimTemplates/spec/nfs/server"),
    ("PersistentVolume", "spec/nfs/server"),
    ("", "metadata/labels"),
    ("", "metadata/annotations"),
];

/// All built-in references.
pub(crate) fn built_in() -> Vec<FieldSpec> {
    let in_pods =
        POD_SPECS.iter().flat_map(|(kind, above)| IN_POD.iter().map(move |path| (*kind, format!("{above}{path}"))));
    let others = OTHERS.iter().map(|(kind, path)| (*kind, (*path).to_owned()));
    in_pods
        .chain(others)
        .filter(|(kind, path)| !(*kind == "StatefulSet" && path.ends_with("volumes/nfs/server")))
        // A mistake of the format: no object has anything there.
        .map(|(kind, path)| match path.strip_suffix("spec/volumes/nfs/server") {
            Some(above) if kind == "CronJob" => (kind, format!("{above}volumes/nfs/server")),
            _ => (kind, path),
        })
        .map(|(kind, path)| FieldSpec {
            on: GvkFilter { kind: Cow::Borrowed(kind), ..GvkFilter::default() },
            path: Cow::Owned(path),
            create: false,
        })
        .collect()
}
