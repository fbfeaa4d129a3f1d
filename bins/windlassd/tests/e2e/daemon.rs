//! A running `windlassd`.

use std::fs::File;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::waiting::eventually;

/// The process, and where its log goes. It is killed when dropped.
pub(crate) struct Daemon {
    child: Child,
    log: PathBuf,
    listen: SocketAddr,
}

impl Daemon {
    /// Starts `windlassd` for one namespace; `home` keeps its store and its log.
    pub(crate) fn start(kubeconfig: &Path, namespace: &str, home: &Path) -> Self {
        Self::start_with(kubeconfig, namespace, home, &[])
    }

    /// Starts it with further arguments.
    pub(crate) fn start_with(kubeconfig: &Path, namespace: &str, home: &Path, arguments: &[&str]) -> Self {
        let arguments = [&["--log", "windlass_engine=debug,info"], arguments].concat();
        Self::spawn(kubeconfig, namespace, home, &arguments, &[])
    }

    /// Starts it with variables in its environment.
    pub(crate) fn start_in(kubeconfig: &Path, namespace: &str, home: &Path, variables: &[(&str, &Path)]) -> Self {
        Self::spawn(kubeconfig, namespace, home, &[], variables)
    }

    fn spawn(kubeconfig: &Path, namespace: &str, home: &Path, arguments: &[&str], variables: &[(&str, &Path)]) -> Self {
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let listen = free.local_addr().unwrap();
        drop(free);
        let log = home.join("windlassd.log");
        let file = File::options().create(true).append(true).open(&log).unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_windlassd"))
            .arg("--kubeconfig")
            .arg(kubeconfig)
            .args(["--namespace", namespace])
            .args(["--listen", &listen.to_string()])
            .arg("--store")
            .arg(home.join("store"))
            .args(arguments)
            .env_remove("SOPS_AGE_KEY")
            .env_remove("SOPS_AGE_KEY_FILE")
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(file)
            .spawn()
            .unwrap();
        Self { child, log, listen }
    }

    /// The process's id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// The answer to `GET path`, head and body; `None` where nobody listens yet.
    pub(crate) fn get(&self, path: &str) -> Option<String> {
        let mut stream = TcpStream::connect(self.listen).ok()?;
        stream.write_all(format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n").as_bytes()).ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        Some(answer)
    }

    /// Waits until it says that it is ready.
    pub(crate) fn wait_ready(&self) {
        eventually("windlassd is ready", || self.get("/readyz").filter(|answer| answer.starts_with("HTTP/1.1 200")));
    }

    /// Ends it as `kill -9` does.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Ends it as Kubernetes does, and returns how it exited.
    pub(crate) fn terminate(mut self) -> std::process::ExitStatus {
        let sent = Command::new("kill").arg(self.child.id().to_string()).status().unwrap();
        assert!(sent.success());
        self.child.wait().unwrap()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("---- windlassd\n{}", self.log());
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
