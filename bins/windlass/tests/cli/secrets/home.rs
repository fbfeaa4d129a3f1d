//! A folder with rules, keys and secrets, and runs of `windlass secrets` in it.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;
use windlass_testbed::{Testbed, Tool};

/// Keys made for these tests.
pub(crate) const MY_KEY: &str = "AGE-SECRET-KEY-1SA80FVW2E6CKNH9MGLS08S0GWEU9R8FSEM3EQQD270WRR4EHYFKS3VAP6R";
pub(crate) const ME: &str = "age12sazq8d83w7zjc8sc5fgrljngakjqt5f9z3l782f25g64cjzvdxqmxs0rx";
pub(crate) const OTHER_KEY: &str = "AGE-SECRET-KEY-10R24G3RFULPP5H7Y8W030RQYZS84J0D0D067SC4M2FZ3DSEWME5SMH5MDW";
pub(crate) const OTHER: &str = "age1h6vae9979yxet5v27ez8e9tvw8zne0c43ms7d48uwvxa97fpress444crk";

/// The plaintext that must be nowhere but where it is asked for.
pub(crate) const MARKER: &str = "hunter2-3f9a71c0d2";

pub(crate) fn secret() -> String {
    format!(
        "# the web\napiVersion: v1\nkind: Secret\nmetadata:\n    name: web\nstringData:\n    password: {MARKER}\n    user: me\n"
    )
}

pub(crate) struct Home {
    folder: TempDir,
    pub(crate) key: String,
    pub(crate) variables: Vec<(String, String)>,
}

pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
}

impl Run {
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.stdout).unwrap()
    }
}

impl Home {
    /// With a rule for Secrets and one for all other names that tell of a secret.
    pub(crate) fn new() -> Self {
        Self::with_rules(&format!(
            "creation_rules:\n- path_regex: \\.sops\\.yaml$\n  encrypted_regex: ^(data|stringData)$\n  age: {ME}\n\
             - path_regex: secret\n  age: {ME}\n"
        ))
    }

    pub(crate) fn with_rules(rules: &str) -> Self {
        let home = Self { folder: TempDir::new().unwrap(), key: MY_KEY.to_owned(), variables: Vec::new() };
        home.write(".sops.yaml", rules);
        home
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        String::from_utf8(fs::read(self.path(name)).unwrap()).unwrap()
    }

    /// Writes a file and encrypts it by its rule.
    pub(crate) fn encrypted(&self, name: &str, text: &str) {
        self.write(name, text);
        self.done(&["encrypt", "-i", name]);
    }

    fn prepared(&self, mut command: Command) -> Command {
        command
            .current_dir(self.folder())
            .env_clear()
            .env("HOME", self.folder())
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("SOPS_AGE_KEY", &self.key)
            .envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.prepared(Command::new(env!("CARGO_BIN_EXE_windlass")));
        command.arg("secrets").args(arguments);
        command
    }

    pub(crate) fn run_with(&self, arguments: &[&str], stdin: &str) -> Run {
        finish(self.command(arguments), stdin)
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        self.run_with(arguments, "")
    }

    /// Runs what must succeed.
    pub(crate) fn done(&self, arguments: &[&str]) -> String {
        let run = self.run(arguments);
        assert_eq!(run.code, Some(0), "{arguments:?}: {}", run.stderr);
        String::from_utf8(run.stdout).unwrap()
    }

    /// Runs the real sops.
    pub(crate) fn sops(&self, testbed: &Testbed, arguments: &[&str], stdin: &str) -> Run {
        let mut command = self.prepared(testbed.command(Tool::Sops).unwrap());
        command.args(arguments);
        finish(command, stdin)
    }

    pub(crate) fn git(&self, arguments: &[&str]) -> Run {
        let mut command = self.prepared(Command::new("git"));
        command.args(["-c", "user.name=me", "-c", "user.email=me@example.org", "-c", "init.defaultBranch=main"]);
        command.args(arguments);
        finish(command, "")
    }

    pub(crate) fn commit(&self, message: &str) {
        for arguments in [&["add", "-A"][..], &["commit", "-qm", message]] {
            let run = self.git(arguments);
            assert_eq!(run.code, Some(0), "{}", run.stderr);
        }
    }

    /// The same files in another folder.
    pub(crate) fn copy(&self) -> Self {
        let copy = Self { folder: TempDir::new().unwrap(), key: self.key.clone(), variables: self.variables.clone() };
        for entry in fs::read_dir(self.folder()).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_file() {
                fs::copy(entry.path(), copy.folder().join(entry.file_name())).unwrap();
            }
        }
        copy
    }
}

pub(crate) fn finish(mut command: Command, stdin: &str) -> Run {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // One that reads nothing may be gone already.
    let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
    let output = child.wait_with_output().unwrap();
    Run {
        code: output.status.code(),
        stdout: output.stdout,
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// The envelopes in a text.
pub(crate) fn envelopes(text: &str) -> Vec<&str> {
    text.split("ENC[").skip(1).filter_map(|part| part.split(']').next()).collect()
}
