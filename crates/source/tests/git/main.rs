//! `GitSource` against repositories made by git itself.
#![expect(clippy::unwrap_used, reason = "in a test a failure is meant to end it")]

mod check_ignore;
mod directory;
mod distorted;
mod following;
mod killed;
mod over_http;
mod over_ssh;
mod repository;
mod tree;

use windlass_manifest::TreePath;
use windlass_source::{Auth, Cancel, Error, GitOptions, GitRemote, GitSource, Poll, Reference, Snapshot};

use crate::repository::Repository;

fn remote(url: &str, reference: Reference) -> GitRemote {
    GitRemote { url: url.parse().unwrap(), reference, auth: Auth::none() }
}

fn main_branch() -> Reference {
    Reference::branch("main").unwrap()
}

fn open(repository: &Repository, reference: Reference) -> GitSource {
    GitSource::open(repository.store(), remote(&repository.url(), reference), GitOptions::default()).unwrap()
}

/// The snapshot of a poll that must find a change.
fn changed(source: &GitSource) -> Snapshot {
    match source.poll(None, &Cancel::new()).unwrap() {
        Poll::Changed(snapshot) => snapshot,
        Poll::Unchanged => panic!("a poll that knows nothing finds a change"),
    }
}

fn failure(source: &GitSource) -> Error {
    source.poll(None, &Cancel::new()).unwrap_err()
}

fn text(snapshot: &Snapshot, path: &str) -> String {
    snapshot.files.read_text(&TreePath::new(path).unwrap()).unwrap()
}
