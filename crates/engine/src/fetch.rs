//! Fetching a repository once, without a running reconciler.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use windlass_flux::GitRepository;
use windlass_source::{Cancel, GitOptions, GitSource, Poll, Snapshot};

use crate::git_remote::GitSettings;
use crate::git_repository::{CancelOnDrop, ignore_rules};
use crate::{Error, Lookup};

/// Fetches what `object` asks for, as the reconciler would, and keeps it in the directory `store`: the address, the
/// reference, the files to leave out, and the credentials of the Secret that it names, taken from `lookup`.
///
/// # Errors
/// Where the host does not answer or does not have it, or the object asks for what is not supported.
pub async fn fetch_once(object: &GitRepository, lookup: &Lookup, store: &Path) -> Result<Snapshot, Error> {
    let (_, snapshot) = fetch(object, lookup, store, false).await?;
    snapshot.ignoring(&ignore_rules(object)).map_err(Error::IgnoreRules)
}

/// What `object` would give if its host had the commit `commit`, which lies in the bare repository `repository` of this
/// machine and is called `name` there (`refs/heads/main`): the same files are left out. Nothing is fetched.
///
/// # Errors
/// Where the repository does not hold the commit.
pub async fn read_once(
    object: &GitRepository,
    repository: &Path,
    name: Option<&str>,
    commit: &str,
) -> Result<Snapshot, Error> {
    let short = |name: &str| {
        let short = name.strip_prefix("refs/heads/").or_else(|| name.strip_prefix("refs/tags/"));
        short.unwrap_or(name).to_owned()
    };
    let (repository, name, commit) = (repository.to_owned(), name.map(short), commit.to_owned());
    let reading = tokio::task::spawn_blocking(move || {
        Snapshot::of_repository(repository, name.as_deref(), &commit, &GitOptions::default())
    });
    let snapshot = reading.await.map_err(|_| Error::Interrupted { doing: "reading a repository" })??;
    snapshot.ignoring(&ignore_rules(object)).map_err(Error::IgnoreRules)
}

/// A commit with all of its history, in a bare repository without branches.
#[derive(Debug)]
pub struct WholeRepository {
    /// The bare repository. It stays there for as long as this lives.
    pub path: PathBuf,
    /// What the commit was found by, such as `refs/heads/main`; `refs/heads/main` too where it was named by its id.
    pub reference: String,
    /// The commit's id.
    pub commit: String,
    _snapshot: Snapshot,
}

/// Fetches what `object` asks for with its whole history, so that it can be kept for the day on which the host is gone.
///
/// # Errors
/// As [`fetch_once`].
pub async fn fetch_whole(object: &GitRepository, lookup: &Lookup, store: &Path) -> Result<WholeRepository, Error> {
    let (source, snapshot) = fetch(object, lookup, store, true).await?;
    let path = source.repository().ok_or(Error::Interrupted { doing: "reading the last snapshot" })?;
    let reference = match snapshot.revision.name() {
        Some(name) if name.starts_with("refs/") => name.to_owned(),
        Some(name) if is_tag(object) => format!("refs/tags/{name}"),
        Some(name) => format!("refs/heads/{name}"),
        None => "refs/heads/main".to_owned(),
    };
    let commit = snapshot.revision.hash().to_owned();
    Ok(WholeRepository { path, reference, commit, _snapshot: snapshot })
}

fn is_tag(object: &GitRepository) -> bool {
    object.spec.reference.as_ref().is_some_and(|of| of.commit.is_none() && (of.tag.is_some() || of.semver.is_some()))
}

async fn fetch(
    object: &GitRepository,
    lookup: &Lookup,
    store: &Path,
    full_history: bool,
) -> Result<(Arc<GitSource>, Snapshot), Error> {
    let (remote, options) = GitSettings::of(object, lookup).await?.remote()?;
    let options = options.with_full_history(full_history);
    let store = store.to_owned();
    let cancel = Cancel::new();
    let _cancel_on_drop = CancelOnDrop(cancel.clone());
    let fetching = tokio::task::spawn_blocking(move || {
        let source = GitSource::open(store, remote, options)?;
        let known = source.last().map(|snapshot| snapshot.revision);
        let snapshot = match source.poll(known.as_ref(), &cancel)? {
            Poll::Changed(snapshot) => snapshot,
            Poll::Unchanged => source.last().ok_or(Error::Interrupted { doing: "reading the last snapshot" })?,
        };
        Ok((Arc::new(source), snapshot))
    });
    fetching.await.map_err(|_| Error::Interrupted { doing: "fetching" })?
}
