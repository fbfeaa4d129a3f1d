//! dotenv and INI files that the real sops encrypts, and such as people write: we decrypt and print them as it does.

#![expect(clippy::unwrap_used, reason = "a test's helpers may fail it")]

use std::cell::Cell;

use proptest::prelude::*;
use proptest::sample::{Index, select};
use windlass_sops::{DecryptOptions, Format, decrypt};
use windlass_testbed::{Tool, require_peers};

use crate::peer::{Peer, runner, selector};

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

fn words(words: &'static [&'static str]) -> impl Strategy<Value = String> {
    select(words).prop_map(str::to_owned)
}

/// Some lines, in one text of six with one among them that is refused or changes how all below is read.
fn lines(line: impl Strategy<Value = String>, odd: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    let odd = proptest::option::weighted(1.0 / 6.0, (any::<Index>(), odd));
    (proptest::collection::vec(line, 1..12), odd, any::<bool>()).prop_map(|(mut lines, odd, cut)| {
        if let Some((at, odd)) = odd {
            lines.insert(at.index(lines.len()), odd);
        }
        let mut text = lines.concat();
        if cut && text.ends_with('\n') {
            text.pop();
        }
        text
    })
}

fn dotenv() -> impl Strategy<Value = String> {
    let key = prop_oneof![
        4 => "[a-dA-D_]{1,6}(_unencrypted)?",
        1 => words(&["", "export A", " #k", "sops", "日本", "'q'", "a.b", "A:B", "\u{feff}x"]),
    ];
    let value = prop_oneof![
        "[ -~é日]{0,30}",
        words(&["", "\\n", "a\\nb\\n", "\\\\n", "'x'", "\"x\" # c", "x\r", "\u{2028}", "a=b", "secret", "ENC[x]"]),
    ];
    let line = prop_oneof![
        6 => (key, value).prop_map(|(key, value)| format!("{key}={value}\n")),
        2 => "#[ -~é]{0,20}\n",
        1 => words(&["\n", "#secret\n", "#\n", "##\n"]),
    ];
    lines(line, words(&["no pair\n", "\r\n", " \n"]))
}

fn ini() -> impl Strategy<Value = String> {
    #[rustfmt::skip]
    let key = prop_oneof![
        4 => "[a-d]{1,4}(_unencrypted)?",
        2 => words(&[
            "-", "a b", "`a=b`", "\"x:y\"", "\"\"\"tick`\"\"\"", "\"a\"b", "日本", "a#b", "a\"b", "a]", "`x` y",
            "\"\"\"", "\u{a0}k", "x`y",
        ]),
    ];
    #[rustfmt::skip]
    let value = prop_oneof![
        3 => "[a-z0-9é ]{0,20}",
        1 => "[ !-_a-~]{0,20}",
        5 => words(&[
            "", "a;b", "a # b", "'x'", "\"x\"", "\"a\"b\"", "\" lead\"", "\"a ; b\"", "`a;b` # c", "\"\"\"a\"\"\"",
            "\"\"\"two\nlines\"\"\" ; c", "`two\n\n[x]\n` # c", "goes \\\n  on \\\n\n", "goes\\\non # c", "\\", "# c",
            "'", "''", "\"\"", "secret", "\u{a0}x", "x\r", "a\\nb", "%(a)s", "= :", "[x]",
        ]),
    ];
    let comment = prop_oneof![
        "[#;][ -~é]{1,20}\n",
        words(&["; secret\n", "#\n", ";\n", "  ; in\n", ";# two\n", "#;#\n", "; cr\r\n", "#\u{a0}x \n", "; \t t\n"]),
    ];
    #[rustfmt::skip]
    let section = words(&[
        "[a]\n", "[b]\n", "[a_unencrypted]\n", "[DEFAULT]\n", "[default]\n", "[a.b] ; c\n", "[x]y]\n", " [ sp ] \n",
        "[日]\n", "[a]\n", "[c:d]\n",
    ]);
    let entry = (key, words(&["=", " = ", ":", " : "]), value);
    let line = prop_oneof![
        12 => entry.prop_map(|(key, delimiter, value)| format!("{key}{delimiter}{value}\n")),
        4 => comment,
        4 => section,
        1 => words(&["\n", "  \n"]),
    ];
    #[rustfmt::skip]
    let odd = words(&[
        "[]\n", "[open\n", "no pair\n", "= x\n", "\"open = x\n", "\"\" = x\n", "a = \"\"\"\n", "a = \"\"\"\"\n", "a = `\n",
    ]);
    lines(line, odd)
}

#[test]
fn dotenv_decrypts_to_the_bytes_of_sops() {
    let testbed = require_peers!([Tool::Sops, Tool::AgeKeygen]);
    let peer = Peer::new(testbed);
    runner(100).run(&(dotenv(), any_selector()), |(text, selector)| peer.check(&text, "a.env", &selector)).unwrap();
}

#[test]
fn ini_decrypts_to_the_bytes_of_sops() {
    let testbed = require_peers!([Tool::Sops, Tool::AgeKeygen]);
    let peer = Peer::new(testbed);
    runner(100).run(&(ini(), any_selector()), |(text, selector)| peer.check(&text, "a.ini", &selector)).unwrap();
}

/// What sops itself writes has one form. Text of any form in front of its metadata, read without the MAC, shows that we
/// read what people write, and refuse what sops does.
fn check_hand_written(file: &str, text: impl Strategy<Value = String>, marker: &str) {
    let testbed = require_peers!([Tool::Sops, Tool::AgeKeygen]);
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
