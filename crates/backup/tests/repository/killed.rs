//! `kill -9` anywhere: what was said to be saved is there, what is shown is whole, and the next run just works.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use windlass_backup::{OpenOptions, Repository, RunOptions, S3Store, Store, StoreUrl, Trust, VerifyOptions, WriterKey};
use windlass_capture::Format;

use crate::fault_server::FaultServer;
use crate::support::{Household, bytes, noise};

/// Set for the process that is to be killed: where it writes, and with which key.
const CHILD: &str = "WINDLASS_BACKUP_KILLED_CHILD";

/// Saves again and again, telling each snapshot that it was told is saved.
fn child(work: &str) {
    let (place, key) = work.split_once(' ').unwrap();
    let writer = WriterKey::parse(key).unwrap();
    let store: Arc<dyn Store> = match StoreUrl::parse(place).unwrap() {
        StoreUrl::Directory(path) => Arc::new(windlass_backup::DirectoryStore::open(path).unwrap()),
        _ => Arc::new(S3Store::connect(FaultServer::options_at(place.split_once('#').unwrap().1)).unwrap()),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let trust = Trust::Writers(vec![writer.id()]);
        let repository = Repository::open(store, OpenOptions::new(trust)).await.unwrap();
        for round in 0_u64.. {
            let mut run = repository.begin(&writer, RunOptions::new("attic")).await.unwrap();
            let mut large = noise(9 << 20);
            large[..8].copy_from_slice(&(round + u64::from(std::process::id())).to_le_bytes());
            run.add("large", bytes(Format::Tar, &large), serde_json::Map::new()).await.unwrap();
            run.add("small", bytes(Format::Tar, &round.to_le_bytes()), serde_json::Map::new()).await.unwrap();
            let saved = run.commit().await.unwrap().id.clone();
            // One write, so that a line is there wholly or recognisably not.
            std::io::stdout().write_all(format!("saved {saved}\n").as_bytes()).unwrap();
        }
    });
}

fn start(test: &str, place: &str, household: &Household) -> Child {
    let key = household.writer.to_text();
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .env(CHILD, format!("{place} {}", *key))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// The snapshots that a process that has ended was told are saved.
fn told(child: &mut Child) -> Vec<String> {
    let out = BufReader::new(child.stdout.take().unwrap());
    let told =
        out.lines().map_while(Result::ok).filter_map(|line| Some(line.split_once("saved ")?.1.trim().to_owned()));
    // A line that was cut off tells nothing.
    told.filter(|id| id.len() == 52).collect()
}

async fn assert_whole(household: &Household, store: Arc<dyn Store>, told: &[String]) -> usize {
    let repository = household.open_in(store).await;
    let listed = repository.snapshots().await.unwrap();
    assert_eq!(listed.faults, []);
    for id in told {
        assert!(listed.snapshots.iter().any(|snapshot| snapshot.id == *id), "{id} was saved and is gone");
    }
    let found = repository.verify(VerifyOptions::default()).await.unwrap();
    assert_eq!(found.damaged, []);
    listed.snapshots.len()
}

#[tokio::test]
async fn a_folder_stands_every_kill() {
    if let Ok(work) = std::env::var(CHILD) {
        return std::thread::spawn(move || child(&work)).join().unwrap();
    }
    let household = Household::new();
    household.init().await;
    let place = household.folder.path().display().to_string();
    let mut all = Vec::new();
    for kill in 0..8 {
        let mut child = start("killed::a_folder_stands_every_kill", &place, &household);
        std::thread::sleep(Duration::from_millis(150 + kill * 130));
        child.kill().unwrap();
        child.wait().unwrap();
        all.extend(told(&mut child));
        assert_whole(&household, household.store(), &all).await;
    }
    let repository = household.open().await;
    household.save(&repository, &[("small", b"after all")]).await;
    repository.store().sweep_unfinished(Duration::ZERO).await.unwrap();
    let strays = household.files().into_iter().filter(|path| path.to_string_lossy().contains("unfinished"));
    assert_eq!(strays.count(), 0);
}

#[tokio::test]
async fn a_bucket_stands_a_kill_at_every_request() {
    if let Ok(work) = std::env::var(CHILD) {
        return std::thread::spawn(move || child(&work)).join().unwrap();
    }
    let household = Household::new();
    let server = FaultServer::start();
    household.init_in(server.store()).await;
    let place = format!("s3://bucket/home/attic#{}", server.endpoint());
    let mut all = Vec::new();
    // A run has some fourteen requests: opening, listing, an item in parts with its record and its comparison, another
    // item, manifest, commit.
    for at in 1..=16 {
        let victim: Arc<Mutex<Option<Child>>> = Arc::default();
        server.take_seen();
        let killer = victim.clone();
        server.state().watcher = Some(Box::new(move |count| {
            if count >= at
                && let Some(child) = killer.lock().unwrap().as_mut()
            {
                let _ = child.kill();
            }
        }));
        *victim.lock().unwrap() = Some(start("killed::a_bucket_stands_a_kill_at_every_request", &place, &household));
        loop {
            let mut child = victim.lock().unwrap();
            let child = child.as_mut().unwrap();
            if child.try_wait().unwrap().is_some() {
                all.extend(told(child));
                break;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        server.state().watcher = None;
        assert_whole(&household, server.store(), &all).await;
    }
    let repository = household.open_in(server.store()).await;
    household.save(&repository, &[("small", b"after all")]).await;
    server.store().sweep_unfinished(Duration::ZERO).await.unwrap();
    assert!(server.state().objects.uploads.is_empty(), "their records tell of all uploads that were cut off");
    assert!(!server.keys().iter().any(|key| key.starts_with("uploads/")));
}
