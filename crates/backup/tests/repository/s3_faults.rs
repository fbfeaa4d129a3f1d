//! Every line of the list of faults that concerns a bucket: nothing lost, nothing half-visible, and an error that says
//! what to do.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use windlass_backup::{
    Error, Parts, PutMode, Repository, RunOptions, S3Options, S3Store, Store as _, StoreError, StoreFault,
};
use windlass_capture::Format;

use crate::fault_server::{Fault, FaultServer, Rule, Verb};
use crate::support::{Household, bytes, noise};

const ONE: &[(&str, &[u8])] = &[("a", b"one")];

async fn repository(server: &FaultServer) -> (Household, Repository) {
    let household = Household::new();
    let repository = household.init_in(server.store()).await;
    server.take_seen();
    (household, repository)
}

/// Saves an item of three parts.
async fn save_large(household: &Household, repository: &Repository) -> Result<Vec<u8>, Error> {
    let large = noise(20_000_000);
    let mut run = repository.begin(&household.writer, RunOptions::new("attic")).await?;
    run.add("large", bytes(Format::Tar, &large), serde_json::Map::new()).await?;
    run.commit().await?;
    Ok(large)
}

async fn assert_good(household: &Household, server: &FaultServer, name: &str, content: &[u8]) {
    let reader = household.open_in(server.store()).await;
    let listed = reader.snapshots().await.unwrap();
    assert_eq!(listed.faults, []);
    let newest = listed.newest().unwrap();
    assert!(household.read(&reader, newest, name, &household.identities[1]).await.unwrap() == content);
}

fn fault(error: &Error) -> &StoreFault {
    let Error::Store(error) = error else { panic!("{error}") };
    &error.fault
}

/// What a person can put right is said at once, and in his words.
#[tokio::test]
async fn credentials_that_are_over_and_a_wrong_region_are_told_from_the_rest() {
    for (status, code, words) in [
        (400, "ExpiredToken", "is over: get new credentials"),
        (403, "ExpiredToken", "is over: get new credentials"),
        (400, "AuthorizationHeaderMalformed", "another region than us-east-1: name its region"),
        (301, "PermanentRedirect", "check region and endpoint"),
    ] {
        let server = FaultServer::start();
        let (household, repository) = repository(&server).await;
        server.rule(Rule::new(Verb::Put, "items/", Fault::Status(status, code)).always());
        let mut run = repository.begin(&household.writer, RunOptions::new("attic")).await.unwrap();
        let error = run.add("a", bytes(Format::Tar, b"one"), serde_json::Map::new()).await.unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
    }
}

#[tokio::test]
async fn a_busy_server_is_waited_for() {
    for (status, code) in [(503, "SlowDown"), (429, "TooManyRequests"), (500, "InternalError"), (502, ""), (504, "")] {
        let server = FaultServer::start();
        let (household, repository) = repository(&server).await;
        server.rule(Rule::new(Verb::Put, "items/", Fault::Status(status, code)).times(2));
        server.rule(Rule::new(Verb::List, "", Fault::Status(status, code)));
        household.save(&repository, ONE).await;
        assert_good(&household, &server, "a", b"one").await;
    }
}

#[tokio::test]
async fn retry_after_is_honoured() {
    let server = FaultServer::start();
    let (household, repository) = repository(&server).await;
    server.when(Verb::Put, "items/", Fault::Busy(503, 2));
    let start = Instant::now();
    household.save(&repository, ONE).await;
    assert!(start.elapsed() >= Duration::from_secs(2));
}

#[tokio::test]
async fn a_server_that_stays_busy_ends_the_run_within_the_budget() {
    let server = FaultServer::start();
    let household = Household::new();
    let options = S3Options { budget: Duration::from_secs(3), ..server.options() };
    let repository = household.init_in(Arc::new(S3Store::connect(options).unwrap())).await;
    server.rule(Rule::new(Verb::Put, "commit.json", Fault::Status(503, "SlowDown")).always());
    let start = Instant::now();
    let error = household.try_save(&repository, ONE).await.unwrap_err();
    assert!(matches!(fault(&error), StoreFault::Unavailable { tries: 2.., .. }), "{error}");
    assert!(error.is_transient() && start.elapsed() < Duration::from_secs(20));
    assert!(repository.snapshots().await.unwrap().snapshots.is_empty());
}

#[tokio::test]
async fn refused_credentials_fail_at_once_and_name_the_key() {
    let server = FaultServer::start();
    let (household, repository) = repository(&server).await;
    server.rule(Rule::new(Verb::Put, "snapshots/", Fault::Status(403, "AccessDenied")).always());
    let start = Instant::now();
    let error = household.try_save(&repository, ONE).await.unwrap_err();
    let shown = format!("{error} {error:?}");
    assert!(shown.contains("write") && shown.contains(FaultServer::ACCESS_KEY), "{shown}");
    assert!(!shown.contains(FaultServer::SECRET_KEY));
    assert!(!error.is_transient() && start.elapsed() < Duration::from_secs(15));
    assert_eq!(server.take_seen().iter().filter(|seen| seen.key.ends_with("manifest.json.zst.age")).count(), 1);
    assert!(repository.snapshots().await.unwrap().snapshots.is_empty());
}

#[tokio::test]
async fn a_full_store_is_told_apart() {
    for (status, code) in [(507, ""), (403, "QuotaExceeded"), (400, "XMinioStorageFull")] {
        let server = FaultServer::start();
        let (household, repository) = repository(&server).await;
        server.rule(Rule::new(Verb::Put, "items/", Fault::Status(status, code)).always());
        let error = household.try_save(&repository, ONE).await.unwrap_err();
        assert_eq!(fault(&error), &StoreFault::Full, "{error}");
        assert!(error.to_string().contains("make room"));
        // What is there may be all that will ever be there.
        let suspended = repository.sweep(&household.writer).await.unwrap_err();
        assert!(suspended.to_string().contains("the last backup failed"), "{suspended}");
    }
}

#[tokio::test]
async fn a_reset_during_an_upload_is_tried_again_with_the_same_bytes() {
    let server = FaultServer::start();
    let (household, repository) = repository(&server).await;
    server.rule(Rule::new(Verb::Part, "items/", Fault::ResetUpload(100_000)).times(2));
    server.when(Verb::Put, "commit.json", Fault::ResetUpload(10));
    let large = save_large(&household, &repository).await.unwrap();
    assert_good(&household, &server, "large", &large).await;
    assert!(server.state().objects.uploads.is_empty());
}

#[tokio::test]
async fn an_answer_that_is_lost_after_the_write_loses_nothing() {
    let server = FaultServer::start();
    let (household, repository) = repository(&server).await;
    server.when(Verb::Put, "items/", Fault::DoneThenLost);
    server.when(Verb::Put, "commit.json", Fault::DoneThenLost);
    household.save(&repository, ONE).await;
    assert_good(&household, &server, "a", b"one").await;
    assert_eq!(repository.snapshots().await.unwrap().snapshots.len(), 1);
}

#[tokio::test]
async fn an_answer_that_is_lost_after_a_conditional_write_is_still_ours() {
    let server = FaultServer::start();
    let household = Household::new();
    server.when(Verb::Put, "windlass-backup.json", Fault::DoneThenLost);
    let repository = household.init_in(server.store()).await;
    household.save(&repository, ONE).await;
    assert_good(&household, &server, "a", b"one").await;
}

#[tokio::test]
async fn of_two_who_make_a_repository_one_has_it() {
    for ignores_conditions in [false, true] {
        let server = FaultServer::start();
        server.state().ignores_conditions = ignores_conditions;
        let household = Household::new();
        let (left, right) = tokio::join!(
            Repository::init(server.store(), household.init_options()),
            Repository::init(server.store(), household.init_options()),
        );
        let made: Vec<Repository> = [left, right]
            .into_iter()
            .filter_map(|made| match made {
                Ok(repository) => Some(repository),
                Err(error) => {
                    assert!(matches!(error, Error::AlreadyThere { .. } | Error::BeingMade { .. }), "{error}");
                    None
                }
            })
            .collect();
        assert!(made.len() <= 1, "ignores: {ignores_conditions}");
        // On a store that cannot choose, both may have stepped back; then one can begin again.
        let repository = match made.into_iter().next() {
            Some(repository) => repository,
            None => household.init_in(server.store()).await,
        };
        assert_eq!(household.open_in(server.store()).await.id(), repository.id());
    }
}

#[tokio::test]
async fn completion_that_says_200_and_an_error_is_a_failure_until_seen_otherwise() {
    for done in [false, true] {
        let server = FaultServer::start();
        let (household, repository) = repository(&server).await;
        server.when(Verb::Complete, "items/", Fault::ErrorIn200 { done });
        let large = save_large(&household, &repository).await.unwrap();
        assert_good(&household, &server, "large", &large).await;
        assert!(server.state().objects.uploads.is_empty());
    }
}

#[tokio::test]
async fn completion_whose_answer_is_lost_is_looked_at() {
    let server = FaultServer::start();
    let (household, repository) = repository(&server).await;
    server.when(Verb::Complete, "items/", Fault::DoneThenLost);
    let large = save_large(&household, &repository).await.unwrap();
    assert_good(&household, &server, "large", &large).await;
}

#[tokio::test]
async fn an_upload_that_fails_is_aborted_and_its_record_removed() {
    let server = FaultServer::start();
    let (household, repository) = repository(&server).await;
    server.rule(Rule::new(Verb::Part, "items/", Fault::Status(403, "AccessDenied")).after(1).always());
    let error = save_large(&household, &repository).await.unwrap_err();
    assert!(matches!(fault(&error), StoreFault::Denied { .. }), "{error}");
    assert!(server.state().objects.uploads.is_empty());
    assert!(!server.keys().iter().any(|key| key.starts_with("uploads/") || key.starts_with("items/")));
}

#[tokio::test]
async fn an_upload_that_is_dropped_is_aborted() {
    let server = FaultServer::start();
    let store = server.store();
    let (sender, parts) = Parts::channel();
    let sending = std::thread::spawn(move || {
        for _ in 0..2 {
            let _ = sender.send(Bytes::from(vec![7; windlass_backup::PART_SIZE]));
        }
        sender
    });
    let uploading = tokio::spawn({
        let store = store.clone();
        async move { store.put_stream("items/ab/x", parts).await }
    });
    while !server.state().seen.iter().any(|seen| seen.verb == Verb::Part) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    uploading.abort();
    assert!(uploading.await.is_err());
    // What a program does that was told to end.
    store.settle().await;
    assert!(server.state().objects.uploads.is_empty());
    assert!(server.keys().is_empty(), "nor is there a record of it");
    drop(sending.join().unwrap());
}

#[tokio::test]
async fn an_upload_cut_off_by_a_kill_is_swept_later_from_its_record() {
    let server = FaultServer::start();
    let store = server.store();
    // What a process leaves that is killed: an open upload, and its record.
    let full = "home/attic/items/ab/x";
    let id = server.state().objects.create(full, jiff::Timestamp::now());
    let record = format!(r#"{{"key":"items/ab/x","upload":"{id}","started":"2026-01-01T00:00:00Z"}}"#);
    store.put("uploads/01.json", Bytes::from(record), PutMode::Replace).await.unwrap();
    assert_eq!(store.sweep_unfinished(Duration::from_secs(3600)).await.unwrap(), 0, "it may still be going on");
    assert_eq!(store.sweep_unfinished(Duration::ZERO).await.unwrap(), 1);
    assert!(server.state().objects.uploads.is_empty());
    assert!(server.keys().is_empty());
}

#[tokio::test]
async fn a_black_hole_is_given_up_and_tried_again() {
    let server = FaultServer::start();
    let (household, repository) = repository(&server).await;
    server.when(Verb::Put, "items/", Fault::BlackHole);
    household.save(&repository, ONE).await;
    assert_good(&household, &server, "a", b"one").await;
}

#[tokio::test]
async fn nobody_at_the_address_is_an_error_within_the_budget() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let mut options = FaultServer::options_at(&endpoint);
    options.budget = Duration::from_secs(1);
    let store = S3Store::connect(options).unwrap();
    let error = store.list("", None).await.unwrap_err();
    assert!(matches!(error.fault, StoreFault::Unavailable { .. }), "{error}");
    assert!(error.to_string().contains("check network and server"), "{error}");
}

/// A wrong address is told soon; a server that is known to be there is waited for longer.
#[tokio::test]
async fn the_first_answer_has_a_limit_of_its_own_within_which_it_is_tried_again() {
    let server = FaultServer::start();
    repository(&server).await;
    let first_answer = Duration::from_secs(2);
    let store = || S3Store::connect(S3Options { first_answer, ..server.options() }).unwrap();
    let lists = || server.take_seen().iter().filter(|seen| seen.verb == Verb::List).count();

    server.when(Verb::List, "", Fault::BlackHole);
    let start = Instant::now();
    assert!(!store().list("", None).await.unwrap().is_empty());
    assert!(start.elapsed() < first_answer && lists() == 2);

    server.rule(Rule::new(Verb::List, "", Fault::BlackHole).times(3));
    let start = Instant::now();
    let error = store().list("", None).await.unwrap_err();
    let spent = start.elapsed();
    assert!(spent > first_answer / 2 && spent < 2 * first_answer, "{spent:?}, and the budget is 30 s");
    assert!(matches!(error.fault, StoreFault::Unavailable { tries: 2, .. }), "{error}");
    let text = format!("{error}: {}", std::error::Error::source(&error).unwrap());
    assert!(text.contains(&server.endpoint()) && text.contains("check network and server"), "{text}");
    assert!(text.ends_with("no answer within 1 s"), "{text}");
    server.state().rules.clear();
    lists();

    // Busy is an answer too: from then on it is the whole budget.
    let store = S3Store::connect(S3Options { first_answer: Duration::from_millis(100), ..server.options() }).unwrap();
    server.rule(Rule::new(Verb::List, "", Fault::Status(503, "SlowDown")).times(3));
    assert!(!store.list("", None).await.unwrap().is_empty());
    assert_eq!(lists(), 4);
}

#[tokio::test]
async fn a_slow_answer_is_waited_for() {
    let server = FaultServer::start();
    let (household, repository) = repository(&server).await;
    server.when(Verb::Put, "items/", Fault::Late(Duration::from_millis(1500)));
    household.save(&repository, ONE).await;
    assert_eq!(server.take_seen().iter().filter(|seen| seen.key.starts_with("items/")).count(), 1);
}

#[tokio::test]
async fn a_download_that_stalls_or_breaks_off_goes_on_where_it_was() {
    for spoil in [Fault::Stall(1_000_000), Fault::Cut(1_000_000)] {
        let server = FaultServer::start();
        let (household, repository) = repository(&server).await;
        let large = save_large(&household, &repository).await.unwrap();
        server.rule(Rule::new(Verb::Get, "items/", spoil).times(3));
        assert_good(&household, &server, "large", &large).await;
    }
}

#[tokio::test]
async fn an_object_that_changes_during_a_download_is_not_mixed() {
    let server = FaultServer::start();
    let store = server.store();
    let two = |letter: u8| Bytes::from(vec![letter; 3_000_000]);
    store.put("items/ab/x", two(b'1'), PutMode::Replace).await.unwrap();
    server.when(Verb::Get, "items/", Fault::Cut(1_000_000));
    let mut download = store.get("items/ab/x", None).await.unwrap();
    store.put("items/ab/x", two(b'2'), PutMode::Replace).await.unwrap();
    let error = loop {
        match futures::StreamExt::next(&mut download.bytes).await.unwrap() {
            Ok(bytes) => assert!(bytes.iter().all(|byte| *byte == b'1')),
            Err(error) => break error,
        }
    };
    assert_eq!(error.fault, StoreFault::Changed);
}

#[tokio::test]
async fn bit_rot_is_found_before_anything_is_opened() {
    let server = FaultServer::start();
    let (household, repository) = repository(&server).await;
    let snapshot = household.save(&repository, ONE).await;
    let key = &snapshot.items[0].key;
    server.state().objects.rot(&format!("home/attic/{key}"));
    let error = household.read(&repository, &snapshot, "a", &household.identities[0]).await.unwrap_err();
    assert!(matches!(&error, Error::Damaged { key: damaged, .. } if damaged == key), "{error}");
}

#[tokio::test]
async fn of_an_object_that_was_cut_not_one_byte_is_opened() {
    let server = FaultServer::start();
    let (household, repository) = repository(&server).await;
    let content = noise(300_000);
    let snapshot = household.save(&repository, &[("a", &content)]).await;
    let key = format!("home/attic/{}", snapshot.items[0].key);
    let whole = server.state().objects.all[&key].bytes.clone();
    // Also where age itself would give out what is before the cut: between two of its chunks.
    for at in [0, 1, whole.len() - 1, whole.len() - 16, 64 * 1024, 2 * 64 * 1024 + 200] {
        server.state().objects.all.get_mut(&key).unwrap().bytes = whole.slice(..at);
        let mut out = Vec::new();
        let error = match repository.fetch(&snapshot, "a", &household.identities[0]).await {
            Ok(mut fetched) => fetched.copy_to(&mut out).unwrap_err(),
            Err(error) => error,
        };
        assert!(matches!(&error, Error::Damaged { .. }), "{error}");
        assert!(out.is_empty() && error.to_string().contains("use an older snapshot"), "{error}");
    }
}

#[tokio::test]
async fn a_bit_that_flips_on_its_way_here_is_found() {
    let server = FaultServer::start();
    let (household, repository) = repository(&server).await;
    let snapshot = household.save(&repository, ONE).await;
    server.when(Verb::Get, "items/", Fault::Flip);
    let error = household.read(&repository, &snapshot, "a", &household.identities[0]).await.unwrap_err();
    assert!(matches!(error, Error::Damaged { .. }), "{error}");
    assert_eq!(household.read(&repository, &snapshot, "a", &household.identities[0]).await.unwrap(), b"one");
}

#[tokio::test]
async fn a_server_that_stores_something_else_is_found_when_it_is_written() {
    let server = FaultServer::start();
    let (household, repository) = repository(&server).await;
    server.when(Verb::Put, "items/", Fault::Flip);
    let error = household.try_save(&repository, ONE).await.unwrap_err();
    assert_eq!(fault(&error), &StoreFault::Altered);
    server.state().opaque_tags = true;
    server.when(Verb::Put, "items/", Fault::Flip);
    let error = household.try_save(&repository, ONE).await.unwrap_err();
    assert_eq!(fault(&error), &StoreFault::Altered, "also where entity tags say nothing");
    household.save(&repository, ONE).await;
    assert_good(&household, &server, "a", b"one").await;
    assert_eq!(server.state().framed, 0, "no body is ever framed");
}

#[tokio::test]
async fn an_answer_that_is_no_s3_is_not_taken_for_success() {
    let server = FaultServer::start();
    let (household, repository) = repository(&server).await;
    household.save(&repository, ONE).await;
    server.rule(Rule::new(Verb::List, "", Fault::NotS3).always());
    // A list that cannot be read is no empty list.
    assert!(repository.snapshots().await.is_err());
}

#[tokio::test]
async fn an_old_list_does_not_lead_to_a_second_beginning() {
    let server = FaultServer::start();
    let (household, repository) = repository(&server).await;
    let first = household.save(&repository, ONE).await;
    server.state().stale_list = Some(Vec::new());
    let second = household.save(&repository, ONE).await;
    assert_eq!(second.previous.as_ref().unwrap().id, first.id);
    assert_eq!((second.seq, second.counts.sent), (2, 0));
}

#[tokio::test]
async fn an_old_list_deletes_nothing() {
    let server = FaultServer::start();
    let household = Household::new();
    let hours = Arc::new(std::sync::atomic::AtomicI64::new(0));
    let moved = hours.clone();
    let clock = windlass_backup::Clock::new(move || {
        let moved = moved.load(std::sync::atomic::Ordering::Relaxed);
        jiff::Timestamp::now() + jiff::SignedDuration::from_hours(moved)
    });
    let options = windlass_backup::InitOptions { clock, ..household.init_options() };
    let repository = Repository::init(server.store(), options).await.unwrap();
    let first = household.save(&repository, ONE).await;
    let second = household.save(&repository, &[("a", b"two")]).await;
    // Somebody who never saw the second, whom the list does not show its commit, but its item.
    let all = server.keys();
    let old = all.iter().filter(|key| !key.contains(&second.id)).map(|key| format!("home/attic/{key}")).collect();
    server.state().stale_list = Some(old);
    hours.store(30, std::sync::atomic::Ordering::Relaxed);
    let trust = windlass_backup::Trust::Writers(vec![household.writer.id()]);
    let moved = hours.clone();
    let clock = windlass_backup::Clock::new(move || {
        let moved = moved.load(std::sync::atomic::Ordering::Relaxed);
        jiff::Timestamp::now() + jiff::SignedDuration::from_hours(moved)
    });
    let options = windlass_backup::OpenOptions::new(trust).with_clock(clock);
    let sweeper = Repository::open(server.store(), options).await.unwrap();
    let swept = sweeper.sweep(&household.writer).await.unwrap();
    assert_eq!((swept.objects, swept.noted), (0, 1), "the item of the second is said to go");
    server.state().stale_list = None;
    hours.store(60, std::sync::atomic::Ordering::Relaxed);
    let swept = sweeper.sweep(&household.writer).await.unwrap();
    assert_eq!((swept.objects, swept.noted), (0, 0), "and stays: a day later the list shows who needs it");
    for (snapshot, content) in [(&first, b"one"), (&second, b"two")] {
        assert_eq!(household.read(&sweeper, snapshot, "a", &household.identities[0]).await.unwrap(), content);
    }
}

#[tokio::test]
async fn lists_of_many_pages_are_followed() {
    let server = FaultServer::start();
    let (household, repository) = repository(&server).await;
    server.state().page = Some(2);
    for _ in 0..4 {
        household.save(&repository, ONE).await;
    }
    let reader = household.open_in(server.store()).await;
    assert_eq!(reader.snapshots().await.unwrap().snapshots.len(), 4);
}

#[tokio::test]
async fn a_clock_that_is_wrong_backs_up_and_says_so() {
    let server = FaultServer::start();
    server.state().ahead = 3 * 3600;
    let (household, repository) = repository(&server).await;
    household.save(&repository, ONE).await;
    let run = repository.begin(&household.writer, RunOptions::new("attic")).await.unwrap();
    assert!(run.warnings().iter().any(|warning| warning.what.contains("clock")), "{:?}", run.warnings());
    assert_good(&household, &server, "a", b"one").await;
    // By such a clock everything may be old.
    let suspended = repository.sweep(&household.writer).await.unwrap_err();
    assert!(matches!(suspended, Error::Suspended { .. }) && suspended.to_string().contains("clock"), "{suspended}");
    let policy = windlass_backup::Retention::default();
    let plan = repository.plan_retention(&policy, &jiff::tz::TimeZone::UTC).await.unwrap();
    assert!(plan.suspended.is_some());
}

#[tokio::test]
async fn a_missing_bucket_or_object_is_told_apart() {
    let server = FaultServer::start();
    let store = server.store();
    server.when(Verb::List, "", Fault::Status(404, "NoSuchBucket"));
    let error = store.list("", None).await.unwrap_err();
    assert!(error.to_string().contains("no such bucket"), "{error}");
    let error = store.get("items/ab/x", None).await.unwrap_err();
    assert_eq!(error.fault, StoreFault::NotFound);
    let opened = Repository::open(store, windlass_backup::OpenOptions::new(windlass_backup::Trust::OnFirstUse)).await;
    assert!(matches!(opened.unwrap_err(), Error::NoRepository { .. }));
}

#[tokio::test]
async fn two_runs_at_once_are_both_there() {
    let server = FaultServer::start();
    let (household, repository) = repository(&server).await;
    let other = household.open_in(server.store()).await;
    let (left, right) = tokio::join!(household.save(&repository, ONE), household.save(&other, ONE));
    assert_ne!(left.id, right.id);
    let listed = household.open_in(server.store()).await.snapshots().await.unwrap();
    assert_eq!((listed.snapshots.len(), listed.faults.len()), (2, 0));
    for snapshot in &listed.snapshots {
        assert_eq!(household.read(&repository, snapshot, "a", &household.identities[0]).await.unwrap(), b"one");
    }
}

#[tokio::test]
async fn nothing_sent_is_framed_and_secrets_are_in_no_error() {
    let server = FaultServer::start();
    let (household, repository) = repository(&server).await;
    save_large(&household, &repository).await.unwrap();
    assert_eq!(server.state().framed, 0);
    let error: StoreError = server.store().get("not//a/key", None).await.unwrap_err();
    assert!(matches!(error.fault, StoreFault::Key(_)));
    assert!(!format!("{error:?} {:?} {:?}", server.store(), server.options()).contains(FaultServer::SECRET_KEY));
}
