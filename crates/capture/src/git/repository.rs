use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use gix_hash::{Kind, ObjectId};
use gix_object::Find;
use gix_ref::Target;

use crate::Error;
use crate::error::Cause;

/// The object store and references of a repository.
pub(super) struct Repository {
    path: PathBuf,
    pub(super) hash: Kind,
    objects: gix_odb::HandleArc,
}

/// What the cache of delta bases may take.
const PACK_CACHE_BYTES: usize = 8 << 20;

impl Repository {
    pub(super) fn open(path: &Path, max_object_bytes: usize) -> Result<Self, Error> {
        let path = directory(path)?;
        let config = fs::read_to_string(path.join("config")).unwrap_or_default().to_ascii_lowercase();
        let setting = |name: &str, value: &str| {
            let mut pairs = config.lines().filter_map(|line| line.split_once('='));
            pairs.any(|(key, found)| key.trim() == name && found.trim() == value)
        };
        let hash = if setting("objectformat", "sha256") { Kind::Sha256 } else { Kind::Sha1 };
        let fail = |doing, source| Error::Repository { doing, path: path.clone(), source };
        if setting("refstorage", "reftable") {
            return Err(fail("read the references of", "they are kept as a reftable".into()));
        }
        let options = gix_odb::store::init::Options {
            alloc_limit_bytes: Some(max_object_bytes),
            // Given, so that nothing asks for the working directory of the process.
            current_dir: Some(path.clone()),
            ..Default::default()
        };
        let objects = gix_odb::at_opts(path.join("objects"), hash, None, options).and_then(gix_odb::Handle::into_arc);
        let objects = objects.map_err(|error| fail("open", Box::new(error)))?;
        let cache = || Box::new(gix_pack::cache::lru::StaticLinkedList::<64>::new(PACK_CACHE_BYTES)) as _;
        Ok(Self { hash, objects: objects.with_pack_cache(cache), path })
    }

    pub(super) fn fail(&self, doing: &'static str, source: Cause) -> Error {
        Error::Repository { doing, path: self.path.clone(), source }
    }

    /// All branches and tags.
    pub(super) fn references(&self) -> Result<BTreeMap<String, ObjectId>, Error> {
        let doing = "read the references of";
        let store = gix_ref::file::Store::at(self.path.clone(), self.hash);
        let platform = store.iter().map_err(|error| self.fail(doing, error.into()))?;
        let mut found = BTreeMap::new();
        for reference in platform.all().map_err(|error| self.fail(doing, error.into()))? {
            let reference = reference.map_err(|error| self.fail(doing, error.into()))?;
            let name = reference.name.as_bstr().to_string();
            // A symbolic one is another name for one of the others.
            if let Target::Object(id) = reference.target
                && (name.starts_with("refs/heads/") || name.starts_with("refs/tags/"))
            {
                found.insert(name, id);
            }
        }
        Ok(found)
    }

    /// The branch that is checked out.
    pub(super) fn head(&self) -> Option<String> {
        let head = fs::read_to_string(self.path.join("HEAD")).ok()?;
        head.strip_prefix("ref: ").map(|name| name.trim().to_owned())
    }

    /// Commits whose parents are left out on purpose.
    pub(super) fn shallow(&self) -> Result<BTreeSet<ObjectId>, Error> {
        let path = self.path.join("shallow");
        match fs::read_to_string(&path) {
            Ok(text) => text.lines().map(|line| self.id(line)).collect(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(BTreeSet::new()),
            Err(error) => Err(Error::file("read", path)(error)),
        }
    }

    pub(super) fn id(&self, text: &str) -> Result<ObjectId, Error> {
        let id =
            ObjectId::from_hex(text.trim().as_bytes()).map_err(|error| self.fail("read an id in", error.into()))?;
        if id.kind() == self.hash { Ok(id) } else { Err(self.fail("read an id in", "it is of another kind".into())) }
    }

    pub(super) fn has(&self, id: ObjectId) -> bool {
        gix_object::Exists::exists(&self.objects, &id)
    }

    /// The object with its content in `buffer`.
    pub(super) fn read(&self, id: ObjectId, buffer: &mut Vec<u8>) -> Result<gix_object::Kind, Error> {
        let doing = "read an object of";
        let found = self.objects.try_find(&id, buffer).map_err(|error| self.fail(doing, error.into()))?;
        let Some((kind, length)) = found.map(|data| (data.kind, data.data.len())) else {
            return Err(self.fail(doing, format!("{id} is missing").into()));
        };
        buffer.truncate(length);
        Ok(kind)
    }
}

/// The directory with the objects, whichever way to it was given.
fn directory(path: &Path) -> Result<PathBuf, Error> {
    let dot_git = path.join(".git");
    let directory = if dot_git.is_dir() {
        dot_git
    } else if dot_git.is_file() {
        // A further working folder, or a submodule.
        let text = fs::read_to_string(&dot_git).map_err(Error::file("read", &dot_git))?;
        path.join(text.strip_prefix("gitdir: ").unwrap_or_default().trim())
    } else {
        path.to_owned()
    };
    let directory = match fs::read_to_string(directory.join("commondir")) {
        Ok(common) => directory.join(common.trim()),
        Err(_) => directory,
    };
    if !directory.join("objects").is_dir() {
        let path = path.to_owned();
        return Err(Error::Repository { doing: "open", path, source: "there is no Git repository".into() });
    }
    fs::canonicalize(&directory).map_err(Error::file("read", directory))
}
