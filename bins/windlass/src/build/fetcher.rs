//! Repositories and files at URLs, for `--allow-remote-bases`.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use windlass_render::{Fetch, FetchError, Fetched, Limits, RepositoryUrl};
use windlass_source::{
    Cancel, DownloadOptions, Error, GitOptions, GitRemote, GitSource, GitUrl, Poll, Reference, download,
};

use super::credentials::Credentials;
use crate::trouble::Trouble;

/// How long one file may take.
const FILE_TIMEOUT: Duration = Duration::from_secs(60);

/// How much one repository may send.
const MOST_PACK_BYTES: u64 = 256 << 20;

/// Fetches each repository and each file once. Repositories lie in bare stores that go when the build is over, with one
/// commit each; nothing is checked out.
pub(super) struct Fetcher {
    stores: tempfile::TempDir,
    credentials: Credentials,
    limits: Limits,
    repositories: Mutex<HashMap<String, Answer<Fetched>>>,
    files: Mutex<HashMap<String, Answer<Vec<u8>>>>,
}

/// What came of fetching, kept so that what failed is not tried again.
type Answer<T> = Result<T, Arc<Error>>;

impl Fetcher {
    pub(super) fn new(limits: Limits) -> Result<Self, Trouble> {
        let stores = tempfile::tempdir().map_err(|error| Trouble::new("cannot make a directory").because(error))?;
        let credentials = Credentials::of_user();
        Ok(Self { stores, credentials, limits, repositories: Mutex::default(), files: Mutex::default() })
    }

    /// The commit that a `ref` means, as `git fetch` finds it: a tag comes before a branch.
    fn fetch(&self, url: &RepositoryUrl, number: usize) -> Result<Fetched, Error> {
        let deadline = Instant::now() + url.timeout;
        let repository: GitUrl = long_form(&url.clone_url()).parse()?;
        let mut missing = None;
        for (attempt, reference) in references(url.reference.as_deref())?.into_iter().enumerate() {
            let fetch = |auth| {
                let remote = GitRemote { url: repository.clone(), reference: reference.clone(), auth };
                let store = self.stores.path().join(format!("{number}-{attempt}"));
                let options = GitOptions::default()
                    .with_timeout(deadline.saturating_duration_since(Instant::now()))
                    .with_max_pack_bytes(MOST_PACK_BYTES)
                    .with_max_file_bytes(self.limits.file_bytes);
                GitSource::open(&store, remote, options).and_then(|source| source.poll(None, &Cancel::new()))
            };
            match self.credentials.try_each(&url.clone_url(), fetch) {
                Ok(Poll::Changed(snapshot)) => {
                    return Ok(Fetched { tree: snapshot.files, revision: snapshot.revision.to_string() });
                }
                Ok(Poll::Unchanged) => {}
                Err(error @ Error::ReferenceNotFound { .. }) => missing = Some(error),
                Err(error) => return Err(error),
            }
        }
        let (url, reference) = (repository.to_string(), url.reference.clone().unwrap_or_default());
        Err(match missing {
            Some(Error::ReferenceNotFound { near, .. }) => {
                Error::ReferenceNotFound { url, reference: format!("tag, branch or other ref {reference:?}"), near }
            }
            _ => Error::EmptyRepository { url, reference },
        })
    }

    fn kept(&self) -> MutexGuard<'_, HashMap<String, Answer<Vec<u8>>>> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn download(&self, url: &str) -> Result<Vec<u8>, Error> {
        let mut options = DownloadOptions::default();
        options.timeout = FILE_TIMEOUT;
        options.max_bytes = self.limits.file_bytes;
        self.credentials.try_each(url, |auth| download(url, &auth, &options, &Cancel::new()))
    }
}

impl Fetch for Fetcher {
    fn repository(&self, url: &RepositoryUrl) -> Result<Fetched, FetchError> {
        let key = format!("{} {}", url.clone_url(), url.reference.as_deref().unwrap_or_default());
        let mut known = self.repositories.lock().unwrap_or_else(PoisonError::into_inner);
        let number = known.len();
        let answer = known.entry(key).or_insert_with(|| self.fetch(url, number).map_err(Arc::new));
        answer.clone().map_err(Into::into)
    }

    fn file(&self, url: &str) -> Result<Vec<u8>, FetchError> {
        let known = self.kept().get(url).cloned();
        // Not locked while it is fetched: a build that works on several threads waits for several servers at once.
        let answer = match known {
            Some(answer) => answer,
            None => {
                let answer = self.download(url).map_err(Arc::new);
                self.kept().insert(url.to_owned(), answer.clone());
                answer
            }
        };
        answer.map_err(Into::into)
    }
}

/// What a `ref` may mean, in the order in which Git looks; only what hardly anybody writes (`heads/main`) comes last.
fn references(reference: Option<&str>) -> Result<Vec<Reference>, Error> {
    let Some(name) = reference.filter(|name| *name != "HEAD") else { return Ok(vec![Reference::head()]) };
    if name.starts_with("refs/") {
        return Ok(vec![Reference::name(name)?]);
    }
    if name.len() == 40 && name.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Ok(vec![Reference::commit(name)?]);
    }
    Ok(vec![Reference::tag(name)?, Reference::branch(name)?, Reference::name(&format!("refs/{name}"))?])
}

/// `user@host:path` as a URL.
fn long_form(url: &str) -> String {
    match url.split_once(':') {
        Some((host, path)) if !url.contains("://") => format!("ssh://{host}/{}", path.trim_start_matches('/')),
        _ => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_short_form_of_ssh_is_written_out() {
        assert_eq!(long_form("git@github.com:org/repo"), "ssh://git@github.com/org/repo");
        assert_eq!(long_form("https://h:1/a"), "https://h:1/a");
    }

    #[test]
    fn a_ref_is_what_git_takes_it_for() {
        let told = |name| references(Some(name)).unwrap().iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(told("v1"), ["tag \"v1\"", "branch \"v1\"", "reference \"refs/v1\""]);
        assert_eq!(told("refs/pull/1/head"), ["reference \"refs/pull/1/head\""]);
        assert_eq!([told("HEAD").len(), told(&"a".repeat(40)).len()], [1, 1]);
    }
}
