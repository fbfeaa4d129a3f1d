//! The programs of this workspace, as people run them: built in the release profile.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};
use serde_json::Value;

/// Builds a package's program of the same name in the release profile and returns where it is.
///
/// # Errors
/// Where cargo cannot be run or fails.
pub fn release(package: &str) -> anyhow::Result<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(&cargo)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(["build", "--release", "--package", package, "--message-format", "json-render-diagnostics"])
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("cannot run {}", cargo.to_string_lossy()))?;
    if !output.status.success() {
        bail!("cargo build --release --package {package}: {}", output.status);
    }
    let messages = String::from_utf8_lossy(&output.stdout);
    executable(&messages, package).with_context(|| format!("cargo built no program {package}"))
}

/// The program that cargo's messages name.
fn executable(messages: &str, name: &str) -> Option<PathBuf> {
    let messages = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut built = messages.filter(|message| message["target"]["name"] == name);
    built.find_map(|message| message["executable"].as_str().map(PathBuf::from))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_executable_is_found_among_other_artifacts() {
        let messages = concat!(
            r#"{"reason":"compiler-artifact","target":{"name":"windlass"},"executable":null}"#,
            "\nnot JSON\n",
            r#"{"reason":"compiler-artifact","target":{"name":"windlass"},"executable":"/t/release/windlass"}"#,
        );
        assert_eq!(executable(messages, "windlass"), Some("/t/release/windlass".into()));
        assert_eq!(executable(messages, "windlassd"), None);
    }
}
