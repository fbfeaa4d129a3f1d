use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use gix_hash::Kind;

use crate::Error;

/// One bare repository of a store, which fetches add packs to until another one takes its place.
///
/// It is git's own layout, so that `git --git-dir` can look into it. A lock that ends with the process tells that
/// snapshots still read it; the last one to go deletes a retired generation.
pub(crate) struct Generation {
    path: PathBuf,
    number: u64,
    hash: Kind,
    /// `None` where the repository is somebody else's, and nothing is written into it.
    in_use: Option<File>,
    retired: AtomicBool,
    damaged: AtomicBool,
}

const PREFIX: &str = "objects-";

impl Generation {
    /// Makes an empty repository beside the others.
    pub(crate) fn create(root: &Path, number: u64, hash: Kind) -> Result<Self, Error> {
        let path = root.join(format!("{PREFIX}{number}"));
        let packs = path.join("objects/pack");
        fs::create_dir_all(&packs).map_err(Error::store("create", &packs))?;
        fs::create_dir_all(path.join("refs")).map_err(Error::store("create", &path))?;
        write(&path.join("HEAD"), b"ref: refs/heads/windlass\n")?;
        let config: &[u8] = match hash {
            Kind::Sha1 => b"[core]\n\trepositoryformatversion = 0\n\tbare = true\n",
            _ => b"[core]\n\trepositoryformatversion = 1\n\tbare = true\n[extensions]\n\tobjectformat = sha256\n",
        };
        write(&path.join("config"), config)?;
        Self::open(root, number, hash)
    }

    /// Opens one that is there, and clears away what a killed process left half written.
    pub(crate) fn open(root: &Path, number: u64, hash: Kind) -> Result<Self, Error> {
        let path = root.join(format!("{PREFIX}{number}"));
        let in_use = in_use_file(&path)?;
        in_use.lock_shared().map_err(Error::store("lock", &path))?;
        let in_use = Some(in_use);
        let generation =
            Self { path, number, hash, in_use, retired: AtomicBool::new(false), damaged: AtomicBool::new(false) };
        generation.sweep()?;
        Ok(generation)
    }

    /// A bare repository that somebody else made and keeps: it is read, and nothing in it changes.
    pub(crate) fn foreign(path: &Path, hash: Kind) -> Self {
        let (retired, damaged) = (AtomicBool::new(false), AtomicBool::new(false));
        Self { path: path.to_owned(), number: 0, hash, in_use: None, retired, damaged }
    }

    /// Deletes every generation under `root` but `keep` that nobody reads any more.
    pub(crate) fn delete_others(root: &Path, keep: Option<u64>) -> Result<(), Error> {
        for number in Self::numbers(root)? {
            let path = root.join(format!("{PREFIX}{number}"));
            if Some(number) != keep && in_use_file(&path)?.try_lock().is_ok() {
                fs::remove_dir_all(&path).map_err(Error::store("delete", &path))?;
            }
        }
        Ok(())
    }

    /// The numbers of the generations under `root`.
    pub(crate) fn numbers(root: &Path) -> Result<Vec<u64>, Error> {
        let entries = fs::read_dir(root).map_err(Error::store("list", root))?;
        Ok(entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.strip_prefix(PREFIX)?.parse().ok()).collect())
    }

    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    pub(crate) fn hash(&self) -> Kind {
        self.hash
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn objects(&self) -> PathBuf {
        self.path.join("objects")
    }

    pub(crate) fn packs(&self) -> PathBuf {
        self.path.join("objects/pack")
    }

    pub(crate) fn shallow_file(&self) -> PathBuf {
        self.path.join("shallow")
    }

    pub(crate) fn pack_count(&self) -> Result<usize, Error> {
        let packs = self.packs();
        let entries = fs::read_dir(&packs).map_err(Error::store("list", &packs))?;
        Ok(entries.flatten().filter(|entry| entry.path().extension().is_some_and(|ext| ext == "idx")).count())
    }

    /// Lets the directory be deleted when its last reader is gone.
    pub(crate) fn retire(&self) {
        self.retired.store(true, Ordering::Relaxed);
    }

    /// Notes that an object in it could not be read, so that the next fetch starts afresh.
    pub(crate) fn mark_damaged(&self) {
        self.damaged.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_damaged(&self) -> bool {
        self.damaged.load(Ordering::Relaxed)
    }

    /// Brings everything written to the disk itself, so that a power cut after the store's state names a commit does
    /// not lose its objects.
    pub(crate) fn sync(&self) -> Result<(), Error> {
        for directory in [self.packs(), self.path.clone()] {
            for entry in fs::read_dir(&directory).map_err(Error::store("list", &directory))?.flatten() {
                if entry.file_type().is_ok_and(|kind| kind.is_file()) {
                    sync(&entry.path())?;
                }
            }
            sync(&directory)?;
        }
        Ok(())
    }

    /// Only the process that holds the store's lock calls this, so whatever is unfinished belongs to nobody.
    fn sweep(&self) -> Result<(), Error> {
        let packs = self.packs();
        fs::create_dir_all(&packs).map_err(Error::store("create", &packs))?;
        for entry in fs::read_dir(&packs).map_err(Error::store("list", &packs))?.flatten() {
            let path = entry.path();
            let complete = match path.extension().and_then(|extension| extension.to_str()) {
                Some("pack") => path.with_extension("idx").exists(),
                Some("idx") => path.with_extension("pack").exists(),
                _ => false,
            };
            if !complete {
                fs::remove_file(&path).map_err(Error::store("delete", &path))?;
            }
        }
        let lock = self.path.join("shallow.lock");
        match fs::remove_file(&lock) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Error::store("delete", lock)(error)),
            _ => Ok(()),
        }
    }
}

impl Drop for Generation {
    fn drop(&mut self) {
        // Another process cannot come between: it would need the store's lock to delete, and to read it must open
        // the state, which names a newer generation by now.
        let Some(in_use) = self.in_use.as_ref().filter(|_| self.retired.load(Ordering::Relaxed)) else { return };
        if in_use.unlock().is_ok() && in_use.try_lock().is_ok() {
            // What stays behind is deleted when the store is opened next.
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

fn in_use_file(path: &Path) -> Result<File, Error> {
    let path = path.join("in-use");
    File::options().create(true).truncate(false).write(true).open(&path).map_err(Error::store("open", path))
}

fn write(path: &Path, text: &[u8]) -> Result<(), Error> {
    File::create(path).and_then(|mut file| file.write_all(text)).map_err(Error::store("write", path))
}

fn sync(path: &Path) -> Result<(), Error> {
    File::open(path).and_then(|file| file.sync_all()).map_err(Error::store("sync", path))
}
