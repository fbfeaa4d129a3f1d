use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use gix_hash::ObjectId;
use gix_object::Find;
use sha2::{Digest, Sha256};

use crate::git::commit_tree::{CommitTree, open_objects};
use crate::git::connect::Dialer;
use crate::git::exchange::{Exchange, is_refused_object};
use crate::git::generation::Generation;
use crate::git::pack::Request;
use crate::git::reference::{Reference, Wanted, parse_id};
use crate::git::select::{Target, near, pinned, select};
use crate::git::session::Session;
use crate::git::store::Store;
use crate::git::url::GitUrl;
use crate::{Auth, Cancel, Error, GitOptions, Revision, Snapshot};

/// A repository, the commit wanted of it, and what it is opened with.
#[derive(Debug, Clone)]
pub struct GitRemote {
    /// Where it is.
    pub url: GitUrl,
    /// Which commit is wanted.
    pub reference: Reference,
    /// Credentials, and whom to trust.
    pub auth: Auth,
}

/// A Git repository that is asked again and again for its newest commit.
///
/// It keeps one bare, shallow object store in a directory of its own, which outlives the process: see [`last`](Self::last).
/// There is never a checkout. Calls block; from asynchronous code they belong on a thread for blocking work, and
/// they panic on a thread that drives an asynchronous runtime itself.
pub struct GitSource {
    remote: GitRemote,
    options: GitOptions,
    /// What the store is a store of.
    fingerprint: String,
    dialer: Dialer,
    store: Mutex<Store>,
    last: Mutex<Option<Snapshot>>,
}

/// What a poll found.
#[derive(Debug, Clone)]
pub enum Poll {
    /// The commit is the one that the caller knows.
    Unchanged,
    /// The commit is another one.
    Changed(Snapshot),
}

impl GitSource {
    /// Opens the store in `directory`, making it where it is missing. No request is made.
    ///
    /// What an earlier process left half done is cleared away. A store of another repository or reference is replaced
    /// at the first fetch.
    ///
    /// # Errors
    /// [`Error::StoreBusy`] where another `GitSource` has it open, [`Error::Store`] where the disk fails.
    pub fn open(directory: impl AsRef<Path>, remote: GitRemote, options: GitOptions) -> Result<Self, Error> {
        let fingerprint = fingerprint(&remote, &options);
        let store = Store::open(directory.as_ref(), &fingerprint)?;
        let last = store.current().and_then(|(generation, revision)| {
            let snapshot = snapshot(generation, revision, &options);
            if snapshot.is_err() {
                generation.mark_damaged();
            }
            snapshot.ok()
        });
        Ok(Self {
            remote,
            options,
            fingerprint,
            dialer: Dialer::default(),
            store: Mutex::new(store),
            last: Mutex::new(last),
        })
    }

    /// The snapshot fetched last, be it by an earlier process; no request is made, and a running poll is not waited for.
    ///
    /// `None` where nothing was fetched yet, or where the store is damaged: then the next poll fetches afresh.
    #[must_use]
    pub fn last(&self) -> Option<Snapshot> {
        lock(&self.last).clone()
    }

    /// Asks the server for the commit, and fetches it unless it is there already.
    ///
    /// `known` is the revision of the snapshot that the caller holds. Where it is still the newest this costs one
    /// listing of the reference and no write to the disk; a [`Reference::commit`] that is known costs no request.
    /// Otherwise the commit is fetched without its history, and without what the store holds already.
    ///
    /// On an error the last snapshot stays what it was. A history that was rewritten is followed like any other change.
    ///
    /// # Errors
    /// See [`Error`]; [`Error::is_transient`] tells whether to try again unchanged.
    pub fn poll(&self, known: Option<&Revision>, cancel: &Cancel) -> Result<Poll, Error> {
        let mut store = lock(&self.store);
        let healthy = store.current().is_some_and(|(generation, _)| !generation.is_damaged());
        // Who holds a damaged snapshot gets a new one.
        let known = known.filter(|_| healthy || store.current().is_none());
        let held = if healthy { store.current().map(|(_, revision)| revision.clone()) } else { None };
        if let Some(target) = pinned(&self.remote.reference)
            && let Some(poll) = self.without_fetch(&target.revision, known, held.as_ref())
        {
            return Ok(poll);
        }
        let session = Session::start(self.remote.url.to_string(), self.options.timeout, cancel)?;
        let mut exchange = Exchange::start(session.clone(), self.dialer.connect(&session, &self.remote)?)?;
        let target = self.find_target(&mut exchange)?;
        if let Some(poll) = self.without_fetch(&target.revision, known, held.as_ref()) {
            exchange.finish();
            return Ok(poll);
        }
        let snapshot = match held.filter(|held| held.hash() == target.revision.hash()) {
            // Another name for the commit that is there.
            Some(_) => self.adopt(&mut store, target)?,
            None => self.fetch(&mut store, exchange, target, &session)?,
        };
        *lock(&self.last) = Some(snapshot.clone());
        Ok(Poll::Changed(snapshot))
    }

    /// The bare repository that holds the commit of [`last`](Self::last), for whoever reads it with other means.
    ///
    /// It names no branch; it stays there for as long as that snapshot lives.
    #[must_use]
    pub fn repository(&self) -> Option<PathBuf> {
        lock(&self.store).current().map(|(generation, _)| generation.path().to_owned())
    }

    fn without_fetch(&self, found: &Revision, known: Option<&Revision>, held: Option<&Revision>) -> Option<Poll> {
        if known == Some(found) {
            return Some(Poll::Unchanged);
        }
        if held == Some(found) { self.last().map(Poll::Changed) } else { None }
    }

    /// What the reference means today.
    fn find_target(&self, exchange: &mut Exchange) -> Result<Target, Error> {
        let reference = &self.remote.reference;
        if let Some(target) = pinned(reference) {
            return Ok(target);
        }
        let refs = exchange.refs(&reference.prefixes())?;
        if let Some(target) = select(reference, &refs) {
            return Ok(target);
        }
        // It is not there: another listing finds out what was meant.
        let all = exchange.refs(&["refs/heads/".to_owned(), "refs/tags/".to_owned()])?;
        let (url, name) = (self.remote.url.to_string(), reference.to_string());
        if all.iter().all(|found| found.unpack().1.is_none()) {
            return Err(Error::EmptyRepository { url, reference: name });
        }
        Err(Error::ReferenceNotFound { url, reference: name, near: near(reference, &all) })
    }

    fn adopt(&self, store: &mut Store, target: Target) -> Result<Snapshot, Error> {
        let generation = store.current().map(|(generation, _)| Arc::clone(generation));
        let generation = generation.map_or_else(|| store.fresh(gix_hash::Kind::Sha1), Ok)?;
        let snapshot = snapshot(&generation, &target.revision, &self.options)?;
        store.commit(generation, &self.fingerprint, target.revision)?;
        Ok(snapshot)
    }

    fn fetch(
        &self,
        store: &mut Store,
        mut exchange: Exchange,
        target: Target,
        session: &Session,
    ) -> Result<Snapshot, Error> {
        let (generation, have) = self.place(store, &exchange)?;
        let result = exchange.fetch(&self.request(target.want, have, !self.options.full_history), &generation);
        let result = match (&self.remote.reference.0, result) {
            (Wanted::Commit { id, branch }, Err(error)) if is_refused_object(&error, *id) => match branch {
                Some(branch) => self.fetch_through(branch, *id, session, &generation),
                None => Err(self.not_reachable(*id, None)),
            },
            (_, Ok(())) => {
                exchange.finish();
                Ok(())
            }
            (_, Err(error)) => Err(error),
        };
        let result = result.and_then(|()| self.install(store, &generation, &target));
        if let Err(error) = &result {
            if have.is_none() {
                generation.retire();
            } else if matches!(error, Error::Protocol { .. } | Error::Damaged { .. }) {
                // Perhaps it is our side that does not fit: the next poll fetches everything.
                generation.mark_damaged();
            }
        }
        result
    }

    /// The generation to fetch into, and the commit that it holds already.
    fn place(&self, store: &Store, exchange: &Exchange) -> Result<(Arc<Generation>, Option<ObjectId>), Error> {
        if let Some((generation, revision)) = store.current()
            && !generation.is_damaged()
            && generation.hash() == exchange.hash()
            && generation.pack_count()? < self.options.max_packs
        {
            return Ok((Arc::clone(generation), revision.id()));
        }
        Ok((store.fresh(exchange.hash())?, None))
    }

    fn request(&self, want: ObjectId, have: Option<ObjectId>, shallow: bool) -> Request {
        let GitOptions { max_pack_bytes, max_object_bytes, .. } = self.options;
        Request { want, have, shallow, max_pack_bytes, max_object_bytes }
    }

    /// Fetches a branch with its history because the server does not hand out the commit by its id.
    ///
    /// `generation` is empty: a store that holds a pinned commit never fetches again.
    fn fetch_through(
        &self,
        branch: &str,
        id: ObjectId,
        session: &Session,
        generation: &Generation,
    ) -> Result<(), Error> {
        let mut exchange = Exchange::start(session.clone(), self.dialer.connect(session, &self.remote)?)?;
        let reference = Reference::branch(branch)?;
        let refs = exchange.refs(&reference.prefixes())?;
        let Some(tip) = select(&reference, &refs) else {
            let (url, near) = (self.remote.url.to_string(), near(&reference, &refs));
            return Err(Error::ReferenceNotFound { url, reference: reference.to_string(), near });
        };
        exchange.fetch(&self.request(tip.want, None, false), generation)?;
        exchange.finish();
        let objects = open_objects(generation, self.options.max_object_bytes)?;
        if gix_object::Exists::exists(&objects, &id) { Ok(()) } else { Err(self.not_reachable(id, Some(branch))) }
    }

    fn not_reachable(&self, id: ObjectId, branch: Option<&str>) -> Error {
        Error::CommitNotReachable {
            url: self.remote.url.to_string(),
            commit: id.to_string(),
            branch: branch.map(str::to_owned),
        }
    }

    /// Makes what was fetched count, once it is known to be readable.
    fn install(&self, store: &mut Store, generation: &Arc<Generation>, target: &Target) -> Result<Snapshot, Error> {
        let commit = peel(generation, target.want, &self.options)?;
        // An old server lists an annotated tag without the commit under it.
        let revision = Revision::of_object(target.revision.name(), commit);
        let snapshot = snapshot(generation, &revision, &self.options)?;
        store.commit(Arc::clone(generation), &self.fingerprint, revision)?;
        Ok(snapshot)
    }
}

impl Snapshot {
    /// The files of a commit in a bare repository on this machine, such as one that was unpacked from a bundle: read where
    /// they are, without the `git` program, and without writing anything. The repository has to stay for as long as the
    /// snapshot lives.
    ///
    /// `commit` is the full id of the commit, or of an annotated tag on it; `name` is what the revision calls it.
    ///
    /// # Errors
    /// Where `commit` is no id, or the repository does not hold it.
    pub fn of_repository(
        repository: impl AsRef<Path>,
        name: Option<&str>,
        commit: &str,
        options: &GitOptions,
    ) -> Result<Self, Error> {
        let id = parse_id(commit)?;
        let generation = Arc::new(Generation::foreign(repository.as_ref(), id.kind()));
        let commit = peel(&generation, id, options)?;
        snapshot(&generation, &Revision::of_object(name, commit), options)
    }
}

impl std::fmt::Debug for GitSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GitSource").field("remote", &self.remote).finish_non_exhaustive()
    }
}

/// Nothing behind these locks is left half changed by a panic: the store changes in one step.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Tells one source's store from another's without keeping credentials.
fn fingerprint(remote: &GitRemote, options: &GitOptions) -> String {
    let mut text = format!("{}\n{}", remote.url.without_credentials(), remote.reference);
    if options.full_history {
        // What is there without history does not become whole by what is added to it.
        text.push_str("\nwith history");
    }
    Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn snapshot(generation: &Arc<Generation>, revision: &Revision, options: &GitOptions) -> Result<Snapshot, Error> {
    let commit = revision.id().ok_or_else(|| damaged(generation, revision.hash(), "it is no object id".into()))?;
    let tree = CommitTree::open(Arc::clone(generation), commit, options)?;
    Ok(Snapshot { revision: revision.clone(), digest: tree.digest(), files: Arc::new(tree) })
}

fn damaged(generation: &Generation, object: &str, source: crate::Cause) -> Error {
    Error::Damaged { path: generation.path().to_owned(), object: object.to_owned(), source }
}

/// The commit under any number of tags.
fn peel(generation: &Generation, mut id: ObjectId, options: &GitOptions) -> Result<ObjectId, Error> {
    let objects = open_objects(generation, options.max_object_bytes)?;
    let mut buffer = Vec::new();
    for _ in 0..16 {
        let fail = |source| damaged(generation, &id.to_string(), source);
        let found = objects.try_find(&id, &mut buffer).map_err(|error| fail(error.into()))?;
        let data = found.ok_or_else(|| fail("it is not there".into()))?;
        if data.kind != gix_object::Kind::Tag {
            return Ok(id);
        }
        let tag = gix_object::TagRefIter::from_bytes(data.data, generation.hash());
        id = tag.target_id().map_err(|error| fail(error.into()))?;
    }
    Err(damaged(generation, &id.to_string(), "tags lead to tags without end".into()))
}
