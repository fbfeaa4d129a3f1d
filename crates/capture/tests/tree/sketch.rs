//! Trees in a few words, and what is in a folder as text to compare.

use std::fs;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use windlass_capture::{Facts, FileOptions, FileTree, Source};

/// Everything that a capture keeps of the tree at `root`, a line per name in order.
pub(crate) fn listing(root: &Path) -> Vec<String> {
    let mut lines = Vec::new();
    visit(root, Path::new(""), &mut lines);
    lines
}

fn visit(root: &Path, path: &Path, lines: &mut Vec<String>) {
    let full = root.join(path);
    let metadata = fs::symlink_metadata(&full).unwrap();
    let name = path.as_os_str().as_bytes().escape_ascii();
    let (mode, owner, changed) = (metadata.mode(), (metadata.uid(), metadata.gid()), metadata.mtime());
    if metadata.is_symlink() {
        let target = fs::read_link(&full).unwrap();
        lines.push(format!("{name} -> {} {owner:?}", target.as_os_str().as_bytes().escape_ascii()));
        return;
    }
    if metadata.is_file() {
        let content = fs::read(&full).unwrap();
        let sum = content.iter().fold(7_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(*byte)));
        let names = metadata.nlink();
        lines.push(format!("{name} {mode:o} {owner:?} {changed} {} {sum} {names}", content.len()));
        return;
    }
    lines.push(format!("{name}/ {mode:o} {owner:?} {changed}"));
    let mut names: Vec<_> = fs::read_dir(&full).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    names.iter().for_each(|name| visit(root, &path.join(name), lines));
}

pub(crate) fn archive(root: &Path, options: FileOptions) -> (Vec<u8>, Facts) {
    let mut tree = FileTree::new(root, options).unwrap();
    let mut bytes = Vec::new();
    tree.open().unwrap().read_to_end(&mut bytes).unwrap();
    (bytes, tree.facts())
}

/// The names in an archive, in its order.
pub(crate) fn names(archive: &[u8]) -> Vec<String> {
    let mut archive = windlass_capture::TreeArchive::new(archive, windlass_capture::ArchiveLimits::default());
    let mut names = Vec::new();
    while let Some(entry) = archive.next_entry().unwrap() {
        names.push(entry.path.display().to_string());
    }
    names
}

pub(crate) fn write(root: &Path, files: &[(&str, &str)]) {
    for (name, content) in files {
        let path = root.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
}
