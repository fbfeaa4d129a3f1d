//! No `Debug` and no error shows a plaintext or a key.

#![expect(clippy::unwrap_used, reason = "a test's helpers may fail it")]

use std::fmt::Debug;
use std::path::Path;

use home::{Home, ME, MY_KEY, OTHER};
use windlass_secrets::{
    Change, Generator, Kind, Merged, RepositoryText, Rotation, RuleFiles, Sides, Staged, access, merge, rotate, status,
    unseal,
};
use windlass_sops::{Format, Identities, Recipient};
use zeroize::Zeroizing;

#[path = "support/home.rs"]
mod home;

const MARKER: &str = "hunter2-3f9a71c0d2";

fn hides(shown: &dyn Debug) {
    let shown = format!("{shown:?} {shown:#?}");
    // Bytes that are printed as numbers tell as much.
    let numbers: Vec<String> = MARKER.bytes().map(|byte| byte.to_string()).collect();
    for secret in [MARKER, &numbers.join(", "), "AGE-SECRET-KEY", "aHVudGVy"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

#[test]
fn types_are_redacted() {
    let home = Home::new();
    let plain = format!("stringData:\n  password: {MARKER}\n  user: {MARKER}\n");
    home.write("clear.yaml", &plain);
    home.encrypt("web.sops.yaml", &plain, &[ME]);
    let encrypted = home.read("web.sops.yaml");
    let text = RepositoryText { path: home.path("clear.yaml"), text: Zeroizing::new(plain.clone().into_bytes()) };
    hides(&text);
    hides(&home.repository().texts(Kind::Plain).unwrap());
    hides(&Change { text: Some(Zeroizing::new(plain.clone().into_bytes())), note: () });
    let mut staged = Staged::new();
    staged.add(&home.path("clear.yaml"), Some(plain.as_bytes()), b"new").unwrap();
    hides(&staged);
    hides(&home.hands());
    hides(&home.hands().open(Path::new("web.sops.yaml"), &encrypted, Format::Yaml).unwrap());
    let rotation = Rotation { add: vec![Recipient::age(OTHER).unwrap()], remove: vec![Recipient::age(ME).unwrap()] };
    hides(&rotate(Path::new("web.sops.yaml"), &encrypted, Format::Yaml, &home.hands(), &rotation).unwrap());
    hides(&"8/abc".parse::<Generator>().unwrap());
    hides(&RuleFiles::above(None));
    let limits = windlass_secrets::AgeLimits::default();
    hides(&status(&home.repository(), &home.identities, &limits, &mut RuleFiles::above(None)).unwrap());
    let work = windlass_secrets::Work { threads: 1, progress: &|_| () };
    hides(&access(&home.repository().texts(Kind::Encrypted).unwrap(), &home.identities, &work));
}

#[test]
fn merges_and_errors_are_redacted() {
    let home = Home::new();
    let base = home.sealed("a.yaml", "stringData: {a: x}\n", &[ME]);
    let ours = home.changed("a.yaml", &base, &[("stringData.a", MARKER)]);
    let theirs = home.changed("a.yaml", &base, &[("stringData.a", "y")]);
    let sides = Sides { base: &base, ours: &ours, theirs: &theirs };
    let merged = merge(Path::new("a.yaml"), &sides, Format::Yaml, &home.hands()).unwrap();
    assert!(matches!(merged, Merged::Conflict { .. }));
    hides(&merged);

    let broken = format!("stringData:\n  a: {MARKER}\n bad\n");
    let error = windlass_secrets::encrypt_text(
        Path::new("a.yaml"),
        broken.as_bytes(),
        Format::Yaml,
        &windlass_sops::Recipients::age([ME]).unwrap(),
        &Default::default(),
        std::time::SystemTime::now(),
    )
    .unwrap_err();
    hides(&error);
    assert!(!error.to_string().contains(MARKER));
    let keys = windlass_secrets::SealingKeys::parse(&format!("kind: Secret\ndata:\n  tls.key: {MARKER}\n"));
    hides(&keys.unwrap_err());
    let keys = windlass_secrets::SealingKeys::parse(include_str!("sealed/keys.yaml")).unwrap();
    hides(&keys);
    hides(&unseal(include_str!("sealed/sealed.yaml"), &keys, None).unwrap());
    hides(&Identities::parse(MY_KEY, "here").unwrap());
}
