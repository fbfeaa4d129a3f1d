//! Sources that cannot be read twice, that change while they are read, and that fail late.

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use windlass_backup::{Error, RunOptions, SnapshotStatus};
use windlass_capture::{Error as CaptureError, Facts, Format, Source};

use crate::fault_server::{FaultServer, Verb};
use crate::support::{Household, bytes, noise};

/// Gives other bytes for the first readings, and the same from then on.
struct Restless {
    readings: Arc<AtomicU32>,
    calm_after: u32,
    size: usize,
}

impl Source for Restless {
    fn format(&self) -> Format {
        Format::Tar
    }

    fn open(&mut self) -> Result<Box<dyn Read + Send + '_>, CaptureError> {
        let reading = self.readings.fetch_add(1, Ordering::Relaxed).min(self.calm_after);
        let content = noise(self.size).into_iter().chain(reading.to_le_bytes()).collect::<Vec<u8>>();
        Ok(Box::new(io::Cursor::new(content)))
    }

    fn is_repeatable(&self) -> bool {
        true
    }
}

/// Can be read once, and fails after so many bytes if it is to.
struct Once {
    content: Vec<u8>,
    fails: bool,
}

impl Source for Once {
    fn format(&self) -> Format {
        Format::Dump
    }

    fn open(&mut self) -> Result<Box<dyn Read + Send + '_>, CaptureError> {
        let content = io::Cursor::new(std::mem::take(&mut self.content));
        let failure = Failing(self.fails);
        Ok(Box::new(content.chain(failure)))
    }

    fn is_repeatable(&self) -> bool {
        false
    }

    fn facts(&self) -> Facts {
        Facts::from_iter([("status".to_owned(), 0.into())])
    }
}

struct Failing(bool);

impl Read for Failing {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        if self.0 { Err(io::Error::other("exit status 1")) } else { Ok(0) }
    }
}

async fn one_item(household: &Household, server: &FaultServer, source: Box<dyn Source>) -> Result<bool, Error> {
    let repository = household.open_in(server.store()).await;
    let mut run = repository.begin(&household.writer, RunOptions::new("attic")).await?;
    let reused = run.add("item", source, serde_json::Map::new()).await?.reused;
    run.commit().await.map(|_| reused)
}

async fn newest(household: &Household, server: &FaultServer) -> Vec<u8> {
    let repository = household.open_in(server.store()).await;
    let listed = repository.snapshots().await.unwrap();
    household.read(&repository, listed.newest().unwrap(), "item", &household.identities[0]).await.unwrap()
}

#[tokio::test]
async fn a_source_that_changes_between_two_readings_is_saved_as_one_of_them() {
    // Calm soon: it is streamed; never: it is taken as it comes. Small: one request; large: an upload in parts.
    for (calm_after, size) in [(1, 1000), (1, 20_000_000), (u32::MAX, 1000), (u32::MAX, 20_000_000)] {
        let (household, server) = (Household::new(), FaultServer::start());
        household.init_in(server.store()).await;
        let readings = Arc::new(AtomicU32::new(0));
        let source = Box::new(Restless { readings: readings.clone(), calm_after, size });
        one_item(&household, &server, source).await.unwrap();
        let read = newest(&household, &server).await;
        let (content, reading) = read.split_at(size);
        assert!(content == noise(size));
        let reading = u32::from_le_bytes(reading.try_into().unwrap());
        assert!(reading < readings.load(Ordering::Relaxed));
        assert_eq!(server.keys().iter().filter(|key| key.starts_with("items/")).count(), 1, "no other was left");
        assert!(server.state().objects.uploads.is_empty());
    }
}

#[tokio::test]
async fn a_dump_is_sent_once_it_is_whole_and_not_again_when_unchanged() {
    let (household, server) = (Household::new(), FaultServer::start());
    household.init_in(server.store()).await;
    let dump = || Box::new(Once { content: noise(10_000_000), fails: false });
    assert!(!one_item(&household, &server, dump()).await.unwrap());
    assert!(newest(&household, &server).await == noise(10_000_000));
    server.take_seen();
    assert!(one_item(&household, &server, dump()).await.unwrap());
    assert!(!server.take_seen().iter().any(|seen| matches!(seen.verb, Verb::Part | Verb::Create)));
}

#[tokio::test]
async fn a_source_that_fails_late_leaves_nothing_and_the_former_version_stands_in() {
    let (household, server) = (Household::new(), FaultServer::start());
    household.init_in(server.store()).await;
    one_item(&household, &server, Box::new(Once { content: b"good".to_vec(), fails: false })).await.unwrap();
    let before = server.keys();
    let repository = household.open_in(server.store()).await;
    let mut run = repository.begin(&household.writer, RunOptions::new("attic")).await.unwrap();
    let failing = Box::new(Once { content: noise(10_000_000), fails: true });
    let error = run.add("item", failing, serde_json::Map::new()).await.unwrap_err();
    assert!(matches!(error, Error::Io { .. }), "{error}");
    assert_eq!(server.keys(), before);
    run.skip("item", "the dump ended with status 1").unwrap();
    run.add("other", bytes(Format::Tar, b"x"), serde_json::Map::new()).await.unwrap();
    assert_eq!(run.commit().await.unwrap().status, SnapshotStatus::Partial);
    assert_eq!(newest(&household, &server).await, b"good");
}

#[tokio::test]
async fn no_room_in_the_scratch_folder_fails_the_item_only() {
    let (household, server) = (Household::new(), FaultServer::start());
    let repository = household.init_in(server.store()).await;
    let options = RunOptions { scratch: Some("/proc/no-such-folder".into()), ..RunOptions::new("attic") };
    let mut run = repository.begin(&household.writer, options).await.unwrap();
    let dump = Box::new(Once { content: b"dump".to_vec(), fails: false });
    let error = run.add("item", dump, serde_json::Map::new()).await.unwrap_err();
    assert!(error.to_string().contains("scratch folder"), "{error}");
    run.skip("item", error.to_string()).unwrap();
    run.add("other", bytes(Format::Tar, b"x"), serde_json::Map::new()).await.unwrap();
    let snapshot = run.commit().await.unwrap();
    assert_eq!((snapshot.counts.items, snapshot.counts.missing), (1, 1));
}
