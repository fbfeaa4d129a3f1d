use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use gix_hash::{Kind, ObjectId};
use gix_object::tree::EntryKind as Mode;
use gix_object::{CommitRefIter, Find, TreeRefIter};
use gix_odb::Header;
use windlass_manifest::{EntryKind, FileTree, Resolved, TreeEntry, TreeError, TreePath};

use crate::Error;
use crate::git::generation::Generation;

/// The files of one commit, read from the object store when they are asked for.
///
/// Submodules are absent, and so are names that are not UTF-8 or that no file system could hold. Links are followed
/// inside the tree only.
pub(crate) struct CommitTree {
    generation: Arc<Generation>,
    objects: Mutex<gix_odb::HandleArc>,
    root: ObjectId,
    max_file_bytes: u64,
    /// Every directory read so far; they are small and read again and again.
    directories: Mutex<HashMap<ObjectId, Arc<[Entry]>>>,
}

struct Entry {
    name: String,
    mode: Mode,
    id: ObjectId,
}

/// What a walk through links ends at.
struct Found {
    path: TreePath,
    mode: Mode,
    id: ObjectId,
}

/// How many links one path may lead through, as in Linux.
const MAX_LINKS: usize = 40;
/// How many directories deep a path may be.
const MAX_DEPTH: usize = 256;
/// How many directories are remembered; a tree with more is read again.
const MAX_DIRECTORIES: usize = 4096;
/// What the cache of delta bases may take.
const PACK_CACHE_BYTES: usize = 4 << 20;

impl CommitTree {
    /// Opens `commit` in `generation` and reads its root directory, so that a damaged store shows at once.
    pub(crate) fn open(
        generation: Arc<Generation>,
        commit: ObjectId,
        limits: &crate::GitOptions,
    ) -> Result<Self, Error> {
        let path = generation.path().to_owned();
        let objects = open_objects(&generation, limits.max_object_bytes)?;
        let damaged = |object: ObjectId| {
            let path = path.clone();
            move |source| Error::Damaged { path, object: object.to_string(), source }
        };
        let root = root_of(&objects, commit, generation.hash()).map_err(damaged(commit))?;
        let tree = Self {
            generation,
            objects: Mutex::new(objects),
            root,
            max_file_bytes: limits.max_file_bytes,
            directories: Mutex::default(),
        };
        tree.directory(&TreePath::root(), root).map_err(|error| damaged(root)(Box::new(error)))?;
        Ok(tree)
    }

    /// The id of the root directory: equal for equal content.
    pub(crate) fn digest(&self) -> String {
        let algorithm = if self.generation.hash() == Kind::Sha1 { "sha1" } else { "sha256" };
        format!("{algorithm}:{}", self.root)
    }

    /// Runs `read` on the object store. A failure marks the store, so that the next poll fetches it afresh.
    fn with_objects<T>(
        &self,
        path: &TreePath,
        read: impl FnOnce(&gix_odb::HandleArc) -> Result<Option<T>, Box<dyn std::error::Error + Send + Sync>>,
    ) -> Result<T, TreeError> {
        let objects = self.objects.lock().unwrap_or_else(PoisonError::into_inner);
        let result = read(&objects).and_then(|found| found.ok_or_else(|| "an object is missing from the store".into()));
        result.map_err(|source| {
            self.generation.mark_damaged();
            TreeError::Storage { path: path.clone(), source }
        })
    }

    fn directory(&self, path: &TreePath, id: ObjectId) -> Result<Arc<[Entry]>, TreeError> {
        let mut known = self.directories.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(entries) = known.get(&id) {
            return Ok(Arc::clone(entries));
        }
        let entries: Arc<[Entry]> = self
            .with_objects(path, |objects| {
                let mut buffer = Vec::new();
                let Some(data) = objects.try_find(&id, &mut buffer)? else {
                    return Ok(None);
                };
                if data.kind != gix_object::Kind::Tree {
                    return Err(format!("{id} is a {}, not a tree", data.kind).into());
                }
                TreeRefIter::from_bytes(data.data, self.generation.hash())
                    .filter_map(|entry| entry.map(|entry| Entry::read(&entry)).transpose())
                    .collect::<Result<Vec<_>, _>>()
                    .map(Some)
                    .map_err(Into::into)
            })?
            .into();
        if known.len() >= MAX_DIRECTORIES {
            known.clear();
        }
        known.insert(id, Arc::clone(&entries));
        Ok(entries)
    }

    fn size(&self, path: &TreePath, id: ObjectId) -> Result<u64, TreeError> {
        self.with_objects(path, |objects| Ok(objects.try_header(&id)?.map(|header| header.size())))
    }

    fn blob(&self, path: &TreePath, id: ObjectId) -> Result<Vec<u8>, TreeError> {
        let (size, limit) = (self.size(path, id)?, self.max_file_bytes);
        if size > limit {
            return Err(TreeError::TooLarge { path: path.clone(), size, limit });
        }
        self.with_objects(path, |objects| {
            let mut buffer = Vec::new();
            let found = objects.try_find(&id, &mut buffer)?.map(|data| data.data.len());
            Ok(found.map(|length| {
                buffer.truncate(length);
                buffer
            }))
        })
    }

    /// Follows `path` from the root to what is really there.
    fn walk(&self, path: &TreePath) -> Result<Found, TreeError> {
        let not_found = || TreeError::NotFound { path: path.clone() };
        let mut links = 0;
        // What is still to be walked, last part first.
        let mut rest: Vec<String> = path.parts().map(str::to_owned).collect();
        rest.reverse();
        let mut way: Vec<(String, ObjectId)> = Vec::new();
        let mut file: Option<(String, Mode, ObjectId)> = None;
        while let Some(part) = rest.pop() {
            match part.as_str() {
                "" | "." => continue,
                ".." => {
                    way.pop().ok_or_else(|| TreeError::Escapes { path: path.clone() })?;
                    continue;
                }
                _ => {}
            }
            if file.is_some() {
                return Err(not_found());
            }
            let here = way.last().map_or(self.root, |(_, id)| *id);
            let entries = self.directory(path, here)?;
            let entry = entries.iter().find(|entry| entry.name == part).ok_or_else(not_found)?;
            match entry.mode {
                Mode::Tree if way.len() >= MAX_DEPTH => {
                    let source = format!("it lies more than {MAX_DEPTH} directories deep").into();
                    return Err(TreeError::Storage { path: path.clone(), source });
                }
                Mode::Tree => way.push((part, entry.id)),
                Mode::Link => {
                    links += 1;
                    if links > MAX_LINKS {
                        return Err(TreeError::LinkLoop { path: path.clone() });
                    }
                    let target = String::from_utf8(self.blob(path, entry.id)?).map_err(|_| not_found())?;
                    if target.starts_with('/') {
                        return Err(TreeError::Escapes { path: path.clone() });
                    }
                    rest.extend(target.split('/').rev().map(str::to_owned));
                }
                mode => file = Some((part, mode, entry.id)),
            }
        }
        let (mode, id) = match &file {
            Some((_, mode, id)) => (*mode, *id),
            None => (Mode::Tree, way.last().map_or(self.root, |(_, id)| *id)),
        };
        let names: Vec<String> = way.into_iter().map(|(name, _)| name).chain(file.map(|(name, ..)| name)).collect();
        let resolved = TreePath::new(&names.join("/")).map_err(|_| not_found())?;
        Ok(Found { path: resolved, mode, id })
    }
}

impl Entry {
    /// `None` for what has no place in a tree of files.
    fn read(entry: &gix_object::tree::EntryRef<'_>) -> Option<Self> {
        let name = std::str::from_utf8(entry.filename).ok()?;
        let mode = entry.mode.kind();
        let is_name = !matches!(name, "" | "." | "..") && !name.contains(['/', '\0']);
        (is_name && mode != Mode::Commit).then(|| Self { name: name.to_owned(), mode, id: entry.oid.to_owned() })
    }
}

impl FileTree for CommitTree {
    fn resolve(&self, path: &TreePath) -> Result<Resolved, TreeError> {
        let found = self.walk(path)?;
        let kind = if found.mode == Mode::Tree { EntryKind::Directory } else { EntryKind::File };
        Ok(Resolved { path: found.path, kind })
    }

    fn read(&self, path: &TreePath) -> Result<Vec<u8>, TreeError> {
        let found = self.walk(path)?;
        if found.mode == Mode::Tree {
            return Err(TreeError::NotAFile { path: path.clone() });
        }
        self.blob(path, found.id)
    }

    fn list(&self, path: &TreePath) -> Result<Vec<TreeEntry>, TreeError> {
        let found = self.walk(path)?;
        if found.mode != Mode::Tree {
            return Err(TreeError::NotADirectory { path: path.clone() });
        }
        let mut list = Vec::new();
        for entry in self.directory(path, found.id)?.iter() {
            let kind = match entry.mode {
                Mode::Tree => EntryKind::Directory,
                Mode::Link => match found.path.join(&entry.name).map(|link| self.resolve(&link)) {
                    Ok(Ok(resolved)) => resolved.kind,
                    Ok(Err(error @ TreeError::Storage { .. })) => return Err(error),
                    _ => continue,
                },
                _ => EntryKind::File,
            };
            list.push(TreeEntry { name: entry.name.clone(), kind });
        }
        list.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(list)
    }
}

pub(crate) fn open_objects(generation: &Generation, max_object_bytes: u64) -> Result<gix_odb::HandleArc, Error> {
    let options = gix_odb::store::init::Options {
        use_multi_pack_index: false,
        alloc_limit_bytes: usize::try_from(max_object_bytes).ok(),
        // Given, so that nothing asks for the working directory of the process.
        current_dir: Some(generation.path().to_owned()),
        ..Default::default()
    };
    let path = generation.objects();
    let objects = gix_odb::at_opts(&path, generation.hash(), None, options).and_then(gix_odb::Handle::into_arc);
    let objects = objects.map_err(Error::store("open", path))?;
    Ok(objects.with_pack_cache(|| Box::new(gix_pack::cache::lru::StaticLinkedList::<64>::new(PACK_CACHE_BYTES))))
}

fn root_of(
    objects: &gix_odb::HandleArc,
    commit: ObjectId,
    hash: Kind,
) -> Result<ObjectId, Box<dyn std::error::Error + Send + Sync>> {
    let mut buffer = Vec::new();
    let data = objects.try_find(&commit, &mut buffer)?.ok_or("the commit is missing from the store")?;
    if data.kind != gix_object::Kind::Commit {
        return Err(format!("it is a {}, not a commit", data.kind).into());
    }
    Ok(CommitRefIter::from_bytes(data.data, hash).tree_id()?)
}
