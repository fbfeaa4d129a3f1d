//! A whole life in a folder: init, run, unchanged run, change, skip, list, read.

use std::sync::Arc;

use crate::support::{self, Household, bytes, noise};
use windlass_backup::{
    DirectoryStore, Error, InitOptions, OpenOptions, Repository, RunOptions, SnapshotStatus, Trust, WriterKey,
};
use windlass_capture::Format;

#[tokio::test]
async fn what_was_saved_is_read_with_each_key_alone() {
    let household = Household::new();
    let repository = household.init().await;
    let mut run = repository.begin(&household.writer, RunOptions::new("attic")).await.unwrap();
    let big = noise(20_000_000);
    run.add("files/big", bytes(Format::Tar, &big), serde_json::Map::new()).await.unwrap();
    run.add("cluster/objects", bytes(Format::Tar, b"objects"), serde_json::Map::new()).await.unwrap();
    let snapshot = run.commit().await.unwrap();
    assert_eq!((snapshot.seq, snapshot.status, snapshot.counts.items), (1, SnapshotStatus::Complete, 2));
    let reader = household.open().await;
    let listed = reader.snapshots().await.unwrap();
    assert!(listed.faults.is_empty());
    for identity in &household.identities {
        assert_eq!(household.read(&reader, &listed.snapshots[0], "files/big", identity).await.unwrap(), big);
        assert_eq!(
            household.read(&reader, &listed.snapshots[0], "cluster/objects", identity).await.unwrap(),
            b"objects"
        );
    }
}

#[tokio::test]
async fn what_is_unchanged_is_not_sent_again() {
    let household = Household::new();
    let repository = household.init().await;
    let first = household.save(&repository, &[("a", b"one"), ("b", b"two")]).await;
    let second = household.save(&repository, &[("a", b"one"), ("b", b"two")]).await;
    assert_eq!(second.counts.sent_bytes, 0);
    assert_eq!(second.manifest, first.manifest);
    assert_eq!(second.previous.as_ref().unwrap().id, first.id);
    let third = household.save(&repository, &[("a", b"one"), ("b", b"three")]).await;
    assert_eq!(third.counts.sent, 1);
    let read = household.read(&repository, &third, "b", &household.identities[0]).await.unwrap();
    assert_eq!(read, b"three");
    assert_eq!(household.read(&repository, &first, "b", &household.identities[1]).await.unwrap(), b"two");
}

#[tokio::test]
async fn what_could_not_be_saved_is_carried_and_says_so() {
    let household = Household::new();
    let repository = household.init().await;
    let first = household.save(&repository, &[("a", b"one"), ("sqlite/b", b"two")]).await;
    let mut run = repository.begin(&household.writer, RunOptions::new("attic")).await.unwrap();
    run.add("a", bytes(Format::Tar, b"one"), serde_json::Map::new()).await.unwrap();
    run.skip("sqlite/b", "database is locked").unwrap();
    run.skip("never/seen", "no such folder").unwrap();
    let second = run.commit().await.unwrap();
    assert_eq!((second.status, second.counts.stale, second.counts.missing), (SnapshotStatus::Partial, 1, 1));
    let manifest = repository.manifest(&second, &household.identities[0]).await.unwrap();
    let item = &manifest.items["sqlite/b"];
    assert_eq!(item.stale.as_ref().unwrap().snapshot, first.id);
    assert_eq!(item.stale.as_ref().unwrap().reason, "database is locked");
    assert!(item.digest.is_some(), "facts come from the snapshot that saved it");
    assert_eq!(manifest.missing["never/seen"], "no such folder");
    assert_eq!(household.read(&repository, &second, "sqlite/b", &household.identities[0]).await.unwrap(), b"two");
}

#[tokio::test]
async fn a_dry_run_writes_nothing() {
    let household = Household::new();
    let repository = household.init().await;
    let before = household.files();
    let options = RunOptions { dry_run: true, ..RunOptions::new("attic") };
    let mut run = repository.begin(&household.writer, options).await.unwrap();
    run.add("a", bytes(Format::Tar, b"one"), serde_json::Map::new()).await.unwrap();
    assert_eq!(run.commit().await.unwrap().counts.sent, 1);
    assert_eq!(household.files(), before);
}

#[tokio::test]
async fn one_recipient_is_refused_unless_waived() {
    let household = Household::new();
    let store = Arc::new(DirectoryStore::open(household.folder.path()).unwrap());
    let mut options = InitOptions::new(household.recipients[..1].to_vec(), &household.writer);
    let refused = Repository::init(store.clone(), options.clone()).await.unwrap_err();
    assert!(matches!(refused, Error::TooFewRecipients { given: 1 }), "{refused}");
    options.waive_second_recipient = true;
    Repository::init(store.clone(), options.clone()).await.unwrap();
    let again = Repository::init(store, options).await.unwrap_err();
    assert!(matches!(again, Error::AlreadyThere { .. }), "{again}");
}

#[tokio::test]
async fn a_foreign_writer_is_neither_believed_nor_let_write() {
    let household = Household::new();
    let repository = household.init().await;
    household.save(&repository, &[("a", b"one")]).await;
    let stranger = WriterKey::generate().unwrap();
    assert!(repository.begin(&stranger, RunOptions::new("attic")).await.is_err());
    let store = household.store();
    let opened = Repository::open(store, OpenOptions::new(Trust::Writers(vec![stranger.id()]))).await;
    assert!(matches!(opened.unwrap_err(), Error::Untrusted { .. }));
}

#[tokio::test]
async fn the_wrong_key_is_told_for_whom_it_is_encrypted() {
    let household = Household::new();
    let repository = household.init().await;
    let snapshot = household.save(&repository, &[("a", b"one")]).await;
    let (stranger, _) = support::identity();
    let error = repository.manifest(&snapshot, &stranger).await.unwrap_err().to_string();
    assert!(error.contains("cluster (") && error.contains("paper ("), "{error}");
}
