//! Objects and patches out of a fuzzer's bytes: few names, so that what merges meets.
//!
//! Bytes of text seldom become two objects of which one patches the other. Here every input is one, and the fuzzer
//! chooses between shapes instead of letters.

use arbitrary::{Result, Unstructured};
use serde_json::{Map, Value, json};
use windlass_manifest::{MemoryTree, TreePath};
use windlass_render::{BuildOptions, build};

const KEYS: [&str; 40] = [
    "metadata", "spec", "data", "name", "namespace", "labels", "annotations", "template", "containers",
    "initContainers", "ports", "containerPort", "protocol", "port", "env", "value", "valueFrom", "volumes", "configMap",
    "items", "key", "path", "emptyDir", "volumeMounts", "mountPath", "image", "args", "selector", "matchLabels", "rules",
    "http", "paths", "finalizers", "ownerReferences", "uid", "strategy", "type", "rollingUpdate", "a", "b.c/d",
];

const DIRECTIVES: [&str; 6] = [
    "$patch", "$retainKeys", "$setElementOrder/containers", "$setElementOrder/ports", "$deleteFromPrimitiveList/args",
    "$deleteFromPrimitiveList/finalizers",
];

const TEXTS: [&str; 20] = [
    "", "a", "b", "web", "0", "1", "null", "true", "TCP", "UDP", "delete", "replace", "merge", "nginx:1.2@sha256:ab",
    "/data", "1e3", "0x1F", "- x", "{a: b}", "line\nline: é\n",
];

const KINDS: [(&str, &str); 9] = [
    ("apps/v1", "Deployment"),
    ("v1", "Service"),
    ("v1", "ConfigMap"),
    ("v1", "Pod"),
    ("networking.k8s.io/v1", "Ingress"),
    ("example.test/v1", "Thing"),
    ("v1", "ServiceAccount"),
    ("rbac.authorization.k8s.io/v1", "ClusterRole"),
    ("v1", "List"),
];

/// A scalar, of any type that YAML has.
pub fn scalar(input: &mut Unstructured) -> Result<Value> {
    Ok(match input.int_in_range(0..=9)? {
        0 => Value::Null,
        1 => json!(input.arbitrary::<bool>()?),
        2 => json!(input.arbitrary::<i64>()?),
        3 => json!(input.int_in_range(0..=3)?),
        4 => json!(f64::from(input.arbitrary::<i16>()?) / 7.0),
        _ => json!(input.choose(&TEXTS)?),
    })
}

/// Any value, at most `depth` levels deep; with directives of strategic merges where `patch` says so.
pub fn value(input: &mut Unstructured, depth: usize, patch: bool) -> Result<Value> {
    if depth == 0 || input.is_empty() {
        return scalar(input);
    }
    Ok(match input.int_in_range(0..=7)? {
        0 | 1 => scalar(input)?,
        2 | 3 => {
            let count = input.int_in_range(0..=3)?;
            Value::Array((0..count).map(|_| value(input, depth - 1, patch)).collect::<Result<_>>()?)
        }
        _ => Value::Object(fields(input, depth, patch)?),
    })
}

fn fields(input: &mut Unstructured, depth: usize, patch: bool) -> Result<Map<String, Value>> {
    let mut map = Map::new();
    for _ in 0..input.int_in_range(0..=4)? {
        let is_directive = patch && input.ratio(1, 5)?;
        let key = *input.choose(if is_directive { &DIRECTIVES[..] } else { &KEYS[..] })?;
        let _ = map.insert(key.to_owned(), value(input, depth.saturating_sub(1), patch)?);
    }
    Ok(map)
}

/// An object of one of a few kinds, named `name`.
pub fn object(input: &mut Unstructured, name: &str, patch: bool) -> Result<Value> {
    let (api_version, kind) = *input.choose(&KINDS)?;
    let mut object = fields(input, 6, patch)?;
    let metadata = object.entry("metadata").or_insert_with(|| json!({}));
    if !metadata.is_object() && !input.ratio(1, 20)? {
        *metadata = json!({});
    }
    if let Some(metadata) = metadata.as_object_mut() {
        let _ = metadata.insert("name".to_owned(), json!(name));
    }
    let _ = object.insert("apiVersion".to_owned(), json!(api_version));
    let _ = object.insert("kind".to_owned(), json!(kind));
    Ok(Value::Object(object))
}

/// A path of fields, divided by `divider`: mostly through names that objects have.
pub fn field_path(input: &mut Unstructured, divider: &str) -> Result<String> {
    let mut steps = Vec::new();
    for _ in 0..input.int_in_range(0..=6)? {
        steps.push(match input.int_in_range(0..=9)? {
            0 => input.int_in_range(0..=3)?.to_string(),
            1 => "-".to_owned(),
            2 => "*".to_owned(),
            3 => format!("[{}={}]", input.choose(&KEYS)?, input.choose(&TEXTS)?),
            4 => (*input.choose(&["~0", "~1", "~2", "", "-1", "01", "\\.", "[", "[=]", "[name=", "b.c~1d"])?).to_owned(),
            _ => (*input.choose(&KEYS)?).to_owned(),
        });
    }
    Ok(steps.join(divider))
}

/// Builds the files, twice: the same result, which is YAML, or the same error.
///
/// # Panics
/// Where that does not hold: the fuzzer's findings.
pub fn build_twice(files: &[(&str, String)]) {
    let mut tree = MemoryTree::new();
    for (path, content) in files {
        tree.insert(path, content.as_str()).expect("the paths are plain");
    }
    let options = BuildOptions { know_crds: true, ..BuildOptions::default() };
    let first = build(&tree, &TreePath::root(), &options);
    let second = build(&tree, &TreePath::root(), &options);
    match (first, second) {
        (Ok(first), Ok(second)) => {
            assert_eq!(first.to_yaml(), second.to_yaml());
            first.warnings.iter().for_each(|warning| drop(warning.to_string()));
        }
        (Err(first), Err(second)) => assert_eq!(first.to_string(), second.to_string()),
        _ => panic!("one build of two failed"),
    }
}
