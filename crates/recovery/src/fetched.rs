//! Items of a snapshot: opened, and put into place. They block, so they are given threads of their own.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use serde::Serialize;
use windlass_backup::{Fetched, Identities, Manifest, Repository, Snapshot};
use windlass_capture::put_back::{self, FilesPutBack, SqlitePutBack};
use windlass_capture::{Facts, Format};

use crate::{Error, SavedCluster};

/// Brings the objects of a snapshot here and reads them. Nothing of them is on disk.
///
/// # Errors
/// Where the item is missing, damaged, or cannot be opened; where it is no archive of objects.
pub async fn fetch_objects(
    repository: &Repository,
    snapshot: &Snapshot,
    name: &str,
    identities: &Identities,
) -> Result<SavedCluster, Error> {
    let fetched = repository.fetch(snapshot, name, identities).await?;
    blocking("read the objects", fetched, |fetched| SavedCluster::read(fetched.reader()?)).await
}

/// Data that were put into place.
#[derive(Debug, Clone, Serialize)]
pub struct DataInPlace {
    /// The item.
    pub item: String,
    /// Where it is now.
    pub path: PathBuf,
    /// What was counted there: rows, files, bytes.
    pub facts: Facts,
    /// Where what was there before was moved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aside: Option<PathBuf>,
}

/// Puts an item into place: a tar as a folder, a SQLite image as a database, anything else as a file. What was recorded
/// when it was saved must be what is there afterwards. With `replace` what is there is moved aside, else it is an error.
///
/// # Errors
/// As [`fetch_objects`], and where the place cannot be written. What was there is untouched then.
pub async fn put_data(
    repository: &Repository,
    snapshot: &Snapshot,
    manifest: &Manifest,
    identities: &Identities,
    item: &str,
    path: &Path,
    replace: bool,
) -> Result<DataInPlace, Error> {
    let fetched = repository.fetch_of(snapshot, manifest, item, identities).await?;
    let (item, path) = (item.to_owned(), path.to_owned());
    blocking("put data into place", fetched, move |fetched| place(fetched, item, path, replace)).await
}

fn place(fetched: &mut Fetched, item: String, path: PathBuf, replace: bool) -> Result<DataInPlace, Error> {
    let (format, expected) = (fetched.item().format, fetched.item().facts.clone());
    let failed = |error| Error::Data { item: item.clone(), path: path.clone(), source: Box::new(error) };
    let (facts, aside) = match format {
        Format::Tar => {
            let options = FilesPutBack::default().expecting(expected).replacing(replace);
            let placed = put_back::files(&mut fetched.reader()?, &path, &options).map_err(failed)?;
            (placed.facts, placed.aside)
        }
        Format::Sqlite => {
            let options = SqlitePutBack::default().expecting(expected).replacing(replace);
            let placed = put_back::sqlite(&mut fetched.reader()?, &path, &options).map_err(failed)?;
            (placed.facts, placed.aside)
        }
        _ => (as_file(fetched, &path, replace)?, None),
    };
    Ok(DataInPlace { item, path, facts, aside })
}

/// Writes an item beside its place first, so that half of it is never there.
fn as_file(fetched: &mut Fetched, path: &Path, replace: bool) -> Result<Facts, Error> {
    let doing = |source| Error::Io { path: path.to_owned(), source };
    if path.exists() && !replace {
        return Err(doing(io::ErrorKind::AlreadyExists.into()));
    }
    let mut beside = path.as_os_str().to_owned();
    beside.push(".windlass-partial");
    let beside = PathBuf::from(beside);
    let mut file: File =
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside).map_err(doing)?;
    let written = fetched.copy_to(&mut file).map_err(Error::from).and_then(|bytes| {
        file.sync_all().and_then(|()| std::fs::rename(&beside, path)).map_err(doing)?;
        Ok(bytes)
    });
    if written.is_err() {
        // The error says what matters.
        let _ = std::fs::remove_file(&beside);
    }
    Ok(Facts::from_iter([("bytes".to_owned(), written?.into())]))
}

/// Opens an item in a folder that is removed again, and tells what was counted in it: what a drill does with data.
///
/// # Errors
/// As [`put_data`].
pub(crate) async fn open_data(
    repository: &Repository,
    snapshot: &Snapshot,
    manifest: &Manifest,
    identities: &Identities,
    item: &str,
    scratch: &Path,
) -> Result<Facts, Error> {
    let folder = tempfile::Builder::new().prefix("windlass-drill-").tempdir_in(scratch);
    let folder = folder.map_err(|source| Error::Io { path: scratch.to_owned(), source })?;
    let target = folder.path().join("data");
    Ok(put_data(repository, snapshot, manifest, identities, item, &target, false).await?.facts)
}

/// Gives an item a thread to be read on.
async fn blocking<T: Send + 'static>(
    doing: &'static str,
    mut fetched: Fetched,
    work: impl FnOnce(&mut Fetched) -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    tokio::task::spawn_blocking(move || work(&mut fetched)).await.map_err(|_| Error::Interrupted { doing })?
}
