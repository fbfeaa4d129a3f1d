//! A repository with secrets.

#![allow(dead_code, reason = "each test takes a part of it")]

use std::path::PathBuf;
use std::process::Command;
use std::time::SystemTime;

use tempfile::TempDir;
use windlass_secrets::{Hands, Repository, encrypt_text, replace_file};
use windlass_sops::{DecryptOptions, EncryptOptions, Format, Identities, Recipients, Selector, parse_dotted_path};

pub(crate) const MY_KEY: &str = "AGE-SECRET-KEY-1SA80FVW2E6CKNH9MGLS08S0GWEU9R8FSEM3EQQD270WRR4EHYFKS3VAP6R";
pub(crate) const ME: &str = "age12sazq8d83w7zjc8sc5fgrljngakjqt5f9z3l782f25g64cjzvdxqmxs0rx";
pub(crate) const OTHER_KEY: &str = "AGE-SECRET-KEY-10R24G3RFULPP5H7Y8W030RQYZS84J0D0D067SC4M2FZ3DSEWME5SMH5MDW";
pub(crate) const OTHER: &str = "age1h6vae9979yxet5v27ez8e9tvw8zne0c43ms7d48uwvxa97fpress444crk";

pub(crate) struct Home {
    pub(crate) folder: TempDir,
    pub(crate) identities: Identities,
}

impl Home {
    pub(crate) fn new() -> Self {
        let identities = Identities::parse(MY_KEY, "the test").unwrap();
        Self { folder: TempDir::new().unwrap(), identities }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap()
    }

    pub(crate) fn hands(&self) -> Hands<'_> {
        Hands { identities: &self.identities, options: DecryptOptions::default(), now: SystemTime::now() }
    }

    pub(crate) fn sealed(&self, name: &str, plaintext: &str, recipients: &[&str]) -> Vec<u8> {
        let recipients = Recipients::age(recipients.iter().copied()).unwrap();
        let options = EncryptOptions::default().selector(Selector::EncryptedRegex("^(data|stringData)$".into()));
        let options = if Format::of_path(name) == Format::Yaml { options } else { EncryptOptions::default() };
        let (path, format) = (self.path(name), Format::of_path(name));
        encrypt_text(&path, plaintext.as_bytes(), format, &recipients, &options, SystemTime::now()).unwrap()
    }

    pub(crate) fn encrypt(&self, name: &str, plaintext: &str, recipients: &[&str]) {
        self.write(name, self.sealed(name, plaintext, recipients));
    }

    /// Sets values of a text.
    pub(crate) fn changed(&self, name: &str, text: &[u8], values: &[(&str, &str)]) -> Vec<u8> {
        let mut document = self.hands().open(&self.path(name), text, Format::of_path(name)).unwrap();
        for (path, value) in values {
            document.set(&parse_dotted_path(path).unwrap(), &(*value).into()).unwrap();
        }
        document.save(SystemTime::now()).unwrap()
    }

    pub(crate) fn set(&self, name: &str, path: &str, value: &str) {
        let old = self.read(name);
        replace_file(&self.path(name), Some(&old), &self.changed(name, &old, &[(path, value)])).unwrap();
    }

    pub(crate) fn plaintext(&self, name: &str, text: &[u8]) -> String {
        let document = self.hands().open(&self.path(name), text, Format::of_path(name)).unwrap();
        String::from_utf8(document.plaintext().unwrap().to_vec()).unwrap()
    }

    pub(crate) fn repository(&self) -> Repository {
        Repository::around(self.folder.path()).unwrap()
    }

    pub(crate) fn git(&self, arguments: &[&str], time: u64) {
        let date = format!("@{time} +0000");
        let output = Command::new("git")
            .args(["-c", "user.name=me", "-c", "user.email=me@example.org", "-c", "init.defaultBranch=main"])
            .args(arguments)
            .current_dir(self.folder.path())
            .env("GIT_AUTHOR_DATE", &date)
            .env("GIT_COMMITTER_DATE", &date)
            .output()
            .unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }

    pub(crate) fn commit(&self, time: u64) {
        self.git(&["add", "-A"], time);
        self.git(&["commit", "-qm", "a change"], time);
    }
}
