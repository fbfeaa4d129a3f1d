//! The real sops beside ours, for the tests that compare the two.

#![allow(dead_code, reason = "each test takes a part of it")]

use std::process::Stdio;

use age::secrecy::ExposeSecret as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::TestRunner;
use windlass_sops::{DecryptOptions, Error, Format, Identities, Plaintext, decrypt};
use windlass_testbed::{Oracle, Testbed, Tool};

/// The real sops with a key of its own.
pub(crate) struct Peer {
    testbed: Testbed,
    folder: tempfile::TempDir,
    pub(crate) key: String,
    pub(crate) identities: Identities,
    /// What encrypts and decrypts where it is not the command: its libraries in one process, for thousands of documents.
    libraries: Option<Oracle>,
}

impl Peer {
    /// The libraries of sops, and the command for what they do not have.
    pub(crate) fn new(testbed: Testbed) -> Self {
        let oracle = Oracle::start(&testbed, Tool::SopsOracle).unwrap();
        Self { libraries: Some(oracle), ..Self::command(testbed) }
    }

    /// The command for everything.
    pub(crate) fn command(testbed: Testbed) -> Self {
        let key = age::x25519::Identity::generate().to_string().expose_secret().to_owned();
        let identities = Identities::parse(&key, "generated").unwrap();
        Self { testbed, folder: tempfile::tempdir().unwrap(), key, identities, libraries: None }
    }

    pub(crate) fn sops(&self, args: &[&str], text: &[u8], file: &str) -> Result<Vec<u8>, String> {
        self.sops_with(&self.key, args, text, file)
    }

    /// Lets sops change a file, and gives the file.
    pub(crate) fn change(&self, args: &[&str], text: &[u8], file: &str, behind: &[&str]) -> Result<Vec<u8>, String> {
        self.run(&self.key, args, text, file, behind).map(|_| std::fs::read(self.folder.path().join(file)).unwrap())
    }

    /// The same as [`sops`](Self::sops) with other keys.
    pub(crate) fn sops_with(&self, key: &str, args: &[&str], text: &[u8], file: &str) -> Result<Vec<u8>, String> {
        match (&self.libraries, args) {
            (Some(libraries), ["decrypt", options @ ..]) => {
                let mut question = question(text, file);
                question["identity"] = key.into();
                question["ignore_mac"] = options.contains(&"--ignore-mac").into();
                ask(libraries, "sops-decrypt", &question)
            }
            _ => self.run(key, args, text, file, &[]),
        }
    }

    /// What the libraries print a document as, in another format and with other indentation.
    pub(crate) fn print(&self, text: &[u8], file: &str, to: &str, indent: Option<u16>) -> Result<Vec<u8>, String> {
        let mut question = question(text, file);
        question["identity"] = self.key.as_str().into();
        question["output"] = to.into();
        question["indent"] = indent.into();
        ask(self.libraries.as_ref().unwrap(), "sops-decrypt", &question)
    }

    fn run(&self, key: &str, args: &[&str], text: &[u8], file: &str, behind: &[&str]) -> Result<Vec<u8>, String> {
        let path = self.folder.path().join(file);
        std::fs::write(&path, text).unwrap();
        let output = self
            .testbed
            .command(Tool::Sops)
            .unwrap()
            .args(args)
            .arg(&path)
            .args(behind)
            .env("SOPS_AGE_KEY", key)
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .output()
            .unwrap();
        if output.status.success() {
            Ok(output.stdout)
        } else {
            Err(String::from_utf8_lossy(&output.stderr).into_owned())
        }
    }

    pub(crate) fn encrypt(&self, text: &str, file: &str, selector: &[&str]) -> Result<Vec<u8>, String> {
        let recipient = self.identities.recipients().next().unwrap();
        if let Some(libraries) = &self.libraries {
            let mut question = question(text.as_bytes(), file);
            question["recipients"] = vec![recipient].into();
            question["mac_only_encrypted"] = selector.contains(&"--mac-only-encrypted").into();
            let rest: Vec<_> = selector.iter().filter(|option| **option != "--mac-only-encrypted").collect();
            for pair in rest.chunks(2) {
                question["selector"][pair[0].trim_start_matches("--").replace('-', "_")] = (*pair[1]).into();
            }
            return ask(libraries, "sops-encrypt", &question);
        }
        // The `encrypt` command of 3.11 ignores some of the selectors.
        let args = [&["--encrypt", "--age", recipient], selector].concat();
        self.sops(&args, text.as_bytes(), file)
    }

    pub(crate) fn decrypt(&self, text: &[u8], format: Format) -> Result<Plaintext, Error> {
        decrypt(text, format, &self.identities, &DecryptOptions::default())
    }

    /// Encrypts with sops, decrypts with both, compares.
    pub(crate) fn check(&self, text: &str, file: &str, selector: &[&str]) -> Result<(), TestCaseError> {
        let Ok(encrypted) = self.encrypt(text, file, selector) else {
            // What sops itself cannot hold.
            return Err(TestCaseError::reject("sops refuses the document"));
        };
        let theirs = self.sops(&["decrypt"], &encrypted, file);
        let ours = self.decrypt(&encrypted, Format::of_path(file));
        match (theirs, ours) {
            (Ok(theirs), Ok(ours)) => prop_assert_eq!(
                String::from_utf8_lossy(ours.bytes()),
                String::from_utf8_lossy(&theirs),
                "from {}",
                String::from_utf8_lossy(&encrypted)
            ),
            // sops cannot read back all it writes (a clear -0.0, Unicode line breaks in clear literals).
            (Err(_), _) => {}
            (Ok(_), Err(error)) => {
                return Err(TestCaseError::fail(format!("{error}\n{}", String::from_utf8_lossy(&encrypted))));
            }
        }
        Ok(())
    }
}

fn question(text: &[u8], file: &str) -> serde_json::Value {
    let format = match Format::of_path(file) {
        Format::Yaml => "yaml",
        Format::Json => "json",
        Format::Dotenv => "dotenv",
        Format::Ini => "ini",
        Format::Binary => "binary",
    };
    serde_json::json!({ "text": STANDARD.encode(text), "format": format })
}

fn ask(libraries: &Oracle, op: &str, question: &serde_json::Value) -> Result<Vec<u8>, String> {
    let answer = libraries.ask_bytes(op, question.to_string().as_bytes()).unwrap();
    answer.map_err(|refusal| refusal.message().to_owned())
}

/// Runs a number of cases, or a multiple of it where `WINDLASS_CASES` says so.
pub(crate) fn runner(cases: u32) -> TestRunner {
    let factor: u32 = std::env::var("WINDLASS_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(1);
    let cases = cases * factor;
    TestRunner::new(ProptestConfig {
        cases,
        max_shrink_iters: 200,
        max_global_rejects: 10_000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })
}

/// A choice of what is encrypted, and of what the MAC covers.
pub(crate) fn selector() -> impl Strategy<Value = Vec<&'static str>> {
    select(vec![
        vec![],
        vec!["--encrypted-regex", "^[ab]"],
        vec!["--unencrypted-regex", "b|日本"],
        vec!["--encrypted-suffix", "a"],
        vec!["--unencrypted-suffix", "c"],
        vec!["--encrypted-comment-regex", "[a-f]"],
        vec!["--unencrypted-comment-regex", "^[A-Z]"],
        vec!["--mac-only-encrypted", "--encrypted-regex", "a"],
    ])
}
