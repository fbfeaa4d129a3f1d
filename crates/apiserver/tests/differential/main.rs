//! The same requests, played on the test bed's real kube-apiserver and on this server: answers have to be equal once what
//! is different by nature (uids, times, revisions, allocated addresses) is masked.

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
