//! A Git repository over HTTP with the example homelab in it.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, ensure};
use tempfile::TempDir;
use windlass_testbed::{GitHttp, GitHttpOptions, Testbed};

use crate::homelab;

/// What makes a cluster follow the repository, inside of it.
const SYNC: &str = "clusters/home/flux-system/gotk-sync.yaml";

/// The served repository; it ends with this value.
#[derive(Debug)]
pub struct Repository {
    server: GitHttp,
    sync: String,
    revision: String,
    _folder: TempDir,
}

impl Repository {
    /// Serves the homelab, with its own address in its GitRepository, polled at `interval`.
    ///
    /// # Errors
    /// Where Git or its server fails.
    pub fn serve(testbed: &Testbed, interval: &str) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let (served, work) = (folder.path().join("served"), folder.path().join("work"));
        let bare = served.join("homelab.git");
        fs::create_dir_all(&bare)?;
        fs::create_dir_all(&work)?;
        git(&bare, &["init", "-q", "--bare", "-b", "main"])?;
        git(&work, &["init", "-q", "-b", "main"])?;
        let server = GitHttp::start(testbed, &served, &GitHttpOptions::default())?;
        let copied = Command::new("cp").arg("-R").arg(homelab::root().join(".")).arg(&work).status()?;
        ensure!(copied.success(), "cannot copy the homelab: {copied}");
        let sync = fs::read_to_string(work.join(SYNC)).with_context(|| format!("cannot read {SYNC}"))?;
        let sync = sync
            .replace("https://git.example.test/homelab.git", &server.url("homelab.git"))
            .replace("interval: 5m", &format!("interval: {interval}"));
        fs::write(work.join(SYNC), &sync)?;
        git(&work, &["add", "-A"])?;
        git(&work, &["commit", "-q", "-m", "The homelab"])?;
        git(&work, &["push", "-q", &bare.to_string_lossy(), "main"])?;
        let revision = git(&work, &["rev-parse", "HEAD"])?.trim().to_owned();
        Ok(Self { server, sync, revision, _folder: folder })
    }

    /// The objects that a person applies to let a cluster follow it.
    #[must_use]
    pub fn root_objects(&self) -> &str {
        &self.sync
    }

    /// The commit that is served.
    #[must_use]
    pub fn revision(&self) -> &str {
        &self.revision
    }

    /// How many requests it had so far.
    ///
    /// # Errors
    /// Where the server does not answer.
    pub fn requests(&self) -> anyhow::Result<u64> {
        Ok(self.server.requests()?.total)
    }
}

fn git(directory: &Path, arguments: &[&str]) -> anyhow::Result<String> {
    let output = Command::new("git")
        .current_dir(directory)
        .args(["-c", "user.name=bench", "-c", "user.email=bench@example.test", "-c", "commit.gpgsign=false"])
        .args(arguments)
        .output()
        .context("cannot run git")?;
    ensure!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
