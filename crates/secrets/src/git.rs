//! Questions to the `git` program.

use std::ffi::OsStr;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::Error;

/// A Git working directory.
#[derive(Debug, Clone)]
pub(crate) struct Git {
    root: PathBuf,
}

impl Git {
    /// The working directory that a folder is the top of, or lies in; none where there is no `git`.
    pub(crate) fn around(folder: &Path) -> Option<Self> {
        // Git looks for nothing else, and to start it takes longer than a file needs.
        let is_likely = folder.ancestors().any(|above| above.join(".git").exists());
        if !is_likely && std::env::var_os("GIT_DIR").is_none() {
            return None;
        }
        let at = Self { root: folder.to_owned() };
        let top = at.ask(["rev-parse", "--show-toplevel"]).ok()?;
        let top = String::from_utf8(top).ok()?;
        Some(Self { root: PathBuf::from(top.trim_end_matches('\n')) })
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Runs a command and gives what it prints.
    pub(crate) fn ask<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Result<Vec<u8>, Error> {
        let (command, what) = self.command(arguments);
        let fault = |reason: String| Error::Git { what: what.clone(), reason };
        let output = { command }.output().map_err(|error| fault(error.to_string()))?;
        if output.status.success() {
            Ok(output.stdout)
        } else {
            Err(fault(String::from_utf8_lossy(&output.stderr).trim().to_owned()))
        }
    }

    /// The contents of objects, by one `git cat-file`. `take` gets each with its name; one that is not there is passed over.
    pub(crate) fn objects(&self, names: &[String], mut take: impl FnMut(&str, Vec<u8>)) -> Result<(), Error> {
        let (mut command, what) = self.command(["cat-file", "--batch", "--buffer"]);
        let fault = |reason: String| Error::Git { what: what.clone(), reason };
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| fault(error.to_string()))?;
        let input = names.iter().map(|name| format!("{name}\n")).collect::<String>();
        let stdin = child.stdin.take();
        // Written beside: git answers before it has read all questions.
        let writer = std::thread::spawn(move || stdin.map(|mut stdin| stdin.write_all(input.as_bytes())));
        let mut out = std::io::BufReader::new(child.stdout.take().ok_or_else(|| fault("no output".to_owned()))?);
        let read = names.iter().try_for_each(|_| -> std::io::Result<()> {
            let head = line(&mut out)?;
            let mut words = head.split(' ');
            let (Some(name), Some(_kind), Some(size)) = (words.next(), words.next(), words.next()) else {
                return Ok(());
            };
            let size: u64 = size.parse().map_err(|_| std::io::ErrorKind::InvalidData)?;
            let mut content = Vec::new();
            (&mut out).take(size).read_to_end(&mut content)?;
            line(&mut out)?;
            take(name, content);
            Ok(())
        });
        let _ = child.wait();
        let _ = writer.join();
        read.map_err(|error| fault(error.to_string()))
    }

    fn command<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> (Command, String) {
        let mut command = Command::new("git");
        // Whatever a user has set, the answers have one form.
        command.arg("-C").arg(&self.root).args(["-c", "core.quotePath=false", "--no-pager", "--no-optional-locks"]);
        let arguments: Vec<_> = arguments.into_iter().collect();
        command.args(&arguments).stdin(Stdio::null()).env("LC_ALL", "C");
        let what = arguments.first().map(|name| name.as_ref().to_string_lossy().into_owned()).unwrap_or_default();
        (command, what)
    }
}

/// A line without its end; `NAME missing` has two words only.
fn line(out: &mut impl std::io::BufRead) -> std::io::Result<String> {
    let mut line = String::new();
    out.read_line(&mut line)?;
    Ok(line.trim_end_matches('\n').to_owned())
}
