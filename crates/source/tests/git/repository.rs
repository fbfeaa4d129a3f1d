use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// A bare repository, and a working copy that pushes to it.
pub(crate) struct Repository {
    folder: TempDir,
}

impl Repository {
    pub(crate) fn new() -> Self {
        Self::with_format("sha1")
    }

    pub(crate) fn with_format(format: &str) -> Self {
        let repository = Self { folder: tempfile::tempdir().unwrap() };
        let object_format = format!("--object-format={format}");
        run(repository.root(), &["init", "-q", "--bare", &object_format, "-b", "main", "app.git"]);
        run(repository.root(), &["init", "-q", &object_format, "-b", "main", "work"]);
        repository.git(&["remote", "add", "origin", "../app.git"]);
        run(&repository.bare(), &["config", "http.receivepack", "true"]);
        repository
    }

    /// The folder that holds `app.git`.
    pub(crate) fn root(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn bare(&self) -> PathBuf {
        self.root().join("app.git")
    }

    pub(crate) fn work(&self) -> PathBuf {
        self.root().join("work")
    }

    /// A place for a store.
    pub(crate) fn store(&self) -> PathBuf {
        self.root().join("store")
    }

    pub(crate) fn url(&self) -> String {
        format!("file://{}", self.bare().display())
    }

    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        run(&self.work(), arguments)
    }

    pub(crate) fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let path = self.work().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    pub(crate) fn link(&self, path: &str, target: &str) {
        let path = self.work().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        symlink(target, path).unwrap();
    }

    /// Commits everything and pushes it to `main`; gives the commit's id.
    pub(crate) fn push(&self) -> String {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "--allow-empty", "-m", "change"]);
        self.git(&["push", "-q", "--force", "origin", "HEAD:refs/heads/main"]);
        self.head()
    }

    /// Writes one file, commits and pushes.
    pub(crate) fn push_file(&self, path: &str, content: impl AsRef<[u8]>) -> String {
        self.write(path, content);
        self.push()
    }

    pub(crate) fn head(&self) -> String {
        self.git(&["rev-parse", "HEAD"])
    }
}

/// Bytes that do not compress.
pub(crate) fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let step = |_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    };
    (0..length).map(step).collect()
}

pub(crate) fn run(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .current_dir(folder)
        .args(["-c", "user.name=Test", "-c", "user.email=test@example.com", "-c", "commit.gpgsign=false"])
        .args(arguments)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_SYSTEM", "/dev/null")
        .output()
        .expect("git is installed");
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
}
