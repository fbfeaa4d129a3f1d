use std::fs::{self, File, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::Error;

pub(crate) const PREFIX: &str = "windlass-capture-";

/// A private folder for what must lie on a disk for a moment; it goes with this value.
///
/// The folder itself is locked. What a killed process left is unlocked, and whoever comes next takes it away.
#[derive(Debug)]
pub(crate) struct Scratch {
    folder: TempDir,
    _lock: File,
}

impl Scratch {
    /// Makes one in `parent`, for this user only.
    pub(crate) fn new(parent: &Path) -> Result<Self, Error> {
        fs::create_dir_all(parent).map_err(Error::file("create", parent))?;
        sweep(parent);
        loop {
            let folder = tempfile::Builder::new()
                .prefix(PREFIX)
                .permissions(Permissions::from_mode(0o700))
                .tempdir_in(parent)
                .map_err(Error::file("create a folder in", parent))?;
            let lock = File::open(folder.path())
                .and_then(|lock| lock.lock().map(|()| lock))
                .map_err(Error::file("lock", folder.path()));
            match lock {
                Ok(lock) if is_at(&lock, folder.path()) => return Ok(Self { folder, _lock: lock }),
                // A sweep came between the making and the locking.
                Ok(_) => {}
                Err(_) if !folder.path().exists() => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// The path of a file in it.
    pub(crate) fn join(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

fn is_at(file: &File, path: &Path) -> bool {
    match (file.metadata(), fs::metadata(path)) {
        (Ok(here), Ok(there)) => (here.dev(), here.ino()) == (there.dev(), there.ino()),
        _ => false,
    }
}

/// Removes folders whose owner is gone. What cannot be removed (another user's) stays.
fn sweep(parent: &Path) {
    let Ok(entries) = fs::read_dir(parent) else {
        return;
    };
    for entry in entries.flatten().filter(|entry| entry.file_name().to_string_lossy().starts_with(PREFIX)) {
        if let Ok(lock) = File::open(entry.path())
            && lock.try_lock().is_ok()
        {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_killed_process_left_is_taken_away_and_nothing_else() {
        let parent = tempfile::tempdir().unwrap();
        let alive = Scratch::new(parent.path()).unwrap();
        let left = parent.path().join(format!("{PREFIX}left"));
        let foreign = parent.path().join("foreign");
        fs::create_dir(&left).unwrap();
        fs::create_dir(&foreign).unwrap();
        fs::write(left.join("image"), "secret").unwrap();

        let next = Scratch::new(parent.path()).unwrap();
        assert!(!left.exists());
        assert!(foreign.exists() && alive.folder.path().exists() && next.folder.path().exists());
        assert_eq!(fs::metadata(next.folder.path()).unwrap().mode() & 0o777, 0o700);
        drop(next);
        drop(alive);
        assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 1);
    }
}
