//! Files of a folder store while they are written.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::PutMode;
use super::directory::{marker_of, unmounted};
use crate::identifier::Ulid;

/// Files being written are named so; they are no objects.
const UNFINISHED: &str = ".unfinished-";
/// How much is written at once. For a larger write Linux takes larger blocks of memory, and has to wait for them where the
/// host of a virtual machine gives them (`dd` with `bs=128k` and `bs=6M` shows it; the bench `backup-beside-restic` has such a
/// run).
const PIECE: usize = 128 << 10;

/// A file under its working name, removed unless it is finished.
pub(super) struct Unfinished {
    file: File,
    path: PathBuf,
    kept: bool,
}

impl Unfinished {
    /// Makes one in the folder of its target, and that folder. With `needs_marker` only in a repository, and on its file
    /// system.
    pub(super) fn beside(target: &Path, root: &Path, needs_marker: bool) -> io::Result<Self> {
        let device = if needs_marker { Some(marker_of(root)?.dev()) } else { None };
        let folder = target.parent().unwrap_or(root);
        let path = folder.join(format!("{UNFINISHED}{}", Ulid::now()));
        let mut tries = 0;
        loop {
            let opened =
                make_folders(root, folder).and_then(|()| File::options().write(true).create_new(true).open(&path));
            match opened {
                Ok(file) => {
                    let unfinished = Self { file, path, kept: false };
                    // The disk may have gone between the two looks.
                    let elsewhere =
                        device.map(|device| Ok::<_, io::Error>(unfinished.file.metadata()?.dev() != device));
                    return if elsewhere.transpose()?.unwrap_or_default() { Err(unmounted()) } else { Ok(unfinished) };
                }
                // Somebody deleted the last object of the folder, and the folder with it.
                Err(error) if error.kind() == io::ErrorKind::NotFound && tries < 3 => tries += 1,
                Err(error) => return Err(error),
            }
        }
    }

    /// Adds to the file.
    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        bytes.chunks(PIECE).try_for_each(|piece| self.file.write_all(piece))
    }

    /// Flushes the file to the disk and gives it its name.
    pub(super) fn finish(mut self, target: &Path, mode: PutMode) -> io::Result<()> {
        self.file.sync_all()?;
        if mode == PutMode::IfAbsent {
            // A link fails when the name is taken, at one stroke. Where the file system has no links, look first.
            match fs::hard_link(&self.path, target) {
                Ok(()) => return sync_folder(target),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(error),
                Err(_) if target.try_exists()? => return Err(io::ErrorKind::AlreadyExists.into()),
                Err(_) => {}
            }
        }
        fs::rename(&self.path, target)?;
        self.kept = true;
        sync_folder(target)
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if !self.kept {
            // What cannot be removed now is swept later.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Makes the folders between `root` and `folder` that are missing, durably. `root` itself is never made.
fn make_folders(root: &Path, folder: &Path) -> io::Result<()> {
    let missing: Vec<&Path> = folder.ancestors().take_while(|above| *above != root && !above.is_dir()).collect();
    for folder in missing.into_iter().rev() {
        match fs::create_dir(folder) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => sync_folder(folder)?,
        }
    }
    Ok(())
}

/// The name is durable when the folder is. Some file systems cannot flush folders, and have no need to.
fn sync_folder(target: &Path) -> io::Result<()> {
    let Some(folder) = target.parent() else { return Ok(()) };
    match File::open(folder)?.sync_all() {
        Err(error) if matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported) => Ok(()),
        other => other,
    }
}

/// Removes what was left unfinished before a time. Gives how many files that were.
pub(super) fn sweep(folder: &Path, before: SystemTime) -> io::Result<u64> {
    let mut swept = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let Ok(metadata) = entry.metadata() else { continue };
        if metadata.is_dir() {
            swept += sweep(&entry.path(), before)?;
        } else if entry.file_name().to_string_lossy().starts_with(UNFINISHED) && metadata.modified()? <= before {
            fs::remove_file(entry.path())?;
            swept += 1;
        }
    }
    Ok(swept)
}
