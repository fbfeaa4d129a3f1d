//! Which files of a folder were written.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::Context as _;

/// The files of a folder, with their sizes and when each was last written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Snapshot {
    files: BTreeMap<PathBuf, (u64, SystemTime)>,
}

impl Snapshot {
    /// Looks at everything below `folder`.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub fn of(folder: &Path) -> anyhow::Result<Self> {
        let mut snapshot = Self::default();
        snapshot.add(folder)?;
        Ok(snapshot)
    }

    /// The size of all files.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.files.values().map(|(size, _)| size).sum()
    }

    /// Those of a later look that are new or were written since, with their sizes.
    #[must_use]
    pub fn written_until(&self, later: &Self) -> BTreeMap<PathBuf, u64> {
        let written = later.files.iter().filter(|(path, file)| self.files.get(*path) != Some(file));
        written.map(|(path, (size, _))| (path.clone(), *size)).collect()
    }

    fn add(&mut self, folder: &Path) -> anyhow::Result<()> {
        for entry in fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
            let entry = entry?;
            let about = entry.metadata()?;
            if about.is_dir() {
                self.add(&entry.path())?;
            } else {
                self.files.insert(entry.path(), (about.len(), about.modified()?));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_told() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("below")).unwrap();
        fs::write(folder.path().join("below/old"), "1234").unwrap();
        let before = Snapshot::of(folder.path()).unwrap();
        fs::write(folder.path().join("new"), "12").unwrap();
        let after = Snapshot::of(folder.path()).unwrap();
        assert_eq!((before.bytes(), after.bytes()), (4, 6));
        assert_eq!(before.written_until(&after), [(folder.path().join("new"), 2)].into());
        assert!(after.written_until(&after).is_empty());
    }
}
