//! Entries of `configMapGenerator` and `secretGenerator`.

use serde_json::{Value, json};

use crate::choices::Choices;
use crate::objects::{labels, name, namespace, pairs, word};

/// The files that generators read, in every directory.
pub(crate) const SOURCES: [(&str, &str); 4] = [
    ("f.txt", "text & <more>\n"),
    ("f.bin", "a\tb\u{1F600}a\tb\u{1F600}a\tb\u{1F600}a\tb\u{1F600}a\tb\u{1F600}a\tb\u{1F600}a\tb\u{1F600}a\tb"),
    ("f.env", "# comment\nFROM_ENV=1\n\n  PADDED = x \nALONE\nQUOTED=\"q\"\n"),
    ("app.json", "{\"a\": {\"b\": [1, 2]}}\n"),
];

pub(crate) fn options(c: &mut Choices<'_>) -> Value {
    let mut options = json!({});
    if c.chance(40) {
        options["disableNameSuffixHash"] = json!(c.chance(70));
    }
    if c.chance(30) {
        options["labels"] = if c.chance(60) { labels(c) } else { pairs(c) };
    }
    if c.chance(20) {
        options["annotations"] = pairs(c);
    }
    if c.chance(20) {
        options["immutable"] = json!(c.chance(70));
    }
    options
}

/// A generator. `existing` are the names that there are for it to merge with.
pub(crate) fn generator(c: &mut Choices<'_>, existing: &[String]) -> Value {
    let own = c.of(&["config", "settings", "env", "web"]);
    let mut generator = json!({"name": own});
    if !existing.is_empty() && c.chance(35) {
        generator["name"] = json!(existing[c.below(existing.len())]);
        generator["behavior"] = json!(c.of(&["merge", "replace", "merge", "create"]));
    }
    let mut keys = vec!["LEVEL", "a", "b", "k", "app"];
    let literals = c.some(0, 3, |c| {
        format!("{}={}", keys.remove(c.below(keys.len())), c.of(&["x", "a=b", "'q'", "\"\"", "", "$(V)", "80"]))
    });
    if !literals.is_empty() {
        generator["literals"] = json!(literals);
    }
    if c.chance(15) {
        generator["literals"] = json!([format!("long={}", word(c))]);
    }
    match c.below(8) {
        5 => generator["files"] = json!(["f.txt", "key.bin=f.bin"]),
        6 => generator["files"] = json!(["app.json"]),
        7 => generator[c.of(&["envs", "env"])] = json!("f.env"),
        _ => {}
    }
    if let Some(env) = generator.get("envs").cloned() {
        generator["envs"] = json!([env]);
    }
    if c.chance(20) {
        generator["namespace"] = json!(namespace(c));
    }
    if c.chance(40) {
        generator["options"] = options(c);
    }
    generator
}

/// One for `generators`, as an object.
pub(crate) fn plugin(c: &mut Choices<'_>) -> Value {
    let kind = c.of(&["ConfigMapGenerator", "SecretGenerator"]);
    json!({"apiVersion": "builtin", "kind": kind, "metadata": {"name": format!("made-{}", name(c)), "namespace": "made"},
        "literals": ["a=b"], "options": {"disableNameSuffixHash": c.chance(50)}})
}
