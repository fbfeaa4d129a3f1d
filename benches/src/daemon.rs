//! A running `windlassd`.

use std::fs::{self, File};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::Context as _;

/// The process; it is killed when dropped.
#[derive(Debug)]
pub struct Daemon {
    child: Child,
    home: PathBuf,
}

impl Daemon {
    /// Starts it for all namespaces, with default options; `home` keeps its store and its log.
    ///
    /// # Errors
    /// Where it cannot be started.
    pub fn start(program: &Path, kubeconfig: &Path, home: &Path) -> anyhow::Result<Self> {
        let log = File::create(home.join("log"))?;
        let child = Command::new(program)
            .arg("--kubeconfig")
            .arg(kubeconfig)
            .args(["--listen", &free_address()?.to_string()])
            .arg("--store")
            .arg(home.join("store"))
            .env_remove("WINDLASS_LOG")
            .env_remove("SOPS_AGE_KEY")
            .env_remove("SOPS_AGE_KEY_FILE")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .with_context(|| format!("cannot start {}", program.display()))?;
        Ok(Self { child, home: home.to_owned() })
    }

    /// The process's id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Where it keeps repositories.
    #[must_use]
    pub fn store(&self) -> PathBuf {
        self.home.join("store")
    }

    /// What it has logged so far.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read_to_string(self.home.join("log")).unwrap_or_default()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // It may have ended already; that is what was wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free_address() -> std::io::Result<SocketAddr> {
    TcpListener::bind("127.0.0.1:0")?.local_addr()
}
