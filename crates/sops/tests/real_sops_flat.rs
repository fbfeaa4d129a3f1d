//! dotenv and INI files that the real sops encrypts, and such as people write: we decrypt and print them as it does.

#![expect(clippy::unwrap_used, reason = "a test's helpers may fail it")]

use std::cell::Cell;

use proptest::prelude::*;
use proptest::sample::select;
use windlass_sops::{DecryptOptions, Format, decrypt};
use windlass_testbed::{Tool, require_peers};

use crate::documents::{dotenv, ini};
use crate::peer::{Peer, runner, selector};

#[path = "support/documents.rs"]
mod documents;
#[path = "support/peer.rs"]
mod peer;

/// Selectors with those on comments, and a MAC over what they pick.
fn any_selector() -> impl Strategy<Value = Vec<&'static str>> {
    let on_comments = select(vec![
        vec!["--encrypted-comment-regex", "secret"],
        vec!["--unencrypted-comment-regex", "[a-c]"],
        vec!["--mac-only-encrypted", "--encrypted-regex", "a"],
    ]);
    prop_oneof![2 => selector(), 1 => on_comments]
}

#[test]
fn dotenv_decrypts_to_the_bytes_of_sops() {
    let testbed = require_peers!([Tool::Sops, Tool::SopsOracle]);
    let peer = Peer::new(testbed);
    runner(250).run(&(dotenv(), any_selector()), |(text, selector)| peer.check(&text, "a.env", &selector)).unwrap();
}

#[test]
fn ini_decrypts_to_the_bytes_of_sops() {
    let testbed = require_peers!([Tool::Sops, Tool::SopsOracle]);
    let peer = Peer::new(testbed);
    runner(250).run(&(ini(), any_selector()), |(text, selector)| peer.check(&text, "a.ini", &selector)).unwrap();
}

/// What sops itself writes has one form. Text of any form in front of its metadata, read without the MAC, shows that we
/// read what people write, and refuse what sops does.
fn check_hand_written(file: &str, text: impl Strategy<Value = String>, marker: &str) {
    let testbed = require_peers!([Tool::Sops, Tool::SopsOracle]);
    let peer = Peer::new(testbed);
    let seed = peer.encrypt("a=1\n", file, &["--encrypted-suffix", "_none"]).unwrap();
    let seed = String::from_utf8(seed).unwrap();
    let metadata = &seed[seed.find(marker).unwrap()..];
    let options = DecryptOptions::default().ignore_mac();
    let read = Cell::new(0);
    let check = |text: String| {
        let text = format!("{text}\n{metadata}");
        let theirs = peer.sops(&["decrypt", "--ignore-mac"], text.as_bytes(), file);
        let ours = decrypt(text.as_bytes(), Format::of_path(file), &peer.identities, &options);
        match (theirs, ours) {
            (Ok(theirs), Ok(ours)) => {
                read.set(read.get() + 1);
                prop_assert_eq!(
                    String::from_utf8_lossy(ours.bytes()),
                    String::from_utf8_lossy(&theirs),
                    "from {}",
                    text
                );
            }
            (Err(_), Err(_)) => {}
            // An empty line in a comment.
            (Err(theirs), Ok(_)) => prop_assert!(theirs.contains("index out of range"), "{}\n{}", theirs, text),
            (Ok(_), Err(ours)) => return Err(TestCaseError::fail(format!("{ours}\n{text}"))),
        }
        Ok(())
    };
    runner(300).run(&text, check).unwrap();
    assert!(read.get() > 150, "{} texts of 300 could be read", read.get());
}

#[test]
fn hand_written_dotenv_is_read_as_sops_does() {
    check_hand_written("a.env", dotenv(), "sops_");
}

#[test]
fn hand_written_ini_is_read_as_sops_does() {
    check_hand_written("a.ini", ini(), "[sops]");
}
