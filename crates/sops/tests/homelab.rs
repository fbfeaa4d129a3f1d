//! The encrypted files of the homelab in `fixtures/homelab`, opened with its key.

#![expect(clippy::unwrap_used, reason = "a test's helpers may fail it")]

use std::path::{Path, PathBuf};

use windlass_sops::{DecryptOptions, Format, Identities, decrypt, is_encrypted};

fn encrypted_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            encrypted_files(&path, found);
        } else if path.file_stem().is_some_and(|stem| stem != ".sops" && stem.to_string_lossy().ends_with(".sops")) {
            found.push(path);
        }
    }
}

#[test]
fn every_encrypted_file_opens_as_what_its_name_says() {
    let homelab = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/homelab");
    let key = std::fs::read_to_string(homelab.join("age.agekey")).unwrap();
    let identities = Identities::parse(&key, "age.agekey").unwrap();
    let mut files = Vec::new();
    encrypted_files(&homelab, &mut files);
    for file in &files {
        let text = std::fs::read(file).unwrap();
        let format = Format::of_path(file);
        assert!(is_encrypted(&text, format), "{}", file.display());
        let plain = decrypt(&text, format, &identities, &DecryptOptions::default())
            .unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let shown = String::from_utf8_lossy(plain.bytes());
        assert!(!shown.contains("ENC[") && !shown.contains("sops_"), "{}", file.display());
    }
    let dotenv = files.iter().filter(|file| Format::of_path(file) == Format::Dotenv).count();
    assert!(dotenv >= 1, "no dotenv file among {files:?}");
}
