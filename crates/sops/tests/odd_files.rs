//! Files that people, formatters and half a download make: each is opened or refused as sops 3.11 does.

#![expect(clippy::unwrap_used, reason = "a test's helpers may fail it")]

use std::time::SystemTime;

use windlass_sops::{
    DecryptOptions, EncryptOptions, Error, Format, Identities, Plaintext, Recipients, decrypt, encrypt,
};

const KEY: &str = "AGE-SECRET-KEY-1SA80FVW2E6CKNH9MGLS08S0GWEU9R8FSEM3EQQD270WRR4EHYFKS3VAP6R";
const ME: &str = "age12sazq8d83w7zjc8sc5fgrljngakjqt5f9z3l782f25g64cjzvdxqmxs0rx";
const OTHER: &str = "age1h6vae9979yxet5v27ez8e9tvw8zne0c43ms7d48uwvxa97fpress444crk";

fn encrypted(text: &str, format: Format) -> String {
    let recipients = Recipients::age([OTHER, ME]).unwrap();
    let options = EncryptOptions::default();
    String::from_utf8(encrypt(text.as_bytes(), format, &recipients, &options, SystemTime::now()).unwrap()).unwrap()
}

fn open(text: &str, format: Format) -> Result<Plaintext, Error> {
    decrypt(text.as_bytes(), format, &Identities::parse(KEY, "the test").unwrap(), &DecryptOptions::default())
}

fn yaml() -> String {
    encrypted("# c\na: x\nb:\n  c: ''\n  d: 1\n", Format::Yaml)
}

#[test]
fn a_version_that_was_cut_off_is_no_version() {
    let text = yaml();
    assert!(text.ends_with("version: 3.11.0\n"));
    assert!(open(text.trim_end(), Format::Yaml).is_ok());
    for cut in 2.."3.11.0\n".len() + 1 {
        let error = open(&text[..text.len() - cut], Format::Yaml).unwrap_err();
        assert!(error.to_string().starts_with("sops.version "), "{cut}: {error}");
        assert_eq!(error.exit_code(), 1);
    }
    for (version, opens) in [
        ("1.0", true),
        ("2.0.0", true),
        ("99.0.1-rc.1+b", true),
        ("3.11", false),
        ("3", false),
        ("abc", false),
        ("3.011.0", false),
        ("3.11.x", false),
        ("3.11.0-", false),
    ] {
        let text = text.replace("version: 3.11.0", &format!("version: \"{version}\""));
        assert_eq!(open(&text, Format::Yaml).is_ok(), opens, "{version}");
    }
}

#[test]
fn a_recipient_without_a_key_keeps_nobody_else_out() {
    for (format, text) in [
        (Format::Yaml, yaml()),
        (Format::Json, encrypted("{\"a\": 1}", Format::Json)),
        (Format::Dotenv, encrypted("A=1\n", Format::Dotenv)),
        (Format::Ini, encrypted("[a]\nb=1\n", Format::Ini)),
    ] {
        let without = |number: usize| {
            let start = text.match_indices("-----BEGIN").nth(number).unwrap().0;
            let end = start + text[start..].find("FILE-----").unwrap();
            let end = end + text[end + 9..].find("FILE-----").unwrap() + 18;
            format!("{}{}", &text[..start], &text[end..])
        };
        assert!(open(&without(0), format).is_ok(), "{format}");
        let error = open(&without(1), format).unwrap_err();
        assert_eq!(error.exit_code(), 128, "{format}: {error}");
    }
    let text = yaml();
    let start = text.find(" enc: |\n").unwrap();
    let end = start + text[start..].find("- recipient").unwrap();
    let without = format!("{}\n    {}", text[..start].trim_end(), &text[end..]);
    assert!(open(&without, Format::Yaml).is_ok(), "{without}");
}

#[test]
fn a_key_given_twice_is_refused_where_sops_looks() {
    let text = yaml();
    let line = |start: &str| text.lines().find(|line| line.trim_start().starts_with(start)).unwrap();
    // The MAC sees neither an empty mapping nor the metadata.
    for (beside, added) in [
        ("a: ENC", "a: {}"),
        ("lastmodified:", line("lastmodified:")),
        ("version:", line("version:")),
        ("- recipient:", "      enc: x"),
    ] {
        let changed = text.replacen(line(beside), &format!("{}\n{added}", line(beside)), 1);
        assert_ne!(changed, text);
        let error = open(&changed, Format::Yaml).unwrap_err();
        assert_eq!(error.exit_code(), 1, "{added}");
        assert!(error.to_string().contains("twice in one mapping"), "{added}: {error}");
    }
    // Neither deeper nor in later documents.
    assert!(open(&text.replace("  c: ''\n", "  c: ''\n  c: ''\n"), Format::Yaml).is_ok());
    let two = encrypted("a: 1\n---\nb: ''\n", Format::Yaml);
    assert!(open(&two.replace("b: ''\n", "b: ''\nb: ''\n"), Format::Yaml).is_ok());
    let json = encrypted("{\"a\": null}", Format::Json);
    assert!(open(&json.replace("\"a\": null", "\"a\": null, \"a\": null"), Format::Json).is_ok());
}

/// No type is authenticated: that of the MAC, and of a comment, which the MAC leaves out.
#[test]
fn a_changed_type_of_what_is_no_value_is_noticed() {
    let text = yaml();
    let mac = text.lines().find(|line| line.trim_start().starts_with("mac:")).unwrap();
    for name in ["int", "float", "bool", "bytes", "comment", "time", "foo"] {
        let changed = text.replace(mac, &mac.replace("type:str", &format!("type:{name}")));
        assert_eq!(open(&changed, Format::Yaml).unwrap_err().exit_code(), 51, "{name}");
    }
    let error = open(&text.replace("type:comment", "type:str"), Format::Yaml).unwrap_err();
    assert_eq!(error.exit_code(), 51);
    // What the text of the comment cannot be is left as it stands there.
    let plain = open(&text.replace("type:comment", "type:int"), Format::Yaml).unwrap();
    assert!(plain.bytes().starts_with(b"#ENC["));
}

/// go-ini joins comments, and the envelope in the first line is the one that counts.
#[test]
fn an_ini_comment_that_was_doubled_opens() {
    let text = encrypted("; top\n[a]\nb = 1\n", Format::Ini);
    let comment = text.lines().next().unwrap();
    assert!(comment.starts_with("; ENC["));
    let plain = open(&format!("{comment}\n{text}"), Format::Ini).unwrap();
    assert!(plain.bytes().starts_with(b"; top\n"), "{}", String::from_utf8_lossy(plain.bytes()));
}
