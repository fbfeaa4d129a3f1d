//! The whole life on real servers: SeaweedFS, which does what it says, and rclone, which does not.

use std::sync::Arc;

use std::time::Duration;

use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use jiff::{SignedDuration, Timestamp};
use windlass_backup::{
    Identities, LockMode, ObjectLock, OpenOptions, PutMode, Removal, Repository, S3Credentials, S3Options, S3Store,
    Snapshot, Store, Trust,
};
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

/// A client of the server's owner, who makes buckets and does harm.
fn owner(server: &SeaweedS3) -> aws_sdk_s3::Client {
    let credentials = Credentials::new(SeaweedS3::ACCESS_KEY, SeaweedS3::SECRET_KEY, None, None, "test");
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(SeaweedS3::REGION))
        .credentials_provider(credentials)
        .force_path_style(true)
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .endpoint_url(server.endpoint());
    aws_sdk_s3::Client::from_conf(config.build())
}

async fn read(repository: &Repository, snapshot: &Snapshot, identities: &Identities) -> Vec<u8> {
    let mut out = Vec::new();
    repository.fetch(snapshot, "a", identities).await.unwrap().copy_to(&mut out).unwrap();
    out
}

#[tokio::test]
async fn on_seaweedfs_snapshots_are_locked_with_all_that_they_use_and_outlive_their_deletion() {
    let testbed = require_peers!(SeaweedS3::NEEDS);
    let server = SeaweedS3::start(&testbed).unwrap();
    let owner = owner(&server);
    owner.create_bucket().bucket("backups").object_lock_enabled_for_bucket(true).send().await.unwrap();
    let household = Household::new();
    let lock = Some(ObjectLock { days: 3, mode: LockMode::Compliance });
    let store = |days: u32| {
        let lock = lock.map(|lock| ObjectLock { days, ..lock });
        Arc::new(S3Store::connect(S3Options { object_lock: lock, ..options(&server.endpoint()) }).unwrap())
    };
    let repository = household.init_in(store(3)).await;
    let seen = repository.capabilities();
    assert!(seen.versioning && seen.object_lock, "{seen:?}");
    let first = household.save(&repository, &[("a", b"one"), ("b", b"two")]).await;
    let needed = |days: i64| Timestamp::now() + SignedDuration::from_hours(24 * days) - SignedDuration::from_mins(5);
    let lock_of = async |key: &str| -> Timestamp {
        let found = owner.head_object().bucket("backups").key(format!("home/attic/{key}")).send().await.unwrap();
        Timestamp::from_second(found.object_lock_retain_until_date.unwrap().secs()).unwrap()
    };
    for key in first.items.iter().map(|item| &item.key).chain([&first.manifest.key]) {
        assert!(lock_of(key).await >= needed(4), "a quarter longer than promised, and a day at least");
    }
    assert!(lock_of(&format!("snapshots/{}/commit.json", first.id)).await >= needed(4));

    // Long enough for another snapshot: nothing is asked of the server.
    let second = household.save(&repository, &[("a", b"one"), ("b", b"two")]).await;
    assert_eq!(second.items[0].locked_until, first.items[0].locked_until);
    // Not long enough any more: what is used again is locked anew.
    let longer = household.open_in(store(20)).await;
    let third = household.save(&longer, &[("a", b"one"), ("b", b"three")]).await;
    assert_eq!(third.counts.sent, 1);
    for key in third.items.iter().map(|item| &item.key).chain([&third.manifest.key]) {
        assert!(lock_of(key).await >= needed(25));
    }

    // Deleting hides, and says so; what is hidden is read as it was written.
    let before = Timestamp::now();
    tokio::time::sleep(Duration::from_millis(1100)).await;
    let key = &third.items[0].key;
    assert_eq!(store(3).delete(key).await.unwrap(), Removal::Hidden);
    owner
        .put_object()
        .bucket("backups")
        .key(format!("home/attic/{}", third.items[1].key))
        .body(b"overwritten".to_vec().into())
        .send()
        .await
        .unwrap();
    let version = store(3).versions(key).await.unwrap().remove(0);
    let gone = owner.delete_object().bucket("backups").key(format!("home/attic/{key}")).version_id(version.id).send();
    assert!(gone.await.is_err(), "not even the owner");
    let damaged = longer.verify(windlass_backup::VerifyOptions::default()).await.unwrap().damaged;
    assert_eq!(damaged.len(), 2, "{damaged:?}");
    assert_eq!(read(&longer, &third, &household.identities[1]).await, b"one");
    assert_eq!(household.read(&longer, &third, "b", &household.identities[1]).await.unwrap(), b"three");

    // Somebody deletes everything, and the bucket is looked at as it was.
    let all = store(3).list("", None).await.unwrap();
    for entry in &all {
        store(3).delete(&entry.key).await.unwrap();
    }
    assert!(store(3).list("", None).await.unwrap().is_empty());
    let then = S3Options { as_of: Some(before), ..options(&server.endpoint()) };
    let then = household.open_in(Arc::new(S3Store::connect(then).unwrap())).await;
    assert!(then.place().contains("as it was at"));
    let listed = then.snapshots().await.unwrap();
    assert_eq!((listed.snapshots.len(), listed.faults.len()), (3, 0));
    assert!(then.verify(windlass_backup::VerifyOptions::default()).await.unwrap().damaged.is_empty());
    assert_eq!(read(&then, listed.newest().unwrap(), &household.identities[0]).await, b"one");
    let refused = then.store().put("items/ab/x", bytes::Bytes::new(), PutMode::Replace).await.unwrap_err();
    assert!(refused.to_string().contains("nothing in it can be changed"), "{refused}");
    assert!(household.try_save(&then, &[("a", b"four")]).await.is_err());
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
