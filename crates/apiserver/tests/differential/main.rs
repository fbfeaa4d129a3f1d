//! The same requests, played on the test bed's real kube-apiserver and on this server: answers, stored objects, owners and
//! watch events have to be equal once what is different by nature (uids, revisions, allocated addresses) is masked.

mod generated;
mod kinds;
mod mask;
mod peers;
mod script;
mod sequences;
mod shrink;

use std::fs;
use std::path::Path;

use windlass_testbed::{KubeApi, require_peers};

use peers::Real;

/// The hand-written steps: each file of `scripts`, in a namespace of its own.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hand_written_scripts() {
    let testbed = require_peers!(KubeApi::NEEDS);
    let real = Real::start(&testbed).await;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/differential/scripts");
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let only = std::env::var("WINDLASS_SCRIPT").unwrap_or_default();
    let (mut steps, mut differences) = (0, Vec::new());
    for file in files {
        let name = file.file_stem().unwrap().to_string_lossy().into_owned();
        if !only.is_empty() && only != name {
            continue;
        }
        let (played, found) = script::play(&real, &name, &fs::read_to_string(&file).unwrap()).await;
        steps += played;
        differences.extend(found);
    }
    println!("{steps} steps, {} differences", differences.len());
    assert!(differences.is_empty(), "{}", differences.join("\n\n"));
}

/// Random sequences over all kinds by several managers, many of them at a time: `WINDLASS_DIFFERENTIAL_STEPS` requests,
/// 10,000 by default, from the seed `WINDLASS_SEED` on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn generated_sequences() {
    let testbed = require_peers!(KubeApi::NEEDS);
    let real = Real::start(&testbed).await;
    sequences::define(&real).await;
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<usize>().ok());
    let (steps, first) =
        (number("WINDLASS_DIFFERENTIAL_STEPS").unwrap_or(10_000), number("WINDLASS_SEED").unwrap_or(1));
    let seeds = first..first + steps.div_ceil(sequences::LENGTH);
    let (played, mut differences) = sequences::play(&real, seeds).await;
    println!("{played} steps, {} sequences differ", differences.len());
    differences.sort_by_key(|one| one.contains(": like another"));
    differences.truncate(30);
    assert!(differences.is_empty(), "{}", differences.join("\n\n----\n\n"));
}
