//! What a run may cost. CPU time is measured in `benches`, where nothing else runs.

use std::fmt::Write as _;
use std::sync::Arc;

use windlass_backup::{OpenOptions, Repository, RunOptions, Trust};
use windlass_capture::Format;

use crate::memory_store::{MemoryStore, Write};
use crate::support::{Household, bytes};

/// 5,000 objects as YAML in a tar: 6.8 MiB of content, of the kinds that a homelab has, each with what differs between
/// real objects.
fn objects() -> Vec<u8> {
    let mut tar = Vec::new();
    for number in 0_u64..5000 {
        let mut text = String::new();
        let unlike = |salt: u64| (number * 8 + salt).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let (app, namespace) = (number % 137, number % 23);
        let kind = ["ConfigMap", "Secret", "PersistentVolumeClaim", "Certificate", "Job"][(number % 5) as usize];
        write!(
            text,
            "apiVersion: v1\nkind: {kind}\nmetadata:\n  name: app-{app}-{:08x}\n  namespace: space-{namespace}\n  uid: {:016x}-{:016x}\n  \
             creationTimestamp: 2026-{:02}-{:02}T{:02}:{:02}:{:02}Z\n  resourceVersion: \"{}\"\n  labels:\n    app.kubernetes.io/name: app-{app}\n    \
             app.kubernetes.io/instance: app-{app}\n    app.kubernetes.io/managed-by: windlass\n",
            unlike(1) as u32, unlike(2), unlike(3), number % 12 + 1, number % 28 + 1, number % 24, number % 60, number % 59, number * 31,
        )
        .unwrap();
        for line in 0..12 {
            writeln!(
                text,
                "  field-{line}: value of app-{app} in space-{namespace}, which is line {line} of the {kind}"
            )
            .unwrap();
        }
        for line in 0..3 {
            writeln!(text, "  hash-{line}: {:016x}", unlike(4 + line)).unwrap();
        }
        let name = format!("space-{namespace}/{kind}/app-{app}-{number}.yaml");
        append(&mut tar, &name, text.as_bytes());
    }
    tar.extend_from_slice(&[0; 1024]);
    tar
}

/// One file, as tar has it (ustar), with nothing that differs from run to run.
fn append(tar: &mut Vec<u8>, name: &str, content: &[u8]) {
    let mut head = [0; 512];
    head[..name.len()].copy_from_slice(name.as_bytes());
    head[100..108].copy_from_slice(b"0000644\0");
    head[124..136].copy_from_slice(format!("{:011o}\0", content.len()).as_bytes());
    head[136..148].copy_from_slice(b"00000000000\0");
    head[148..156].copy_from_slice(b"        ");
    head[156] = b'0';
    head[257..265].copy_from_slice(b"ustar\x0000");
    let sum: u32 = head.iter().map(|byte| u32::from(*byte)).sum();
    head[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    tar.extend_from_slice(&head);
    tar.extend_from_slice(content);
    tar.resize(tar.len().next_multiple_of(512), 0);
}

#[tokio::test]
async fn five_thousand_objects_take_four_requests_and_an_unchanged_run_two() {
    let household = Household::new();
    let store = Arc::new(MemoryStore::default());
    let repository = household.init_in(store.clone()).await;
    let objects = objects();
    assert!((6_500_000..12_000_000).contains(&objects.len()), "{}", objects.len());
    store.take_requests();
    let written = store.writes().len();
    let save = async |repository: &Repository| {
        let mut run = repository.begin(&household.writer, RunOptions::new("attic")).await.unwrap();
        run.add("cluster/objects", bytes(Format::Tar, &objects), serde_json::Map::new()).await.unwrap();
        run.commit().await.unwrap()
    };
    save(&repository).await;
    let requests = store.take_requests();
    assert_eq!(requests.len(), 4, "{requests:?}");
    let sent: usize = store.writes()[written..]
        .iter()
        .map(|write| match write {
            Write::Put(_, bytes) => bytes.len(),
            Write::Delete(_) => 0,
        })
        .sum();
    assert!(sent <= 1_700_000, "{sent} bytes");
    save(&repository).await;
    let requests = store.take_requests();
    assert_eq!(requests.len(), 2, "{requests:?}");
    let last = match store.writes().pop().unwrap() {
        Write::Put(_, bytes) => bytes.len(),
        Write::Delete(_) => usize::MAX,
    };
    assert!(last < 4096, "an unchanged run sends {last} bytes");
}

#[tokio::test]
async fn another_process_with_a_cache_takes_two_requests_and_without_one_two_more() {
    let household = Household::new();
    let store = Arc::new(MemoryStore::default());
    let repository = household.init_in(store.clone()).await;
    household.save(&repository, &[("a", b"one")]).await;
    let cache = tempfile::tempdir().unwrap();
    let open = async || {
        let trust = Trust::Writers(vec![household.writer.id()]);
        Repository::open(store.clone(), OpenOptions::new(trust).with_cache(cache.path())).await.unwrap()
    };
    store.take_requests();
    household.save(&open().await, &[("a", b"one")]).await;
    assert_eq!(store.take_requests().len(), 4, "marker and last commit are read");
    household.save(&open().await, &[("a", b"one")]).await;
    let requests = store.take_requests();
    assert_eq!(requests.len(), 2, "{requests:?}");
}
