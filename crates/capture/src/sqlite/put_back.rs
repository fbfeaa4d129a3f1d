use std::fs::{self, File, Permissions};
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::sqlite::{COMPANIONS, check, companion, probe};
use crate::{Error, Facts};

/// How a database is put back.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SqlitePutBack {
    /// What was recorded when it was captured; the image must agree. Default: nothing.
    pub expected: Facts,
    /// A database that is there already is replaced, and kept beside the new one. Default: no, it is an error.
    pub replace: bool,
    /// Permissions of the file where none is there to take them from. Default: `0o600`.
    pub mode: u32,
    /// Owner and group of the file where none is there to take them from. Default: those of this process.
    pub owner: Option<(u32, u32)>,
    /// Images above this size get `quick_check`. Default: 1 GiB.
    pub quick_check_above: u64,
}

impl Default for SqlitePutBack {
    fn default() -> Self {
        Self { expected: Facts::new(), replace: false, mode: 0o600, owner: None, quick_check_above: 1 << 30 }
    }
}

impl SqlitePutBack {
    /// The same, to agree with `expected`.
    #[must_use]
    pub fn expecting(mut self, expected: Facts) -> Self {
        self.expected = expected;
        self
    }

    /// The same, replacing what is there.
    #[must_use]
    pub fn replacing(mut self, replace: bool) -> Self {
        self.replace = replace;
        self
    }

    /// The same with other permissions for a new file.
    #[must_use]
    pub fn with_mode(mut self, mode: u32) -> Self {
        self.mode = mode;
        self
    }

    /// The same with another owner and group for a new file.
    #[must_use]
    pub fn with_owner(mut self, user: u32, group: u32) -> Self {
        self.owner = Some((user, group));
        self
    }
}

/// What was done.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SqliteInPlace {
    /// What the new database holds, counted again.
    pub facts: Facts,
    /// Where the old one was moved, with its log and journal beside it; the caller may delete it.
    pub aside: Option<PathBuf>,
}

/// Puts the image that `reader` gives in the place of `target`.
///
/// It is written beside the target, checked, compared with the recorded facts, and only then renamed into place. The
/// old database keeps its log: both are moved aside together first, so that a log is never mixed with a database that
/// it is not of. Killed at any moment, the target is the old database or the new one, whole either way; killed between
/// two renames it may be the old one as of its last checkpoint, while the set aside is complete.
///
/// The caller gives authenticated bytes, and keeps whatever uses the database stopped: what opens it between the test
/// for that and the rename is not seen.
///
/// # Errors
/// Where the image is damaged or another one than was recorded, where the target is in use, or is there and was not to
/// be replaced. The target is untouched then.
pub fn sqlite(reader: &mut dyn Read, target: &Path, options: &SqlitePutBack) -> Result<SqliteInPlace, Error> {
    let target = &resolve(target)?;
    let old = fs::symlink_metadata(target).ok();
    if old.is_some() && !options.replace {
        return Err(Error::Exists { path: target.clone() });
    }
    let folder = target.parent().unwrap_or(Path::new("/"));
    let mut staged = tempfile::Builder::new()
        .prefix(".windlass-sqlite-")
        .permissions(Permissions::from_mode(0o600))
        .tempfile_in(folder)
        .map_err(Error::file("create a file in", folder))?;
    io::copy(reader, staged.as_file_mut()).map_err(|error| Error::of_reader(error, "write", staged.path()))?;
    let facts = check::examine(staged.path(), target, options.quick_check_above)?;
    compare(target, &options.expected, &facts)?;
    let (mode, owner) = match &old {
        Some(old) => (old.mode() & 0o7777, Some((old.uid(), old.gid()))),
        None => (options.mode, options.owner),
    };
    if let Some((user, group)) = owner.filter(|owner| Some(*owner) != owner_of(staged.as_file())) {
        std::os::unix::fs::chown(staged.path(), Some(user), Some(group))
            .map_err(Error::file("give its owner to", staged.path()))?;
    }
    fs::set_permissions(staged.path(), Permissions::from_mode(mode))
        .and_then(|()| staged.as_file().sync_all())
        .map_err(Error::file("write", staged.path()))?;
    if old.is_some() {
        probe::refuse_in_use(target)?;
    }
    let aside = move_aside(target, old.is_some())?;
    staged.persist(target).map_err(|error| Error::file("replace", target)(error.error))?;
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(Error::file("write", folder))?;
    Ok(SqliteInPlace { facts, aside })
}

/// The file itself where `target` is a link, and an absolute path in any case.
fn resolve(target: &Path) -> Result<PathBuf, Error> {
    if target.exists() {
        return fs::canonicalize(target).map_err(Error::file("read", target));
    }
    let (Some(folder), Some(name)) = (target.parent(), target.file_name()) else {
        return Err(Error::file("write", target)(io::ErrorKind::InvalidInput.into()));
    };
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    fs::canonicalize(folder).map(|folder| folder.join(name)).map_err(Error::file("read", folder))
}

fn owner_of(file: &File) -> Option<(u32, u32)> {
    file.metadata().ok().map(|metadata| (metadata.uid(), metadata.gid()))
}

/// Compares what is counted; `bytes` and the pages too, since an image is the same to the byte.
fn compare(target: &Path, expected: &Facts, found: &Facts) -> Result<(), Error> {
    for fact in ["bytes", "page_count", "page_size", "schema_sha256", "user_version", "application_id", "rows"] {
        let Some(wanted) = expected.get(fact) else {
            continue;
        };
        let is = found.get(fact).unwrap_or(&serde_json::Value::Null);
        if wanted != is {
            let (path, fact) = (target.to_owned(), fact.to_owned());
            return Err(Error::FactsDiffer { path, fact, expected: wanted.to_string(), found: is.to_string() });
        }
    }
    Ok(())
}

/// Moves the log and journal to names beside the old database's new name. The old database itself is linked there, so
/// that there is a database under the old name at every moment.
fn move_aside(target: &Path, is_there: bool) -> Result<Option<PathBuf>, Error> {
    let companions: Vec<_> = COMPANIONS.into_iter().filter(|suffix| companion(target, suffix).exists()).collect();
    if !is_there && companions.is_empty() {
        return Ok(None);
    }
    let aside = free_name(target);
    if is_there && fs::hard_link(target, &aside).is_err() {
        // A file system without hard links.
        fs::rename(target, &aside).map_err(Error::file("move aside", target))?;
    }
    for suffix in companions {
        let file = companion(target, suffix);
        fs::rename(&file, companion(&aside, suffix)).map_err(Error::file("move aside", &file))?;
    }
    Ok(Some(aside))
}

fn free_name(target: &Path) -> PathBuf {
    let taken = |name: &Path| name.exists() || COMPANIONS.iter().any(|suffix| companion(name, suffix).exists());
    let mut number = 1_u32;
    loop {
        let name = companion(target, &format!(".before-{number}"));
        if !taken(&name) {
            return name;
        }
        number += 1;
    }
}
