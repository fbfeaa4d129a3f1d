//! YAML and JSON documents that the real sops encrypts: we decrypt them to the same bytes, and refuse them once a byte is changed.

#![expect(clippy::unwrap_used, reason = "a test's helpers may fail it")]

use proptest::prelude::*;
use proptest::sample::{Index, select};
use windlass_sops::{DecryptOptions, Document, Format, StoresConfig};
use windlass_testbed::{Tool, require_peers};

use crate::documents::{dotenv, flat_yaml, ini, json, yaml};
use crate::peer::{Peer, runner, selector};

#[path = "support/documents.rs"]
mod documents;
#[path = "support/peer.rs"]
mod peer;

#[test]
fn yaml_decrypts_to_the_bytes_of_sops() {
    let testbed = require_peers!([Tool::Sops, Tool::SopsOracle]);
    let peer = Peer::new(testbed);
    runner(250).run(&(yaml(), selector()), |(text, selector)| peer.check(&text, "a.yaml", &selector)).unwrap();
}

#[test]
fn json_decrypts_to_the_bytes_of_sops() {
    let testbed = require_peers!([Tool::Sops, Tool::SopsOracle]);
    let peer = Peer::new(testbed);
    runner(250).run(&(json(), selector()), |(text, selector)| peer.check(&text, "a.json", &selector)).unwrap();
}

/// Not from JSON, whose integers sops reads as floats before 3.12.
#[test]
fn documents_are_printed_in_other_formats_as_sops_prints_them() {
    let testbed = require_peers!([Tool::Sops, Tool::SopsOracle]);
    let peer = Peer::new(testbed);
    let texts = prop_oneof![
        2 => yaml().prop_map(|text| ("a.yaml", text)),
        1 => dotenv().prop_map(|text| ("a.env", text)),
        1 => ini().prop_map(|text| ("a.ini", text)),
        2 => flat_yaml().prop_map(|text| ("a.yaml", text)),
    ];
    let formats = select(vec![
        ("yaml", Format::Yaml),
        ("json", Format::Json),
        ("dotenv", Format::Dotenv),
        ("ini", Format::Ini),
        ("binary", Format::Binary),
    ]);
    runner(400)
        .run(&(texts, formats, proptest::option::of(0..12u16)), |((file, text), (name, format), indent)| {
            let Ok(encrypted) = peer.encrypt(&text, file, &[]) else {
                return Err(TestCaseError::reject("sops refuses the document"));
            };
            let theirs = peer.print(&encrypted, file, name, indent);
            let stores = indent.map(StoresConfig::indent).unwrap_or_default();
            let document = Document::open(
                &encrypted,
                Format::of_path(file),
                &peer.identities,
                &DecryptOptions::default().stores(stores),
            );
            match (theirs, document.map(|document| document.print(format))) {
                (Ok(theirs), Ok(Ok(ours))) => prop_assert_eq!(
                    String::from_utf8_lossy(&ours),
                    String::from_utf8_lossy(&theirs),
                    "{} as {}",
                    text,
                    name
                ),
                (Err(theirs), Ok(Err(_))) => prop_assert!(theirs.contains("exit 4") || theirs.contains("panic")),
                // Values that cannot be verified again: see `Peer::check`.
                (Err(theirs), _) => prop_assert!(!theirs.contains("exit 4"), "{}\n{}", theirs, text),
                // It prints collections in the notation of Go, which nothing reads.
                (Ok(_), Ok(Err(_))) if format == Format::Ini => {}
                (Ok(theirs), Ok(Err(error))) => {
                    let theirs = String::from_utf8_lossy(&theirs);
                    return Err(TestCaseError::fail(format!("{error}: {text} as {name}: {theirs}")));
                }
                (Ok(_), Err(error)) => return Err(TestCaseError::fail(format!("{error}: {text}"))),
            }
            Ok(())
        })
        .unwrap();
}

/// The same as above with the command, which the libraries stand for elsewhere.
#[test]
fn the_command_agrees_with_its_libraries() {
    let testbed = require_peers!([Tool::Sops]);
    let peer = Peer::command(testbed);
    let texts = prop_oneof![
        yaml().prop_map(|text| ("a.yaml", text)),
        json().prop_map(|text| ("a.json", text)),
        dotenv().prop_map(|text| ("a.env", text)),
        ini().prop_map(|text| ("a.ini", text)),
    ];
    let cases = (texts, selector());
    runner(60).run(&cases, |((file, text), selector)| peer.check(&text, file, &selector)).unwrap();
}

/// One character of an envelope, or of a value in clear, is another one.
#[test]
fn any_change_is_noticed() {
    let testbed = require_peers!([Tool::Sops, Tool::SopsOracle]);
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

#[test]
fn keys_with_line_breaks_are_printed_as_sops_prints_them() {
    let testbed = require_peers!([Tool::Sops, Tool::SopsOracle]);
    let peer = Peer::new(testbed);
    for text in ["\"x\\ny\": 1\n", "a:\n  \"p\\nq\": {r: 1}\n  \"t\\nu\\n\": [1]\nb: 2\n"] {
        peer.check(text, "a.yaml", &[]).unwrap();
    }
}
