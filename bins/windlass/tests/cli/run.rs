//! Starting the program in a directory made for it.

use std::fmt;
use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

/// A directory with files.
pub(crate) struct Scratch(TempDir);

impl Scratch {
    pub(crate) fn new<'f>(files: impl IntoIterator<Item = (&'f str, &'f str)>) -> Self {
        let scratch = Self(TempDir::new().unwrap());
        for (path, text) in files {
            let path = scratch.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        scratch
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// Runs `windlass` here.
    pub(crate) fn run(&self, command: &str) -> Ran {
        run_in(self.path(), command, &[])
    }
}

/// How a run went.
pub(crate) struct Ran {
    command: String,
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs `windlass` with the words of `command` in `directory`, and with nothing of the environment but `variables`.
pub(crate) fn run_in(directory: &Path, command: &str, variables: &[(&str, &str)]) -> Ran {
    let output = Command::new(env!("CARGO_BIN_EXE_windlass"))
        .args(command.split_whitespace())
        .current_dir(directory)
        .env_clear()
        .env("HOME", directory)
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ran {
        command: command.to_owned(),
        code: output.status.code(),
        stdout: text(output.stdout),
        stderr: text(output.stderr),
    }
}

impl fmt::Display for Ran {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "$ windlass {}", self.command)?;
        f.write_str(&self.stdout)?;
        if !self.stderr.is_empty() {
            write!(f, "--- stderr\n{}", self.stderr)?;
        }
        match self.code {
            Some(code) => writeln!(f, "--- exit code {code}"),
            None => writeln!(f, "--- killed"),
        }
    }
}

impl Ran {
    /// The run as a snapshot holds it, with what differs between machines replaced.
    pub(crate) fn golden(&self, replaced: &[(&str, &str)]) -> String {
        let text = self.to_string();
        replaced.iter().fold(text, |text, (from, to)| text.replace(from, to))
    }
}
