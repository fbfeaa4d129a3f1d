//! Power cut: after any number of writes, in any prefix of their order, there is a repository that opens, shows whole
//! snapshots only, and goes on.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use futures::FutureExt as _;
use proptest::prelude::*;
use windlass_backup::{OpenOptions, Repository, RunOptions, Trust, VerifyOptions};
use windlass_capture::Format;

use crate::memory_store::{MemoryStore, Write};
use crate::support::{Household, bytes};

/// One run: the contents of three items, and whether one is skipped.
type Step = ([u8; 3], bool);

async fn live(household: &Household, store: &Arc<MemoryStore>, steps: &[Step]) {
    let repository = household.init_in(store.clone()).await;
    for (contents, skip) in steps {
        let mut run = repository.begin(&household.writer, RunOptions::new("attic")).await.unwrap();
        for (at, content) in contents.iter().enumerate() {
            let name = format!("item/{at}");
            if *skip && at == 1 {
                run.skip(&name, "busy").unwrap();
            } else {
                run.add(&name, bytes(Format::Tar, &[*content]), serde_json::Map::new()).await.unwrap();
            }
        }
        run.commit().await.unwrap();
    }
}

/// The store as it is after so many of the writes.
fn after(writes: &[Write], count: usize) -> Arc<MemoryStore> {
    let mut objects = BTreeMap::new();
    for write in &writes[..count] {
        match write {
            Write::Put(key, bytes) => drop(objects.insert(key.clone(), bytes.clone())),
            Write::Delete(key) => drop(objects.remove(key)),
        }
    }
    Arc::new(MemoryStore::holding(objects))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]
    #[test]
    fn every_prefix_of_the_writes_is_a_repository(steps in prop::collection::vec((any::<[u8; 3]>(), any::<bool>()), 1..4)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let household = Household::new();
            let store = Arc::new(MemoryStore::default());
            live(&household, &store, &steps).await;
            let writes = store.writes();
            let mut shown_before = 0;
            for count in 0..=writes.len() {
                let store = after(&writes, count);
                let trust = Trust::Writers(vec![household.writer.id()]);
                let opened = Repository::open(store.clone(), OpenOptions::new(trust)).await;
                let Ok(repository) = opened else {
                    // Before the marker there is nothing, and one can begin.
                    assert_eq!(shown_before, 0);
                    Repository::init(store, household.init_options()).await.unwrap();
                    continue;
                };
                let listed = repository.snapshots().await.unwrap();
                assert_eq!(listed.faults, []);
                assert!(listed.snapshots.len() >= shown_before, "what was there stays");
                shown_before = listed.snapshots.len();
                let found = repository.verify(VerifyOptions::default()).await.unwrap();
                assert_eq!(found.damaged, []);
                for (snapshot, (contents, skip)) in listed.snapshots.iter().zip(&steps) {
                    let read = household.read(&repository, snapshot, "item/0", &household.identities[0]).await.unwrap();
                    assert_eq!(read, [contents[0]]);
                    assert_eq!(snapshot.status == windlass_backup::SnapshotStatus::Partial, *skip);
                }
                let next = household.save(&repository, &[("item/0", b"next"), ("item/1", b"x"), ("item/2", b"y")]).await;
                assert_eq!(household.read(&repository, &next, "item/0", &household.identities[1]).await.unwrap(), b"next");
            }
            assert_eq!(shown_before, steps.len());
        }.boxed_local());
    }
}

#[test]
fn the_marker_is_written_last_of_a_beginning_and_the_commit_of_a_run() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let household = Household::new();
    let store = Arc::new(MemoryStore::default());
    runtime.block_on(live(&household, &store, &[([1, 2, 3], false)]));
    let keys: Mutex<Vec<String>> = Mutex::default();
    for write in store.writes() {
        if let Write::Put(key, _) = write {
            keys.lock().unwrap().push(key);
        }
    }
    let keys = keys.into_inner().unwrap();
    let place = |wanted: &str| keys.iter().position(|key| key.contains(wanted)).unwrap();
    assert!(place("RESTORE.txt") < place("windlass-backup.json"));
    assert!(place("items/") < place("manifest") && place("manifest") < place("commit.json"));
    assert!(keys.last().unwrap().ends_with("commit.json"));
}
