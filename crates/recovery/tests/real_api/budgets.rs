//! What saving a cluster of 5,000 objects may cost, all the way: read from an API, saved in an S3 server that counts.

use std::sync::Arc;

use serde_json::{Value, json};
use windlass_apiserver::ApiServer;
use windlass_backup::{OpenOptions, Repository, S3Credentials, S3Options, S3Store, Trust};
use windlass_cluster::{Cluster, Options};
use windlass_recovery::{BackupScheduleSpec, RunPlace, RunResult, back_up};
use windlass_testbed::{SeaweedS3, require_peers};

use crate::vault::{OpenStore, Vault};

const OBJECTS: u64 = 5_000;

/// What a homelab has, with what differs between real objects.
fn object(number: u64) -> Value {
    let unlike = |salt: u64| format!("{:016x}", (number * 8 + salt).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    let (app, space) = (number % 137, number % 23);
    let lines: Vec<String> = (0..10)
        .map(|line| format!("setting-{line} = value of app-{app} in space-{space}, which is line {line}"))
        .chain((0..3).map(|line| format!("hash-{line} = {}", unlike(4 + line))))
        .collect();
    let kind = ["ConfigMap", "Secret", "ConfigMap", "PersistentVolumeClaim", "ConfigMap"][(number % 5) as usize];
    let mut object = json!({
        "apiVersion": "v1", "kind": kind,
        "metadata": {
            "name": format!("app-{app}-{}", &unlike(1)[..8]), "namespace": format!("space-{space}"),
            "labels": {"app.kubernetes.io/name": format!("app-{app}"), "app.kubernetes.io/managed-by": "hand"},
        },
    });
    match kind {
        "ConfigMap" => object["data"] = json!({"settings.ini": lines.join("\n")}),
        "Secret" => object["stringData"] = json!({"token": unlike(2), "settings.ini": lines[..4].join("\n")}),
        _ => {
            object["spec"] = json!({"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": format!("{}Gi", app + 1)}}});
        }
    }
    object
}

/// Requests and bytes for the bucket, by the server's own count.
fn traffic(server: &SeaweedS3) -> (u64, u64) {
    let metrics = server.metrics().unwrap();
    let sum = |name: &str| -> u64 {
        let lines = metrics.lines().filter(|line| line.starts_with(name) && line.contains("bucket=\"backup\""));
        lines.map(|line| line.rsplit(' ').next().unwrap().parse::<f64>().unwrap() as u64).sum()
    };
    (sum("SeaweedFS_s3_request_total{"), sum("SeaweedFS_s3_bucket_traffic_received_bytes_total{"))
}

#[tokio::test]
async fn five_thousand_objects_of_a_cluster_take_four_requests_and_an_unchanged_run_two() {
    let testbed = require_peers!(SeaweedS3::NEEDS);
    let server = SeaweedS3::start(&testbed).unwrap();
    server.create_bucket("backup").unwrap();
    let endpoint = server.endpoint();
    let open: OpenStore = Box::new(move || {
        let credentials = S3Credentials::new(SeaweedS3::ACCESS_KEY, SeaweedS3::SECRET_KEY);
        Arc::new(S3Store::connect(S3Options::new("backup", credentials).at(&endpoint)).unwrap())
    });
    let store = open();
    let vault = Vault::at(tempfile::tempdir().unwrap(), open).await;
    let api = ApiServer::builder().without_controllers().build();
    for space in 0..23 {
        let namespace =
            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": format!("space-{space}")}});
        api.objects().create(&namespace).unwrap();
    }
    for number in 0..OBJECTS {
        api.objects().create(&object(number)).unwrap();
    }
    let cluster = Cluster::new(api.client(), Options::default());
    let spec: BackupScheduleSpec = serde_json::from_value(json!({"schedule": "@daily"})).unwrap();
    let cache = vault.path("cache");
    let save = async || {
        // As each start of a program does it, with the cache of the one before.
        let trust = Trust::Writers(vec![vault.writer.id()]);
        let options = OpenOptions::new(trust).with_cache(&cache);
        let place = RunPlace {
            repository: Repository::open(store.clone(), options).await.unwrap(),
            writer: vault.writer.clone(),
            host: "home".to_owned(),
            scratch: vault.folder.path().to_owned(),
            git: vault.path("git"),
            accept_shrink: None,
        };
        let before = traffic(&server);
        let run = back_up(&cluster, &spec, &place).await;
        assert_eq!(run.result(), RunResult::Complete, "{:?}", run.problems);
        let after = traffic(&server);
        (after.0 - before.0, after.1 - before.1, run.snapshot.unwrap())
    };
    let (requests, bytes, snapshot) = save().await;
    assert!(requests <= 4, "{requests} requests");
    assert!(bytes <= 1_700_000, "{bytes} bytes");
    assert!(snapshot.counts.plain_bytes > 4_000_000, "{:?}", snapshot.counts);
    let manifest = vault.repository.manifest(&snapshot, &vault.paper).await.unwrap();
    assert_eq!(manifest.items["cluster/objects"].facts["objects"], OBJECTS + 23);
    let (requests, bytes, snapshot) = save().await;
    assert!(requests <= 2, "{requests} requests of an unchanged run");
    assert!(bytes < 8_192 && snapshot.counts.sent_bytes == 0, "{bytes} bytes of an unchanged run");
}
