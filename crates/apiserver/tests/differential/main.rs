//! The same requests, played on the test bed's real kube-apiserver and on this server: answers have to be equal once what
//! is different by nature (uids, times, revisions, allocated addresses) is masked.

mod generated;
mod mask;
mod peers;
mod script;

use std::fs;
use std::path::Path;

use windlass_testbed::{KubeApi, require_peers};

use peers::Peers;

/// Each file of `scripts`, in a namespace of its own.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hand_written_scripts() {
    let testbed = require_peers!(KubeApi::NEEDS);
    let peers = Peers::start(&testbed).await;
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
        let (played, found) = script::play(&peers, &name, &fs::read_to_string(&file).unwrap()).await;
        steps += played;
        differences.extend(found);
    }
    println!("{steps} steps, {} differences", differences.len());
    assert!(differences.is_empty(), "{}", differences.join("\n\n"));
}

/// Random sequences over many kinds by several managers: `WINDLASS_DIFFERENTIAL_STEPS` of them, 400 by default.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn generated_sequences() {
    const LENGTH: usize = 100;
    let testbed = require_peers!(KubeApi::NEEDS);
    let peers = Peers::start(&testbed).await;
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<usize>().ok());
    let (steps, first) = (number("WINDLASS_DIFFERENTIAL_STEPS").unwrap_or(400), number("WINDLASS_SEED").unwrap_or(1));
    let (mut played, mut differences) = (0, Vec::new());
    for seed in first..first + steps.div_ceil(LENGTH) {
        let mut found = Vec::new();
        // Owners are ordered by the second in which they wrote: where a second ends between the two servers' answers they
        // differ by nature. What differs has to differ each time.
        for attempt in 0..4 {
            found.clear();
            let mut player = script::Player::start(&peers, &format!("seed-{seed}-{attempt}")).await;
            generated::next_second().await;
            for step in generated::sequence(seed as u64, LENGTH) {
                if let Some(difference) = player.step(&step).await {
                    found.push(format!("seed {seed}: {} {} {}\n{difference}", step.verb, step.path, step.body));
                }
            }
            if found.is_empty() {
                break;
            }
        }
        played += LENGTH;
        differences.append(&mut found);
    }
    println!("{played} steps, {} differences", differences.len());
    differences.truncate(20);
    assert!(differences.is_empty(), "{}", differences.join("\n\n"));
}
