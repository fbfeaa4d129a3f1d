//! The generated CRDs against the fields of Flux's own: `flux-2.9/fields.txt`.

#![expect(clippy::unwrap_used, reason = "a test helper that cannot go on may panic like the tests themselves")]

use std::collections::BTreeMap;

use serde_json::Value;

/// Objects that the list does not expand, since many kinds share them.
const SHARED: [&str; 11] = [
    "artifact",
    "conditions[]",
    "includedArtifacts[]",
    "secretRef",
    "proxySecretRef",
    "configMapRef",
    "target",
    "history[]",
    "commonMetadata",
    "postBuild",
    "ignore[]",
];

/// `path` to `* : type def=… enum=…`, for spec and status of one kind.
type Fields = BTreeMap<String, String>;

fn expected() -> BTreeMap<String, Fields> {
    let mut kinds: BTreeMap<String, Fields> = BTreeMap::new();
    let (mut kind, mut part) = ("", "");
    for line in include_str!("flux-2.9/fields.txt").lines() {
        if let Some(header) = line.strip_prefix("===== ") {
            kind = header.split(' ').nth(2).unwrap();
        } else if let Some(rest) = line.strip_prefix("-- ") {
            part = rest.split(' ').next().unwrap();
        } else if let Some((path, about)) = line.trim().split_once(" : ") {
            let required = if path.ends_with('*') { "* " } else { "" };
            // CEL rules are compared as a whole elsewhere.
            let about = about.split(" CEL[").next().unwrap();
            let path = format!("{part}.{}", path.trim_end_matches('*'));
            kinds.entry(kind.to_owned()).or_default().insert(path, format!("{required}{about}"));
        }
    }
    kinds
}

fn generated(crd: &Value) -> Fields {
    let schema = &crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"];
    let mut fields = Fields::new();
    for part in ["spec", "status"] {
        walk(part, &schema["properties"][part], &mut fields);
    }
    fields
}

fn walk(path: &str, schema: &Value, fields: &mut Fields) {
    let required: Vec<&str> = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let path = format!("{path}.{name}");
        let star = if required.contains(&name.as_str()) { "* " } else { "" };
        fields.insert(path.clone(), format!("{star}{}", about(property)));
        let (path, inner) = match property.get("items") {
            Some(items) => (format!("{path}[]"), items),
            None => (path, property),
        };
        walk(&path, inner, fields);
    }
}

fn about(schema: &Value) -> String {
    let mut text = schema["type"].as_str().unwrap_or("?").to_owned();
    match &schema["default"] {
        Value::Null => {}
        Value::Bool(false) => text += " def=False",
        Value::String(default) => text += &format!(" def={default}"),
        other => text += &format!(" def={other}"),
    }
    if let Value::Array(values) = &schema["enum"] {
        let values: Vec<_> = values.iter().filter_map(Value::as_str).collect();
        text += &format!(" enum={}", values.join("|"));
    }
    if let Value::String(pattern) = &schema["pattern"] {
        text += &format!(" pat={pattern}");
    }
    for limit in ["minLength", "maxLength"] {
        if let Value::Number(number) = &schema[limit] {
            text += &format!(" {limit}={number}");
        }
    }
    text
}

#[test]
fn no_field_is_missing_and_none_is_made_up() {
    let crds = windlass_flux::crds();
    let expected = expected();
    assert_eq!(expected.len(), crds.len());
    for crd in crds {
        let kind = crd["spec"]["names"]["kind"].as_str().unwrap();
        let (expected, generated) = (&expected[kind], generated(&crd));
        for (path, about) in expected {
            assert_eq!(generated.get(path), Some(about), "{kind}: {path}");
        }
        for path in generated.keys().filter(|path| !expected.contains_key(*path)) {
            let (parent, _) = path.rsplit_once('.').unwrap();
            assert!(SHARED.iter().any(|shared| parent.split('.').any(|part| part == *shared)), "{kind}: {path}");
        }
    }
}

#[test]
fn names_and_rules_are_those_of_flux() {
    let [git, kustomization] = windlass_flux::crds().try_into().unwrap();
    assert_eq!(git["spec"]["names"]["shortNames"][0], "gitrepo");
    assert_eq!(git["spec"]["names"]["categories"], serde_json::json!(["all", "fluxcd", "fluxcd-sources"]));
    assert_eq!(kustomization["spec"]["names"]["shortNames"][0], "ks");
    assert_eq!(kustomization["spec"]["names"]["categories"], serde_json::json!(["all", "fluxcd", "fluxcd-appliers"]));
    let schema = |crd: &Value| crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"].clone();
    let rule =
        "!has(self.serviceAccountName) || (has(self.provider) && (self.provider == 'azure' || self.provider == 'aws'))";
    assert_eq!(schema(&git)["spec"]["x-kubernetes-validations"][0]["rule"], rule);
    let rules = schema(&kustomization)["spec"]["properties"]["kubeConfig"]["x-kubernetes-validations"].clone();
    assert_eq!(rules.as_array().unwrap().len(), 2);
    assert_eq!(schema(&kustomization)["status"]["default"], serde_json::json!({"observedGeneration": -1}));
    assert!(!git.to_string().contains("nullable") && !kustomization.to_string().contains("nullable"));
}
