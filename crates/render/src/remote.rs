//! Bases and files that are somewhere else: how they are named, and who may fetch them.

use std::fmt;
use std::sync::Arc;

use windlass_manifest::FileTree;

pub(crate) mod build;
mod duration;
mod url;

pub(crate) use build::Remote;
pub use build::build_remote;
pub use url::{RepositoryUrl, RepositoryUrlError};

/// Why something could not be fetched.
pub type FetchError = Box<dyn std::error::Error + Send + Sync>;

/// Fetches what a kustomization names by a URL.
///
/// A build asks for the same URL each time it meets it; who fetches decides what is kept.
pub trait Fetch: Sync {
    /// The files of a Git repository, at the commit that the URL asks for.
    ///
    /// # Errors
    /// Where it cannot be fetched, or may not be.
    fn repository(&self, url: &RepositoryUrl) -> Result<Fetched, FetchError>;

    /// The bytes of a file at an `http` or `https` URL.
    ///
    /// # Errors
    /// Where it cannot be fetched, or may not be. A build then tries the URL as that of a repository.
    fn file(&self, url: &str) -> Result<Vec<u8>, FetchError>;
}

/// A repository that was fetched.
#[derive(Clone)]
pub struct Fetched {
    /// Its files.
    pub tree: Arc<dyn FileTree>,
    /// The commit, for the closure of the build.
    pub revision: String,
}

impl fmt::Debug for Fetched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fetched").field("revision", &self.revision).finish_non_exhaustive()
    }
}

/// Whether an entry is the URL of a file.
pub(crate) fn is_file_url(entry: &str) -> bool {
    let starts = |scheme: &str| entry.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme));
    starts("https://") || starts("http://")
}

/// A URL as it may be shown: without credentials.
pub(crate) fn shown(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    // A password with a slash in it ends up in what looks like the path.
    let end = rest[end..].rfind('@').map_or(end, |at| end + at + 1);
    match rest[..end].rsplit_once('@') {
        // Without a password it is the user that Git knows, `git` mostly; over HTTP it may be a token.
        Some((user, _)) if scheme.eq_ignore_ascii_case("ssh") && !user.contains(':') => url.to_owned(),
        Some((_, host)) => format!("{scheme}://***@{host}{}", &rest[end..]),
        None => url.to_owned(),
    }
}

/// Whether an entry that is no path of the tree is a URL.
pub(crate) fn is_remote(entry: &str) -> bool {
    is_file_url(entry) || RepositoryUrl::parse(entry).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_not_shown() {
        for (url, expected) in [
            ("https://me:hunter2@h/a?ref=v1", "https://***@h/a?ref=v1"),
            ("https://hunter2@h/a", "https://***@h/a"),
            ("https://me:hun/hunter2@h/a", "https://***@h/a"),
            ("ssh://git@h/a", "ssh://git@h/a"),
            ("ssh://git:hunter2@h/a", "ssh://***@h/a"),
            ("https://h/a?ref=v1", "https://h/a?ref=v1"),
            ("git@h:a/b", "git@h:a/b"),
        ] {
            assert_eq!(shown(url), expected);
        }
    }

    #[test]
    fn remote_entries_are_told_from_paths() {
        for entry in ["https://x/y.yaml", "github.com/a/b?ref=v1", "git@host:a/b", "ssh://git@h/a/b"] {
            assert!(is_remote(entry), "{entry}");
        }
        for entry in ["../base", "a@b.yaml", "./github.com/x", "apps/web", "git::h/a"] {
            assert!(!is_remote(entry), "{entry}");
        }
    }
}
