//! The recorded plaintexts (`../shared/conformance/sops/cases`), encrypted by us: the real sops and we open them to what sops'
//! own encryption opened to.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test's helpers may fail it, and its table is for reading"
)]

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde_json::Value;
use windlass_sops::{EncryptOptions, Format, Layout, Recipient, RecipientKind, Recipients, Selector, encrypt};
use windlass_testbed::{Tool, require_peers};

use crate::peer::Peer;

#[path = "support/peer.rs"]
mod peer;

/// What the command line of a case asks for; `None` for recipients that are not age.
fn asked_for(argv: &[&str], recipients: &str) -> Option<EncryptOptions> {
    if argv.iter().any(|arg| matches!(*arg, "--pgp" | "--config")) || recipients.contains("ssh-") {
        return None;
    }
    let mut options = EncryptOptions::default();
    for pair in argv.windows(2) {
        let text = pair[1].to_owned();
        options = match pair[0] {
            "--encrypted-regex" => options.selector(Selector::EncryptedRegex(text)),
            "--unencrypted-regex" => options.selector(Selector::UnencryptedRegex(text)),
            "--encrypted-suffix" => options.selector(Selector::EncryptedSuffix(text)),
            "--unencrypted-suffix" => options.selector(Selector::UnencryptedSuffix(text)),
            "--encrypted-comment-regex" => options.selector(Selector::EncryptedCommentRegex(text)),
            "--unencrypted-comment-regex" => options.selector(Selector::UnencryptedCommentRegex(text)),
            "--mac-only-encrypted" => options.mac_only_encrypted(true),
            _ => options,
        };
    }
    Some(options)
}

fn case(folder: &Path) -> Option<(Format, &'static str, Vec<u8>, EncryptOptions)> {
    let case: Value = serde_json::from_slice(&std::fs::read(folder.join("case.json")).ok()?).ok()?;
    let (format, end) = match case["format"].as_str()? {
        "yaml" => (Format::Yaml, "yaml"),
        "json" => (Format::Json, "json"),
        "dotenv" => (Format::Dotenv, "env"),
        "ini" => (Format::Ini, "ini"),
        _ => (Format::Binary, "bin"),
    };
    let text = std::fs::read(folder.join(format!("plain.{end}"))).ok()?;
    let argv: Vec<&str> = case["argv"].as_array()?.iter().filter_map(Value::as_str).collect();
    Some((format, end, text, asked_for(&argv, &case["argv"].to_string())?))
}

fn folders() -> Vec<PathBuf> {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/conformance/sops/cases");
    let Ok(entries) = std::fs::read_dir(&cases) else {
        println!("skipped: no recorded cases at {}", cases.display());
        return Vec::new();
    };
    let mut folders: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    folders
}

#[test]
fn recorded_plaintexts_are_encrypted_so_that_sops_opens_them() {
    let testbed = require_peers!([Tool::Sops, Tool::SopsOracle]);
    let peer = Peer::new(testbed);
    let recipients = Recipients::age(peer.identities.recipients()).unwrap();
    let (mut passed, mut failures) = (0, Vec::new());
    for folder in folders() {
        let Some((format, end, plain, options)) = case(&folder) else { continue };
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        // What sops opens its own encryption to, by the same command line.
        let expected = std::fs::read(folder.join(format!("expected.{end}"))).unwrap();
        for layout in [Layout::Keep, Layout::Sops] {
            let options = options.clone().layout(layout);
            let outcome = encrypt(&plain, format, &recipients, &options, SystemTime::now());
            let encrypted = match outcome {
                Ok(encrypted) => encrypted,
                Err(error) => {
                    failures.push(format!("{name} ({layout:?}): {error}"));
                    continue;
                }
            };
            let ours = peer.decrypt(&encrypted, format).unwrap();
            let theirs = peer.sops(&["decrypt"], &encrypted, &format!("a.{end}"));
            // Comments beside a value go above it in sops 3.11, which recorded these.
            let same = |text: &[u8]| same_text(format, text, &expected);
            match theirs {
                Ok(theirs) if same(&theirs) && same(ours.bytes()) => passed += 1,
                Ok(theirs) => failures.push(format!(
                    "{name} ({layout:?}):\n{}\n--- ours\n{}\n--- expected\n{}",
                    String::from_utf8_lossy(&theirs),
                    String::from_utf8_lossy(ours.bytes()),
                    String::from_utf8_lossy(&expected)
                )),
                Err(error) => {
                    failures.push(format!("{name} ({layout:?}): {error}\n{}", String::from_utf8_lossy(&encrypted)))
                }
            }
        }
    }
    println!("{passed} documents opened by sops");
    assert!(failures.is_empty(), "{} failures:\n{}", failures.len(), failures.join("\n\n"));
}

/// Equal, with the comments of YAML apart.
fn same_text(format: Format, text: &[u8], expected: &[u8]) -> bool {
    if format != Format::Yaml {
        return text == expected;
    }
    let values = |text: &[u8]| {
        let text = String::from_utf8_lossy(text).into_owned();
        let documents = windlass_yaml::read_documents(&text, &windlass_yaml::ReadOptions::resource()).unwrap();
        documents.into_iter().map(|document| document.value).filter(|v| !v.is_null()).collect::<Vec<_>>()
    };
    text == expected || values(text) == values(expected)
}

#[test]
fn groups_open_with_as_many_keys_as_they_need() {
    let testbed = require_peers!([Tool::Sops, Tool::SopsOracle]);
    let peers: Vec<_> = (0..3).map(|_| Peer::new(testbed.clone())).collect();
    let recipient = |peer: &Peer| Recipient::age(peer.identities.recipients().next().unwrap()).unwrap();
    for (threshold, opens) in [(Some(2), true), (None, false)] {
        let groups = Recipients::groups(peers.iter().map(|peer| vec![recipient(peer)]), threshold);
        for (format, name) in [(Format::Yaml, "a.yaml"), (Format::Dotenv, "a.env"), (Format::Ini, "a.ini")] {
            let text = encrypt(b"a: 1", Format::Yaml, &groups, &EncryptOptions::default(), SystemTime::now()).unwrap();
            let text = if format == Format::Yaml {
                text
            } else {
                encrypt(b"a=1", format, &groups, &EncryptOptions::default(), SystemTime::now()).unwrap()
            };
            let keys = format!("{}\n{}", peers[0].key, peers[2].key);
            let opened = peers[0].sops_with(&keys, &["decrypt"], &text, name);
            assert_eq!(opened.is_ok(), opens, "{opened:?}");
            let all = format!("{keys}\n{}", peers[1].key);
            peers[0].sops_with(&all, &["decrypt"], &text, name).unwrap();
        }
    }
}

#[test]
fn recipients_of_other_kinds_need_a_master_key() {
    let pgp =
        Recipients::new([Recipient::parse(RecipientKind::Pgp, "6C063DAF32F91917928F4F4E663740D923E6F288").unwrap()]);
    let error = encrypt(b"a: 1", Format::Yaml, &pgp, &EncryptOptions::default(), SystemTime::now()).unwrap_err();
    // The tests are built with the feature `pgp`, with which there is something to do about it.
    assert_eq!(
        error.to_string(),
        "cannot encrypt for PGP 6C063DAF32F91917928F4F4E663740D923E6F288: no master key for this kind is at hand \
         (import its key into gpg; in a cluster, put it into the Secret under a name that ends with .asc)"
    );
}
