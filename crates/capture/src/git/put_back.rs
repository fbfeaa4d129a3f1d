use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::Path;
use std::sync::atomic::AtomicBool;

use gix_hash::{Kind, ObjectId};
use gix_object::CommitRefIter;
use gix_utils::progress::Discard;

use crate::Error;
use crate::git::bundle_header::{BundleHeader, refuse};
use crate::git::contents::Contents;
use crate::git::repository::Repository;
use crate::git::without_history::original;
use crate::scratch::Scratch;

/// How a bundle is unpacked.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct BundlePutBack {
    /// Longer bundles are refused. Default: 16 GiB.
    pub max_bytes: u64,
    /// Larger single files are refused. Default: 256 MiB.
    pub max_object_bytes: usize,
}

impl Default for BundlePutBack {
    fn default() -> Self {
        Self { max_bytes: 16 << 30, max_object_bytes: 256 << 20 }
    }
}

/// A repository that was unpacked.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct BundleInPlace {
    /// Every branch and tag with the id of its commit (or of its tag object).
    pub references: BTreeMap<String, String>,
    /// The branch to check out.
    pub head: Option<String>,
    /// The history was not kept: the repository is shallow, and its commits have their own ids.
    pub shallow: bool,
}

/// Unpacks the bundle that `reader` gives into the bare repository `target`, which must not be there or be empty.
///
/// Every object is checked against its id, and every branch and tag must have all that it needs. The repository can be
/// cloned, fetched from, and read by `windlass-source`.
///
/// # Errors
/// [`Error::Bundle`] for a bundle that is damaged, not whole, or builds on commits that it does not hold; nothing is left
/// then.
pub fn bundle(reader: &mut dyn Read, target: &Path, options: &BundlePutBack) -> Result<BundleInPlace, Error> {
    if fs::read_dir(target).is_ok_and(|mut entries| entries.next().is_some()) {
        return Err(Error::Exists { path: target.to_owned() });
    }
    let parent = target.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let scratch = Scratch::new(parent)?;
    let staging = scratch.join("repository");
    // One byte more, so that what comes to the limit is seen to pass it.
    let mut reader = BufReader::with_capacity(1 << 16, reader.take(options.max_bytes.saturating_add(1)));
    let header = BundleHeader::read(&mut reader)?;
    make_bare(&staging, header.hash)?;
    let written = write_pack(&mut reader, &staging, header.hash, options);
    if reader.get_ref().limit() == 0 {
        return Err(refuse(format!("it is longer than {} bytes", options.max_bytes)));
    }
    written?;
    if !reader.fill_buf().map_err(|error| Error::of_reader(error, "read", "the bundle"))?.is_empty() {
        return Err(refuse("something follows its end"));
    }
    let repository = Repository::open(&staging, options.max_object_bytes)?;
    let (references, shallow) = originals(&repository, header.references)?;
    // This reads every commit and tree, and looks for every file.
    Contents::walk(&repository, references.values().copied(), &shallow).map_err(not_whole)?;
    drop(repository);
    write_names(&staging, &references, header.head.as_deref(), &shallow)?;
    fs::rename(&staging, target).map_err(Error::file("move into place", target))?;
    let references = references.into_iter().map(|(name, id)| (name, id.to_string())).collect();
    Ok(BundleInPlace { references, head: header.head, shallow: !shallow.is_empty() })
}

fn make_bare(path: &Path, hash: Kind) -> Result<(), Error> {
    for folder in ["objects/pack", "objects/info", "refs/heads", "refs/tags"] {
        let folder = path.join(folder);
        fs::create_dir_all(&folder).map_err(Error::file("create", &folder))?;
    }
    let config = match hash {
        Kind::Sha1 => "[core]\n\trepositoryformatversion = 0\n\tbare = true\n",
        _ => "[core]\n\trepositoryformatversion = 1\n\tbare = true\n[extensions]\n\tobjectformat = sha256\n",
    };
    write(&path.join("config"), config)
}

fn write_pack(reader: &mut impl BufRead, repository: &Path, hash: Kind, options: &BundlePutBack) -> Result<(), Error> {
    let write = gix_pack::bundle::write::Options {
        thread_limit: Some(1),
        alloc_limit_bytes: Some(options.max_object_bytes),
        ..Default::default()
    };
    let packs = repository.join("objects/pack");
    let never = AtomicBool::new(false);
    let bases = None::<gix_odb::HandleArc>;
    let mut reader = Counted { reader, failed: None };
    let written =
        gix_pack::Bundle::write_to_directory(&mut reader, Some(&packs), &mut Discard, &never, bases, hash, write);
    let written = match (written, reader.failed) {
        (_, Some(error)) => return Err(Error::of_reader(error, "read", "the bundle")),
        (Err(error), None) => return Err(refuse(format!("its pack is damaged: {error}"))),
        (Ok(written), None) => written,
    };
    if let Some(keep) = written.keep_path {
        // It guards against a `git gc` at the same time.
        fs::remove_file(&keep).map_err(Error::file("delete", keep))?;
    }
    Ok(())
}

/// Keeps the reader's own error, which is lost among those of the pack otherwise.
struct Counted<'a, R> {
    reader: &'a mut R,
    failed: Option<io::Error>,
}

impl<R: BufRead> Counted<'_, R> {
    fn note<T>(&mut self, result: io::Result<T>) -> io::Result<T> {
        result.map_err(|error| {
            let kind = error.kind();
            self.failed = Some(error);
            kind.into()
        })
    }
}

impl<R: BufRead> Read for Counted<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let result = self.reader.read(buffer);
        self.note(result)
    }
}

impl<R: BufRead> BufRead for Counted<'_, R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        match self.reader.fill_buf().map(<[u8]>::is_empty) {
            Ok(_) => self.reader.fill_buf(),
            Err(error) => Err(self.note::<()>(Err(error)).err().unwrap_or_else(|| io::ErrorKind::Other.into())),
        }
    }

    fn consume(&mut self, count: usize) {
        self.reader.consume(count);
    }
}

/// The commits that the references stand for, and those among theirs whose parents are not there.
fn originals(
    repository: &Repository,
    references: BTreeMap<String, ObjectId>,
) -> Result<(BTreeMap<String, ObjectId>, BTreeSet<ObjectId>), Error> {
    let mut shallow = BTreeSet::new();
    let mut found = BTreeMap::new();
    let mut buffer = Vec::new();
    for (name, id) in references {
        let kind = repository.read(id, &mut buffer).map_err(not_whole)?;
        let is_commit = kind == gix_object::Kind::Commit;
        let stands_for = original(&buffer).filter(|original| is_commit && repository.has(*original));
        let Some(original) = stands_for else {
            found.insert(name, id);
            continue;
        };
        let mut waiting = vec![original];
        let mut seen = BTreeSet::new();
        while let Some(commit) = waiting.pop() {
            if !seen.insert(commit) {
                continue;
            }
            repository.read(commit, &mut buffer).map_err(not_whole)?;
            let parents: Vec<_> = CommitRefIter::from_bytes(&buffer, repository.hash).parent_ids().collect();
            if parents.iter().all(|parent| repository.has(*parent)) {
                waiting.extend(parents);
            } else {
                shallow.insert(commit);
            }
        }
        found.insert(name, original);
    }
    Ok((found, shallow))
}

fn not_whole(error: Error) -> Error {
    match error {
        Error::Repository { source, .. } => refuse(format!("it is not whole: {source}")),
        error => error,
    }
}

fn write_names(
    repository: &Path,
    references: &BTreeMap<String, ObjectId>,
    head: Option<&str>,
    shallow: &BTreeSet<ObjectId>,
) -> Result<(), Error> {
    let mut packed = "# pack-refs with: sorted \n".to_owned();
    for (name, id) in references {
        packed.push_str(&format!("{id} {name}\n"));
    }
    write(&repository.join("packed-refs"), &packed)?;
    let first = references.keys().find(|name| name.starts_with("refs/heads/")).map(String::as_str);
    write(&repository.join("HEAD"), &format!("ref: {}\n", head.or(first).unwrap_or("refs/heads/main")))?;
    if !shallow.is_empty() {
        let lines: String = shallow.iter().map(|id| format!("{id}\n")).collect();
        write(&repository.join("shallow"), &lines)?;
    }
    Ok(())
}

fn write(path: &Path, text: &str) -> Result<(), Error> {
    File::create(path)
        .and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all()))
        .map_err(Error::file("write", path))
}
