//! Buckets that do not let go: versions, locks, and servers that only say so.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use windlass_backup::{
    Clock, Error, InitOptions, ObjectLock, Repository, Retention, RunOptions, S3Options, S3Store, StoreFault,
};
use windlass_capture::Format;

use crate::fault_server::{FaultServer, Verb};
use crate::support::{Household, bytes, noise};

fn locking(server: &FaultServer, days: u32) -> Arc<S3Store> {
    let options = S3Options { object_lock: Some(ObjectLock::days(days)), ..server.options() };
    Arc::new(S3Store::connect(options).unwrap())
}

/// A repository with two snapshots of which the first was let go a day ago, and its clock.
async fn with_one_that_goes(server: &FaultServer) -> (Household, Repository, Arc<AtomicI64>) {
    let household = Household::new();
    let hours = Arc::new(AtomicI64::new(0));
    let moved = hours.clone();
    let clock = Clock::new(move || Timestamp::now() + SignedDuration::from_hours(moved.load(Ordering::Relaxed)));
    let options = InitOptions { clock, ..household.init_options() };
    let repository = Repository::init(server.store(), options).await.unwrap();
    household.save(&repository, &[("a", b"one")]).await;
    household.save(&repository, &[("a", b"two")]).await;
    let policy = Retention { last: 1, daily: 0, weekly: 0, monthly: 0, yearly: 0, ..Retention::default() };
    let plan = repository.plan_retention(&policy, &TimeZone::UTC).await.unwrap();
    assert_eq!(plan.remove.len(), 1);
    repository.carry_out_retention(&plan, &household.writer).await.unwrap();
    hours.store(25, Ordering::Relaxed);
    (household, repository, hours)
}

#[tokio::test]
async fn where_versions_are_kept_no_space_is_said_to_be_free() {
    let server = FaultServer::start();
    server.state().versioned = true;
    let (household, repository, hours) = with_one_that_goes(&server).await;
    let swept = repository.sweep(&household.writer).await.unwrap();
    assert_eq!((swept.snapshots.len(), swept.noted), (1, 2));
    hours.store(50, Ordering::Relaxed);
    let swept = repository.sweep(&household.writer).await.unwrap();
    assert_eq!((swept.objects, swept.bytes, swept.hidden), (0, 0, 2));
    assert!(swept.hidden_bytes > 0);
}

#[tokio::test]
async fn what_is_locked_stays_without_failing_the_sweep_and_goes_when_it_can() {
    let server = FaultServer::start();
    let (household, repository, hours) = with_one_that_goes(&server).await;
    let until = Timestamp::now() + SignedDuration::from_hours(1000);
    server.state().locked_until = Some(until);
    let swept = repository.sweep(&household.writer).await.unwrap();
    assert_eq!(
        (swept.snapshots.len(), swept.locked, swept.bytes),
        (0, 1, 0),
        "its commit is locked: it is still there"
    );
    assert_eq!(swept.locked_until.unwrap().as_second(), until.as_second());
    assert_eq!(repository.snapshots().await.unwrap().snapshots.len(), 2);
    // Its lock ends, those of what it needs do not.
    server.state().locked_until = None;
    assert_eq!(repository.sweep(&household.writer).await.unwrap().snapshots.len(), 1);
    hours.store(50, Ordering::Relaxed);
    server.state().locked_until = Some(until);
    let swept = repository.sweep(&household.writer).await.unwrap();
    assert_eq!((swept.objects, swept.bytes, swept.locked), (0, 0, 2));
    server.state().locked_until = None;
    let swept = repository.sweep(&household.writer).await.unwrap();
    assert_eq!((swept.objects, swept.locked), (2, 0), "without another day of waiting");
}

#[tokio::test]
async fn a_refusal_that_is_no_lock_is_an_error() {
    let server = FaultServer::start();
    let (household, repository, _) = with_one_that_goes(&server).await;
    server.when(Verb::Delete, "commit.json", crate::fault_server::Fault::Status(403, "AccessDenied"));
    let error = repository.sweep(&household.writer).await.unwrap_err();
    assert!(matches!(&error, Error::Store(error) if matches!(error.fault, StoreFault::Denied { .. })), "{error}");
}

#[tokio::test]
async fn a_server_that_only_says_it_locks_is_found_out_at_the_beginning() {
    let household = Household::new();
    for (claims, words) in [(false, "the bucket has no object lock"), (true, "shows no lock")] {
        let server = FaultServer::start();
        server.state().claims_lock = claims;
        let error = Repository::init(locking(&server, 30), household.init_options()).await.unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
        assert!(!server.keys().iter().any(|key| key == "windlass-backup.json"), "{:?}", server.keys());
    }
}

#[tokio::test]
async fn a_bucket_that_wants_to_be_sure_of_every_body_gets_its_md5() {
    let server = FaultServer::start();
    server.state().wants_md5 = true;
    let household = Household::new();
    let repository = household.init_in(server.store()).await;
    let large = noise(20_000_000);
    let mut run = repository.begin(&household.writer, RunOptions::new("attic")).await.unwrap();
    run.add("large", bytes(Format::Tar, &large), serde_json::Map::new()).await.unwrap();
    let snapshot = run.commit().await.unwrap();
    assert!(household.read(&repository, &snapshot, "large", &household.identities[0]).await.unwrap() == large);
}
