//! The whole life on real servers: SeaweedFS, which does what it says, and rclone, which does not.

use std::sync::Arc;

use windlass_backup::{OpenOptions, Repository, S3Credentials, S3Options, S3Store, Store, Trust};
use windlass_testbed::{RcloneS3, SeaweedS3, require_peers};

use crate::support::{Household, bytes, noise};
use windlass_backup::RunOptions;
use windlass_capture::Format;

fn options(endpoint: &str) -> S3Options {
    let credentials = S3Credentials::new(SeaweedS3::ACCESS_KEY, SeaweedS3::SECRET_KEY);
    S3Options::new("backups", credentials).at(endpoint).below("home/attic")
}

/// Init, run, unchanged run, change, list, read with each key, and an item of several parts.
async fn life(store: Arc<dyn Store>) -> Repository {
    let household = Household::new();
    let repository = household.init_in(store.clone()).await;
    let big = noise(20_000_000);
    let mut run = repository.begin(&household.writer, RunOptions::new("attic")).await.unwrap();
    run.add("files/big", bytes(Format::Tar, &big), serde_json::Map::new()).await.unwrap();
    run.add("cluster/objects", bytes(Format::Tar, b"objects"), serde_json::Map::new()).await.unwrap();
    let first = run.commit().await.unwrap();
    let second = household.save(&repository, &[("files/big", &big), ("cluster/objects", b"objects")]).await;
    assert_eq!((second.counts.sent, second.counts.sent_bytes), (0, 0));
    let third = household.save(&repository, &[("files/big", &big), ("cluster/objects", b"changed")]).await;
    assert_eq!(third.counts.sent, 1);
    let trust = Trust::Writers(vec![household.writer.id()]);
    let reader = Repository::open(store.clone(), OpenOptions::new(trust)).await.unwrap();
    let listed = reader.snapshots().await.unwrap();
    assert_eq!(listed.faults, []);
    let ids: Vec<&str> = listed.snapshots.iter().map(|snapshot| snapshot.id.as_str()).collect();
    assert_eq!(ids, [&first.id, &second.id, &third.id]);
    for identity in &household.identities {
        assert!(household.read(&reader, &third, "files/big", identity).await.unwrap() == big);
        assert_eq!(household.read(&reader, &third, "cluster/objects", identity).await.unwrap(), b"changed");
        assert_eq!(household.read(&reader, &first, "cluster/objects", identity).await.unwrap(), b"objects");
    }
    let left: Vec<String> = store.list("", None).await.unwrap().into_iter().map(|entry| entry.key).collect();
    let strays = left.iter().filter(|key| key.starts_with("probe/") || key.starts_with("uploads/"));
    assert_eq!(strays.count(), 0, "{left:?}");
    reader
}

#[tokio::test]
async fn the_whole_life_on_seaweedfs() {
    let testbed = require_peers!(SeaweedS3::NEEDS);
    let server = SeaweedS3::start(&testbed).unwrap();
    server.create_bucket("backups").unwrap();
    let repository = life(Arc::new(S3Store::connect(options(&server.endpoint())).unwrap())).await;
    let seen = repository.capabilities();
    assert!(seen.conditional_put && seen.checks_checksums && seen.etag_is_md5 && seen.multipart, "{seen:?}");
}

#[tokio::test]
async fn the_whole_life_on_a_server_that_ignores_conditions() {
    let testbed = require_peers!(RcloneS3::NEEDS);
    let server = RcloneS3::start(&testbed).unwrap();
    server.create_bucket("backups").unwrap();
    let repository = life(Arc::new(S3Store::connect(options(&server.endpoint())).unwrap())).await;
    let seen = repository.capabilities();
    assert!(!seen.conditional_put && !seen.multipart, "{seen:?}");
}

#[tokio::test]
async fn a_wrong_secret_is_told_without_being_shown() {
    let testbed = require_peers!(SeaweedS3::NEEDS);
    let server = SeaweedS3::start(&testbed).unwrap();
    server.create_bucket("backups").unwrap();
    let wrong = S3Credentials::new(SeaweedS3::ACCESS_KEY, "wrong-secret");
    let store = S3Store::connect(S3Options { credentials: wrong, ..options(&server.endpoint()) }).unwrap();
    let error = store.list("", None).await.unwrap_err();
    let shown = format!("{error} {error:?} {store:?}");
    assert!(shown.contains("refused for access key testbed"), "{shown}");
    assert!(!shown.contains("wrong-secret"), "{shown}");
}
