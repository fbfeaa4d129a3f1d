use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use windlass_apiserver::ApiServer;
use windlass_backup::{Clock, DirectoryStore, OpenOptions, Repository, Trust};
use windlass_cluster::{ApplyOptions, Cluster, Keep as _, Options, Owner, apply, prune};
use windlass_manifest::{Manifest, Origin};
use windlass_recovery::{
    OpenRepository, PrunedObjects, RestoreOptions, deleted, plan_restore, restore, restoring, undelete,
};

use crate::bed::{get, make, make_all, map, namespace, secret};
use crate::vault::Vault;

async fn applied(server: &ApiServer, cluster: &Cluster, owner: &Owner) -> windlass_cluster::Inventory {
    make(server, namespace("shop")).await;
    let manifests = [map("shop", "settings", "precious"), secret("shop", "token")]
        .map(|object| Manifest::new(object, Origin::unknown()).unwrap());
    let options = ApplyOptions::default().owned_by(owner.clone());
    apply(cluster, manifests.to_vec(), &options).await.unwrap().inventory()
}

#[tokio::test]
async fn what_is_pruned_is_saved_first_and_comes_back() {
    let (server, vault) = (ApiServer::new(), Vault::new().await);
    let plain = Cluster::new(server.client(), Options::default());
    let keep = PrunedObjects::new(vault.opener(), "home", plain.clone());
    let cluster = plain.keeping(Arc::new(keep));
    let owner = Owner::flux("apps", "flux-system");
    let inventory = applied(&server, &cluster, &owner).await;

    let pruned = prune(&cluster, &inventory, &owner).await;
    assert_eq!((pruned.deleted.len(), pruned.failed.len()), (2, 0));
    assert!(get(&server, "v1", "Secret", "shop", "token").await.is_none());

    let (found, faults) = deleted(&vault.reopened().await, &vault.paper).await.unwrap();
    assert!(faults.is_empty());
    let mut names: Vec<String> = found.iter().map(|one| one.id.to_string()).collect();
    names.sort();
    assert_eq!(names, ["ConfigMap/shop/settings", "Secret/shop/token"]);

    let saved = undelete(found.into_iter().filter(|one| one.id.kind == "ConfigMap"));
    let cluster = restoring(server.client());
    let plan = plan_restore(&cluster, &saved, &RestoreOptions::default()).await.unwrap();
    let done = restore(&cluster, plan, |_, _| {}).await;
    assert!(done.is_complete());
    let live = get(&server, "v1", "ConfigMap", "shop", "settings").await.unwrap();
    assert_eq!(live["data"], json!({"value": "precious"}));
    // It is nobody's now, so that it is not pruned again.
    assert!(live["metadata"].get("labels").is_none());
    assert!(get(&server, "v1", "Secret", "shop", "token").await.is_none());
    // Prunings are a row of their own, and no backup of the cluster.
    assert!(
        windlass_recovery::choose(&vault.reopened().await, &vault.paper, &windlass_recovery::Wish::default())
            .await
            .is_err()
    );
}

#[tokio::test]
async fn what_cannot_be_saved_is_not_pruned() {
    let (server, vault) = (ApiServer::new(), Vault::new().await);
    let plain = Cluster::new(server.client(), Options::default());
    let keep = PrunedObjects::new(vault.opener(), "home", plain.clone());
    let cluster = plain.keeping(Arc::new(keep));
    let owner = Owner::flux("apps", "flux-system");
    let inventory = applied(&server, &cluster, &owner).await;

    // The disk with the backups is gone.
    std::fs::remove_dir_all(vault.folder.path().join("repository")).unwrap();
    std::fs::write(vault.folder.path().join("repository"), "").unwrap();
    let pruned = prune(&cluster, &inventory, &owner).await;
    assert_eq!((pruned.deleted.len(), pruned.failed.len()), (0, 2));
    let (_, error) = &pruned.failed[0];
    assert!(error.to_string().contains("not deleted, since it could not be saved first"), "{error}");
    assert!(error.is_transient());
    // They stay in the inventory, and are tried again.
    assert_eq!(pruned.survivors().len(), 2);
    assert!(get(&server, "v1", "Secret", "shop", "token").await.is_some());
}

/// Nobody looks after the repository: what was pruned long ago goes by itself, and nothing that is the last of its kind.
#[tokio::test]
async fn what_was_pruned_goes_by_itself_when_the_bound_is_over_and_not_before() {
    let (server, vault) = (ApiServer::new(), Vault::new().await);
    let hours = Arc::new(AtomicI64::new(0));
    let moved = Arc::clone(&hours);
    let clock = Clock::new(move || Timestamp::now() + SignedDuration::from_hours(moved.load(Ordering::Relaxed)));
    let store = Arc::new(DirectoryStore::open(vault.path("repository")).unwrap());
    let options = OpenOptions::new(Trust::Writers(vec![vault.writer.id()])).with_clock(clock);
    let repository = Repository::open(store, options).await.unwrap();
    let opened = (repository.clone(), vault.writer.clone());
    let opener: OpenRepository = Arc::new(move |_| {
        let opened = opened.clone();
        Box::pin(async move { Ok(opened) })
    });
    let plain = Cluster::new(server.client(), Options::default());
    let bound = SignedDuration::from_hours(30 * 24);
    let keep = PrunedObjects::new(opener, "home", plain.clone()).for_as_long_as(bound);
    let pruning = async |names: &[(&str, &str)]| {
        let objects =
            names.iter().map(|(name, value)| Manifest::new(map("shop", name, value), Origin::unknown()).unwrap());
        keep.keep(objects.collect()).await.unwrap();
    };
    let day = |days: i64| hours.fetch_add(24 * days, Ordering::Relaxed);
    let left = async || {
        let (found, faults) = deleted(&repository, &vault.paper).await.unwrap();
        assert!(faults.is_empty());
        let mut left: Vec<String> = Vec::new();
        for one in found {
            let object = undelete([one]).objects.into_values().next().unwrap();
            left.push(format!("{} {}", object.name(), object.value()["data"]["value"]));
        }
        left.sort();
        left
    };
    pruning(&[("old", "1")]).await;
    day(10);
    // Two that fight: made and pruned again and again, once with another content.
    for value in ["1", "1", "2", "1"] {
        pruning(&[("fought", value)]).await;
        day(1);
    }
    day(25);
    // Within the bound of the newest: all but the copies of what is there in the same state. A day later they are gone.
    assert_eq!(keep.tidy().await.unwrap().len(), 2);
    day(2);
    keep.tidy().await.unwrap();
    assert_eq!(left().await, ["fought \"1\"", "fought \"2\"", "old \"1\""]);
    // Something is pruned once more: what is older than the bound, counted from this, goes, by itself.
    pruning(&[("new", "1")]).await;
    assert_eq!(left().await.len(), 4);
    assert_eq!(keep.tidy().await.unwrap().len(), 1, "old");
    day(2);
    keep.tidy().await.unwrap();
    assert_eq!(left().await, ["fought \"1\"", "fought \"2\"", "new \"1\""]);

    // A schedule that has its own rule for them is not overruled.
    day(365);
    pruning(&[("newest", "1")]).await;
    make_all(&server, windlass_recovery::schedule_crds()).await;
    make(&server, namespace("backups")).await;
    make(
        &server,
        json!({
            "apiVersion": "backups.windlass.dev/v1alpha1", "kind": "BackupSchedule",
            "metadata": {"name": "nightly", "namespace": "backups"},
            "spec": {"schedule": "@daily", "retention": {"last": 3, "pruned": "20000h"}},
        }),
    )
    .await;
    assert!(keep.tidy().await.unwrap().is_empty());
    assert_eq!(left().await.len(), 4);
}
