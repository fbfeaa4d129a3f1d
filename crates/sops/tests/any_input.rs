//! Any input gets an answer or an error: never a panic, never a key in a message.

use proptest::prelude::*;
use std::time::SystemTime;

use windlass_sops::{
    CreationRules, DecryptOptions, Document, EncryptOptions, Format, Identities, Metadata, Recipients, RepositoryFile,
    audit, decrypt, encrypt, is_encrypted, parse_path,
};

const KEY: &str = "AGE-SECRET-KEY-1SA80FVW2E6CKNH9MGLS08S0GWEU9R8FSEM3EQQD270WRR4EHYFKS3VAP6R";

const TEXTS: [(Format, &str); 4] = [
    (Format::Yaml, include_str!("documents/secret.yaml")),
    (Format::Json, include_str!("documents/secret.json")),
    (Format::Dotenv, include_str!("documents/secret.env")),
    (Format::Ini, include_str!("documents/secret.ini")),
];

fn open(text: &[u8], format: Format) {
    let identities = Identities::parse(KEY, "the test").expect("a valid key");
    let _ = is_encrypted(text, format);
    let _ = Metadata::read(text, format);
    for options in [DecryptOptions::default(), DecryptOptions::default().ignore_mac()] {
        if let Err(error) = decrypt(text, format, &identities, &options) {
            assert!(!format!("{error} {error:?}").contains("AGE-SECRET-KEY"));
        }
        if let Ok(mut document) = Document::open(text, format, &identities, &options) {
            change(&mut document, &identities);
        }
    }
    for path in ["a.yaml", "a.json", "a.env", "a.ini", "a"] {
        let _ = audit([RepositoryFile { path, text }], &CreationRules::default());
    }
    let _ = std::str::from_utf8(text).map(CreationRules::parse);
    let _ = std::str::from_utf8(text).map(parse_path);
}

/// Whatever a document holds: what can be saved opens again.
fn change(document: &mut Document, identities: &Identities) {
    let path = parse_path("[\"stringData\"][\"added\"]").expect("a path");
    let _ = document.plaintext();
    let _ = document.set(&path, &"new".into());
    if let Ok(saved) = document.save(SystemTime::UNIX_EPOCH) {
        assert!(!saved.is_empty());
    }
    let _ = document.rotate();
    document.set_recipients(Recipients::age(identities.recipients()).expect("a recipient"));
    let _ = document.save(SystemTime::UNIX_EPOCH);
}

/// What can be encrypted opens again.
fn write(text: &[u8], format: Format) {
    let identities = Identities::parse(KEY, "the test").expect("a valid key");
    let recipients = Recipients::age(identities.recipients()).expect("a recipient");
    if let Ok(saved) = encrypt(text, format, &recipients, &EncryptOptions::default(), SystemTime::UNIX_EPOCH) {
        let opened = Document::open(&saved, format, &identities, &DecryptOptions::default());
        let mut document = opened.expect("what was encrypted opens");
        let _ = document.replace(text);
        change(&mut document, &identities);
    }
}

proptest! {
    #[test]
    fn arbitrary_bytes(text in proptest::collection::vec(any::<u8>(), 0..200)) {
        for format in [Format::Yaml, Format::Json, Format::Dotenv, Format::Ini, Format::Binary] {
            open(&text, format);
            write(&text, format);
        }
    }

    #[test]
    fn arbitrary_yaml(text in "[-a-c:#&*|>!{}\\[\\]'\", \\n]{0,60}") {
        write(text.as_bytes(), Format::Yaml);
    }

    #[test]
    fn documents_with_a_piece_replaced(
        which in 0..TEXTS.len(),
        at in any::<proptest::sample::Index>(),
        length in 0usize..40,
        piece in "[ -~\\n\u{2028}é]{0,20}",
    ) {
        let (format, text) = TEXTS[which];
        let mut bytes = text.as_bytes().to_vec();
        let start = at.index(bytes.len());
        let end = (start + length).min(bytes.len());
        bytes.splice(start..end, piece.bytes());
        open(&bytes, format);
    }
}

#[test]
fn the_documents_open_as_they_are() {
    let identities = Identities::parse(KEY, "the test").expect("a valid key");
    for (format, text) in TEXTS {
        let plain = decrypt(text.as_bytes(), format, &identities, &DecryptOptions::default()).expect("opens");
        let document = &plain.documents()[0];
        let section = if format == Format::Dotenv { document } else { &document["stringData"] };
        assert_eq!(section["password"], "hunter2");
    }
}
