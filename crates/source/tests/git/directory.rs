//! Working directories.

use std::fs;

use windlass_source::{DirectorySource, IgnoreRules};

use crate::repository::Repository;
use crate::text;

#[test]
fn a_working_copy_has_the_revision_of_its_commit() {
    let repository = Repository::new();
    let id = repository.push_file("apps/app.yaml", "one");
    let source = DirectorySource::new(repository.work(), IgnoreRules::default());
    let clean = source.snapshot().unwrap();
    assert_eq!(clean.revision.to_string(), format!("main@sha1:{id}"));
    repository.write("apps/app.yaml", "edited");
    let edited = source.snapshot().unwrap();
    assert_eq!(edited.revision, clean.revision);
    assert_ne!(edited.digest, clean.digest);
    assert_eq!(text(&edited, "apps/app.yaml"), "edited");

    let below = DirectorySource::new(repository.work().join("apps"), IgnoreRules::default()).snapshot().unwrap();
    assert_eq!(below.revision, clean.revision);
    repository.git(&["pack-refs", "--all"]);
    assert_eq!(source.snapshot().unwrap().revision, clean.revision);
    repository.git(&["worktree", "add", "-q", "-b", "other", "../linked"]);
    let linked = DirectorySource::new(repository.root().join("linked"), IgnoreRules::default()).snapshot().unwrap();
    assert_eq!(linked.revision.to_string(), format!("other@sha1:{id}"));
    repository.git(&["checkout", "-q", "--detach"]);
    assert_eq!(source.snapshot().unwrap().revision.to_string(), format!("sha1:{id}"));
}

#[test]
fn a_directory_without_git_has_the_revision_of_its_content() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.yaml"), "a").unwrap();
    let source = DirectorySource::new(folder.path(), IgnoreRules::default());
    let first = source.snapshot().unwrap();
    assert_eq!(first.revision.to_string(), first.digest);
    fs::write(folder.path().join("picture.png"), "not ours").unwrap();
    assert_eq!(source.snapshot().unwrap().digest, first.digest);
    assert!(DirectorySource::new(folder.path().join("absent"), IgnoreRules::default()).snapshot().is_err());
}
