//! How values print: each rule of go-yaml's emitter once.

use serde_json::{Value, json};
use windlass_yaml::{print, print_documents};

#[track_caller]
fn assert_prints(value: Value, wanted: &str) {
    assert_eq!(print(&value), wanted);
}

#[test]
fn collections() {
    let value = json!({"b": [1, [2, [], {}], {"c": null, "a": {"x": true}}], "a": {}});
    assert_prints(value, "a: {}\nb:\n- 1\n- - 2\n  - []\n  - {}\n- a:\n    x: true\n  c: null\n");
    assert_prints(json!([]), "[]\n");
    assert_prints(json!(null), "null\n");
}

#[test]
fn keys_are_in_natural_order() {
    let value = json!({"a10": 1, "a9": 2, "B": 3, "b": 4, "1": 5, "_": 6});
    assert_prints(value, "_: 6\n\"1\": 5\nB: 3\na9: 2\na10: 1\nb: 4\n");
}

#[test]
fn quotes() {
    let value = json!([
        "",
        "y",
        "no",
        "~",
        "0o7",
        "1_000",
        "12:30",
        "2020-01-01",
        "1e3",
        "- a",
        "a: b",
        "a #b",
        "@a",
        " a",
        "a\tb",
        "\u{1f600}",
        "a'b",
        "<<"
    ]);
    let wanted = "- \"\"\n- \"y\"\n- \"no\"\n- \"~\"\n- \"0o7\"\n- \"1_000\"\n- \"12:30\"\n- \"2020-01-01\"\n- \"1e3\"\n- '- a'\n- 'a: b'\n- 'a #b'\n- '@a'\n- ' a'\n- \"a\\tb\"\n- \"\\U0001F600\"\n- a'b\n- <<\n";
    assert_prints(value, wanted);
}

#[test]
fn block_scalars() {
    assert_prints(json!({"a": "x\ny\n"}), "a: |\n  x\n  y\n");
    assert_prints(json!({"a": "x\ny"}), "a: |-\n  x\n  y\n");
    assert_prints(json!({"a": "x\n\n", "b": 1}), "a: |+\n  x\n\nb: 1\n");
    assert_prints(json!({"a": " x\n"}), "a: |2\n   x\n");
    assert_prints(json!(["x \ny", "x\ty\n", "\u{1f600}\n"]), "- \"x \\ny\"\n- \"x\\ty\\n\"\n- \"\\U0001F600\\n\"\n");
}

#[test]
fn long_text_is_folded_at_single_blanks() {
    let text = format!("{} {} b  c d", "a".repeat(60), "a".repeat(30));
    let wanted = format!("k: {} {}\n  b  c d\n", "a".repeat(60), "a".repeat(30));
    assert_prints(json!({"k": text}), &wanted);
}

#[test]
fn long_keys() {
    let short = "k".repeat(128);
    let long = "k".repeat(129);
    assert_prints(json!({&short: 1}), &format!("{short}: 1\n"));
    assert_prints(json!({&long: {"a": [1]}}), &format!("? {long}\n: a:\n  - 1\n"));
    assert_prints(json!({"a\nb": 1}), "? |-\n  a\n  b\n: 1\n");
}

#[test]
fn numbers() {
    let value = json!([1.0, 1e20, 1e-6, 0.0001, 1_234_567.5, u64::MAX, i64::MIN, -0.0]);
    let wanted =
        "- 1\n- 1e+20\n- 1e-06\n- 0.0001\n- 1.2345675e+06\n- 18446744073709551615\n- -9223372036854775808\n- 0\n";
    assert_prints(value, wanted);
}

#[test]
fn documents_are_joined() {
    assert_eq!(print_documents(&[json!({"a": 1}), json!({"b": 2})]), "a: 1\n---\nb: 2\n");
    assert_eq!(print_documents(&[]), "");
}
