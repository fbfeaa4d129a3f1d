//! Tables of single facts, recorded from kustomize's own unit tests and from its schema. Without them on the machine
//! the tests pass.

use std::collections::HashSet;
use std::path::Path;

use serde_json::Value;
use windlass_yaml::{ReadOptions, read_document};

use crate::generator::{hash, sources};
use crate::kustomize_schema_1_21::{Field, Scope, Shape, scope};
use crate::patch::read::read_merge;
use crate::patch::strategic_merge::{Merge, merge_object};
use crate::patch::target::Target;
use crate::transform::default_name_references;
use crate::transform::field_spec::{Create, FieldSpec, split, visit};
use crate::{Image, Selector};

mod references;

fn table(name: &str) -> Option<Value> {
    let folder = std::env::var_os("WINDLASS_CONFORMANCE").unwrap_or_else(|| "/work/shared/conformance".into());
    let text = std::fs::read_to_string(Path::new(&folder).join("kustomize-units").join(name)).ok()?;
    Some(serde_json::from_str(&text).unwrap())
}

/// The rows of the tests with this name.
fn rows(file: &str, test: &str) -> Vec<Value> {
    let tables = table(file).unwrap_or_default();
    let tables = tables.as_array().into_iter().flatten().filter(|table| table["test"] == test);
    tables.flat_map(|table| table["rows"].as_array().unwrap().clone()).collect()
}

fn text<'v>(row: &'v Value, key: &str) -> &'v str {
    row[key].as_str().unwrap_or_default()
}

fn yaml(text: &str) -> Value {
    read_document(text, &ReadOptions::resource()).unwrap()
}

#[test]
fn hashes() {
    for (test, field) in [("TestConfigMapHash", "cmYaml"), ("TestSecretHash", "secretYaml")] {
        for row in rows("api_hasher.json", test) {
            let hash = hash::of(&yaml(text(&row, field)));
            assert_eq!(hash.as_deref(), Some(text(&row, "hash")), "{}", text(&row, "desc"));
        }
    }
}

#[test]
fn file_sources() {
    for row in rows("api_internal_generators.json", "TestParseFileSource") {
        match sources::file(text(&row, "Input")) {
            Ok(found) => assert_eq!(found, (text(&row, "Key"), text(&row, "Filename"))),
            Err(_) => assert_ne!(text(&row, "Error"), ""),
        }
    }
}

#[test]
fn paths() {
    for row in rows("kyaml_utils.json", "TestPathSplitter") {
        assert_eq!(serde_json::to_value(split(text(&row, "path"))).unwrap(), row["exp"]);
    }
}

#[test]
fn field_specs() {
    for row in rows("api_filters_fieldspec.json", "TestFilter_Filter") {
        let spec = yaml(text(&row, "fieldSpec"));
        let create = if row["filter"]["CreateKind"].is_null() { Create::Nothing } else { Create::Scalar };
        let of = |key: &str| spec[key].as_str().unwrap_or_default().to_owned();
        let mut field = FieldSpec { path: of("path").into(), ..FieldSpec::default() };
        field.on.group = of("group").into();
        field.on.version = of("version").into();
        field.on.kind = of("kind").into();
        field.create = spec["create"] == true;
        let mut object = yaml(text(&row, "input"));
        let gvk = windlass_manifest::Gvk::from_api_version(text(&object, "apiVersion"), text(&object, "kind"));
        if !field.on.fits_gvk(&gvk) {
            continue;
        }
        let result = visit(&mut object, &field, create, &mut |value| {
            *value = Value::from("e");
            Ok(())
        });
        let case = text(&row, "case");
        assert_eq!(result.is_err(), !text(&row, "error").is_empty(), "{case}: {result:?}");
        // What was set is not recorded in every row; those with the plain setter set `e`.
        if result.is_ok() && text(&row, "expected").contains(" e\n") {
            assert_eq!(object, yaml(text(&row, "expected")), "{case}");
        }
    }
}

#[test]
fn images() {
    for row in rows("api_filters_imagetag.json", "TestImageTagUpdater_Filter") {
        let tag = &row["filter"]["ImageTag"];
        let of = |key: &str| tag[key].as_str().unwrap_or_default().to_owned();
        let image = Image {
            name: of("Name"),
            new_name: of("NewName"),
            new_tag: of("NewTag"),
            digest: of("Digest"),
            tag_suffix: of("TagSuffix"),
        };
        let input = yaml(text(&row, "input"));
        let Ok(manifest) = windlass_manifest::Manifest::new(input, windlass_manifest::Origin::unknown()) else {
            continue;
        };
        let mut resource = crate::resource::Resource::new(manifest);
        let mut specs = crate::transform::field_spec::FieldSpecs::default();
        for spec in row["fsSlice"].as_array().into_iter().flatten() {
            let path = text(spec, "Path").to_owned();
            specs.merge(&FieldSpec { path: path.into(), ..FieldSpec::default() }).unwrap();
        }
        let rule = crate::transform::images::ImageRule::new(&image).unwrap();
        rule.apply_specs(&specs, &mut resource).unwrap();
        assert_eq!(resource.manifest.value(), &yaml(text(&row, "expectedOutput")), "{}", text(&row, "case"));
    }
}

#[test]
fn strategic_merges() {
    for test in [
        "TestApplySmPatch",
        "TestApplySmPatchShouldOutputListItemsInCorrectOrder",
        "TestApplySmPatchShouldOutputPrimitiveListItemsInCorrectOrder",
    ] {
        for row in rows("api_resource.json", test) {
            let (Some(base), Some(expected)) = (row["base"].as_str(), row["expected"].as_str()) else { continue };
            let patches: Vec<&str> = match &row["patch"] {
                Value::Array(patches) => patches.iter().filter_map(Value::as_str).collect(),
                patch => patch.as_str().into_iter().collect(),
            };
            if row["skip"] == true || row["errorExpected"] == true {
                continue;
            }
            let mut object = Some(yaml(base));
            for patch in patches {
                for document in read_merge(patch).unwrap_or_else(|_| panic!("{patch}")) {
                    let mut unquoted = |_: &[windlass_manifest::Step]| None;
                    let merge = &mut Merge::new(None, &mut unquoted);
                    object = object.and_then(|object| merge_object(object, &document.own, merge).unwrap());
                }
            }
            assert_eq!(object.unwrap_or_default(), yaml(expected), "{test}: {row}");
        }
    }
}

#[test]
fn selectors() {
    let fits = |pattern: &str, word: &str| {
        let selector = Selector { name: pattern.to_owned(), ..Selector::default() };
        let object = serde_json::json!({"kind": "K", "metadata": {"name": word}});
        let manifest = windlass_manifest::Manifest::new(object, windlass_manifest::Origin::unknown()).unwrap();
        Target::new(&selector).ok().unwrap().fits(&crate::resource::Resource::new(manifest))
    };
    for row in rows("api_types.json", "TestSelectorRegexMatchName") {
        assert_eq!(fits(text(&row["S"]["ResId"], "Name"), text(&row, "Name")), row["Expected"] == true, "{row}");
    }
}

#[test]
fn scopes() {
    let Some(schema) = table("k8s-merge-schema.json") else { return };
    for (key, wanted) in schema["scope"].as_object().unwrap() {
        let (api_version, kind) = key.split_once('|').unwrap();
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        let wanted = if wanted == "cluster" { Scope::Cluster } else { Scope::Namespaced };
        assert_eq!(scope(group, version, kind), Some(wanted), "{key}");
    }
}

#[test]
fn merge_keys() {
    let Some(schema) = table("k8s-merge-schema.json") else { return };
    let mut seen = HashSet::new();
    for (key, definition) in schema["gvk"].as_object().unwrap() {
        let (api_version, kind) = key.split_once('|').unwrap();
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        if let Some(shape) = Shape::of(group, version, kind) {
            compare(&schema["defs"], definition.as_str().unwrap(), shape, &mut seen);
        }
    }
}

/// Compares a type of the schema with a shape, and everything that a merge can reach below both.
fn compare(definitions: &Value, definition: &str, shape: Shape, seen: &mut HashSet<(String, String)>) {
    if !seen.insert((definition.to_owned(), format!("{shape:?}"))) {
        return;
    }
    let empty = serde_json::Map::new();
    for (name, field) in definitions[definition].as_object().unwrap_or(&empty) {
        let here = format!("{definition}.{name}");
        let merges = text(field, "strategy").split(',').any(|strategy| strategy == "merge");
        let keys: Vec<&str> = field["keys"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let ours = shape.field(name);
        match (field["list"] == true, merges, ours) {
            (true, true, Some(Field::Keyed(own, item))) => {
                assert_eq!(own, keys, "{here}");
                compare(definitions, text(field, "items"), item, seen);
            }
            (true, true, Some(Field::Set)) => assert!(keys.is_empty(), "{here}"),
            (true, true, ours) => panic!("{here}: merged there, {ours:?} here"),
            (true, false, ours) => assert_eq!(ours, None, "{here}"),
            (false, _, Some(Field::Map(below))) => compare(definitions, text(field, "ref"), below, seen),
            (false, _, None) if !text(field, "ref").is_empty() => {
                compare(definitions, text(field, "ref"), Shape::Leaf, seen);
            }
            (false, _, None) => {}
            (false, _, ours) => panic!("{here}: no list there, {ours:?} here"),
        }
    }
}

#[test]
fn there_are_as_many_name_references_as_in_kustomize() {
    let mut rules = HashSet::new();
    for reference in default_name_references::built_in() {
        for spec in &reference.referrers {
            rules.insert(format!("{:?} {:?} {}", reference.target, spec.on, spec.path));
        }
    }
    assert_eq!(rules.len(), 166);
}
