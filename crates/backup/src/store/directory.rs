use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use futures::future::BoxFuture;
use futures::{FutureExt as _, stream};
use jiff::{SignedDuration, Timestamp};

use super::unfinished::{Unfinished, sweep};
use super::{Capabilities, Download, Entry, Parts, PutMode, Removal, Store, StoreError, StoreFault, check_key};
use crate::format::{MARKER, RESTORE_TEXT};
use crate::identifier::Ulid;

/// How much of a file is read at once.
const BLOCK: usize = 256 << 10;

/// A repository in a folder: a second disk, a NAS mount.
///
/// A file is written under another name, flushed to the disk, and renamed, and the folders that this changed are flushed:
/// it is there wholly or not at all, power cuts included. Links in the folder are not followed.
///
/// Before anything but a new repository is written or listed, the repository's marker must be there, on the same file
/// system as what is written. Where a disk or NAS is not mounted, there is the empty folder that it should be mounted on:
/// a backup would fill the system's own disk, and a listing would show that all snapshots are gone.
#[derive(Debug, Clone)]
pub struct DirectoryStore {
    root: PathBuf,
}

impl DirectoryStore {
    /// Opens a folder that is there. One that is missing is not made: it is more likely a disk that is not mounted.
    ///
    /// # Errors
    /// When there is no such folder.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, StoreError> {
        let root = path.into();
        let place = root.display().to_string();
        let other = |what: &str| StoreError::new("open", "the folder", &place, StoreFault::Other(what.to_owned()));
        let missing = "it cannot be reached; make it, or mount the disk that should be there";
        let found = fs::metadata(&root).map_err(|error| other(missing).because(error))?;
        if !found.is_dir() {
            return Err(other("it is not a folder"));
        }
        let root = fs::canonicalize(&root).map_err(|error| other(missing).because(error))?;
        Ok(Self { root })
    }

    fn path(&self, operation: &'static str, key: &str) -> Result<PathBuf, StoreError> {
        check_key(key)
            .map_err(|reason| StoreError::new(operation, key, &self.place(), StoreFault::Key(reason)))
            .map(|()| self.root.join(key))
    }

    fn fault(&self, operation: &'static str, key: &str, error: io::Error) -> StoreError {
        let fault = match error.kind() {
            io::ErrorKind::NotFound => StoreFault::NotFound,
            io::ErrorKind::AlreadyExists => StoreFault::Exists,
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                StoreFault::Denied { who: "this user".to_owned() }
            }
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => StoreFault::Full,
            // The first is ours too; both are what a network file system says whose server is gone.
            io::ErrorKind::NotConnected | io::ErrorKind::StaleNetworkFileHandle => StoreFault::NotMounted,
            _ => StoreFault::Other(error.to_string()),
        };
        StoreError::new(operation, key, &self.place(), fault).because(error)
    }

    /// Runs file work where it may block.
    async fn blocking<T: Send + 'static>(
        &self,
        operation: &'static str,
        key: &str,
        work: impl FnOnce() -> io::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let done = tokio::task::spawn_blocking(work).await.unwrap_or_else(|ended| Err(io::Error::other(ended)));
        done.map_err(|error| self.fault(operation, key, error))
    }
}

impl Store for DirectoryStore {
    fn place(&self) -> String {
        self.root.display().to_string()
    }

    fn put<'a>(&'a self, key: &'a str, body: Bytes, mode: PutMode) -> BoxFuture<'a, Result<(), StoreError>> {
        async move {
            let (root, path) = (self.root.clone(), self.path("write", key)?);
            let needs_marker = needs_marker(key);
            self.blocking("write", key, move || {
                let mut unfinished = Unfinished::beside(&path, &root, needs_marker)?;
                unfinished.write(&body)?;
                unfinished.finish(&path, mode)
            })
            .await
        }
        .boxed()
    }

    fn put_stream<'a>(&'a self, key: &'a str, mut parts: Parts) -> BoxFuture<'a, Result<(), StoreError>> {
        async move {
            let path = self.path("write", key)?;
            let (root, target, needs_marker) = (self.root.clone(), path.clone(), needs_marker(key));
            let beside = move || Unfinished::beside(&target, &root, needs_marker);
            let mut unfinished = self.blocking("write", key, beside).await?;
            loop {
                match parts.next().await {
                    Ok(Some(part)) => {
                        unfinished =
                            self.blocking("write", key, move || unfinished.write(&part).map(|()| unfinished)).await?;
                    }
                    Ok(None) => break,
                    Err(gone) => {
                        return Err(StoreError::new("write", key, &self.place(), StoreFault::Abandoned).because(gone));
                    }
                }
            }
            self.blocking("write", key, move || unfinished.finish(&path, PutMode::Replace)).await
        }
        .boxed()
    }

    fn get<'a>(&'a self, key: &'a str, range: Option<Range<u64>>) -> BoxFuture<'a, Result<Download, StoreError>> {
        async move {
            let path = self.path("read", key)?;
            let (file, size, left) = self
                .blocking("read", key, move || {
                    if !fs::symlink_metadata(&path)?.is_file() {
                        return Err(io::Error::new(io::ErrorKind::InvalidData, "not a regular file"));
                    }
                    let mut file = File::open(&path)?;
                    let size = file.metadata()?.len();
                    let range = range.unwrap_or(0..size);
                    let (start, end) = (range.start.min(size), range.end.min(size));
                    file.seek(SeekFrom::Start(start))?;
                    Ok((file, size, end.saturating_sub(start)))
                })
                .await?;
            let (store, name) = (self.clone(), key.to_owned());
            let bytes = stream::unfold(Some((file, left)), move |state| {
                let (store, name) = (store.clone(), name.clone());
                async move {
                    let (file, left) = state.filter(|(_, left)| *left > 0)?;
                    match store.blocking("read", &name, move || read_block(file, left)).await {
                        Ok((block, file)) => {
                            let left = left - block.len() as u64;
                            Some((Ok(block), Some((file, left))))
                        }
                        Err(error) => Some((Err(error), None)),
                    }
                }
            });
            Ok(Download { size, bytes: Box::pin(bytes) })
        }
        .boxed()
    }

    fn head<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Entry>, StoreError>> {
        async move {
            let path = self.path("read", key)?;
            let found = self.blocking("read", key, move || fs::symlink_metadata(&path)).await;
            match found {
                Ok(found) if found.is_file() => Ok(Some(entry(key.to_owned(), &found))),
                Ok(_) => Ok(None),
                Err(error) if error.fault == StoreFault::NotFound => Ok(None),
                Err(error) => Err(error),
            }
        }
        .boxed()
    }

    fn list<'a>(
        &'a self,
        prefix: &'a str,
        start_after: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Vec<Entry>, StoreError>> {
        async move {
            let (root, wanted) = (self.root.clone(), prefix.to_owned());
            let mut found = self
                .blocking("list", prefix, move || {
                    if needs_marker(&wanted) {
                        marker_of(&root)?;
                    }
                    let mut found = Vec::new();
                    // A prefix may end within a segment: the folder above holds all that fits.
                    let folder = wanted.rfind('/').map_or("", |slash| &wanted[..slash]);
                    walk(&root.join(folder), folder, &mut |key, metadata| {
                        if key.starts_with(&wanted) {
                            found.push(entry(key, &metadata));
                        }
                    })?;
                    Ok(found)
                })
                .await?;
            found.retain(|entry| start_after.is_none_or(|after| entry.key.as_str() > after));
            found.sort_unstable_by(|left, right| left.key.cmp(&right.key));
            Ok(found)
        }
        .boxed()
    }

    fn delete<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Removal, StoreError>> {
        async move {
            let path = self.path("delete", key)?;
            let (root, needs_marker) = (self.root.clone(), needs_marker(key));
            self.blocking("delete", key, move || {
                if needs_marker {
                    marker_of(&root)?;
                }
                match fs::remove_file(&path) {
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                    other => other?,
                }
                // Folders are no objects: the last one out takes them along. One that is not empty stays.
                for folder in path.ancestors().skip(1).take_while(|folder| *folder != root) {
                    if fs::remove_dir(folder).is_err() {
                        break;
                    }
                }
                Ok(Removal::Freed)
            })
            .await
        }
        .boxed()
    }

    fn probe(&self) -> BoxFuture<'_, Result<Capabilities, StoreError>> {
        async move {
            let key = format!("probe/{}", Ulid::now());
            self.put(&key, Bytes::from_static(b"first"), PutMode::IfAbsent).await?;
            let second = self.put(&key, Bytes::from_static(b"second"), PutMode::IfAbsent).await;
            let held = super::read_whole(self, &key, 64).await?;
            self.delete(&key).await?;
            if held != b"first" {
                return Err(StoreError::new("read", &key, &self.place(), StoreFault::Altered));
            }
            let conditional_put = matches!(second, Err(StoreError { fault: StoreFault::Exists, .. }));
            Ok(Capabilities { conditional_put, multipart: true, ..Capabilities::default() })
        }
        .boxed()
    }

    fn sweep_unfinished(&self, age: Duration) -> BoxFuture<'_, Result<u64, StoreError>> {
        async move {
            let root = self.root.clone();
            self.blocking("delete", "unfinished files", move || {
                let before = SystemTime::now().checked_sub(age).unwrap_or(SystemTime::UNIX_EPOCH);
                sweep(&root, before)
            })
            .await
        }
        .boxed()
    }

    fn clock_ahead(&self) -> Option<SignedDuration> {
        None
    }
}

/// Whether a key, or the prefix of a list, is of a repository that has to be there already: all but what makes one.
fn needs_marker(key: &str) -> bool {
    key != MARKER && key != RESTORE_TEXT && !key.starts_with("probe/")
}

/// The marker of the repository in `root`; without it nothing is written there.
pub(super) fn marker_of(root: &Path) -> io::Result<fs::Metadata> {
    match fs::symlink_metadata(root.join(MARKER)) {
        Ok(found) if found.is_file() => Ok(found),
        Ok(_) => Err(unmounted()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(unmounted()),
        Err(error) => Err(error),
    }
}

pub(super) fn unmounted() -> io::Error {
    io::Error::new(io::ErrorKind::NotConnected, format!("there is no {MARKER}"))
}

fn read_block(mut file: File, left: u64) -> io::Result<(Bytes, File)> {
    let mut block = vec![0; BLOCK.min(usize::try_from(left).unwrap_or(BLOCK))];
    let read = file.read(&mut block)?;
    if read == 0 {
        return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the file became shorter while it was read"));
    }
    block.truncate(read);
    Ok((Bytes::from(block), file))
}

fn entry(key: String, metadata: &fs::Metadata) -> Entry {
    let modified = metadata.modified().ok().and_then(|time| Timestamp::try_from(time).ok());
    Entry { key, size: metadata.len(), modified: modified.unwrap_or(Timestamp::UNIX_EPOCH) }
}

/// Calls `see` with every object below a folder. Links are no objects, and files may vanish meanwhile.
fn walk(folder: &Path, prefix: &str, see: &mut dyn FnMut(String, fs::Metadata)) -> io::Result<()> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        other => other?,
    };
    for entry in entries {
        let entry = entry?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        if name.starts_with('.') {
            continue;
        }
        let key = if prefix.is_empty() { name } else { format!("{prefix}/{name}") };
        let Ok(metadata) = entry.metadata() else { continue };
        if metadata.is_dir() {
            walk(&entry.path(), &key, see)?;
        } else if metadata.is_file() {
            see(key, metadata);
        }
    }
    Ok(())
}
