//! A Git repository that a test pushes to.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::git_server::GitServer;

/// A working copy, the bare repository behind it, and the server that serves it.
pub(crate) struct Repository {
    work: PathBuf,
    server: GitServer,
    _folder: TempDir,
}

impl Repository {
    /// An empty repository over plain HTTP.
    pub(crate) fn new() -> Self {
        Self::with(None)
    }

    /// One that asks for a user and a password.
    pub(crate) fn guarded(user: &str, password: &str) -> Self {
        Self::with(Some((user, password)))
    }

    fn with(basic: Option<(&str, &str)>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (bare, work) = (folder.path().join("served/repo.git"), folder.path().join("work"));
        fs::create_dir_all(&bare).unwrap();
        git(&bare, &["init", "-q", "--bare", "-b", "main"]);
        git(folder.path(), &["clone", "-q", bare.to_str().unwrap(), work.to_str().unwrap()]);
        git(&work, &["checkout", "-q", "-b", "main"]);
        let server = GitServer::start(&folder.path().join("served"), basic);
        Self { work, server, _folder: folder }
    }

    pub(crate) fn url(&self) -> String {
        self.server.url("repo.git")
    }

    /// Copies a folder in.
    pub(crate) fn copy(&self, from: &Path) {
        let copied = Command::new("cp").arg("-R").arg(from.join(".")).arg(&self.work).status().unwrap();
        assert!(copied.success());
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.work.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.work.join(path)).unwrap()
    }

    /// Replaces a piece of text that must be there.
    pub(crate) fn edit(&self, path: &str, from: &str, to: &str) {
        let text = self.read(path);
        assert!(text.contains(from), "{path} holds no {from:?}");
        self.write(path, &text.replace(from, to));
    }

    pub(crate) fn remove(&self, path: &str) {
        fs::remove_file(self.work.join(path)).unwrap();
    }

    /// Commits everything and pushes; returns the commit.
    pub(crate) fn push(&self) -> String {
        git(&self.work, &["add", "-A"]);
        git(&self.work, &["commit", "-q", "--allow-empty", "-m", "test"]);
        git(&self.work, &["push", "-q", "-f", "origin", "main"]);
        git(&self.work, &["rev-parse", "HEAD"]).trim().to_owned()
    }
}

fn git(directory: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .current_dir(directory)
        .args(["-c", "user.name=t", "-c", "user.email=t@example.test", "-c", "commit.gpgsign=false"])
        .args(arguments)
        .output()
        .unwrap();
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}
