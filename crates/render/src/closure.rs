//! What a build has read, so that a later one can be skipped.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

use sha2::{Digest, Sha256};
use windlass_manifest::{EntryKind, FileTree, Resolved, TreeEntry, TreeError, TreePath};

/// What a build read: files, directories, and names that were looked up, each with a digest.
///
/// The same tree, directory and options give the same closure. It holds no file's content. Options and decryption
/// keys are no part of it.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Closure {
    entries: BTreeMap<(Question, TreePath), Answer>,
    /// What was fetched, with its revision where that is known.
    fetched: BTreeMap<String, String>,
}

/// What was asked of the tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Question {
    Resolve,
    Read,
    List,
}

type Answer = [u8; 32];

impl Closure {
    /// Whether a build in `tree` would read the same bytes and so give the same result, with the same options and keys.
    ///
    /// What was fetched from elsewhere may be another by now, so with any of that it never is.
    #[must_use]
    pub fn is_current(&self, tree: &dyn FileTree) -> bool {
        self.fetched.is_empty()
            && self.entries.iter().all(|((question, path), answer)| {
                let now = match question {
                    Question::Resolve => of_resolved(&tree.resolve(path)),
                    Question::Read => of_bytes(tree.read(path).as_deref().ok()),
                    Question::List => of_entries(&tree.list(path)),
                };
                now == *answer
            })
    }

    /// One digest of all of it, as 64 hexadecimal digits.
    #[must_use]
    pub fn digest(&self) -> String {
        let mut hash = Sha256::new();
        for ((question, path), answer) in &self.entries {
            hash.update([*question as u8]);
            hash.update(path.as_str());
            hash.update([0]);
            hash.update(answer);
        }
        for text in self.fetched.iter().flat_map(|(url, revision)| [url, revision]) {
            hash.update(text);
            hash.update([0]);
        }
        hash.finalize().iter().fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
    }

    /// The files that were read, sorted.
    pub fn files(&self) -> impl Iterator<Item = &TreePath> {
        self.entries.keys().filter(|(question, _)| *question == Question::Read).map(|(_, path)| path)
    }

    /// The URLs of what was fetched, sorted, each with its revision; that of a single file is empty.
    pub fn remotes(&self) -> impl Iterator<Item = (&str, &str)> {
        self.fetched.iter().map(|(url, revision)| (url.as_str(), revision.as_str()))
    }

    /// Takes in all of another one.
    pub(crate) fn extend(&mut self, other: Self) {
        self.entries.extend(other.entries);
        self.fetched.extend(other.fetched);
    }

    pub(crate) fn fetched(&mut self, url: &str, revision: &str) {
        self.fetched.insert(url.to_owned(), revision.to_owned());
    }

    pub(crate) fn resolved(&mut self, path: &TreePath, answer: &Result<Resolved, TreeError>) {
        self.entries.insert((Question::Resolve, path.clone()), of_resolved(answer));
    }

    pub(crate) fn read(&mut self, path: &TreePath, answer: Option<&[u8]>) {
        self.entries.insert((Question::Read, path.clone()), of_bytes(answer));
    }

    pub(crate) fn listed(&mut self, path: &TreePath, answer: &Result<Vec<TreeEntry>, TreeError>) {
        self.entries.insert((Question::List, path.clone()), of_entries(answer));
    }
}

impl fmt::Debug for Closure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Closure").field("digest", &self.digest()).finish_non_exhaustive()
    }
}

fn of_resolved(answer: &Result<Resolved, TreeError>) -> Answer {
    match answer {
        Ok(resolved) => of_parts([kind(resolved.kind), resolved.path.as_str()]),
        // Storage that fails for a moment is an answer of its own: the next build asks again.
        Err(error) => of_parts(["error", name_of(error)]),
    }
}

fn of_bytes(answer: Option<&[u8]>) -> Answer {
    answer.map_or([0; 32], |bytes| Sha256::digest(bytes).into())
}

fn of_entries(answer: &Result<Vec<TreeEntry>, TreeError>) -> Answer {
    match answer {
        Ok(entries) => of_parts(entries.iter().flat_map(|entry| [kind(entry.kind), entry.name.as_str()])),
        Err(error) => of_parts(["error", name_of(error)]),
    }
}

fn of_parts<'p>(parts: impl IntoIterator<Item = &'p str>) -> Answer {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
        hash.update([0]);
    }
    hash.finalize().into()
}

fn kind(kind: EntryKind) -> &'static str {
    match kind {
        EntryKind::File => "file",
        EntryKind::Directory => "directory",
    }
}

fn name_of(error: &TreeError) -> &'static str {
    match error {
        TreeError::NotFound { .. } => "not found",
        TreeError::Escapes { .. } => "escapes",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use windlass_manifest::MemoryTree;

    use super::*;

    #[test]
    fn a_closure_notices_every_change_of_what_was_asked() {
        let path = |text| TreePath::new(text).unwrap();
        let tree = MemoryTree::from_iter([("a", "1"), ("d/b", "2")]);
        let mut closure = Closure::default();
        closure.read(&path("a"), tree.read(&path("a")).as_deref().ok());
        closure.resolved(&path("c"), &tree.resolve(&path("c")));
        closure.listed(&path("d"), &tree.list(&path("d")));
        assert!(closure.is_current(&tree));

        for (changed, content) in [("a", "other"), ("c", "new"), ("d/c", "new")] {
            let mut other = tree.clone();
            other.insert(changed, content).unwrap();
            assert!(!closure.is_current(&other), "{changed}");
        }
        let mut other = tree.clone();
        other.insert("unrelated", "x").unwrap();
        assert!(closure.is_current(&other));
    }
}
