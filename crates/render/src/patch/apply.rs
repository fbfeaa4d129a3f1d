//! Applying one patch to one object.

use serde_json::{Map, Value, json};
use windlass_manifest::Manifest;

use crate::Patch;
use crate::patch::json6902::{JsonPatch, through_floats};
use crate::patch::read::MergePatch;
use crate::patch::strategic_merge::{DIRECTIVE, Merge, merge_object};
use crate::replacement::assign::{make_text, needs_quotes};
use crate::resource::Resource;

/// Whether a strategic merge patch goes to the object it names, or to those that a target selects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Aim {
    Named,
    /// To the object it names, and yet with labels and annotations that are text, as where a target selects.
    Legacy,
    Target,
}

/// Applies a strategic merge patch. Kind, name and namespace stay what they were unless the options say otherwise.
///
/// What does not fit is the error; what kustomize passes over comes beside it.
pub(crate) fn merge(
    resource: &mut Resource,
    patch: &MergePatch,
    aim: Aim,
    options: &Patch,
    mut merge: Merge<'_>,
) -> (Result<(), String>, Vec<String>) {
    let result = merge_into(resource, patch, aim, options, &mut merge);
    (result, merge.warnings)
}

fn merge_into(
    resource: &mut Resource,
    patch: &MergePatch,
    aim: Aim,
    options: &Patch,
    merge: &mut Merge<'_>,
) -> Result<(), String> {
    let (kind, name) = (resource.manifest.kind().to_owned(), resource.manifest.name().to_owned());
    let namespace = resource.manifest.get(&["metadata", "namespace"]).cloned();
    let api_version = resource.manifest.api_version().to_owned();
    let untyped = api_version.is_empty();
    if options.allow_name_change || options.allow_kind_change {
        resource.remember_id();
    }
    let values = match aim {
        Aim::Named => patch.own.clone(),
        Aim::Legacy => patch.for_target.clone(),
        Aim::Target => with_api_version(&patch.for_target, resource.manifest.api_version()),
    };
    let mut values = values;
    if options.allow_name_change || options.allow_kind_change {
        keep_annotations(&mut values, patch);
    }
    let values = values;
    if forgets(&values) {
        merge.warnings.push(FORGETS.to_owned());
        resource.history.forget();
    }
    resource.history.merged.push(patch.source.clone());
    let mut object = std::mem::take(resource.manifest.value_mut());
    // A patch that replaces everything comes by nothing.
    let comes_by = values.get(DIRECTIVE).is_none_or(|directive| directive != "replace");
    for (pointer, text) in std::mem::take(&mut resource.history.untyped) {
        match comes_by && merge.walks(&object, &pointer) {
            true if needs_quotes(&text) => make_text(&mut object, &pointer, &text),
            _ => resource.history.untyped.push((pointer, text)),
        }
    }
    let merged = merge_object(object, &values, merge).inspect_err(|_| {
        // So that whatever else is for the object still finds it.
        let mut metadata = json!({"name": name});
        set(metadata.as_object_mut(), "namespace", namespace.clone());
        *resource.manifest.value_mut() = json!({"apiVersion": api_version, "kind": kind, "metadata": metadata});
    })?;
    let Some(mut merged) = merged else {
        resource.deleted = true;
        return Ok(());
    };
    if !options.allow_kind_change {
        set(merged.as_object_mut(), "kind", Some(Value::from(kind)));
    }
    if aim == Aim::Target && untyped {
        // kustomize gives the patch the type of its target, also an empty one.
        set(merged.as_object_mut(), "apiVersion", Some(Value::Null));
    }
    let mut metadata = merged.get_mut("metadata").and_then(Value::as_object_mut);
    if !options.allow_name_change {
        set(metadata.as_deref_mut(), "name", Some(Value::from(name)));
    }
    set(metadata, "namespace", namespace);
    resource.history.aliases.iter_mut().for_each(|aliases| aliases.patched(&mut merged));
    replace_object(resource, merged)
}

const FORGETS: &str = "this takes all annotations away, and with them what kustomize keeps there: earlier names, by \
                       which references and patches find the object, and the hash that a generated one gets: take away \
                       the annotations by their names";

/// kustomize notes in an annotation of the patch that names may change. That makes texts of all its annotations, and a
/// null in their place takes away nothing.
fn keep_annotations(values: &mut Value, patch: &MergePatch) {
    let texts = patch.for_target.pointer("/metadata/annotations");
    if let Some(annotations) = values.pointer_mut("/metadata/annotations") {
        *annotations = texts.cloned().unwrap_or_else(|| Value::Object(Map::new()));
    }
}

/// Whether a patch takes all annotations away.
fn forgets(patch: &Value) -> bool {
    let gone = |value: &Value| value.is_null() || value.get(DIRECTIVE).is_some_and(|word| word != "merge");
    let metadata = patch.get("metadata");
    metadata.is_some_and(|metadata| gone(metadata) || metadata.get("annotations").is_some_and(gone))
}

const LOSES_DIGITS: &str = "an integer of this object is too large for a float, through which kustomize takes the numbers \
                            of an object for JSON 6902, and loses its last digits: put quotes around it, or use a \
                            strategic merge patch";

/// Applies a JSON 6902 patch.
///
/// The error says which operation failed, or that the result is no object any more; what kustomize passes over comes
/// beside it.
pub(crate) fn json(resource: &mut Resource, patch: &JsonPatch) -> (Result<(), String>, Vec<String>) {
    let sloppy =
        |path| format!("the path {path:?} does not start with a slash, and kustomize overlooks all before the first");
    let mut warnings: Vec<String> = patch.sloppy_paths().map(sloppy).collect();
    let result = json_into(resource, patch, &mut warnings);
    (result, warnings)
}

fn json_into(resource: &mut Resource, patch: &JsonPatch, warnings: &mut Vec<String>) -> Result<(), String> {
    let mut object = resource.manifest.value().clone();
    // kustomize keeps an object's history in annotations, so there is something to add to.
    if !resource.history.is_empty()
        && let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut)
    {
        let annotations = metadata.entry("annotations").or_insert(Value::Null);
        if annotations.is_null() {
            *annotations = Value::Object(Map::new());
        }
    }
    patch.apply(&mut object)?;
    if through_floats(&mut object) {
        warnings.push(LOSES_DIGITS.to_owned());
    }
    resource.history.merged.clear();
    resource.history.printed = true;
    // The object is read anew, and what was one node becomes several.
    resource.history.aliases.clear();
    resource.history.untyped.clear();
    replace_object(resource, object)
}

fn replace_object(resource: &mut Resource, object: Value) -> Result<(), String> {
    let checked = Manifest::new(object, resource.origin().clone()).map_err(|error| {
        let text = error.to_string();
        format!("afterwards {}", text.split_once(": ").map_or(text.as_str(), |(_, problem)| problem))
    })?;
    *resource.manifest.value_mut() = checked.into_value();
    Ok(())
}

fn with_api_version(patch: &Value, api_version: &str) -> Value {
    let mut patch = patch.clone();
    let api_version = (!api_version.is_empty()).then(|| Value::from(api_version));
    set(patch.as_object_mut(), "apiVersion", api_version);
    patch
}

fn set(fields: Option<&mut Map<String, Value>>, key: &str, value: Option<Value>) {
    let Some(fields) = fields else { return };
    match value {
        Some(value) => {
            fields.insert(key.to_owned(), value);
        }
        None => {
            fields.shift_remove(key);
        }
    }
}
