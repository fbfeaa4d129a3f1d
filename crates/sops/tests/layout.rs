//! What stays as it was when a document is encrypted, edited and decrypted: everything that did not change.

#![expect(clippy::unwrap_used, reason = "a test's helpers may fail it")]

use std::time::{Duration, SystemTime};

use windlass_sops::{
    DecryptOptions, Document, EncryptOptions, Format, Identities, Recipients, Selector, decrypt, encrypt, parse_path,
};

const KEY: &str = "AGE-SECRET-KEY-1SA80FVW2E6CKNH9MGLS08S0GWEU9R8FSEM3EQQD270WRR4EHYFKS3VAP6R";

const PLAIN: &str = r#"# the head
kind:   Secret      # stays as it is
metadata: &meta {name: "a b",   labels: {x: 'y'}}

stringData:
  # above
  password:    "hunter2"   # beside
  key: | # on the header
    -----BEGIN-----
    abc

    -----END-----

  list:
  - one
  # between
  - two   # beside two
  - {k: v, n: [1, 'a,b']}
  -  nested: x
     other: 12
  folded: >-
    some
    words
  empty:
  none: ""
  quoted: 'it''s'
  multi: "a
    b"
  # the foot of it

again: *meta
# the foot
---
# second
data: {a: b}
"#;

fn identities() -> Identities {
    Identities::parse(KEY, "the test").unwrap()
}

fn time(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000 + seconds)
}

fn encrypted(text: &str) -> String {
    let recipients = Recipients::age(identities().recipients()).unwrap();
    let options = EncryptOptions::default().selector(Selector::EncryptedRegex("^(data|stringData)$".into()));
    String::from_utf8(encrypt(text.as_bytes(), Format::Yaml, &recipients, &options, time(0)).unwrap()).unwrap()
}

fn open(text: &str) -> Document {
    Document::open(text.as_bytes(), Format::Yaml, &identities(), &DecryptOptions::default()).unwrap()
}

fn save(document: &Document) -> String {
    String::from_utf8(document.save(time(99)).unwrap()).unwrap()
}

/// The text with each envelope as a word, and without the metadata.
fn shape(text: &str) -> String {
    let mut shape = String::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once("ENC[AES256_GCM,") {
        let (fields, behind) = behind.split_once(']').unwrap();
        shape.push_str(before);
        shape.push_str("ENC:");
        shape.push_str(fields.rsplit_once(":").unwrap().1);
        rest = behind;
    }
    shape.push_str(rest);
    let mut lines: Vec<&str> = Vec::new();
    let mut in_metadata = false;
    for line in shape.lines() {
        in_metadata = line == "sops:" || (in_metadata && line.starts_with(' '));
        if !in_metadata {
            lines.push(line);
        }
    }
    lines.join("\n") + "\n"
}

/// The lines in which two texts differ.
fn changes(before: &str, after: &str) -> Vec<String> {
    let lines: Vec<_> = before.lines().collect();
    after.lines().filter(|line| !lines.contains(line)).map(str::to_owned).collect()
}

#[test]
fn encryption_changes_values_and_comments_only() {
    let expected = r#"# the head
kind:   Secret      # stays as it is
metadata: &meta {name: "a b",   labels: {x: 'y'}}

stringData:
  #ENC:comment
  password:    ENC:str   #ENC:comment
  key: ENC:str #ENC:comment

  list:
  - ENC:str
  #ENC:comment
  - ENC:str   #ENC:comment
  - {k: "ENC:str", n: ["ENC:int", "ENC:str"]}
  -  nested: ENC:str
     other: ENC:int
  folded: ENC:str
  empty:
  none: ""
  quoted: ENC:str
  multi: ENC:str
  #ENC:comment

again: *meta
# the foot
---
# second
data: {a: "ENC:str"}
"#;
    pretty_assert(&shape(&encrypted(PLAIN)), expected);
}

fn pretty_assert(left: &str, right: &str) {
    assert!(left == right, "{left}\n--- expected\n{right}");
}

#[test]
fn a_plaintext_for_an_editor_has_the_layout_of_the_file() {
    let text = encrypted(PLAIN);
    let plain = open(&text).plaintext().unwrap();
    let plain = String::from_utf8(plain.to_vec()).unwrap();
    for line in [
        "kind:   Secret      # stays as it is",
        "  password:    hunter2   # beside",
        "  key: \"-----BEGIN-----\\nabc\\n\\n-----END-----\\n\" # on the header",
        "  - {k: \"v\", n: [1, \"a,b\"]}",
        "  -  nested: x",
        "     other: 12",
        "again: *meta",
        "data: {a: \"b\"}",
    ] {
        assert!(plain.lines().any(|own| own == line), "{line}\n{plain}");
    }
    let values = |text: &str| windlass_yaml::read_documents(text, &windlass_yaml::ReadOptions::resource()).unwrap();
    let values = |text: &str| values(text).into_iter().map(|document| document.value).collect::<Vec<_>>();
    assert_eq!(values(&plain), values(PLAIN));
}

#[test]
fn an_edit_changes_the_lines_of_what_was_edited() {
    let text = encrypted(PLAIN);
    let mut document = open(&text);
    let plain = String::from_utf8(document.plaintext().unwrap().to_vec()).unwrap();
    assert!(!document.replace(plain.as_bytes()).unwrap());
    assert_eq!(save(&document), text, "nothing was changed");
    let edited = plain.replace("hunter2", "hunter3");
    assert!(document.replace(edited.as_bytes()).unwrap());
    let changes = changes(&text, &save(&document));
    // The metadata stand in both documents.
    assert_eq!(changes.len(), 5, "{changes:?}");
    assert!(changes[0].starts_with("  password:    ENC["));
    assert!(changes[1].trim_start().starts_with("lastmodified:"));
    assert!(changes[2].trim_start().starts_with("mac:"));
}

#[test]
fn envelopes_keep_the_quotes_they_stand_in() {
    let text = encrypted("data:\n  a: 1\n  b: 2\n  c: [x]\n");
    let (before, behind) = text.split_once("  a: ENC").unwrap();
    let (envelope, behind) = behind.split_once('\n').unwrap();
    let text = format!("{before}  a: 'ENC{envelope}'\n{behind}");
    let mut document = open(&text);
    document.replace(b"data:\n  a: 1\n  b: 3\n  c: [x]\n").unwrap();
    let changes = changes(&text, &save(&document));
    assert_eq!(changes.len(), 3, "{changes:?}");
    assert!(changes[0].starts_with("  b: ENC["));
}

#[test]
fn set_and_unset_change_the_lines_they_name() {
    let text = encrypted(PLAIN);
    let after = |change: &dyn Fn(&mut Document)| {
        let mut document = open(&text);
        change(&mut document);
        let saved = save(&document);
        open(&saved);
        shape(&saved)
    };
    let path = |path: &str| parse_path(path).unwrap();
    let before = shape(&text);
    let set = |at: &str, value: serde_json::Value| after(&|document| assert!(document.set(&path(at), &value).unwrap()));
    let unset = |at: &str| after(&|document| assert!(document.unset(&path(at)).unwrap()));
    pretty_assert(&set("[\"stringData\"][\"password\"]", "x".into()), &before);
    pretty_assert(
        &set("[\"stringData\"][\"new\"]", "x".into()),
        &before.replace("  multi: ENC:str\n  #ENC:comment\n", "  multi: ENC:str\n  #ENC:comment\n  new: ENC:str\n"),
    );
    pretty_assert(
        &set("[\"stringData\"][\"list\"][9]", serde_json::json!({"a": [1], "b": 2})),
        &before.replace("     other: ENC:int\n", "     other: ENC:int\n  - a:\n      - ENC:int\n    b: ENC:int\n"),
    );
    pretty_assert(
        &set("[\"stringData\"][\"folded\"][\"x\"]", 1.into()),
        &before.replace("  folded: ENC:str\n", "  folded:\n    x: ENC:int\n"),
    );
    pretty_assert(
        &set("[\"stringData\"][\"list\"]", "flat".into()),
        &before
            .replace(&before[before.find("  list:").unwrap()..before.find("  folded").unwrap()], "  list: ENC:str\n"),
    );
    pretty_assert(
        &set("[\"stringData\"][\"empty\"]", "full".into()),
        &before.replace("  empty:\n", "  empty: ENC:str\n"),
    );
    pretty_assert(
        &set("[\"stringData\"][\"password\"]", serde_json::json!({"x": 1})),
        &before.replace("  password:    ENC:str   #ENC:comment\n", "  password:   #ENC:comment\n    x: ENC:int\n"),
    );
    pretty_assert(
        &unset("[\"stringData\"][\"password\"]"),
        &before.replace("  password:    ENC:str   #ENC:comment\n", ""),
    );
    pretty_assert(&unset("[\"stringData\"][\"list\"][1]"), &before.replace("  - ENC:str   #ENC:comment\n", ""));
    pretty_assert(&unset("[\"kind\"]"), &before.replace("kind:   Secret      # stays as it is\n", ""));
}

#[test]
fn a_rotation_keeps_the_layout_and_changes_every_envelope() {
    let text = encrypted(PLAIN);
    let mut document = open(&text);
    document.rotate().unwrap();
    let saved = save(&document);
    assert_eq!(shape(&saved), shape(&text));
    let kept = changes(&saved, &text);
    let secret = kept.iter().filter(|line| line.contains("ENC[")).count();
    let all = text.lines().filter(|line| line.contains("ENC[")).count();
    assert_eq!(secret, all);
    let plain = |text: &str| {
        let plain = decrypt(text.as_bytes(), Format::Yaml, &identities(), &DecryptOptions::default()).unwrap();
        plain.bytes().to_vec()
    };
    assert_eq!(plain(&saved), plain(&text));
}
