//! How text reads: each trap of the dialects once, with what Go was seen to give.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use serde_json::{Value, json};
use windlass_yaml::{
    Content, Dialect, DuplicateKeys, Error, Limits, Position, ReadOptions, Style, compose, locate, read_document,
    read_documents,
};

fn resource(text: &str) -> Value {
    read_document(text, &ReadOptions::resource()).unwrap()
}

fn config(text: &str) -> Value {
    read_document(text, &ReadOptions::config()).unwrap()
}

fn error(text: &str) -> Error {
    read_documents(text, &ReadOptions::resource()).unwrap_err()
}

#[test]
fn scalars_of_resources() {
    let text =
        "[0777, 0o777, 08, 1_000, 1.0, 1.10, 1e3, 12:30:45, yes, on, y, 2020-01-01, 0x1F, .5, ~, \"0777\", -0.0]";
    let wanted = json!([
        511,
        511,
        8,
        1000,
        1,
        1.1,
        1000,
        "12:30:45",
        "yes",
        "on",
        "y",
        "2020-01-01T00:00:00Z",
        31,
        0.5,
        null,
        "0777",
        0
    ]);
    assert_eq!(resource(text), wanted);
}

#[test]
fn scalars_of_configuration() {
    let text = "[yes, on, y, N, off, 2020-01-01, 0777, 1.10]";
    assert_eq!(config(text), json!([true, true, true, false, false, "2020-01-01", 511, 1.1]));
}

#[test]
fn large_numbers() {
    let text = "[18446744073709551615, 18446744073709551616, 1e20, 9007199254740993]";
    assert_eq!(resource(text), json!([u64::MAX, 18_446_744_073_709_551_616_f64, 1e20, 9_007_199_254_740_993_u64]));
}

#[test]
fn infinities_have_no_value() {
    assert_eq!(
        error("a:\n  b: .inf\n").to_string(),
        "line 2, column 6: `.inf` cannot be a value, JSON has no such number"
    );
}

#[test]
fn tags() {
    assert_eq!(
        resource("a: !!str 5\nb: !!int \"5\"\nc: !foo 5\nd: !!binary aGk=\n"),
        json!({"a": "5", "b": 5, "c": "5", "d": "hi"})
    );
    assert_eq!(error("a: !!int five\n").to_string(), "line 1, column 4: `five` is not a !!int");
}

#[test]
fn keys_that_are_no_strings() {
    assert_eq!(resource("1: a\ntrue: b\n~: c\n0x10: d\n"), json!({"1": "a", "true": "b", "~": "c", "0x10": "d"}));
    assert_eq!(config("1: a\non: b\n0x10: c\n1.50: d\n"), json!({"1": "a", "true": "b", "16": "c", "1.5": "d"}));
    assert!(matches!(read_document("~: a\n", &ReadOptions::config()), Err(Error::Key { .. })));
    assert!(matches!(error("? [a]\n: b\n"), Error::Key { .. }));
}

#[test]
fn merge_keys() {
    let text = "x: &x {a: 1, b: 1}\ny: &y {b: 2, c: 2}\nz: {b: 0, <<: [*x, *y]}\n";
    assert_eq!(resource(text)["z"], json!({"b": 0, "a": 1, "c": 2}));
    // In the config dialect a merge key counts where it stands.
    let text = "x: &x {a: 1, b: 1}\nz: {b: 0, <<: *x, a: 3}\n";
    assert_eq!(config(text)["z"], json!({"b": 1, "a": 3}));
    assert!(matches!(error("a: {<<: 1}\n"), Error::MergeNotMap { .. }));
}

#[test]
fn an_anchor_given_twice_is_the_last_one_above() {
    assert_eq!(resource("a: &x 1\nb: *x\nc: &x 2\nd: *x\n"), json!({"a": 1, "b": 1, "c": 2, "d": 2}));
}

#[test]
fn duplicate_keys() {
    let found = error("a: 1\nb:\n  c: 1\n  c: 2\n");
    assert_eq!(found.to_string(), "line 4, column 3: key `c` is already defined at line 3");
    assert_eq!(config("a: 1\na: 2\n"), json!({"a": 2}));
}

#[test]
fn documents_and_their_lines() {
    let text = "# head\n\na: 1\n---\n# nothing\n---\n\nb: 2\n---\n{}\n--- # c\r\nc: \"x\r\n  y\"\r\n";
    let documents = read_documents(text, &ReadOptions::resource()).unwrap();
    let found: Vec<_> = documents.iter().map(|document| (document.line, document.value.clone())).collect();
    assert_eq!(found, [(3, json!({"a": 1})), (8, json!({"b": 2})), (12, json!({"c": "x y"}))]);
}

#[test]
fn text_after_three_dots_is_lost() {
    let documents = read_documents("a: 1\n...\nb: 2\n---\nc: 3\n", &ReadOptions::resource()).unwrap();
    assert_eq!(documents.len(), 2);
}

#[test]
fn errors_say_where() {
    for (text, wanted) in [
        ("a: 1\n---\nb: 1\n  c: 2\n", "line 4, column 4: malformed YAML: mapping values are not allowed here"),
        ("a:\n\t- 1\n", "line 2, column 1: a tab cannot indent a line, use spaces"),
        ("%YAML 1.1\n---\na: 1\n", "line 1, column 1: YAML directives are not supported"),
        ("a: 1\n--- b\nc: 1\n", "line 2, column 1: invalid document separator: `--- b`"),
        ("a: *x\n", "line 1, column 4: alias of an unknown anchor"),
        ("a: &x [*x]\n", "line 1, column 8: alias of a node that contains it"),
        ("é: \"\\q\"\n", "line 1, column 5: malformed YAML: found an unknown escape"),
    ] {
        assert_eq!(error(text).to_string(), wanted, "{text:?}");
    }
}

#[test]
fn some_paths_stay_text() {
    let options = ReadOptions { text_below: &[&["metadata", "annotations"]], ..ReadOptions::resource() };
    let text = "metadata:\n  annotations: {a: 1.10, b: null, c: , d: 2020-01-01, e: true}\n  labels: {a: 1.10}\n";
    let value = read_document(text, &options).unwrap();
    let annotations = json!({"a": "1.10", "b": "null", "c": "", "d": "2020-01-01", "e": "true"});
    assert_eq!(value, json!({"metadata": {"annotations": annotations, "labels": {"a": 1.1}}}));

    let options = ReadOptions { text_below: &[&["items", "*", "a"]], ..ReadOptions::resource() };
    let value = read_document("items: [{a: {b: 1}}, {c: {b: 1}}]\n", &options).unwrap();
    assert_eq!(value, json!({"items": [{"a": {"b": "1"}}, {"c": {"b": 1}}]}));
}

/// Seen in kustomize 5.8.1, which prints an object in its own style before it finds the types.
#[test]
fn what_kyaml_changes_on_its_way() {
    assert_eq!(resource("a: {b: , c: 2020-01-01 00:00:00}\n"), json!({"a": {"b": "", "c": "2020-01-01 00:00:00"}}));
    assert_eq!(resource("a: >\n  x\n    y\n  z\n"), json!({"a": "x\n\n  y\nz\n"}));
    assert_eq!(config("a: {b: }\nc: >\n  x\n    y\n  z\n"), json!({"a": {"b": null}, "c": "x\n  y\nz\n"}));
}

#[test]
fn yaml_1_1_line_breaks() {
    assert_eq!(resource("a: 'x\u{85}y'\nb: 'x\u{2028}y'\n"), json!({"a": "x y", "b": "x\u{2028}y"}));
}

#[test]
fn limits_hold() {
    let bomb = (1..9).fold("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned(), |text, level| {
        let alias = format!("*a{}", level - 1);
        format!("{text}a{level}: &a{level} [{}]\n", vec![alias; 10].join(", "))
    });
    assert!(matches!(error(&bomb), Error::Limit { limit: "nodes", value: 1_000_000, .. }));
    assert!(matches!(error(&"[".repeat(100_000)), Error::Limit { limit: "levels of nesting", .. }));
    assert!(matches!(error(&"- ".repeat(100_000)), Error::Limit { limit: "levels of nesting", .. }));

    let copies = format!("a: &a {}\nb: [{}]\n", "x".repeat(1 << 20), vec!["*a"; 100].join(", "));
    assert!(matches!(error(&copies), Error::Limit { limit: "bytes of anchors and aliases", .. }));

    let small = Limits { input_bytes: 100, documents: 2, nodes: 10, scalar_bytes: 5, depth: 3 };
    let options = ReadOptions { limits: small, ..ReadOptions::resource() };
    for (text, wanted) in [
        ("a: bcdefg\n", "line 1, column 4: more than 5 bytes in one scalar"),
        ("a\n---\nb\n---\nc\n", "line 5, column 1: more than 2 documents"),
        ("[[[[a]]]]", "line 1, column 4: more than 3 levels of nesting"),
        ("[1, 2, 3, 4, 5]\n---\n[1, 2, 3, 4, 5]\n", "line 3, column 11: more than 10 nodes"),
        (&"a".repeat(101), "line 1, column 1: more than 100 bytes"),
    ] {
        assert_eq!(read_documents(text, &options).unwrap_err().to_string(), wanted);
    }
}

#[test]
fn nodes_keep_what_is_written() {
    let documents = compose("b: !!int \"5\"\nb: |\n  x\na: &x [~]\nc: *x\n", &Limits::default()).unwrap();
    let Content::Mapping(entries) = &documents[0].content else { panic!("a mapping") };
    let keys: Vec<_> = entries.iter().map(|(key, _)| key.text().unwrap()).collect();
    assert_eq!(keys, ["b", "b", "a", "c"]);
    assert_eq!(entries[0].1.tag.as_deref(), Some("!!int"));
    assert_eq!(entries[1].1.content, Content::Scalar { text: "x\n".to_owned(), style: Style::Literal });
    assert!(entries[2].1.flow);
    assert_eq!(entries[3].1.content, entries[2].1.content);
    assert_eq!(entries[3].1.span.start, Position { line: 5, column: 4 });
}

#[test]
fn values_are_found_again() {
    let text = "---\n---\na: 1\n---\nspec:\n  list:\n  - name: x\n    é: y\n  - *none\n";
    let text = text.replace("*none", "z");
    let place =
        |path: &[&str]| locate(&text, Dialect::Resource, 1, path).map(|span| (span.start.line, span.start.column));
    assert_eq!(place(&["spec", "list", "0", "é"]), Some((8, 8)));
    assert_eq!(place(&["spec", "list", "1"]), Some((9, 5)));
    assert_eq!(place(&["spec", "missing", "0"]), Some((6, 3)));
    assert_eq!(locate(&text, Dialect::Resource, 2, &[]), None);
}

#[test]
fn configuration_may_refuse_duplicates_too() {
    let strict = ReadOptions { duplicate_keys: DuplicateKeys::Error, ..ReadOptions::config() };
    assert!(matches!(read_document("on: 1\n\"true\": 2\n", &strict), Err(Error::DuplicateKey { .. })));
}
