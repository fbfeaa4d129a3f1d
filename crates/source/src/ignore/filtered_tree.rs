use std::sync::Arc;

use windlass_manifest::{EntryKind, FileTree, Resolved, TreeEntry, TreeError, TreePath};

use crate::ignore::pattern::{Pattern, Verdict};

/// A tree without the files that patterns leave out.
///
/// An ignored directory is there after all where a file in it is not ignored. A link is ignored when its name is, or
/// what it leads to.
pub(crate) struct FilteredTree {
    files: Arc<dyn FileTree>,
    patterns: Vec<Pattern>,
    /// Without such patterns nothing below an ignored directory can be there.
    brings_back: bool,
}

impl FilteredTree {
    pub(crate) fn new(files: Arc<dyn FileTree>, patterns: Vec<Pattern>) -> Self {
        let brings_back = patterns.iter().any(Pattern::brings_back);
        Self { files, patterns, brings_back }
    }

    fn is_ignored(&self, path: &TreePath, kind: EntryKind) -> bool {
        let parts: Vec<&str> = path.parts().collect();
        let is_directory = kind == EntryKind::Directory;
        let verdict = self.patterns.iter().rev().find_map(|pattern| pattern.judge(&parts, is_directory));
        verdict == Some(Verdict::Ignore)
    }

    fn is_visible(&self, path: &TreePath, kind: EntryKind) -> Result<bool, TreeError> {
        if !self.is_ignored(path, kind) {
            return Ok(true);
        }
        if kind == EntryKind::File || !self.brings_back {
            return Ok(false);
        }
        self.holds_something(path)
    }

    fn holds_something(&self, directory: &TreePath) -> Result<bool, TreeError> {
        for entry in self.files.list(directory)? {
            let Ok(path) = directory.join(&entry.name) else { continue };
            // A link to a directory may lead back up.
            if entry.kind == EntryKind::Directory && self.files.resolve(&path)?.path != path {
                continue;
            }
            if self.is_visible(&path, entry.kind)? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

impl FileTree for FilteredTree {
    fn resolve(&self, path: &TreePath) -> Result<Resolved, TreeError> {
        let resolved = self.files.resolve(path)?;
        let visible = self.is_visible(path, resolved.kind)?
            && (resolved.path == *path || self.is_visible(&resolved.path, resolved.kind)?);
        if visible { Ok(resolved) } else { Err(TreeError::NotFound { path: path.clone() }) }
    }

    fn read(&self, path: &TreePath) -> Result<Vec<u8>, TreeError> {
        self.resolve(path)?;
        self.files.read(path)
    }

    fn list(&self, path: &TreePath) -> Result<Vec<TreeEntry>, TreeError> {
        self.resolve(path)?;
        let mut list = Vec::new();
        for entry in self.files.list(path)? {
            let Ok(below) = path.join(&entry.name) else { continue };
            match self.resolve(&below) {
                Ok(_) => list.push(entry),
                Err(TreeError::NotFound { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(list)
    }
}
