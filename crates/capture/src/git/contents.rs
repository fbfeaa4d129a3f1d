use std::collections::{BTreeSet, HashSet, VecDeque};
use std::rc::Rc;

use gix_hash::ObjectId;
use gix_object::commit::ref_iter::Token;
use gix_object::tree::EntryKind;
use gix_object::{CommitRefIter, Kind, TagRefIter, TreeRefIter};

use crate::Error;
use crate::git::repository::Repository;

/// Every object that some references need, in an order that depends on nothing else.
#[derive(Default)]
pub(super) struct Contents {
    /// Tags among them.
    pub(super) commits: Vec<ObjectId>,
    files: Vec<Placed>,
}

/// A tree or blob where it was met first. Those of one path lie together: they are versions of one file.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Placed {
    is_blob: bool,
    path: Rc<[u8]>,
    met: usize,
    id: ObjectId,
}

impl Contents {
    /// Walks from `tips` through history up to the commits in `shallow`. An object that is missing is an error.
    pub(super) fn walk(
        repository: &Repository,
        tips: impl IntoIterator<Item = ObjectId>,
        shallow: &BTreeSet<ObjectId>,
    ) -> Result<Self, Error> {
        let mut contents = Self::default();
        let mut seen = HashSet::new();
        let mut waiting: VecDeque<ObjectId> = tips.into_iter().collect();
        let mut buffer = Vec::new();
        let damaged = |error: gix_error::Error| repository.fail("read an object of", error.into());
        while let Some(id) = waiting.pop_front() {
            if !seen.insert(id) {
                continue;
            }
            match repository.read(id, &mut buffer)? {
                Kind::Tag => {
                    waiting.push_back(TagRefIter::from_bytes(&buffer, repository.hash).target_id().map_err(damaged)?);
                    contents.commits.push(id);
                }
                Kind::Commit => {
                    contents.commits.push(id);
                    let mut tree = None;
                    for token in CommitRefIter::from_bytes(&buffer, repository.hash) {
                        match token.map_err(damaged)? {
                            Token::Tree { id } => tree = Some(id),
                            Token::Parent { id: parent } if !shallow.contains(&id) => waiting.push_back(parent),
                            Token::Parent { .. } => {}
                            _ => break,
                        }
                    }
                    let tree =
                        tree.ok_or_else(|| repository.fail("read an object of", "a commit has no tree".into()))?;
                    contents.walk_tree(repository, tree, &mut seen)?;
                }
                Kind::Tree => {
                    seen.remove(&id);
                    contents.walk_tree(repository, id, &mut seen)?;
                }
                Kind::Blob => contents.place(true, Rc::from([]), id),
            }
        }
        contents.files.sort_unstable();
        Ok(contents)
    }

    fn walk_tree(
        &mut self,
        repository: &Repository,
        root: ObjectId,
        seen: &mut HashSet<ObjectId>,
    ) -> Result<(), Error> {
        let mut waiting: Vec<(Rc<[u8]>, ObjectId)> = vec![(Rc::from([]), root)];
        let mut buffer = Vec::new();
        while let Some((path, id)) = waiting.pop() {
            if !seen.insert(id) {
                continue;
            }
            if repository.read(id, &mut buffer)? != Kind::Tree {
                return Err(repository.fail("read an object of", format!("{id} should be a tree").into()));
            }
            for entry in TreeRefIter::from_bytes(&buffer, repository.hash) {
                let entry = entry.map_err(|error| repository.fail("read an object of", error.into()))?;
                let child: Rc<[u8]> = [&path, &b"/"[..], entry.filename].concat().into();
                match entry.mode.kind() {
                    EntryKind::Tree => waiting.push((child, entry.oid.to_owned())),
                    // A submodule: its objects are in another repository.
                    EntryKind::Commit => {}
                    _ => {
                        let id = entry.oid.to_owned();
                        if seen.insert(id) {
                            if !repository.has(id) {
                                return Err(repository.fail("read an object of", format!("{id} is missing").into()));
                            }
                            self.place(true, child, id);
                        }
                    }
                }
            }
            self.place(false, path, id);
        }
        Ok(())
    }

    fn place(&mut self, is_blob: bool, path: Rc<[u8]>, id: ObjectId) {
        let met = self.files.len();
        self.files.push(Placed { is_blob, path, met, id });
    }

    pub(super) fn len(&self) -> usize {
        self.commits.len() + self.files.len()
    }

    pub(super) fn into_ids(self) -> impl Iterator<Item = ObjectId> {
        self.commits.into_iter().chain(self.files.into_iter().map(|placed| placed.id))
    }
}
