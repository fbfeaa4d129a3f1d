//! Runs kubectl.

use std::path::Path;
use std::process::Stdio;

use windlass_testbed::{Testbed, Tool};

/// What a run came to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl std::fmt::Display for Said {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}\n{}{}", self.code, self.out, self.err)
    }
}

/// Runs kubectl against the server of a kubeconfig. Its editor writes `green` for `blue` and `web:9` for every image.
pub(crate) fn kubectl(testbed: &Testbed, config: &Path, folder: &Path, args: &[String]) -> Said {
    let mut command = testbed.command(Tool::Kubectl).expect("kubectl");
    command.arg("--kubeconfig").arg(config).arg("--cache-dir").arg(folder.join("cache")).args(args);
    command.env("KUBE_EDITOR", "sed -i -e s/blue/green/ -e s/web:[0-9]/web:9/").env("TMPDIR", folder);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let output = command.output().expect("it runs");
    Said {
        code: output.status.code(),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}
