//! Which snapshot is restored when nobody names one, and what is said of it.

use serde_json::Map;
use windlass_apiserver::ApiServer;
use windlass_backup::{EvidenceKind, Findings, RunOptions, VerifyOptions};
use windlass_capture::{Bytes, Format};
use windlass_recovery::{CLUSTER_OBJECTS, ClusterObjects, Error, Selection, Wish, choose};

use crate::bed::{make_all, map, namespace};
use crate::vault::Vault;

async fn cluster() -> ApiServer {
    let server = ApiServer::new();
    make_all(&server, [namespace("shop"), map("shop", "settings", "1")]).await;
    server
}

/// A snapshot of a host with a cluster, whose dump could not be made if there is none; returns its id.
async fn save(vault: &Vault, server: &ApiServer, host: &str, dump: Option<&[u8]>) -> String {
    let mut run = vault.repository.begin(&vault.writer, RunOptions::new(host)).await.unwrap();
    let objects = ClusterObjects::read(&server.client(), &Selection::default()).await.unwrap();
    run.add(CLUSTER_OBJECTS, Box::new(objects), Map::new()).await.unwrap();
    match dump {
        Some(bytes) => {
            drop(run.add("dump/pg", Box::new(Bytes::new(Format::Dump, bytes.to_vec())), Map::new()).await.unwrap())
        }
        None => run.skip("dump/pg", "the program failed").unwrap(),
    }
    run.commit().await.unwrap().id.clone()
}

#[tokio::test]
async fn the_newest_that_is_not_known_to_be_bad_is_taken_and_doubts_are_told() {
    let (vault, server) = (Vault::new().await, cluster().await);
    let first = save(&vault, &server, "home", Some(&[1; 100_000])).await;
    let only_verified = Wish { only_verified: true, ..Wish::default() };
    let repository = vault.reopened().await;
    let none = choose(&repository, &vault.paper, &only_verified).await.unwrap_err().to_string();
    assert!(none.contains("none was ever verified or drilled"), "{none}");
    let verified = VerifyOptions { writer: Some(vault.writer.clone()), ..VerifyOptions::default() };
    vault.repository.verify(verified).await.unwrap();

    // One with an older item, which is older in those before it as well.
    let partial = save(&vault, &server, "home", None).await;
    let chosen = choose(&vault.reopened().await, &vault.paper, &Wish::default()).await.unwrap();
    assert_eq!(chosen.snapshot.id, partial);
    let told = chosen.passed_over.join("\n");
    assert!(told.contains("1 of its items are older than itself"), "{told}");
    // Its manifest is new, so it was not looked at as a whole.
    assert!(told.contains(&format!("never verified and never drilled; the newest that was is {first}")), "{told}");

    // One that is suspiciously small.
    let small = save(&vault, &server, "home", Some(&[1])).await;
    let chosen = choose(&vault.reopened().await, &vault.paper, &Wish::default()).await.unwrap();
    assert_eq!(chosen.snapshot.id, partial);
    assert!(
        chosen.passed_over.join("\n").contains(&format!("{small} is newer and was left aside: it is suspiciously"))
    );

    // One that a drill could not restore.
    let bad =
        Findings { facts: Map::from_iter([("snapshot".to_owned(), partial.clone().into())]), ..Findings::default() };
    vault.repository.keep_evidence(&vault.writer, EvidenceKind::Drill, bad).await.unwrap();
    let chosen = choose(&vault.reopened().await, &vault.paper, &Wish::default()).await.unwrap();
    assert_eq!(chosen.snapshot.id, first);
    assert!(chosen.tried.is_good());
    let chosen = choose(&vault.reopened().await, &vault.paper, &only_verified).await.unwrap();
    assert_eq!(chosen.snapshot.id, first);
    // Who names one gets it.
    let chosen = choose(&vault.reopened().await, &vault.paper, &Wish::of(Some(&small))).await.unwrap();
    assert!(chosen.snapshot.id == small && chosen.passed_over[0].contains("suspiciously"), "{:?}", chosen.passed_over);
}

#[tokio::test]
async fn between_two_clusters_nobody_guesses() {
    let (vault, server) = (Vault::new().await, cluster().await);
    let home = save(&vault, &server, "home", Some(b"x")).await;
    // A machine without a cluster is none that could be meant.
    let mut run = vault.repository.begin(&vault.writer, RunOptions::new("nas")).await.unwrap();
    run.add("dump/pg", Box::new(Bytes::new(Format::Dump, b"y".to_vec())), Map::new()).await.unwrap();
    let nas = run.commit().await.unwrap().id.clone();
    let chosen = choose(&vault.reopened().await, &vault.paper, &Wish::default()).await.unwrap();
    assert_eq!(chosen.snapshot.id, home);
    let data = Wish { without_objects: true, ..Wish::default() };
    assert_eq!(choose(&vault.reopened().await, &vault.paper, &data).await.unwrap().snapshot.id, nas);

    save(&vault, &server, "cabin", Some(b"x")).await;
    let error = choose(&vault.reopened().await, &vault.paper, &Wish::default()).await.unwrap_err();
    assert!(matches!(&error, Error::SeveralClusters { hosts } if *hosts == ["cabin", "home"]), "{error}");
    let wish = Wish { host: Some("home".to_owned()), ..Wish::default() };
    assert_eq!(choose(&vault.reopened().await, &vault.paper, &wish).await.unwrap().snapshot.id, home);
}
