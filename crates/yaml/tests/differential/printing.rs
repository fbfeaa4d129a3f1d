//! Printing, against `sigs.k8s.io/yaml`, and the laws of reading what was printed.

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use serde_json::Value;
use windlass_yaml::{ReadOptions, print, read_document};

use crate::oracle::{Oracle, cases, runner};
use crate::values::value;

/// JSON with every character of the basic plane beyond ASCII escaped: go-yaml reads the JSON, and would fold raw U+0085,
/// U+2028 and U+2029 and refuse control characters.
pub(crate) fn escaped_json(value: &Value) -> String {
    let mut out = String::new();
    for letter in normal(value).to_string().chars() {
        match u32::from(letter) {
            0x7f..=0xffff => out.push_str(&format!("\\u{:04x}", u32::from(letter))),
            _ => out.push(letter),
        }
    }
    out
}

#[test]
fn prints_as_go_does() {
    let Some(oracle) = Oracle::start() else { return };
    let mut runner = runner();
    let strategy = value();
    let mut failures = 0;
    for _ in 0..cases() {
        let mut tree = strategy.new_tree(&mut runner).unwrap();
        if !differs(&oracle, &tree.current()) {
            continue;
        }
        shrink(&mut tree, |value| differs(&oracle, value));
        let value = tree.current();
        let theirs = oracle.ask("json-to-sigs-yaml", &escaped_json(&value));
        eprintln!("{value:?}\n--- ours\n{}\n--- go\n{theirs:?}\n", print(&value));
        failures += 1;
        if failures == 10 {
            break;
        }
    }
    assert_eq!(failures, 0, "values printed otherwise");
}

fn differs(oracle: &Oracle, value: &Value) -> bool {
    let theirs = oracle.ask("json-to-sigs-yaml", &escaped_json(value));
    theirs.as_ref() != Ok(&print(value)) && !is_beyond_go(oracle, value)
}

/// Go gives no answer, or another one each time.
fn is_beyond_go(oracle: &Oracle, value: &Value) -> bool {
    let json = escaped_json(value);
    let Ok(first) = oracle.ask("json-to-sigs-yaml", &json) else {
        // Go's JSON is read as YAML, where a key ends within 1,024 bytes.
        return true;
    };
    (0..12).any(|_| oracle.ask("json-to-sigs-yaml", &json).as_ref() != Ok(&first))
}

/// Makes the value smaller as long as `fails` holds.
pub(crate) fn shrink<T: ValueTree>(tree: &mut T, mut fails: impl FnMut(&T::Value) -> bool) {
    let mut steps = 0;
    while steps < 400 && tree.simplify() {
        steps += 1;
        while !fails(&tree.current()) && steps < 400 {
            steps += 1;
            if !tree.complicate() {
                break;
            }
        }
    }
    while !fails(&tree.current()) && tree.complicate() {}
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn what_is_printed_reads_back_the_same(value in value()) {
        prop_assume!(!go_reads_otherwise(&value));
        let text = print(&value);
        for options in [ReadOptions::resource(), ReadOptions::config()] {
            let read = read_document(&text, &options).unwrap();
            prop_assert_eq!(normal(&read), normal(&value), "{}", text);
            prop_assert_eq!(print(&read), text.clone());
        }
    }
}

/// Go itself prints two texts without quotes that it does not read back: the key `<<`, which reads as a merge key, and `0o-7`,
/// which is a string for go-yaml v2 and a number for v3.
fn go_reads_otherwise(value: &Value) -> bool {
    let octal = |text: &str| text.starts_with("0o-") || text.starts_with("0o+");
    match value {
        Value::String(text) => octal(text),
        Value::Array(items) => items.iter().any(go_reads_otherwise),
        Value::Object(entries) => {
            entries.iter().any(|(key, value)| key == "<<" || octal(key) || go_reads_otherwise(value))
        }
        _ => false,
    }
}

/// The value as reading makes it: integral floats are integers.
pub(crate) fn normal(value: &Value) -> Value {
    match value {
        Value::Number(number) => read_document(&number.to_string(), &ReadOptions::resource()).unwrap(),
        Value::Array(items) => Value::Array(items.iter().map(normal).collect()),
        Value::Object(entries) => {
            Value::Object(entries.iter().map(|(key, value)| (key.clone(), normal(value))).collect())
        }
        other => other.clone(),
    }
}
