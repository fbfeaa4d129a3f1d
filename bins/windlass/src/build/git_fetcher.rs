//! Bases that are Git URLs, for `--allow-remote-bases`.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use windlass_render::{Fetch, FetchError, Fetched, RepositoryUrl};
use windlass_source::{Auth, Cancel, GitOptions, GitRemote, GitSource, Poll, Reference};

use crate::trouble::Trouble;

/// Fetches each repository once, into a bare store that goes when the build is over. Nothing is checked out.
///
/// Only what anybody may read is fetched: no credentials of the user are looked for.
pub(super) struct GitFetcher {
    stores: tempfile::TempDir,
    fetched: Mutex<HashMap<String, Fetched>>,
}

impl GitFetcher {
    pub(super) fn new() -> Result<Self, Trouble> {
        let stores = tempfile::tempdir().map_err(|error| Trouble::new("cannot make a directory").because(error))?;
        Ok(Self { stores, fetched: Mutex::default() })
    }

    fn fetch(&self, url: &RepositoryUrl, number: usize) -> Result<Fetched, FetchError> {
        let mut last = None;
        for (attempt, reference) in references(url.reference.as_deref())?.into_iter().enumerate() {
            let remote = GitRemote { url: url.clone_url().parse()?, reference, auth: Auth::none() };
            let store = self.stores.path().join(format!("{number}-{attempt}"));
            let mut options = GitOptions::default();
            options.timeout = url.timeout;
            let polled = GitSource::open(&store, remote, options).and_then(|source| source.poll(None, &Cancel::new()));
            match polled {
                Ok(Poll::Changed(snapshot)) => {
                    return Ok(Fetched { tree: snapshot.files, revision: snapshot.revision.to_string() });
                }
                Ok(Poll::Unchanged) => {}
                Err(error) => last = last.or(Some(error)),
            }
        }
        Err(last.map_or_else(|| "there is nothing to fetch".into(), Into::into))
    }
}

/// What a `ref` may mean, in the order in which it is tried: a branch, a tag, a commit.
fn references(reference: Option<&str>) -> Result<Vec<Reference>, FetchError> {
    let Some(name) = reference else { return Ok(vec![Reference::default()]) };
    if name.starts_with("refs/") {
        return Ok(vec![Reference::name(name)?]);
    }
    if name.len() == 40 && name.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Ok(vec![Reference::commit(name)?]);
    }
    Ok(vec![Reference::branch(name)?, Reference::tag(name)?])
}

impl Fetch for GitFetcher {
    fn repository(&self, url: &RepositoryUrl) -> Result<Fetched, FetchError> {
        let key = format!("{} {}", url.clone_url(), url.reference.as_deref().unwrap_or_default());
        let mut fetched = self.fetched.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = fetched.get(&key) {
            return Ok(known.clone());
        }
        let new = self.fetch(url, fetched.len())?;
        fetched.insert(key, new.clone());
        Ok(new)
    }

    fn file(&self, _: &str) -> Result<Vec<u8>, FetchError> {
        Err("single files are not fetched, repositories are: commit a copy of it".into())
    }
}
