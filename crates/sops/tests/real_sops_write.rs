//! What we encrypt, edit and rotate, the real sops opens to the same; what it encrypts and edits, we edit, and it opens again.

#![expect(clippy::unwrap_used, reason = "a test's helpers may fail it")]

use std::collections::BTreeSet;
use std::time::SystemTime;

use proptest::prelude::*;
use serde_json::Value;
use windlass_sops::{
    DecryptOptions, Document, EncryptOptions, Format, Layout, PathStep, Recipients, Selector, WriteError, encrypt,
};
use windlass_testbed::{Tool, require_peers};
use windlass_yaml::{Content, Style};

use crate::documents::{dotenv, ini, json, yaml};
use crate::peer::{Peer, runner, selector};

#[path = "support/documents.rs"]
mod documents;
#[path = "support/peer.rs"]
mod peer;

fn options(selector: &[&str]) -> EncryptOptions {
    let options = EncryptOptions::default();
    match *selector {
        ["--mac-only-encrypted", ref rest @ ..] => self::options(rest).mac_only_encrypted(true),
        ["--encrypted-regex", text] => options.selector(Selector::EncryptedRegex(text.into())),
        ["--unencrypted-regex", text] => options.selector(Selector::UnencryptedRegex(text.into())),
        ["--encrypted-suffix", text] => options.selector(Selector::EncryptedSuffix(text.into())),
        ["--unencrypted-suffix", text] => options.selector(Selector::UnencryptedSuffix(text.into())),
        ["--encrypted-comment-regex", text] => options.selector(Selector::EncryptedCommentRegex(text.into())),
        ["--unencrypted-comment-regex", text] => options.selector(Selector::UnencryptedCommentRegex(text.into())),
        _ => options,
    }
}

fn values(peer: &Peer, text: &[u8], format: Format) -> Vec<Value> {
    peer.decrypt(text, format).unwrap().into_documents()
}

fn envelopes(text: &[u8]) -> BTreeSet<String> {
    let text = String::from_utf8_lossy(text);
    let parts = text.split("ENC[").skip(1).filter_map(|part| part.split_once(']'));
    parts.map(|(envelope, _)| envelope.to_owned()).filter(|envelope| envelope.contains("AES256_GCM")).collect()
}

/// Whether two YAML texts hold the same values. go-yaml takes a comment beside an empty item or in nested lists elsewhere, and
/// prints some of those so that nobody can read them; that sops verified the MAC says the same of the values then.
fn same_values(ours: &[u8], theirs: &[u8]) -> bool {
    let read = |text: &[u8]| {
        let documents =
            windlass_yaml::compose(&String::from_utf8_lossy(text), &windlass_yaml::Limits::default()).ok()?;
        Some(documents.iter().map(outline).collect::<Vec<_>>())
    };
    read(theirs).is_none_or(|theirs| read(ours) == Some(theirs))
}

fn outline(node: &windlass_yaml::Node) -> String {
    match &node.content {
        Content::Scalar { text, style } => format!("{text:?}{}", if *style == Style::Plain { "" } else { "s" }),
        Content::Sequence(items) => format!("[{}]", items.iter().map(outline).collect::<Vec<_>>().join(",")),
        Content::Mapping(entries) => {
            let entry = |(key, value): &_| format!("{}:{}", outline(key), outline(value));
            format!("{{{}}}", entries.iter().map(entry).collect::<Vec<_>>().join(","))
        }
    }
}

/// Both encrypt, and sops opens both to the same bytes.
fn check_encryption(peer: &Peer, text: &str, file: &str, selector: &[&str]) -> Result<(), TestCaseError> {
    let format = Format::of_path(file);
    let theirs = peer.encrypt(text, file, selector);
    let plain = theirs.as_ref().ok().and_then(|theirs| peer.sops(&["decrypt"], theirs, file).ok());
    let recipients = Recipients::age(peer.identities.recipients()).unwrap();
    for layout in [Layout::Keep, Layout::Sops] {
        let options = options(selector).layout(layout);
        let ours = match encrypt(text.as_bytes(), format, &recipients, &options, SystemTime::now()) {
            Ok(ours) => ours,
            // What sops refuses, or writes and cannot read back.
            Err(_) if plain.is_none() => return Err(TestCaseError::reject("nobody can write the document")),
            // sops reads it back, but without a key that looks like a comment.
            Err(WriteError::Unreadable(_)) if format == Format::Ini => {
                return Err(TestCaseError::reject("the format cannot hold the document"));
            }
            // A clear zero with a sign, which the MAC does not cover, comes back without it.
            Err(WriteError::Unreadable(_)) if selector.contains(&"--mac-only-encrypted") && text.contains("-0") => {
                return Err(TestCaseError::reject("the format cannot hold the document"));
            }
            Err(error) => return Err(TestCaseError::fail(format!("{error}\n{text}"))),
        };
        let shown = || String::from_utf8_lossy(&ours).into_owned();
        let opened = match (peer.sops(&["decrypt"], &ours, file), &plain) {
            (Ok(opened), _) => opened,
            // Clear values in the printed layout that sops cannot read back from its own text.
            (Err(_), None) => continue,
            (Err(error), _) => return Err(TestCaseError::fail(format!("{error}\n{layout:?}\n{text}\n{}", shown()))),
        };
        let own = peer.decrypt(&ours, format).unwrap();
        let same = if format == Format::Yaml { same_values(own.bytes(), &opened) } else { own.bytes() == opened };
        prop_assert!(
            same,
            "{}\n--- sops\n{}\n{layout:?} of {text}\n{}",
            String::from_utf8_lossy(own.bytes()),
            String::from_utf8_lossy(&opened),
            shown()
        );
        if let (Some(_), Ok(theirs), true) = (&plain, &theirs, layout == Layout::Sops) {
            prop_assert_eq!(values(peer, theirs, format), values(peer, &ours, format), "{}", text);
        }
    }
    Ok(())
}

fn check_encryptions(file: &str, texts: impl Strategy<Value = String>) {
    let testbed = require_peers!([Tool::Sops, Tool::SopsOracle]);
    let peer = Peer::new(testbed);
    let cases = (texts, selector());
    runner(250).run(&cases, |(text, selector)| check_encryption(&peer, &text, file, &selector)).unwrap();
}

#[test]
fn sops_opens_our_yaml() {
    check_encryptions("a.yaml", yaml());
}

#[test]
fn sops_opens_our_json() {
    check_encryptions("a.json", json());
}

#[test]
fn sops_opens_our_dotenv() {
    check_encryptions("a.env", dotenv());
}

#[test]
fn sops_opens_our_ini() {
    check_encryptions("a.ini", ini());
}

#[test]
fn sops_opens_our_binary() {
    let testbed = require_peers!([Tool::Sops, Tool::SopsOracle]);
    let peer = Peer::new(testbed);
    let recipients = Recipients::age(peer.identities.recipients()).unwrap();
    let bytes = proptest::collection::vec(any::<u8>(), 0..300);
    let check = |plain: Vec<u8>| {
        let ours = encrypt(&plain, Format::Binary, &recipients, &EncryptOptions::default(), SystemTime::now()).unwrap();
        prop_assert_eq!(peer.sops(&["decrypt"], &ours, "a.bin").unwrap(), plain);
        Ok(())
    };
    runner(100).run(&bytes, check).unwrap();
}

/// Paths to all values of a document, without positions in lists beside comments.
fn paths(value: &Value, at: &mut Vec<PathStep>, all: &mut Vec<Vec<PathStep>>) {
    if !at.is_empty() {
        all.push(at.clone());
    }
    match value {
        Value::Object(entries) => {
            for (key, value) in entries {
                at.push(PathStep::Key(key.clone()));
                paths(value, at, all);
                at.pop();
            }
        }
        Value::Array(items) => {
            for (position, value) in items.iter().enumerate() {
                at.push(PathStep::Index(position));
                paths(value, at, all);
                at.pop();
            }
        }
        _ => {}
    }
}

#[derive(Debug, Clone)]
enum Change {
    Set(Value),
    Add(Value),
    Unset,
    Rotate,
    Edit,
}

fn change(nested: bool) -> impl Strategy<Value = Change> {
    let text = "[a-z ]{1,9}".prop_map(Value::from);
    let any = prop_oneof![
        Just(Value::Null),
        Just(serde_json::json!({"x": [1, {"y": "two\nlines"}], "z": {}})),
        Just(serde_json::json!(["a", 1.5, true, []])),
        (-5i64..5).prop_map(Value::from),
    ];
    let value = if nested { prop_oneof![text, any].boxed() } else { text.boxed() };
    prop_oneof![
        3 => value.clone().prop_map(Change::Set),
        2 => value.prop_map(Change::Add),
        2 => Just(Change::Unset),
        1 => Just(Change::Rotate),
        1 => Just(Change::Edit),
    ]
}

/// sops encrypts, we change, sops opens, changes on, and we open that.
fn check_change(
    peer: &Peer,
    (text, selector): (&str, &[&str]),
    file: &str,
    (change, index): (&Change, &prop::sample::Index),
) -> Result<(), TestCaseError> {
    let format = Format::of_path(file);
    let reject = || TestCaseError::reject("sops cannot hold the document");
    let before = peer.encrypt(text, file, selector).map_err(|_| reject())?;
    peer.sops(&["decrypt"], &before, file).map_err(|_| reject())?;
    let mut document = Document::open(&before, format, &peer.identities, &DecryptOptions::default()).unwrap();
    prop_assert_eq!(&document.save(SystemTime::now()).unwrap(), &before, "nothing was changed");

    let mut all = Vec::new();
    paths(&values(peer, &before, format)[0], &mut Vec::new(), &mut all);
    prop_assume!(!all.is_empty());
    let path = all[index.index(all.len())].clone();
    match change {
        Change::Set(value) => {
            // The section of an INI file is no value.
            prop_assume!(format != Format::Ini || path.len() == 2);
            document.set(&path, value).unwrap();
        }
        Change::Add(value) => {
            prop_assume!(matches!(path.last(), Some(PathStep::Key(_))));
            let mut path = path[..path.len() - 1].to_vec();
            path.push(PathStep::Key("added".into()));
            prop_assume!(path.iter().all(|step| matches!(step, PathStep::Key(_))));
            prop_assume!(format != Format::Ini || path.len() == 2);
            document.set(&path, value).unwrap();
        }
        Change::Unset => {
            document.unset(&path).unwrap();
        }
        Change::Rotate => document.rotate().unwrap(),
        Change::Edit => {
            let mut plain = document.plaintext().unwrap().to_vec();
            match format {
                Format::Yaml => plain.splice(0..0, *b"edited: x\n").count(),
                Format::Dotenv => plain.splice(0..0, *b"edited=x\n").count(),
                Format::Json => plain.splice(1..1, *b"\"edited\": 1 ,").count(),
                _ => plain.splice(plain.len().., *b"\n[edited]\nx = 1\n").count(),
            };
            if format == Format::Json && values(peer, &before, format)[0].as_object().unwrap().is_empty() {
                return Err(TestCaseError::reject("an empty object"));
            }
            document.replace(&plain).unwrap();
        }
    }
    let shown = |after: &[u8]| format!("{}\n---\n{}", String::from_utf8_lossy(&before), String::from_utf8_lossy(after));
    let after = match document.save(SystemTime::now()) {
        Ok(after) => after,
        // sops would write it and not open it again.
        Err(WriteError::Unreadable(_)) => return Err(TestCaseError::reject("cannot be read back")),
        Err(error) => return Err(TestCaseError::fail(format!("{error} {change:?} at {path:?}\n{}", shown(&before)))),
    };
    let ours = peer.decrypt(&after, format).unwrap();
    let theirs = peer.sops(&["decrypt"], &after, file);
    if theirs.as_ref().is_err_and(|error| error.contains("index out of range")) {
        return Err(TestCaseError::reject("sops panics at an empty line in an INI comment"));
    }
    let theirs = theirs.map_err(|error| TestCaseError::fail(format!("{error} {change:?}\n{}", shown(&after))))?;
    if format == Format::Yaml {
        prop_assert!(same_values(ours.bytes(), &theirs), "{}", shown(&after));
    } else {
        prop_assert_eq!(String::from_utf8_lossy(ours.bytes()), String::from_utf8_lossy(&theirs), "{}", shown(&after));
    }

    let (old, new) = (envelopes(&before), envelopes(&after));
    match change {
        Change::Rotate => prop_assert!(old.is_disjoint(&new), "{}", shown(&after)),
        // All but the MAC stay where something was only added.
        Change::Add(_) | Change::Edit => {
            // INI trims comments when it prints them, and again when it reads them.
            let trimmed = |envelope: &&String| format == Format::Ini && envelope.ends_with("type:comment");
            let gone = old.difference(&new).filter(|envelope| !trimmed(envelope)).count();
            prop_assert!(gone <= 1, "{} envelopes changed at {:?}\n{}", gone, path, shown(&after));
        }
        _ => {}
    }
    Ok(())
}

fn check_changes(file: &str, texts: impl Strategy<Value = String>) {
    let testbed = require_peers!([Tool::Sops, Tool::SopsOracle]);
    let peer = Peer::new(testbed);
    let nested = matches!(Format::of_path(file), Format::Yaml | Format::Json);
    let cases = (texts, selector(), change(nested), any::<prop::sample::Index>());
    let check = |(text, selector, change, index): (String, Vec<&'static str>, Change, _)| {
        check_change(&peer, (&text, &selector), file, (&change, &index))
    };
    runner(250).run(&cases, check).unwrap();
}

#[test]
fn sops_opens_yaml_that_we_changed() {
    check_changes("a.yaml", yaml());
}

#[test]
fn sops_opens_json_that_we_changed() {
    check_changes("a.json", json());
}

#[test]
fn sops_opens_dotenv_that_we_changed() {
    check_changes("a.env", dotenv());
}

#[test]
fn sops_opens_ini_that_we_changed() {
    check_changes("a.ini", ini());
}

#[test]
fn what_we_wrote_sops_edits_and_rotates() {
    let testbed = require_peers!([Tool::Sops, Tool::SopsOracle]);
    let peer = Peer::new(testbed);
    let recipients = Recipients::age(peer.identities.recipients()).unwrap();
    for (file, text) in [
        ("a.yaml", "# head\na: 1 # one\nb:\n  - x\n  # in\n  - {c: d}\n"),
        ("a.json", "{\"a\": 1, \"b\": [\"x\"]}"),
        ("a.env", "a=1\n\n#c\nb=2\n"),
        ("a.ini", "[a]\na = 1\n"),
    ] {
        let format = Format::of_path(file);
        let ours =
            encrypt(text.as_bytes(), format, &recipients, &EncryptOptions::default(), SystemTime::now()).unwrap();
        let at = if format == Format::Ini { "[\"a\"][\"n\"]" } else { "[\"n\"]" };
        let edited = peer.change(&["set"], &ours, file, &[at, "\"new\""]).unwrap();
        let document = values(&peer, &edited, format).remove(0);
        let section = if format == Format::Ini { &document["a"] } else { &document };
        assert_eq!(section["n"], "new");
        // All but the MAC.
        assert_eq!(envelopes(&ours).difference(&envelopes(&edited)).count(), 1, "{file}");
        let rotated = peer.change(&["rotate", "-i"], &edited, file, &[]).unwrap();
        assert_eq!(values(&peer, &rotated, format)[0], document);
    }
}

/// go-yaml hangs a comment behind brackets into what they hold, and one beside something between them there: that decides the
/// additional data, and what a comment selects.
#[test]
fn comments_behind_brackets_hang_where_sops_hangs_them() {
    let testbed = require_peers!([Tool::Sops, Tool::SopsOracle]);
    let peer = Peer::new(testbed);
    for text in [
        "a: {x: 1, y: 2} # a\nb: 1\n",
        "a: [1, 2] # a\nb: 1\n",
        "a: [{x: 1}, {y: 2}] # a\n",
        "a: {b: {c: 1}, d: 2} # a\n",
        "a: {b: {c: 1}} # a\n",
        "a: {\n  b: {c: 1}, # a\n  d: 2 }\n",
        "a: {b: [1, 2], # a\n  c: 3}\n",
        "a: [\n  [1, 2], # a\n  3 ]\n",
        "a: [1, # a\n  2]\n",
        "a: [1,\n  2] # a\n",
        "a: {b: 1 # a\n  }\n",
        "a: {b: 1, # a\n  # own\n  c: 2}\n",
        "a: [{x: 1}, # a\n  {y: 2}] # b\n",
        "a: {x: 1, # a\n  y: 2} # b\nb: 1\n",
        "a: # a\n  [1, 2] # b\n",
        "a:\n  - k: {b: 1} # a\n    l: 1\n",
        "a:\n  - [ [1], [2] ] # a\n  - 2\n",
        "a:\n- {b: 1} # a\n- {c: 1}\n",
        "a: !!seq [1, 2] # a\nb: '[x]' # b\nc: {d: '}'} # c\n",
    ] {
        for selector in [&[][..], &["--encrypted-comment-regex", "^ a"], &["--unencrypted-comment-regex", "^ a"]] {
            let theirs = peer.encrypt(text, "a.yaml", selector).unwrap();
            let theirs = String::from_utf8(peer.sops(&["decrypt"], &theirs, "a.yaml").unwrap()).unwrap();
            let recipients = Recipients::age(peer.identities.recipients()).unwrap();
            let now = SystemTime::now();
            let ours = encrypt(text.as_bytes(), Format::Yaml, &recipients, &options(selector), now).unwrap();
            let opened = String::from_utf8(peer.sops(&["decrypt"], &ours, "a.yaml").unwrap()).unwrap();
            assert_eq!(opened, theirs, "{selector:?} {text}");

            // The layout stays, and the comments with it.
            let document = Document::open(&ours, Format::Yaml, &peer.identities, &DecryptOptions::default()).unwrap();
            let plain = document.plaintext().unwrap();
            let comments = |text: &str| {
                text.lines()
                    .map(|line| line.split_once('#').map(|(_, text)| text.trim().to_owned()))
                    .collect::<Vec<_>>()
            };
            assert_eq!(comments(std::str::from_utf8(&plain).unwrap()), comments(text), "{text}");
        }
    }
}
