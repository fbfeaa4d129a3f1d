use std::sync::Arc;

use serde_json::json;
use windlass_apiserver::ApiServer;
use windlass_cluster::{ApplyOptions, Cluster, Options, Owner, apply, prune};
use windlass_manifest::{Manifest, Origin};
use windlass_recovery::{PrunedObjects, RestoreOptions, deleted, plan_restore, restore, restoring, undelete};

use crate::bed::{get, make, map, namespace, secret};
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
