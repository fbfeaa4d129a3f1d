//! A home of GnuPG with keys made for the test.

use std::path::Path;
use std::process::Stdio;

use windlass_testbed::{Testbed, Tool};

/// A home of GnuPG. Its agent ends with it.
pub(crate) struct Gnupg {
    testbed: Testbed,
    folder: tempfile::TempDir,
}

impl Gnupg {
    pub(crate) fn new(testbed: &Testbed) -> Self {
        // Its sockets take short paths only.
        let folder = tempfile::Builder::new().prefix("gpg").tempdir_in("/tmp").unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o700)).unwrap();
        }
        Self { testbed: testbed.clone(), folder }
    }

    pub(crate) fn home(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn run(&self, args: &[&str]) -> String {
        let mut command = self.testbed.command(Tool::Gpg).unwrap();
        command.env("GNUPGHOME", self.home()).args([
            "--batch",
            "--yes",
            "--pinentry-mode",
            "loopback",
            "--passphrase",
            "",
        ]);
        let output = command.args(args).stdin(Stdio::null()).output().unwrap();
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Makes a key with a subkey for encryption, and gives its fingerprint.
    pub(crate) fn key(&self, name: &str, [own, sub]: [&str; 2], expires: &str) -> String {
        self.run(&["--quick-generate-key", name, own, "sign,cert", expires]);
        let fingerprint = self.fingerprints(name).remove(0);
        self.run(&["--quick-add-key", &fingerprint, sub, "encr", expires]);
        fingerprint
    }

    /// The fingerprints of a key and its subkeys.
    pub(crate) fn fingerprints(&self, name: &str) -> Vec<String> {
        let listed = self.run(&["--with-colons", "--list-keys", name]);
        let lines = listed.lines().filter(|line| line.starts_with("fpr:"));
        lines.map(|line| line.split(':').nth(9).unwrap().to_owned()).collect()
    }
}

impl Drop for Gnupg {
    fn drop(&mut self) {
        if let Ok(mut command) = self.testbed.command(Tool::GpgConnectAgent) {
            let ended = command.env("GNUPGHOME", self.home()).args(["--no-autostart", "killagent", "/bye"]).output();
            drop(ended);
        }
    }
}
