//! YAML and JSON documents that the real sops encrypts: we decrypt them to the same bytes, and refuse them once a byte is changed.

#![expect(clippy::unwrap_used, reason = "a test's helpers may fail it")]

use proptest::prelude::*;
use proptest::sample::{Index, select};
use windlass_sops::Format;
use windlass_testbed::{Tool, require_peers};

use crate::documents::{json, yaml};
use crate::peer::{Peer, runner, selector};

#[path = "support/documents.rs"]
mod documents;
#[path = "support/peer.rs"]
mod peer;

#[test]
fn yaml_decrypts_to_the_bytes_of_sops() {
    let testbed = require_peers!([Tool::Sops, Tool::AgeKeygen]);
    let peer = Peer::new(testbed);
    runner(100).run(&(yaml(), selector()), |(text, selector)| peer.check(&text, "a.yaml", &selector)).unwrap();
}

#[test]
fn json_decrypts_to_the_bytes_of_sops() {
    let testbed = require_peers!([Tool::Sops, Tool::AgeKeygen]);
    let peer = Peer::new(testbed);
    runner(100).run(&(json(), selector()), |(text, selector)| peer.check(&text, "a.json", &selector)).unwrap();
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
