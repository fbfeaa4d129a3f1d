//! From the text of a patch to a patch: strategic merge or JSON 6902, whichever the text is.

use std::sync::{Arc, OnceLock};

use serde_json::{Map, Value};
use windlass_manifest::{Manifest, Origin, Step, manifests_from_values};
use windlass_yaml::{Limits, Node, ReadOptions, compose, read_document, read_documents};

use crate::Fault;
use crate::identity::ResId;
use crate::loader::written_at;
use crate::patch::json6902::JsonPatch;

/// A patch that was read.
#[derive(Debug)]
pub(crate) enum PatchText {
    Merge(Vec<MergePatch>),
    Json(JsonPatch),
}

/// One document of a strategic merge patch.
#[derive(Debug)]
pub(crate) struct MergePatch {
    /// The object that the patch names.
    pub(crate) id: ResId,
    /// The line of the text that the document starts on.
    pub(crate) line: usize,
    /// The values for a patch that names its object itself.
    pub(crate) own: Value,
    /// The values for a patch with a target. kustomize turns its labels and annotations into text before it merges
    /// them, so that even a null there is the text "null" and removes nothing.
    pub(crate) for_target: Value,
    /// How it is written.
    pub(crate) source: PatchSource,
}

/// The text of a patch, for how its scalars are written: values do not know, and only few patches have to.
#[derive(Debug, Clone)]
pub(crate) struct PatchSource {
    written: Arc<Written>,
    line: usize,
}

#[derive(Debug)]
struct Written {
    text: String,
    nodes: OnceLock<Vec<Node>>,
}

impl PatchSource {
    /// A scalar's text, and whether it is in quotes.
    pub(crate) fn written(&self, path: &[Step]) -> Option<(&str, bool)> {
        let Written { text, nodes } = &*self.written;
        let nodes = nodes.get_or_init(|| compose(text, &Limits::default()).unwrap_or_default());
        written_at(nodes.iter().find(|node| node.span.start.line == self.line)?, path)
    }
}

/// A fault in a patch, and the line of its text, where that is known.
pub(crate) struct PatchFault {
    pub(crate) line: Option<usize>,
    pub(crate) fault: Fault,
}

/// Reads the text of a patch. A text without content is a patch that does nothing.
pub(crate) fn read(text: &str) -> Result<PatchText, PatchFault> {
    if text.starts_with('[') {
        return read_brackets(text).map(PatchText::Json);
    }
    let config = (!starts_with_a_key(text)).then(|| read_document(text, &ReadOptions::config()));
    if let Some(Ok(Value::Array(operations))) = &config {
        let patch = JsonPatch::new(operations);
        let patch = patch.map_err(|problem| PatchFault { line: None, fault: Fault::NotAPatch { problem } })?;
        return Ok(PatchText::Json(patch));
    }
    read_merge(text).map(PatchText::Merge)
}

/// Whether a text starts with a letter, which no list does: most strategic merge patches start with `apiVersion`.
fn starts_with_a_key(text: &str) -> bool {
    let content = text.lines().find(|line| !line.is_empty() && !line.starts_with('#'));
    content.is_some_and(|line| line.starts_with(|first: char| first.is_ascii_alphabetic()))
}

/// Reads a strategic merge patch.
pub(crate) fn read_merge(text: &str) -> Result<Vec<MergePatch>, PatchFault> {
    let typed = read_objects(text, &[])?;
    let says_more = |manifest: &Manifest| {
        ["labels", "annotations"].iter().any(|field| manifest.get(&["metadata", field]).is_some())
    };
    let for_target = match typed.iter().any(says_more) {
        true => read_objects(text, &[&["metadata", "labels"], &["metadata", "annotations"]])?,
        false => typed.clone(),
    };
    let written = Arc::new(Written { text: text.to_owned(), nodes: OnceLock::new() });
    let patch = |(typed, for_target)| merge_patch(typed, for_target, Arc::clone(&written));
    Ok(typed.into_iter().zip(for_target).map(patch).collect())
}

/// Reads JSON 6902 that starts with a bracket. kustomize takes no YAML for JSON there, as it does everywhere else.
fn read_brackets(text: &str) -> Result<JsonPatch, PatchFault> {
    let operations: Vec<Value> = serde_json::from_str(text).map_err(|error| {
        let problem = format!("what starts with [ has to be JSON, with names and texts in double quotes: {error}");
        PatchFault { line: Some(error.line()), fault: Fault::NotAPatch { problem } }
    })?;
    JsonPatch::new(&operations).map_err(|problem| PatchFault { line: None, fault: Fault::NotAPatch { problem } })
}

/// Reads JSON 6902.
pub(crate) fn read_json(text: &str) -> Result<JsonPatch, PatchFault> {
    if text.starts_with('[') {
        return read_brackets(text);
    }
    let not_a_patch =
        |problem: &str| PatchFault { line: None, fault: Fault::NotAPatch { problem: problem.to_owned() } };
    match read_document(text, &ReadOptions::config()) {
        Ok(Value::Array(operations)) => JsonPatch::new(&operations).map_err(|problem| not_a_patch(&problem)),
        Ok(_) => Err(not_a_patch("expected a list of operations, each with op and path")),
        Err(error) => {
            let line = Some(error.position().line);
            Err(PatchFault { line, fault: Fault::Yaml(error) })
        }
    }
}

fn read_objects(text: &str, text_below: &[&[&str]]) -> Result<Vec<Manifest>, PatchFault> {
    let options = ReadOptions { text_below, ..ReadOptions::resource() };
    let documents = read_documents(text, &options).map_err(|error| {
        let line = Some(error.position().line);
        PatchFault { line, fault: Fault::Yaml(error) }
    })?;
    let documents = documents.into_iter().map(|document| (document.value, Origin::new("patch", document.line)));
    manifests_from_values(documents).map_err(|error| {
        let line = error.origin().line();
        PatchFault { line, fault: Fault::NotAnObject(error) }
    })
}

fn merge_patch(typed: Manifest, for_target: Manifest, written: Arc<Written>) -> MergePatch {
    let id = ResId::new(typed.gvk(), typed.name(), typed.namespace());
    let line = typed.origin().line().unwrap_or(1);
    let (mut own, for_target) = (typed.into_value(), for_target.into_value());
    // Annotations end as text in any case, and as the text that was written: 1.10 is no 1.1 there.
    let texts = for_target.pointer("/metadata/annotations").and_then(Value::as_object);
    if let (Some(Value::Object(annotations)), Some(texts)) = (own.pointer_mut("/metadata/annotations"), texts) {
        for (key, value) in annotations.iter_mut().filter(|(_, value)| !value.is_null()) {
            if let Some(text) = texts.get(key) {
                value.clone_from(text);
            }
        }
    }
    let mut for_target = for_target;
    if let Some(metadata) = for_target.get_mut("metadata").and_then(Value::as_object_mut) {
        // Where kustomize writes them anew, a null is nothing, and so is an empty mapping.
        for field in ["labels", "annotations"] {
            let is_empty = |value: &Value| value.is_null() || value.as_object().is_some_and(Map::is_empty);
            if metadata.get(field).is_some_and(is_empty) {
                metadata.shift_remove(field);
            }
        }
    }
    MergePatch { id, line, own, for_target, source: PatchSource { written, line } }
}
