//! A folder of Secrets as a homelab has them, for the comparison with sops.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use rustix::fs::{IFlags, ioctl_getflags, ioctl_setflags};

/// Writes `count` Secrets and a `.sops.yaml` with a rule for them. Gives their names.
///
/// They are laid out as sops prints them, so that what it decrypts is byte for byte what was written.
///
/// # Errors
/// Where a file cannot be written.
pub fn write(folder: &Path, count: usize, recipient: &str) -> anyhow::Result<Vec<String>> {
    fs::create_dir_all(folder)?;
    let rule = format!(
        "creation_rules:\n  - path_regex: secret-.*\\.yaml$\n    encrypted_regex: ^(data|stringData)$\n    age: {recipient}\n"
    );
    fs::write(folder.join(".sops.yaml"), rule)?;
    let names: Vec<_> = (0..count).map(|number| format!("secret-{number:04}.yaml")).collect();
    for (number, name) in names.iter().enumerate() {
        fs::write(folder.join(name), secret(number))?;
    }
    Ok(names)
}

fn secret(number: usize) -> String {
    let mut text = format!(
        "apiVersion: v1\nkind: Secret\nmetadata:\n    name: app-{number}\n    namespace: apps\nstringData:\n    \
         # made by hand\n    username: app-{number}\n"
    );
    for value in 0..4 {
        // Not random: every run measures the same. The letter keeps it from being a number.
        let word = (number * 7919 + value * 104_729).wrapping_mul(2_654_435_761);
        let _ = writeln!(text, "    value-{value}: w{word:016x}{word:016x}");
    }
    text.push_str("type: Opaque\n");
    text
}

/// Copies a folder's files to a new one.
///
/// # Errors
/// Where a file cannot be read or written.
pub fn copy(from: &Path, to: &Path) -> anyhow::Result<PathBuf> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        fs::copy(entry.path(), to.join(entry.file_name()))?;
    }
    Ok(to.to_owned())
}

/// Asks the file system to lay the folders made in this one far from each other, as the top folders of a disk.
///
/// ext4 without a journal looks past the numbers of files that were removed in the last minutes, for each file that is made
/// near them: a program that replaces files would be slower from round to round. Where it cannot be asked, nothing happens.
pub fn keep_apart(folder: &Path) {
    let Ok(folder) = fs::File::open(folder) else { return };
    if let Ok(flags) = ioctl_getflags(&folder) {
        let _ = ioctl_setflags(&folder, flags | IFlags::TOPDIR);
    }
}

/// The files of two folders that differ.
///
/// # Errors
/// Where one of them cannot be read.
pub fn differences(left: &Path, right: &Path, names: &[String]) -> anyhow::Result<Vec<String>> {
    let read = |folder: &Path, name: &str| {
        let path = folder.join(name);
        fs::read(&path).with_context(|| format!("cannot read {}", path.display()))
    };
    let mut differing = Vec::new();
    for name in names {
        if read(left, name)? != read(right, name)? {
            differing.push(name.clone());
        }
    }
    Ok(differing)
}
