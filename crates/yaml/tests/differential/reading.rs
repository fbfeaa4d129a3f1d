//! Reading, against go-yaml through `sigs.k8s.io/yaml` and kyaml.

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::Value;
use windlass_yaml::{DuplicateKeys, ReadOptions, read_document};

use crate::oracle::{Answer, Oracle, cases};
use crate::printing::shrink;
use crate::texts::{damaged, document};

#[derive(Clone, Copy)]
enum Reader {
    Config,
    Resource,
}

impl Reader {
    fn op(self) -> &'static str {
        match self {
            Self::Config => "sigs-yaml-to-json",
            Self::Resource => "kyaml-to-json",
        }
    }

    fn ours(self, text: &str) -> Result<Value, String> {
        let options = match self {
            Self::Config => ReadOptions::config(),
            Self::Resource => ReadOptions { duplicate_keys: DuplicateKeys::Error, ..ReadOptions::resource() },
        };
        read_document(text, &options).map_err(|error| error.to_string())
    }

    fn agrees(self, text: &str, theirs: &Answer) -> bool {
        match (self.ours(text), theirs) {
            // kyaml makes a mapping of a null document, which kustomize drops before that.
            (Ok(Value::Null), Ok(theirs)) if theirs == "{}" => true,
            (Ok(ours), Ok(theirs)) => Some(ours) == from_json(theirs),
            (Err(_), Ok(_)) => has_empty_flow_key(text),
            (Err(_), Err(_)) => true,
            // No document at all.
            (Ok(Value::Null), Err(error)) if error == "EOF" => true,
            // The oracle's own limit: it wants a mapping.
            (Ok(_), Err(error)) => error.contains("into map[string]interface {}"),
            _ => false,
        }
    }
}

/// go-yaml reads `{}: x` as `{}` and loses the rest without a word; we refuse it.
fn has_empty_flow_key(text: &str) -> bool {
    text.contains("[]") || text.contains("{}")
}

/// Go's JSON as a value, numbers as `read_document` has them.
fn from_json(json: &str) -> Option<Value> {
    let value: Value = serde_json::from_str(json).ok()?;
    Some(normal(value))
}

fn normal(value: Value) -> Value {
    match value {
        Value::Number(number) => read_document(&number.to_string(), &ReadOptions::resource()).unwrap(),
        Value::Array(items) => Value::Array(items.into_iter().map(normal).collect()),
        Value::Object(entries) => Value::Object(entries.into_iter().map(|(key, value)| (key, normal(value))).collect()),
        other => other,
    }
}

fn compare(reader: Reader, strategy: impl Strategy<Value = String>, cases: usize) {
    let Some(mut oracle) = Oracle::start() else { return };
    let mut runner = TestRunner::default();
    let trees: Vec<_> = (0..cases).map(|_| strategy.new_tree(&mut runner).unwrap()).collect();
    let texts: Vec<_> = trees.iter().map(ValueTree::current).collect();
    let questions: Vec<_> = texts.iter().map(|text| (reader.op(), text.as_str())).collect();
    let answers = oracle.ask_all(&questions);
    let accepted = answers.iter().filter(|answer| answer.is_ok()).count();
    let mut failures = 0;
    for ((mut tree, text), answer) in trees.into_iter().zip(&texts).zip(&answers) {
        if reader.agrees(text, answer) {
            continue;
        }
        failures += 1;
        if failures <= 12 {
            shrink(&mut tree, |text| {
                let answer = oracle.ask(reader.op(), text);
                !reader.agrees(text, &answer)
            });
            let text = tree.current();
            eprintln!("{text:?}\n  ours {:?}\n  go   {:?}\n", reader.ours(&text), oracle.ask(reader.op(), &text));
        }
    }
    eprintln!("{}: {cases} texts, {accepted} of them accepted by Go, {failures} read otherwise", reader.op());
    assert_eq!(failures, 0, "texts read otherwise");
}

#[test]
fn config_text_reads_as_in_go() {
    compare(Reader::Config, document(), cases());
}

#[test]
fn resource_text_reads_as_in_go() {
    compare(Reader::Resource, document(), cases());
}

#[test]
fn damaged_config_text_reads_as_in_go() {
    compare(Reader::Config, damaged(), cases());
}

#[test]
fn damaged_resource_text_reads_as_in_go() {
    compare(Reader::Resource, damaged(), cases());
}
