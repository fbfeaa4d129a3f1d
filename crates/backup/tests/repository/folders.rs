//! A folder that should be a mounted disk, and is not.

use std::fs;
use std::path::Path;

use windlass_backup::{
    DirectoryStore, Error, OpenOptions, PutMode, Repository, RunOptions, Store as _, StoreFault, Trust, VerifyOptions,
};
use windlass_capture::Format;

use crate::support::{Household, bytes};

/// What is left in the folder that a disk was mounted on.
fn unmount(household: &Household) -> tempfile::TempDir {
    let elsewhere = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(household.folder.path()).unwrap() {
        let entry = entry.unwrap();
        fs::rename(entry.path(), elsewhere.path().join(entry.file_name())).unwrap();
    }
    elsewhere
}

fn mount(household: &Household, disk: &tempfile::TempDir) {
    for entry in fs::read_dir(disk.path()).unwrap() {
        let entry = entry.unwrap();
        fs::rename(entry.path(), household.folder.path().join(entry.file_name())).unwrap();
    }
}

fn is_empty(folder: &Path) -> bool {
    fs::read_dir(folder).unwrap().next().is_none()
}

fn is_unmounted(error: &Error) -> bool {
    matches!(error, Error::Store(error) if error.fault == StoreFault::NotMounted)
}

#[tokio::test]
async fn nothing_is_written_below_a_mount_point_that_is_empty() {
    let household = Household::new();
    let cache = tempfile::tempdir().unwrap();
    let open = async || {
        let trust = Trust::Writers(vec![household.writer.id()]);
        Repository::open(household.store(), OpenOptions::new(trust).with_cache(cache.path())).await
    };
    household.init().await;
    let repository = open().await.unwrap();
    let snapshot = household.save(&repository, &[("a", b"one")]).await;
    // One run has begun, and the disk goes away.
    let mut run = repository.begin(&household.writer, RunOptions::new("attic")).await.unwrap();
    let disk = unmount(&household);
    let error = run.add("a", bytes(Format::Tar, b"two"), serde_json::Map::new()).await.unwrap_err();
    assert!(is_unmounted(&error), "{error}");
    assert!(error.to_string().contains("mount the disk"), "{error}");
    assert!(run.commit().await.is_err());
    // Another begins: what it knows of the repository is in its cache, and it could go on without looking.
    for repository in [repository, open().await.unwrap()] {
        let error = household.try_save(&repository, &[("a", b"three")]).await.unwrap_err();
        assert!(is_unmounted(&error), "{error}");
        assert!(is_unmounted(&repository.snapshots().await.unwrap_err()), "no list of nothing");
        assert!(is_unmounted(&repository.sweep(&household.writer).await.unwrap_err()));
        let options = VerifyOptions { writer: Some(household.writer.clone()), ..VerifyOptions::default() };
        assert!(is_unmounted(&repository.verify(options).await.unwrap_err()));
        assert!(is_unmounted(&repository.store().delete("items/ab/x").await.unwrap_err().into()));
    }
    assert!(is_empty(household.folder.path()), "not even a folder was made");
    mount(&household, &disk);
    let repository = open().await.unwrap();
    let next = household.save(&repository, &[("a", b"two")]).await;
    assert_eq!(next.previous.as_ref().unwrap().id, snapshot.id, "as if nothing had been");
}

#[tokio::test]
async fn a_folder_that_went_away_is_not_made_again() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("nas");
    fs::create_dir(&folder).unwrap();
    let store = DirectoryStore::open(&folder).unwrap();
    fs::remove_dir(&folder).unwrap();
    let body = bytes::Bytes::from_static(b"x");
    // Of those that begin a repository too, which need no marker.
    for key in ["probe/x", "items/ab/x"] {
        assert!(store.put(key, body.clone(), PutMode::Replace).await.is_err());
    }
    assert!(is_empty(parent.path()));
}
