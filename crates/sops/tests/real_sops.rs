//! YAML and JSON documents that the real sops encrypts: we decrypt them to the same bytes, and refuse them once a byte is changed.

#![expect(clippy::unwrap_used, reason = "a test's helpers may fail it")]

use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::Value;
use windlass_sops::Format;
use windlass_testbed::{Tool, require_peers};

use crate::peer::{Peer, runner, selector};

#[path = "support/peer.rs"]
mod peer;

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

fn document() -> impl Strategy<Value = String> {
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

#[test]
fn yaml_decrypts_to_the_bytes_of_sops() {
    let testbed = require_peers!([Tool::Sops, Tool::AgeKeygen]);
    let peer = Peer::new(testbed);
    runner(100).run(&(document(), selector()), |(text, selector)| peer.check(&text, "a.yaml", &selector)).unwrap();
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

#[test]
fn json_decrypts_to_the_bytes_of_sops() {
    let testbed = require_peers!([Tool::Sops, Tool::AgeKeygen]);
    let peer = Peer::new(testbed);
    let document = proptest::collection::btree_map("[a-d]{1,3}(_unencrypted)?", json_value(), 0..5)
        .prop_map(|map| Value::Object(map.into_iter().collect()).to_string());
    runner(100).run(&(document, selector()), |(text, selector)| peer.check(&text, "a.json", &selector)).unwrap();
}

/// One character of an envelope, or of a value in clear, is another one.
#[test]
fn any_change_is_noticed() {
    let testbed = require_peers!([Tool::Sops, Tool::AgeKeygen]);
    let peer = Peer::new(testbed);
    let text = "a: secret\nb:\n  - 1\n  - true\n  - 2.5\nclear_unencrypted: 12345678\nlist_unencrypted: [one, two]\n";
    let encrypted = String::from_utf8(peer.encrypt(text, "a.yaml", &[]).unwrap()).unwrap();
    assert!(peer.decrypt(encrypted.as_bytes(), Format::Yaml).is_ok());
    let is_target = |line: &str| line.contains("ENC[") || line.contains("12345678") || line.trim() == "- one";
    let targets: Vec<usize> = encrypted
        .lines()
        .scan(0, |offset, line| {
            let start = *offset;
            *offset += line.len() + 1;
            Some((start, line))
        })
        .filter(|(_, line)| is_target(line))
        .flat_map(|(start, line)| {
            let value = line.find(": ").or_else(|| line.find("- ")).unwrap() + 2;
            // The type is authenticated by nothing, and what stands behind it is let pass.
            let end = line.find(",type:").unwrap_or(line.len());
            start + value..start + end
        })
        .collect();
    let replacements = b"Aa0/ ,:]\"\xff\n";
    let strategy = (any::<Index>(), select(&replacements[..]));
    runner(3000)
        .run(&strategy, |(index, byte)| {
            let at = *index.get(&targets);
            let mut changed = encrypted.clone().into_bytes();
            prop_assume!(changed[at] != byte);
            changed[at] = byte;
            let Err(error) = peer.decrypt(&changed, Format::Yaml) else {
                let theirs = peer.sops(&["decrypt"], &changed, "a.yaml");
                return Err(TestCaseError::fail(format!(
                    "opened with {:?} at {at}; sops: {theirs:?}",
                    char::from(byte)
                )));
            };
            let shown = format!("{error} {error:?}");
            prop_assert!(!shown.contains("secret"), "{}", shown);
            Ok(())
        })
        .unwrap();
}
