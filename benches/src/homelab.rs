//! The example repository `fixtures/homelab`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use windlass_manifest::MemoryTree;

/// The directories of it that are built: each is what a Flux Kustomization applies.
pub const DIRECTORIES: [&str; 4] = ["apps/home", "apps/staging", "infrastructure", "clusters/home"];

/// The Kustomizations that a cluster following `clusters/home` ends up with.
pub const KUSTOMIZATIONS: [&str; 4] = ["flux-system", "infrastructure", "policies", "apps"];

/// Where it lies in this checkout.
#[must_use]
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/homelab")
}

/// All files of it, by path.
///
/// # Errors
/// Where one cannot be read.
pub fn tree() -> anyhow::Result<MemoryTree> {
    Ok(files()?.into_iter().collect())
}

/// The text of all YAML files of it, in the order of their paths.
///
/// # Errors
/// Where one cannot be read.
pub fn yaml() -> anyhow::Result<Vec<String>> {
    let is_yaml = |path: &str| [".yaml", ".yml"].iter().any(|end| path.ends_with(end));
    let files = files()?.into_iter().filter(|(path, _)| is_yaml(path));
    files.map(|(path, bytes)| String::from_utf8(bytes).with_context(|| format!("{path} is not UTF-8"))).collect()
}

fn files() -> anyhow::Result<Vec<(String, Vec<u8>)>> {
    let root = root();
    let mut files = Vec::new();
    collect(&root, &root, &mut files)?;
    files.sort();
    Ok(files)
}

fn collect(root: &Path, directory: &Path, files: &mut Vec<(String, Vec<u8>)>) -> anyhow::Result<()> {
    let unreadable = || format!("cannot read {}", directory.display());
    for entry in fs::read_dir(directory).with_context(unreadable)? {
        let path = entry.with_context(unreadable)?.path();
        if path.is_dir() {
            collect(root, &path, files)?;
        } else {
            let bytes = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
            files.push((path.strip_prefix(root)?.to_string_lossy().into_owned(), bytes));
        }
    }
    Ok(())
}
