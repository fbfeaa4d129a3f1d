//! Documents as people write them, and as nobody would.

#![allow(dead_code, reason = "each test takes a part of it")]

use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::Value;

/// Scalars as they may stand in a YAML file.
fn yaml_scalar() -> impl Strategy<Value = String> {
    let edge = select(vec![
        "",
        "~",
        "null",
        "true",
        "False",
        "yes",
        "off",
        "y",
        "0",
        "-1",
        "017",
        "0o17",
        "0x1F",
        "0b11",
        "1_000",
        "08",
        "9223372036854775807",
        "1.5",
        "1e3",
        "1e21",
        "-2.50",
        ".5",
        "1e-7",
        "1000000.0",
        ".inf",
        "-.INF",
        ".nan",
        "2020-01-01",
        "2001-12-14t21:59:43.10-05:00",
        "2020-01-01 01:02:03",
        "12:30:45",
        "'quoted'",
        "\"esc\\t\\n\\u00e9\"",
        "' lead'",
        "'a: b'",
        "'#x'",
        "\"two\\nlines\"",
        "\"two\\nlines\\n\"",
        "\"\\n\"",
        "\"trail \\nx\"",
        "'017'",
        "'yes'",
        "'<<'",
        "!!str 5",
        "!!binary aGk=",
        "!!float 5",
        "{}",
        "[]",
        "\"\\u2028x\"",
        "\"emoji \\U0001F600\"",
        "-x",
        "a#b",
        "\"\\\\\"",
    ])
    .prop_map(str::to_owned);
    let text = "[ -~äЖ日]{0,100}".prop_map(|text| format!("'{}'", text.replace('\'', "''")));
    // No tabs here: sops loses a text that starts with one and has several lines.
    let lines = "[a-z \n]{0,40}".prop_map(|text| serde_json::to_string(&text).unwrap_or_default());
    prop_oneof![4 => edge, 2 => text, 1 => lines, 1 => any::<i64>().prop_map(|n| n.to_string()), 1 => any::<f64>().prop_filter("finite", |f| f.is_finite()).prop_map(|f| format!("{f:e}"))]
}

#[derive(Debug, Clone)]
enum Tree {
    Scalar(String),
    Map(Vec<(String, Tree, Option<String>)>),
    List(Vec<(Tree, Option<String>)>),
}

fn tree() -> impl Strategy<Value = Tree> {
    let key = prop_oneof![
        "[a-z]{1,5}",
        "[a-z]{1,4}_unencrypted",
        select(vec!["y", "a:b", "日本", "with space", "x: y", "#k", "-", "123", "null", ""]).prop_map(str::to_owned),
    ];
    // Not empty: in a list, sops makes an item of such a comment.
    let comment = || proptest::option::weighted(0.2, "[ -~é]{0,19}[!-~é]");
    yaml_scalar().prop_map(Tree::Scalar).prop_recursive(4, 40, 5, move |inner| {
        let entries = proptest::collection::btree_map(key.clone(), (inner.clone(), comment()), 1..5)
            .prop_map(|map| Tree::Map(map.into_iter().map(|(key, (tree, comment))| (key, tree, comment)).collect()));
        let items = proptest::collection::vec((inner, comment()), 1..4).prop_map(Tree::List);
        prop_oneof![2 => entries, 1 => items]
    })
}

/// A YAML document without collections, which every format can hold.
pub(crate) fn flat_yaml() -> impl Strategy<Value = String> {
    let entries = proptest::collection::btree_map("[a-z]{1,5}(\\.[=a-z])?", yaml_scalar(), 1..6);
    entries.prop_map(|entries| entries.iter().map(|(key, value)| format!("{key}: {value}\n")).collect())
}

/// A YAML stream of one or two documents.
pub(crate) fn yaml() -> impl Strategy<Value = String> {
    let top = proptest::collection::btree_map("[a-d]{1,3}(_unencrypted)?", tree(), 1..5);
    proptest::collection::vec(top, 1..3).prop_map(|documents| {
        let print = |map: std::collections::BTreeMap<String, Tree>| {
            let mut out = String::new();
            let entries = map.into_iter().map(|(key, tree)| (key, tree, None)).collect();
            print_tree(&Tree::Map(entries), 0, &mut out);
            out
        };
        documents.into_iter().map(print).collect::<Vec<_>>().join("---\n")
    })
}

fn print_tree(tree: &Tree, indent: usize, out: &mut String) {
    let pad = " ".repeat(indent);
    let comment_line = |out: &mut String, comment: &Option<String>| {
        if let Some(text) = comment {
            out.push_str(&format!("{pad}#{text}\n"));
        }
    };
    match tree {
        Tree::Scalar(text) => out.push_str(&format!(" {text}\n")),
        Tree::Map(entries) => {
            for (key, value, comment) in entries {
                comment_line(out, comment);
                out.push_str(&format!("{pad}{}:", serde_json::to_string(key).unwrap()));
                if !matches!(value, Tree::Scalar(_)) {
                    out.push('\n');
                }
                print_tree(value, indent + 2, out);
            }
        }
        Tree::List(items) => {
            for (item, comment) in items {
                comment_line(out, comment);
                out.push_str(&format!("{pad}-"));
                if !matches!(item, Tree::Scalar(_)) {
                    out.push('\n');
                }
                print_tree(item, indent + 2, out);
            }
        }
    }
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-(1i64 << 53)..(1 << 53)).prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,20}".prop_map(Value::from),
        "[<>&\\\\\"\u{2028}\u{0}-\u{1f}a]{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 30, 5, |inner| {
        let key = "[a-c:é]{0,3}(_unencrypted)?";
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map(key, inner, 0..4).prop_map(|map| map.into_iter().collect()),
        ]
    })
}

/// A JSON document.
pub(crate) fn json() -> impl Strategy<Value = String> {
    proptest::collection::btree_map("[a-d]{1,3}(_unencrypted)?", json_value(), 0..5)
        .prop_map(|map| Value::Object(map.into_iter().collect()).to_string())
}

fn words(words: &'static [&'static str]) -> impl Strategy<Value = String> {
    select(words).prop_map(str::to_owned)
}

/// Some lines, in one text of six with one among them that is refused or changes how all below is read.
fn lines(line: impl Strategy<Value = String>, odd: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    let odd = proptest::option::weighted(1.0 / 6.0, (any::<Index>(), odd));
    (proptest::collection::vec(line, 1..12), odd, any::<bool>()).prop_map(|(mut lines, odd, cut)| {
        if let Some((at, odd)) = odd {
            lines.insert(at.index(lines.len()), odd);
        }
        let mut text = lines.concat();
        if cut && text.ends_with('\n') {
            text.pop();
        }
        text
    })
}

/// A dotenv file.
pub(crate) fn dotenv() -> impl Strategy<Value = String> {
    let key = prop_oneof![
        4 => "[a-dA-D_]{1,6}(_unencrypted)?",
        1 => words(&["", "export A", " #k", "sops", "日本", "'q'", "a.b", "A:B", "\u{feff}x"]),
    ];
    let value = prop_oneof![
        "[ -~é日]{0,30}",
        words(&["", "\\n", "a\\nb\\n", "\\\\n", "'x'", "\"x\" # c", "x\r", "\u{2028}", "a=b", "secret", "ENC[x]"]),
    ];
    let line = prop_oneof![
        6 => (key, value).prop_map(|(key, value)| format!("{key}={value}\n")),
        2 => "#[ -~é]{0,20}\n",
        1 => words(&["\n", "#secret\n", "#\n", "##\n"]),
    ];
    lines(line, words(&["no pair\n", "\r\n", " \n"]))
}

/// An INI file.
pub(crate) fn ini() -> impl Strategy<Value = String> {
    #[rustfmt::skip]
    let key = prop_oneof![
        4 => "[a-d]{1,4}(_unencrypted)?",
        2 => words(&[
            "-", "a b", "`a=b`", "\"x:y\"", "\"\"\"tick`\"\"\"", "\"a\"b", "日本", "a#b", "a\"b", "a]", "`x` y",
            "\"\"\"", "\u{a0}k", "x`y",
        ]),
    ];
    #[rustfmt::skip]
    let value = prop_oneof![
        3 => "[a-z0-9é ]{0,20}",
        1 => "[ !-_a-~]{0,20}",
        5 => words(&[
            "", "a;b", "a # b", "'x'", "\"x\"", "\"a\"b\"", "\" lead\"", "\"a ; b\"", "`a;b` # c", "\"\"\"a\"\"\"",
            "\"\"\"two\nlines\"\"\" ; c", "`two\n\n[x]\n` # c", "goes \\\n  on \\\n\n", "goes\\\non # c", "\\", "# c",
            "'", "''", "\"\"", "secret", "\u{a0}x", "x\r", "a\\nb", "%(a)s", "= :", "[x]",
        ]),
    ];
    let comment = prop_oneof![
        "[#;][ -~é]{1,20}\n",
        words(&["; secret\n", "#\n", ";\n", "  ; in\n", ";# two\n", "#;#\n", "; cr\r\n", "#\u{a0}x \n", "; \t t\n"]),
    ];
    #[rustfmt::skip]
    let section = words(&[
        "[a]\n", "[b]\n", "[a_unencrypted]\n", "[DEFAULT]\n", "[default]\n", "[a.b] ; c\n", "[x]y]\n", " [ sp ] \n",
        "[日]\n", "[a]\n", "[c:d]\n",
    ]);
    let entry = (key, words(&["=", " = ", ":", " : "]), value);
    let line = prop_oneof![
        12 => entry.prop_map(|(key, delimiter, value)| format!("{key}{delimiter}{value}\n")),
        4 => comment,
        4 => section,
        1 => words(&["\n", "  \n"]),
    ];
    #[rustfmt::skip]
    let odd = words(&[
        "[]\n", "[open\n", "no pair\n", "= x\n", "\"open = x\n", "\"\" = x\n", "a = \"\"\"\n", "a = \"\"\"\"\n", "a = `\n",
    ]);
    lines(line, odd)
}
