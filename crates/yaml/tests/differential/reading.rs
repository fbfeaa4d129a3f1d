//! Reading, against go-yaml through `sigs.k8s.io/yaml`, kyaml and kustomize.

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use serde_json::Value;
use windlass_yaml::{
    Content, Dialect, DuplicateKeys, Error, Limits, Node, ReadOptions, Scalar, compose, read_document, read_documents,
    resolve,
};

use crate::oracle::{Answer, Oracle, cases, runner};
use crate::printing::{normal, shrink};
use crate::texts::{damaged, document, manifests};

#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Reader {
    /// `sigs.k8s.io/yaml`, one document.
    Config,
    /// kyaml, one document.
    Resource,
    /// kustomize, a file of resources.
    Manifests,
}

impl Reader {
    pub(crate) fn op(self) -> &'static str {
        match self {
            Self::Config => "sigs-yaml-to-json",
            Self::Resource => "kyaml-to-json",
            Self::Manifests => "kustomize-resources-json",
        }
    }

    fn ours(self, text: &str) -> Result<Value, String> {
        match self {
            Self::Config => read_document(text, &ReadOptions::config()),
            Self::Resource => read_document(text, &ReadOptions::resource()),
            Self::Manifests => read_documents(text, &ReadOptions::resource())
                .map(|documents| Value::Array(documents.into_iter().map(|document| document.value).collect())),
        }
        .map_err(|error| error.to_string())
    }

    pub(crate) fn agrees(self, text: &str, theirs: &Answer) -> bool {
        let agrees = match (self.ours(text), theirs) {
            (Ok(Value::Null), Err(error)) if error == "EOF" => true,
            // kyaml makes a mapping of a null document, which kustomize drops before that.
            (Ok(Value::Null), Ok(theirs)) if theirs == "{}" => true,
            (Ok(ours), Ok(theirs)) => Some(ours) == from_json(theirs),
            (Err(_), Err(_)) => true,
            (Err(_), Ok(_)) => false,
            (Ok(_), Err(error)) => is_known_refusal(self, error),
        };
        agrees || is_known_difference(self, text)
    }

    pub(crate) fn report(self, text: &str, theirs: &Answer) {
        eprintln!("{text:?}\n  ours {:?}\n  go   {theirs:?}\n", self.ours(text));
    }
}

/// Texts that Go takes and gets wrong, each of them described in the crate's documentation.
fn is_known_difference(reader: Reader, text: &str) -> bool {
    let ours = reader.ours(text);
    let refused_for = |problem: &str| ours.as_ref().is_err_and(|error| error.contains(problem));
    // `{}: x` is read as `{}`, the rest is lost without a word. We refuse it.
    let lost = refused_for("did not find a key") && text.contains(['[', '{'])
        || ours.is_err() && ["{}", "[]"].iter().any(|empty| text.replace(' ', "").contains(empty));
    // v3 looks for comments behind every token, whatever blanks are between.
    let tab = text.contains("\t#") && refused_for("a tab cannot indent");
    // go-yaml finds a control character only when it comes there.
    let control = refused_for("control characters");
    // kyaml prints the comment after the scalar, with an empty line between that becomes the scalar's.
    let kept = reader != Reader::Config && text.contains('+') && text.contains('#');
    // After a second byte order mark every line seems to start with one.
    let marks = || text.starts_with("\u{feff}\u{feff}");
    // kyaml loses a null key at the top, and kustomize fails on one further down. We take its text.
    let null_key = || {
        reader != Reader::Config
            && (text.contains('*') && ours.as_ref().is_ok_and(|value| has_key(value, &[""]))
                || ours.as_ref().is_ok_and(|value| has_key(value, &["~", "null", "Null", "NULL"]))
                || compose(text, &Limits::default()).is_ok_and(|documents| documents.iter().any(has_null_key)))
    };
    // A key given twice in a mapping that is merged where it stands: kustomize takes the last. We refuse it.
    let merged_twice = || reader == Reader::Manifests && text.contains("<<") && refused_for("already defined");
    // Two keys with one text, such as `on` and `"true"`: Go takes one by chance.
    let same_text = || {
        let strict = ReadOptions { duplicate_keys: DuplicateKeys::Error, ..ReadOptions::config() };
        reader == Reader::Config && matches!(read_document(text, &strict), Err(Error::DuplicateKey { .. }))
    };
    // Values that move from a mapping in braces to one without: kyaml alone does not merge, kustomize does.
    let merged = || reader == Reader::Resource && text.contains("<<") && text.contains('{');
    // kustomize throws every key `<<` away, that in quotes too. We keep that as the key it is.
    let quoted_merge = || reader == Reader::Manifests && (text.contains("\"<<\"") || text.contains("'<<'"));
    lost || tab
        || control
        || kept
        || merged_twice()
        || quoted_merge()
        || marks()
        || null_key()
        || same_text()
        || merged()
}

/// kustomize crashes on an alias of a node that contains it.
fn crashes_kustomize(text: &str) -> bool {
    matches!(read_documents(text, &ReadOptions::resource()), Err(Error::Recursion { .. }))
}

fn has_key(value: &Value, keys: &[&str]) -> bool {
    match value {
        Value::Array(items) => items.iter().any(|item| has_key(item, keys)),
        Value::Object(entries) => {
            entries.iter().any(|(key, value)| keys.contains(&key.as_str()) || has_key(value, keys))
        }
        _ => false,
    }
}

fn has_null_key(node: &Node) -> bool {
    match &node.content {
        Content::Scalar { .. } => false,
        Content::Sequence(items) => items.iter().any(has_null_key),
        Content::Mapping(entries) => entries.iter().any(|(key, value)| {
            let null = match &key.content {
                Content::Scalar { text, style } => {
                    !text.is_empty()
                        && resolve(text, *style, key.tag.as_deref(), Dialect::Resource) == Some(Scalar::Null)
                }
                _ => false,
            };
            null || has_null_key(value)
        }),
    }
}

/// Texts that Go refuses and we take.
fn is_known_refusal(reader: Reader, error: &str) -> bool {
    let known = [
        // The oracle's own limit: it wants a mapping.
        "into map[string]interface {}",
        // A key that is not a string.
        "unsupported type: map[interface {}]interface {}",
        // kyaml prints a literal scalar that starts with a tab, and cannot read that.
        "found a tab character where an indentation space is expected",
        // kustomize's opinions about resources.
        "missing Resource metadata",
        "missing metadata.name in object",
        "missing kind in object",
        "empty item at",
    ];
    reader != Reader::Config && known.iter().any(|known| error.contains(known))
}

/// Go's JSON as a value, numbers as `read_document` has them.
fn from_json(json: &str) -> Option<Value> {
    serde_json::from_str(json).ok().map(|value| normal(&value))
}

/// One kind of text among five.
fn share() -> usize {
    cases() / 5
}

fn compare(reader: Reader, strategy: impl Strategy<Value = String>) {
    let Some(oracle) = Oracle::start() else { return };
    let mut runner = runner();
    let (mut asked, mut accepted, mut failures) = (0, 0, 0);
    for _ in 0..share() {
        let mut tree = strategy.new_tree(&mut runner).unwrap();
        let text = tree.current();
        if crashes_kustomize(&text) {
            continue;
        }
        let answer = oracle.ask(reader.op(), &text);
        asked += 1;
        accepted += usize::from(answer.is_ok());
        if reader.agrees(&text, &answer) {
            continue;
        }
        failures += 1;
        if failures <= 12 {
            shrink(&mut tree, |text| !crashes_kustomize(text) && !reader.agrees(text, &oracle.ask(reader.op(), text)));
            let text = tree.current();
            reader.report(&text, &oracle.ask(reader.op(), &text));
        }
    }
    eprintln!("{}: {asked} texts, {accepted} of them accepted by Go, {failures} read otherwise", reader.op());
    assert_eq!(failures, 0, "texts read otherwise");
}

#[test]
fn config_text_reads_as_in_go() {
    compare(Reader::Config, document());
}

#[test]
fn resource_text_reads_as_in_go() {
    compare(Reader::Resource, document());
}

#[test]
fn damaged_config_text_reads_as_in_go() {
    compare(Reader::Config, damaged());
}

#[test]
fn damaged_resource_text_reads_as_in_go() {
    compare(Reader::Resource, damaged());
}

#[test]
fn files_of_manifests_read_as_in_kustomize() {
    compare(Reader::Manifests, manifests());
}
