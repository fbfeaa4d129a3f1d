//! Replaces files: all of them or none, each at once, with what was there still readable until the last moment.

use std::collections::BTreeSet;
use std::fmt;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use zeroize::Zeroizing;

use crate::{Error, parallel};

/// New contents for files, written beside them and not yet in their place. What is not [committed](Self::commit) goes away.
///
/// There is no journal: a file is replaced by a rename, so at every moment each path holds the old text or the new one, whole.
/// A program that is killed in the middle leaves some files old and some new, and files named `.NAME.windlass-PID.tmp`
/// beside those that it did not get to; the next change in that folder removes them.
#[derive(Debug, Default)]
pub struct Staged {
    files: Vec<StagedFile>,
    /// Folders in which nothing is left of killed programs.
    tidied: BTreeSet<PathBuf>,
}

#[derive(Debug)]
struct StagedFile {
    /// Where the file really lies: a link to it stays a link.
    path: PathBuf,
    temporary: PathBuf,
    /// What was read; none where there was no file.
    old: Option<Old>,
    /// Whether the new text is on the disk.
    is_synchronised: bool,
}

struct Old {
    text: Zeroizing<Vec<u8>>,
    permissions: Permissions,
}

/// What is replaced may be a secret in clear.
impl fmt::Debug for Old {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Old").field("permissions", &self.permissions).finish_non_exhaustive()
    }
}

impl Staged {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Writes a new text beside a file. `old` is the text that was read there; without one the file must not be there yet:
    /// [`commit`](Self::commit) looks whether that is so.
    ///
    /// # Errors
    ///
    /// [`Error::Write`].
    pub fn add(&mut self, path: &Path, old: Option<&[u8]>, new: &[u8]) -> Result<(), Error> {
        let path = StagedFile::place(path, old.is_some())?;
        self.tidy(&path);
        let (file, written) = StagedFile::write(path, old, new)?;
        // Even one that was cut off is removed with the others.
        self.files.push(file);
        written.map(drop)
    }

    /// The same from one of several threads, for a file that is there. The new text is on the disk afterwards.
    pub(crate) fn add_from_thread(staged: &Mutex<Self>, path: &Path, old: &[u8], new: &[u8]) -> Result<(), Error> {
        // A thread that panicked leaves at most a file that is removed.
        let lock = || staged.lock().unwrap_or_else(PoisonError::into_inner);
        let path = StagedFile::place(path, true)?;
        lock().tidy(&path);
        let (mut file, written) = StagedFile::write(path, Some(old), new)?;
        let synchronised = written.and_then(|temporary| file.synchronise(&temporary));
        lock().files.push(file);
        synchronised
    }

    /// Removes what killed programs left in the folder of a file, once.
    fn tidy(&mut self, path: &Path) {
        if let Some(folder) = path.parent().filter(|folder| !self.tidied.contains(*folder)) {
            remove_leftovers(folder);
            self.tidied.insert(folder.to_owned());
        }
    }

    /// How many files are staged.
    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// Whether nothing is staged.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// Puts all files in their place. Where one cannot be, those before it are put back.
    ///
    /// # Errors
    ///
    /// [`Error::ChangedMeanwhile`] and [`Error::Write`], and then all is as it was; [`Error::HalfDone`] where it is not.
    pub fn commit(self) -> Result<(), Error> {
        self.commit_with_threads(1)
    }

    /// The same, with the files looked at on several threads.
    pub(crate) fn commit_with_threads(mut self, threads: usize) -> Result<(), Error> {
        parallel::map(&self.files, threads, StagedFile::check, &|_| ()).into_iter().collect::<Result<(), Error>>()?;
        self.synchronise()?;
        for (done, file) in self.files.iter().enumerate() {
            if let Err(source) = fs::rename(&file.temporary, &file.path) {
                for file in self.files[..done].iter().rev() {
                    file.put_back().map_err(|source| Error::HalfDone { path: file.path.clone(), source })?;
                }
                return Err(Error::Write { path: file.path.clone(), source });
            }
        }
        let mut folders: Vec<_> =
            self.files.drain(..).filter_map(|file| Some(file.path.parent()?.to_owned())).collect();
        folders.sort();
        folders.dedup();
        // The files are in their place; a folder that cannot be synchronised changes nothing about that.
        folders.iter().for_each(|folder| drop(File::open(folder).and_then(|folder| folder.sync_all())));
        Ok(())
    }

    /// Waits until the new texts are on the disk: only then may they replace what is there.
    fn synchronise(&mut self) -> Result<(), Error> {
        self.files.iter_mut().filter(|file| !file.is_synchronised).try_for_each(|file| {
            let temporary = File::open(&file.temporary);
            let fault = |source| Error::Write { path: file.path.clone(), source };
            file.synchronise(&temporary.map_err(fault)?)
        })
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        for file in &self.files {
            let _ = fs::remove_file(&file.temporary);
        }
    }
}

impl StagedFile {
    /// Where a file really lies; the folders of one that is to be made are made.
    fn place(path: &Path, is_there: bool) -> Result<PathBuf, Error> {
        let fault = |source| Error::Write { path: path.to_owned(), source };
        if is_there {
            return path.canonicalize().map_err(fault);
        }
        path.parent().map_or(Ok(()), fs::create_dir_all).map_err(fault)?;
        Ok(path.to_owned())
    }

    /// Writes a new text beside a file. The inner error leaves something to remove.
    fn write(path: PathBuf, old: Option<&[u8]>, new: &[u8]) -> Result<(Self, Result<File, Error>), Error> {
        let old = old
            .map(|text| {
                let permissions = fs::metadata(&path).map(|found| found.permissions());
                let permissions = permissions.map_err(|source| Error::Write { path: path.clone(), source })?;
                Ok::<_, Error>(Old { text: Zeroizing::new(text.to_vec()), permissions })
            })
            .transpose()?;
        let file = Self { temporary: temporary_of(&path), path, old, is_synchronised: false };
        let written = write_new(&file.temporary, file.old.as_ref().map(|old| &old.permissions), new);
        let written = written.map_err(|source| Error::Write { path: file.path.clone(), source });
        Ok((file, written))
    }

    fn synchronise(&mut self, temporary: &File) -> Result<(), Error> {
        let synchronised = temporary.sync_all();
        self.is_synchronised = synchronised.is_ok();
        synchronised.map_err(|source| Error::Write { path: self.path.clone(), source })
    }

    fn check(&self) -> Result<(), Error> {
        let same = match (&self.old, fs::read(&self.path).map(Zeroizing::new)) {
            (Some(old), Ok(now)) => *old.text == *now,
            (None, Err(error)) => error.kind() == io::ErrorKind::NotFound,
            _ => false,
        };
        if same { Ok(()) } else { Err(Error::ChangedMeanwhile { path: self.path.clone() }) }
    }

    fn put_back(&self) -> io::Result<()> {
        match &self.old {
            None => fs::remove_file(&self.path),
            Some(old) => {
                let _ = fs::remove_file(&self.temporary);
                write_new(&self.temporary, Some(&old.permissions), &old.text)?.sync_all()?;
                fs::rename(&self.temporary, &self.path)
            }
        }
    }
}

/// Replaces or makes one file. See [`Staged::add`].
///
/// # Errors
///
/// As for [`Staged::add`] and [`Staged::commit`].
pub fn replace_file(path: &Path, old: Option<&[u8]>, new: &[u8]) -> Result<(), Error> {
    let mut staged = Staged::new();
    staged.add(path, old, new)?;
    staged.commit()
}

const MARK: &str = ".windlass-";

fn temporary_of(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}{MARK}{}.tmp", std::process::id()))
}

/// Whether a file is one that a killed program left behind.
pub(crate) fn is_temporary(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    owner_of(&name).is_some()
}

/// The process that a temporary file belongs to.
fn owner_of(name: &str) -> Option<u32> {
    let rest = name.strip_prefix('.')?.strip_suffix(".tmp")?;
    rest.rsplit_once(MARK)?.1.parse().ok()
}

/// Removes what killed programs left in a folder.
fn remove_leftovers(folder: &Path) {
    let is_alive = |process: u32| process == std::process::id() || Path::new(&format!("/proc/{process}")).exists();
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let owner = owner_of(&entry.file_name().to_string_lossy());
        if owner.is_some_and(|process| Path::new("/proc/self").exists() && !is_alive(process)) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

fn write_new(path: &Path, permissions: Option<&Permissions>, text: &[u8]) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    if permissions.is_some() {
        use std::os::unix::fs::OpenOptionsExt as _;
        // Nobody looks into it before it has the permissions of the file that it replaces.
        options.mode(0o600);
    }
    let mut file = options.open(path)?;
    if let Some(permissions) = permissions {
        file.set_permissions(permissions.clone())?;
    }
    file.write_all(text)?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn all_files_are_replaced_or_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::write(path("a"), "old a").unwrap();
        fs::write(path("b"), "old b").unwrap();

        let mut staged = Staged::new();
        staged.add(&path("a"), Some(b"old a"), b"new a").unwrap();
        staged.add(&path("b"), Some(b"old b"), b"new b").unwrap();
        fs::write(path("b"), "somebody else").unwrap();
        assert!(matches!(staged.commit(), Err(Error::ChangedMeanwhile { .. })));
        assert_eq!(fs::read_to_string(path("a")).unwrap(), "old a");
        assert_eq!(names(folder.path()), ["a", "b"]);

        let mut staged = Staged::new();
        staged.add(&path("a"), Some(b"old a"), b"new a").unwrap();
        staged.add(&path("c"), None, b"c").unwrap();
        fs::remove_file(&staged.files[1].temporary).unwrap();
        assert!(matches!(staged.commit(), Err(Error::Write { .. })));
        assert_eq!(fs::read_to_string(path("a")).unwrap(), "old a");

        let mut staged = Staged::new();
        staged.add(&path("a"), Some(b"old a"), b"new a").unwrap();
        staged.add(&path("new/c"), None, b"c").unwrap();
        staged.commit().unwrap();
        assert_eq!(fs::read_to_string(path("a")).unwrap(), "new a");
        assert_eq!(names(folder.path()), ["a", "b", "new"]);
    }

    #[test]
    fn a_file_that_cannot_be_placed_puts_back_those_before_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::write(path("a"), "old a").unwrap();
        let mut staged = Staged::new();
        staged.add(&path("a"), Some(b"old a"), b"new a").unwrap();
        staged.add(&path("b"), None, b"new b").unwrap();
        staged.files[1].path = path("gone/b");
        assert!(matches!(staged.commit(), Err(Error::Write { .. })));
        assert_eq!(fs::read_to_string(path("a")).unwrap(), "old a");
        assert_eq!(names(folder.path()), ["a"]);
    }

    #[cfg(unix)]
    #[test]
    fn permissions_and_links_stay() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::write(path("a"), "old").unwrap();
        fs::set_permissions(path("a"), Permissions::from_mode(0o640)).unwrap();
        std::os::unix::fs::symlink("a", path("link")).unwrap();
        replace_file(&path("link"), Some(b"old"), b"new").unwrap();
        assert!(fs::symlink_metadata(path("link")).unwrap().is_symlink());
        assert_eq!(fs::metadata(path("a")).unwrap().permissions().mode() & 0o777, 0o640);
        assert_eq!(fs::read_to_string(path("a")).unwrap(), "new");
    }

    #[test]
    fn what_a_killed_program_left_is_removed_and_what_a_living_one_wrote_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::write(path("a"), "old").unwrap();
        // No process has so high a number, and process 1 always runs.
        for name in [".a.windlass-4294967295.tmp", ".a.windlass-1.tmp", ".b.windlass-4294967295.tmp"] {
            fs::write(path(name), "x").unwrap();
            assert!(is_temporary(&path(name)));
        }
        replace_file(&path("a"), Some(b"old"), b"new").unwrap();
        assert_eq!(names(folder.path()), [".a.windlass-1.tmp", "a"]);
    }
}
