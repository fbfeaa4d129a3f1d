//! Regular expressions of rules match what Go's match: they decide what is encrypted, and for whom.

#![expect(clippy::unwrap_used, reason = "a test's helpers may fail it")]

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::json;
use windlass_sops::{CreationRule, CreationRules};
use windlass_testbed::{Oracle, Tool, require_peers};

use crate::peer::runner;

#[path = "support/peer.rs"]
mod peer;

/// Parts that mean something in one of the two syntaxes, or in both.
#[rustfmt::skip]
const PARTS: &[&str] = &[
    "a", "b", "Z", "_", "é", "日", "9", " ", "\\n", ".", "^", "$", "*", "+", "?", "*?", "{2}", "{2,}", "{1,3}", "{,2}", "{", "}",
    "{x}", "|", "(", ")", "(?:", "(?i)", "(?i:", "(?s)", "(?P<n>", "[", "]", "[^", "-", "&&", "~~", "--", "[a-z]", "[^a]", "[]a]",
    "[[:alpha:]]", "[[:^word:]]", "[\\w.-]", "[\\W]", "\\d", "\\D", "\\w", "\\W", "\\s", "\\S", "\\b", "\\.", "\\-", "\\_",
    "\\<", "\\/", "\\x41", "\\x{e9}", "\\101", "\\0", "\\pL", "\\p{Greek}", "\\PL", "\\Qa.b\\E", "\\Q", "\\E", "\\z", "\\A", "\\C", "\\1",
    "data", "stringData", "^(data|stringData)$", "#", "&", "\\#",
];

fn rule(pattern: &str) -> CreationRule {
    let text = json!({ "creation_rules": [{ "path_regex": pattern }] }).to_string();
    CreationRules::parse(&text).unwrap().rules.remove(0)
}

fn repeats_flags(pattern: &str) -> bool {
    ["(?i)", "(?s)"].iter().any(|flags| {
        pattern.split(flags).skip(1).any(|behind| behind.is_empty() || behind.starts_with(['*', '+', '?', '{', '(']))
    })
}

#[test]
fn expressions_match_what_go_matches() {
    let testbed = require_peers!([Tool::SopsOracle]);
    let oracle = Oracle::start(&testbed, Tool::SopsOracle).unwrap();
    let pattern = proptest::collection::vec(select(PARTS), 1..7).prop_map(|parts| parts.concat());
    let text = prop_oneof![
        "[abAB9é日_ .{}^$&~\\[\\]<-]{0,6}",
        "[\u{0}-\u{24f}]{0,4}",
        select(vec!["data", "stringData", "metadata", "a.b", "{x}", "K", "ſ", "a{2", "αβ", "\n", "A\u{b}"])
            .prop_map(str::to_owned),
    ];
    let texts = proptest::collection::vec(text, 12);
    let check = |(pattern, texts): (String, Vec<String>)| {
        let theirs = oracle.ask_json("go-regexp", json!({ "pattern": pattern, "texts": texts })).unwrap();
        let ours = rule(&pattern);
        match theirs {
            // Go repeats what stands before the flags.
            Ok(_) if ours.check().is_err() && repeats_flags(&pattern) => {}
            Ok(theirs) => {
                prop_assert!(ours.check().is_ok(), "{:?}: {:?}", pattern, ours.check());
                let theirs: Vec<bool> = serde_json::from_str(&theirs).unwrap();
                let ours: Vec<bool> = texts.iter().map(|text| ours.matches(text)).collect();
                prop_assert_eq!(ours, theirs, "{:?} on {:?}", pattern, texts);
            }
            Err(theirs) => prop_assert!(ours.check().is_err(), "{:?}: {}", pattern, theirs),
        }
        Ok(())
    };
    runner(3000).run(&(pattern, texts), check).unwrap();
}
