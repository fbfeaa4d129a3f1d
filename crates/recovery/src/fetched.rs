//! Items of a snapshot: opened, and put into place. They block, so they are given threads of their own.

use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::json;
use windlass_backup::{Fetched, Identities, Manifest, Phase, Progress, Report, Repository, Snapshot};
use windlass_capture::put_back::{self, BundlePutBack, FilesPutBack, SqlitePutBack};
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

/// How data are put into place.
#[derive(Debug, Clone, Default)]
pub struct PutData {
    /// What is there is moved aside; otherwise it is an error.
    pub replace: bool,
    /// Symbolic links may lead out of a folder; otherwise such a folder is refused.
    pub outside_links: bool,
    /// Is told how much is here, and how much is in place.
    pub progress: Option<Progress>,
}

/// Puts an item into place: a tar as a folder, a SQLite image as a database, a bundle as a bare repository, anything else
/// as a file. What was recorded when it was saved must be what is there afterwards.
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
    options: &PutData,
) -> Result<DataInPlace, Error> {
    let progress = options.progress.as_ref();
    let fetched = repository.fetch_telling(snapshot, manifest, item, identities, progress).await?;
    let (options, item, path) = (options.clone(), item.to_owned(), path.to_owned());
    blocking("put data into place", fetched, move |fetched| place(fetched, item, path, &options)).await
}

fn place(fetched: &mut Fetched, item: String, path: PathBuf, options: &PutData) -> Result<DataInPlace, Error> {
    let (format, expected) = (fetched.item().format, fetched.item().facts.clone());
    let failed = |error| Error::Data { item: item.clone(), path: path.clone(), source: Box::new(error) };
    let size = fetched.item().size;
    let mut reader =
        Told { reader: fetched.reader()?, item: &item, bytes: 0, size, progress: options.progress.as_ref() };
    let (facts, aside) = match format {
        Format::Tar => {
            let files = FilesPutBack::default().expecting(expected).replacing(options.replace);
            let files = files.with_outside_links(options.outside_links);
            let placed = put_back::files(&mut reader, &path, &files).map_err(failed)?;
            (placed.facts, placed.aside)
        }
        Format::Sqlite => {
            let mut database = SqlitePutBack::default().expecting(expected).replacing(options.replace);
            database.owner = heir(&path);
            let placed = put_back::sqlite(&mut reader, &path, &database).map_err(failed)?;
            (placed.facts, placed.aside)
        }
        Format::Bundle => {
            let placed = put_back::bundle(&mut reader, &path, &BundlePutBack::default()).map_err(failed)?;
            let facts = [("references", json!(placed.references)), ("shallow", json!(placed.shallow))];
            (facts.map(|(name, value)| (name.to_owned(), value)).into_iter().collect(), None)
        }
        _ => put_file(&mut reader, &path, options.replace).map_err(failed)?,
    };
    Ok(DataInPlace { item, path, facts, aside })
}

/// Whether data can be put at `path` without anything there being moved aside: nothing is there, or an empty folder.
#[must_use]
pub fn is_free(path: &Path) -> bool {
    match std::fs::read_dir(path) {
        Ok(mut entries) => entries.all(|entry| entry.is_ok_and(|entry| put_back::is_beside(&entry.file_name()))),
        Err(_) => std::fs::symlink_metadata(path).is_err(),
    }
}

/// A reader that tells how far it is.
struct Told<'a, R> {
    reader: R,
    item: &'a str,
    bytes: u64,
    size: u64,
    progress: Option<&'a Progress>,
}

impl<R: io::Read> io::Read for Told<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.reader.read(buffer)?;
        self.bytes += count as u64;
        if let Some(progress) = self.progress {
            let of = Some(self.size).filter(|size| *size > 0);
            progress.tell(&Report::new(self.item, Phase::PuttingBack, self.bytes, of));
        }
        Ok(count)
    }
}

/// Whose a new file is that root makes: the folder's owner's, who is to read it.
fn heir(path: &Path) -> Option<(u32, u32)> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let is_root = std::fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0);
    let folder = std::fs::metadata(folder).ok().filter(|_| is_root)?;
    Some((folder.uid(), folder.gid()))
}

/// A dump as a file: whole, or not at all; the old one is kept beside it.
fn put_file(
    reader: &mut impl io::Read,
    path: &Path,
    replace: bool,
) -> Result<(Facts, Option<PathBuf>), windlass_capture::Error> {
    let file =
        |doing: &'static str| move |source| windlass_capture::Error::File { doing, path: path.to_owned(), source };
    if path.exists() && !replace {
        return Err(windlass_capture::Error::Exists { path: path.to_owned() });
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let staged = tempfile::Builder::new().prefix(".windlass-dump-").tempfile_in(folder);
    let mut staged = staged.map_err(file("create a file beside"))?;
    let bytes = io::copy(reader, &mut staged).map_err(file("write"))?;
    staged.as_file().sync_all().map_err(file("write"))?;
    let aside = if path.exists() { Some(free_name(path)) } else { None };
    if let Some(aside) = &aside {
        std::fs::rename(path, aside).map_err(file("move aside"))?;
    }
    staged.persist_noclobber(path).map_err(|error| file("write")(error.error))?;
    Ok((Facts::from_iter([("bytes".to_owned(), bytes.into())]), aside))
}

/// The first free name of `FILE.before-1`, `FILE.before-2` and so on, as databases are given.
fn free_name(file: &Path) -> PathBuf {
    let mut number = 1_u32;
    loop {
        let mut name = file.as_os_str().to_owned();
        name.push(format!(".before-{number}"));
        let name = PathBuf::from(name);
        if !name.exists() {
            return name;
        }
        number += 1;
    }
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
    // A link that leads out of a folder is as it was saved; nothing follows it here.
    let options = PutData { outside_links: true, ..PutData::default() };
    Ok(put_data(repository, snapshot, manifest, identities, item, &target, &options).await?.facts)
}

/// Gives an item a thread to be read on.
pub(crate) async fn blocking<T: Send + 'static>(
    doing: &'static str,
    mut fetched: Fetched,
    work: impl FnOnce(&mut Fetched) -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    tokio::task::spawn_blocking(move || work(&mut fetched)).await.map_err(|_| Error::Interrupted { doing })?
}
