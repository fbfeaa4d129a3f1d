//! What an audit finds in a repository, and what it lets pass.

#![expect(clippy::unwrap_used, reason = "a test's helpers may fail it")]

use std::time::SystemTime;

use windlass_sops::{CreationRules, EncryptOptions, Format, Recipients, RepositoryFile, Selector, audit, encrypt};

const A: &str = "age12sazq8d83w7zjc8sc5fgrljngakjqt5f9z3l782f25g64cjzvdxqmxs0rx";
const B: &str = "age1hpdp62n95rdulgh4hy5jxajxdsgmd4uu7hrcwz7t0sxwx43fap5q4my0g0";
const SECRET: &str = "apiVersion: v1\nkind: Secret\nstringData:\n  password: hunter2\n";

fn rules(text: &str) -> CreationRules {
    CreationRules::parse(&format!("creation_rules:\n{text}")).unwrap()
}

fn encrypted(text: &str, recipients: &[&str]) -> String {
    let recipients = Recipients::age(recipients.iter().copied()).unwrap();
    let options = EncryptOptions::default().selector(Selector::EncryptedRegex("^(data|stringData)$".into()));
    let text = encrypt(text.as_bytes(), Format::Yaml, &recipients, &options, SystemTime::now()).unwrap();
    String::from_utf8(text).unwrap()
}

fn found(files: &[(&str, &str)], rules: &CreationRules) -> Vec<String> {
    let files = files.iter().map(|(path, text)| RepositoryFile { path, text: text.as_bytes() });
    let shown = audit(files, rules).into_iter().map(|finding| match finding.path {
        Some(path) => format!("{path}: {}", finding.problem),
        None => finding.problem.to_string(),
    });
    shown.collect()
}

fn rule_for_both() -> CreationRules {
    rules(&format!("- path_regex: \\.sops\\.yaml$\n  encrypted_regex: ^(data|stringData)$\n  age: {A},{B}\n"))
}

#[test]
fn a_repository_in_order_has_no_findings() {
    let text = encrypted(SECRET, &[A, B]);
    let other = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\n";
    assert_eq!(found(&[("a.sops.yaml", &text), ("b.yaml", other), ("README.md", "sops")], &rule_for_both()), [""; 0]);
}

#[test]
fn secrets_in_clear_are_found_without_their_text() {
    let key = "AGE-SECRET-KEY-1SA80FVW2E6CKNH9MGLS08S0GWEU9R8FSEM3EQQD270WRR4EHYFKS3VAP6R";
    let text = encrypted(SECRET, &[A, B]);
    let files = [
        ("ok.sops.yaml", text.as_str()),
        ("a.sops.yaml", SECRET),
        ("b.yaml", SECRET),
        ("keys.txt", &format!("# made today\n{key}\n")),
        ("docs.md", "AGE-SECRET-KEY-1..."),
        ("tls.key", "-----BEGIN PRIVATE KEY-----\nMIIE\n"),
    ];
    let findings = found(&files, &rule_for_both());
    assert_eq!(
        findings,
        [
            "a.sops.yaml: rule 1 is for this file, but it is not encrypted",
            "b.yaml: a Secret with values in clear: stringData.password (line 4)",
            "keys.txt: line 2 holds an age identity in clear",
            "tls.key: line 1 holds a private key in clear",
        ]
    );
    assert!(!findings.concat().contains("hunter2"));
}

#[test]
fn files_that_do_not_fit_their_rule_are_found() {
    let clear = encrypted(SECRET, &[A, B]).replace("sops:", "data: {more: clear}\nsops:");
    let (alone, other) = (
        encrypted(SECRET, &[A]),
        encrypted(SECRET, &[A, B]).replace("encrypted_regex: ^(data|stringData)$", "encrypted_regex: ^stringData$"),
    );
    let broken = encrypted(SECRET, &[A, B]).replace("encrypted_regex: ^(data|stringData)$", "encrypted_regex: '['");
    let files = [
        ("1.sops.yaml", alone.as_str()),
        ("2.sops.yaml", &other),
        ("3.sops.yaml", &broken),
        ("4.sops.yaml", &clear),
        ("5.sops.yaml", "a: 1\nsops:\n  age: []\n  mac: ENC[x\n"),
        ("6.sops.yaml", &encrypted("kind: x\n", &[A, B])),
    ];
    assert_eq!(
        found(&files, &rule_for_both()),
        [
            &format!("1.sops.yaml: {A} alone opens this file: if that key is lost, so is the file")[..],
            &format!("1.sops.yaml: encrypted for others than its rule says; missing: {B}"),
            "2.sops.yaml: encrypted by another selector than its rule says",
            "3.sops.yaml: sops.encrypted_regex is not a valid regular expression: sops leaves every value in clear",
            "3.sops.yaml: encrypted by another selector than its rule says",
            "4.sops.yaml: values stand in clear that should be encrypted: data.more (line 5)",
            "5.sops.yaml: the metadata cannot be read: sops names no recipient, so nobody can open the document",
            "6.sops.yaml: the file has sops metadata, but no value is encrypted",
        ]
    );
}

#[test]
fn rules_without_effect_are_found() {
    let rules = rules(&format!(
        "- {{path_regex: ^old/, age: {A}}}\n- {{path_regex: yaml$, encrypted_regex: ^nothing$, age: '{A},{B}'}}\n"
    ));
    let text = encrypted(SECRET, &[A, B]);
    assert_eq!(
        found(&[("a.yaml", &text)], &rules),
        [
            "a.yaml: encrypted by another selector than its rule says",
            "rule 1 matches no file",
            "the selector of rule 2 picks no value in any file that it matches",
        ]
    );
}
