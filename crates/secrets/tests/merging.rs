//! Three sides of an encrypted file.

#![expect(clippy::unwrap_used, reason = "a test's helpers may fail it")]

use std::path::Path;
use std::time::SystemTime;

use home::{Home, ME, OTHER, OTHER_KEY};
use proptest::prelude::*;
use serde_json::Value;
use windlass_secrets::{Merged, Rotation, Sides, merge, rotate};
use windlass_sops::{DecryptOptions, Document, Format, Identities, Recipient, parse_dotted_path};

#[path = "support/home.rs"]
mod home;

const FILE: &str = "web.sops.yaml";
const PLAIN: &str = "# the web\nkind: Secret\nstringData:\n  a: one # first\n  b: two\n\n  c: three\n  d: four\n";

fn run(home: &Home, base: &[u8], ours: &[u8], theirs: &[u8]) -> Merged {
    merge(Path::new(FILE), &Sides { base, ours, theirs }, Format::Yaml, &home.hands()).unwrap()
}

fn clean(merged: Merged) -> Vec<u8> {
    match merged {
        Merged::Clean(text) => text,
        other => panic!("{other:?}"),
    }
}

fn conflict(merged: Merged) -> (String, Vec<String>) {
    match merged {
        Merged::Conflict { text, at, .. } => {
            (String::from_utf8(text).unwrap(), at.iter().map(ToString::to_string).collect())
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn changes_of_different_values_go_together() {
    let home = Home::new();
    let base = home.sealed(FILE, PLAIN, &[ME]);
    let ours = home.changed(FILE, &base, &[("stringData.a", "ours")]);
    let theirs = home.changed(FILE, &base, &[("stringData.b", "theirs"), ("stringData.new", "added")]);
    let merged = clean(run(&home, &base, &ours, &theirs));
    let plain = home.plaintext(FILE, &merged);
    assert_eq!(plain, PLAIN.replace("one", "ours").replace("two", "theirs") + "  new: added\n");
    // What nobody changed keeps its envelope.
    let line = |text: &[u8], key: &str| {
        String::from_utf8_lossy(text).lines().find(|line| line.contains(key)).map(str::to_owned)
    };
    assert_eq!(line(&merged, "  c: "), line(&base, "  c: "));
    assert_eq!(line(&merged, "  a: "), line(&ours, "  a: "));
    assert_eq!(clean(run(&home, &base, &ours, &base)), ours, "one side alone is taken as it is");
}

#[test]
fn comments_of_their_side_come_along() {
    let home = Home::new();
    let base = home.sealed(FILE, PLAIN, &[ME]);
    let ours = home.changed(FILE, &base, &[("stringData.a", "ours")]);
    let theirs = PLAIN.replace("  d: four\n", "  # the last\n  d: five\n");
    let mut document = home.hands().open(Path::new(FILE), &base, Format::Yaml).unwrap();
    document.replace(theirs.as_bytes()).unwrap();
    let theirs = document.save(SystemTime::now()).unwrap();
    let merged = clean(run(&home, &base, &ours, &theirs));
    assert!(home.plaintext(FILE, &merged).ends_with("  # the last\n  d: five\n"));
}

#[test]
fn neighbours_are_merged_by_key_where_lines_cannot_be() {
    let home = Home::new();
    let base = home.sealed(FILE, "stringData: {a: one, b: two}\n", &[ME]);
    let ours = home.changed(FILE, &base, &[("stringData.a", "ours")]);
    let theirs = home.changed(FILE, &base, &[("stringData.b", "theirs")]);
    let merged = clean(run(&home, &base, &ours, &theirs));
    assert_eq!(home.plaintext(FILE, &merged), "stringData: {a: \"ours\", b: \"theirs\"}\n");
}

#[test]
fn a_conflict_shows_envelopes_and_either_side_is_a_valid_file() {
    let home = Home::new();
    let base = home.sealed(FILE, PLAIN, &[ME]);
    let ours = home.changed(FILE, &base, &[("stringData.a", "hunter-ours"), ("stringData.c", "x")]);
    let theirs = home.changed(FILE, &base, &[("stringData.a", "hunter-theirs"), ("stringData.d", "why")]);
    let (text, at) = conflict(run(&home, &base, &ours, &theirs));
    assert_eq!(at, ["stringData.a (line 4)"]);
    assert!(!text.contains("hunter"));
    let side = |ours: bool| {
        let mut side = Some(true);
        let mut taken = String::new();
        for line in text.lines() {
            match line.split(' ').next() {
                Some("<<<<<<<") => side = Some(ours),
                Some("=======") => side = Some(!ours),
                Some(">>>>>>>") => side = Some(true),
                _ if side == Some(true) => taken += &format!("{line}\n"),
                _ => {}
            }
        }
        taken
    };
    let both = PLAIN.replace("three", "x").replace("four", "why");
    assert_eq!(home.plaintext(FILE, side(true).as_bytes()), both.replace("one", "hunter-ours"));
    assert_eq!(home.plaintext(FILE, side(false).as_bytes()), both.replace("one", "hunter-theirs"));
}

#[test]
fn recipients_and_data_keys_of_both_sides_are_merged() {
    let home = Home::new();
    let base = home.sealed(FILE, PLAIN, &[ME]);
    let ours = home.changed(FILE, &base, &[("stringData.a", "ours")]);
    let add = Rotation { add: vec![Recipient::age(OTHER).unwrap()], ..Rotation::default() };
    let theirs = rotate(Path::new(FILE), &base, Format::Yaml, &home.hands(), &add).unwrap().text.unwrap();
    let theirs = home.changed(FILE, &theirs, &[("stringData.b", "theirs")]);
    let merged = clean(run(&home, &base, &ours, &theirs));
    let other = Identities::parse(OTHER_KEY, "the test").unwrap();
    let document = Document::open(&merged, Format::Yaml, &other, &DecryptOptions::default()).unwrap();
    assert_eq!(document.get(&parse_dotted_path("stringData.a").unwrap()), Some("ours".into()));
    assert_eq!(document.get(&parse_dotted_path("stringData.b").unwrap()), Some("theirs".into()));

    // Who was removed on their side is removed, and the data key that they had is no more.
    let both = home.sealed(FILE, PLAIN, &[ME, OTHER]);
    let ours = home.changed(FILE, &both, &[("stringData.a", "ours")]);
    let remove = Rotation { remove: vec![Recipient::age(OTHER).unwrap()], ..Rotation::default() };
    let theirs = rotate(Path::new(FILE), &both, Format::Yaml, &home.hands(), &remove).unwrap().text.unwrap();
    let merged = clean(run(&home, &both, &ours, &theirs));
    assert!(Document::open(&merged, Format::Yaml, &other, &DecryptOptions::default()).is_err());
    let envelope =
        |text: &[u8]| String::from_utf8_lossy(text).lines().find(|line| line.contains("  c: ")).map(str::to_owned);
    assert_ne!(envelope(&merged), envelope(&ours));
}

#[test]
fn without_an_ancestor_what_differs_is_a_conflict() {
    let home = Home::new();
    let ours = home.sealed(FILE, PLAIN, &[ME]);
    let theirs = home.sealed(FILE, &PLAIN.replace("two", "other"), &[ME]);
    let (_, at) = conflict(run(&home, b"", &ours, &theirs));
    assert_eq!(at, ["stringData.b (line 5)"]);
}

#[test]
fn documents_of_a_stream_are_merged_each() {
    let home = Home::new();
    let plain = "stringData:\n  a: one\n---\nstringData:\n  b: two\n  c: three\n";
    let base = home.sealed(FILE, plain, &[ME]);
    let ours = home.changed(FILE, &base, &[("stringData.a", "ours")]);
    let mut document = home.hands().open(Path::new(FILE), &base, Format::Yaml).unwrap();
    document.set_in(1, &parse_dotted_path("stringData.c").unwrap(), &"theirs".into()).unwrap();
    let theirs = document.save(SystemTime::now()).unwrap();
    let merged = clean(run(&home, &base, &ours, &theirs));
    assert_eq!(home.plaintext(FILE, &merged), plain.replace("one", "ours").replace("three", "theirs"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    /// Each side changes some of eight values; where both change one it is a conflict, and nowhere else.
    #[test]
    fn every_change_of_one_side_survives(ours in 0u8..=255, theirs in 0u8..=255) {
        let home = Home::new();
        let plain: String = (0..8).map(|at| format!("  k{at}: base\n")).collect();
        let base = home.sealed(FILE, &format!("stringData:\n{plain}"), &[ME]);
        let change = |bits: u8, value: &'static str| {
            let paths: Vec<String> = (0..8).filter(|at| bits >> at & 1 == 1).map(|at| format!("stringData.k{at}")).collect();
            let values: Vec<_> = paths.iter().map(|path| (path.as_str(), value)).collect();
            home.changed(FILE, &base, &values)
        };
        match run(&home, &base, &change(ours, "ours"), &change(theirs, "theirs")) {
            Merged::Clean(text) => {
                prop_assert_eq!(ours & theirs, 0);
                let document = home.hands().open(Path::new(FILE), &text, Format::Yaml).unwrap();
                for at in 0..8 {
                    let value = document.get(&parse_dotted_path(&format!("stringData.k{at}")).unwrap());
                    let expected = if ours >> at & 1 == 1 { "ours" } else if theirs >> at & 1 == 1 { "theirs" } else { "base" };
                    prop_assert_eq!(value, Some(Value::from(expected)));
                }
            }
            Merged::Conflict { at, .. } => prop_assert_eq!(at.len(), (ours & theirs).count_ones() as usize),
            other => return Err(TestCaseError::fail(format!("{other:?}"))),
        }
    }
}
