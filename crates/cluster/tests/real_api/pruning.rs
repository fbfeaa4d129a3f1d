use windlass_cluster::{Inventory, Target, prune, wait_gone};

use crate::bed::bed;

const OBJECTS: &str = r"
apiVersion: v1
kind: ConfigMap
metadata: {name: ours, namespace: NS}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: kept, namespace: NS, annotations: {kustomize.toolkit.fluxcd.io/prune: disabled}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: ignored, namespace: NS}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: ours, namespace: NS}
";

#[tokio::test]
async fn only_our_own_objects_are_deleted_and_the_last_first() {
    let bed = bed!("prune");
    let mut inventory = bed.apply(OBJECTS).await.inventory();
    bed.kubectl(&["annotate", "configmap/ignored", "kustomize.toolkit.fluxcd.io/ssa=Ignore"]);
    bed.kubectl(&["create", "configmap", "foreign"]);
    inventory.merge(Inventory::read([("prune_foreign__ConfigMap", "v1"), ("prune_gone__ConfigMap", "v1")]).unwrap());

    let pruned = prune(&bed.cluster, &inventory, &bed.owner()).await;
    let deleted: Vec<_> = pruned.deleted.iter().map(|entry| entry.id.to_string()).collect();
    assert_eq!(deleted, ["ConfigMap/prune/ours", "ServiceAccount/prune/ours"]);
    let kept: Vec<_> = pruned.kept.iter().map(|(entry, reason)| format!("{}: {reason}", entry.id.name)).collect();
    assert_eq!(
        kept,
        [
            "kept: opted out by kustomize.toolkit.fluxcd.io/prune: disabled",
            "ignored: opted out by kustomize.toolkit.fluxcd.io/ssa: Ignore",
            "gone: already gone",
            "foreign: belongs to another owner",
        ]
    );
    assert!(pruned.failed.is_empty() && pruned.survivors().is_empty());
    let left = bed.kubectl(&["get", "configmap", "-o", "name"]);
    assert!(left.contains("kept") && left.contains("ignored") && left.contains("foreign") && !left.contains("ours"));
}

#[tokio::test]
async fn an_object_that_moved_to_another_owner_survives() {
    let bed = bed!("moved");
    let inventory = bed.apply(OBJECTS).await.inventory();
    let other = windlass_cluster::Owner::flux("other", "moved");
    bed.try_apply(OBJECTS, &windlass_cluster::ApplyOptions::default().owned_by(other)).await.unwrap();
    assert!(prune(&bed.cluster, &inventory, &bed.owner()).await.deleted.is_empty());
}

#[tokio::test]
async fn a_version_that_is_no_longer_served_is_pruned_in_another() {
    let bed = bed!("versions");
    bed.apply(
        "{apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, metadata: {name: h, namespace: NS}, spec: \
         {maxReplicas: 2, scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: x}}}",
    )
    .await;
    let old = Inventory::read([("versions_h_autoscaling_HorizontalPodAutoscaler", "v2beta2")]).unwrap();
    let pruned = prune(&bed.cluster, &old, &bed.owner()).await;
    assert_eq!(pruned.deleted.len(), 1, "{pruned:?}");
}

#[tokio::test]
async fn deletion_is_waited_for_and_names_the_finalizer_that_holds_it() {
    let bed = bed!("terminating");
    let text = "{apiVersion: v1, kind: ConfigMap, metadata: {name: c, namespace: NS, finalizers: [example.com/hold]}}";
    let inventory = bed.apply(text).await.inventory();
    prune(&bed.cluster, &inventory, &bed.owner()).await;
    let targets: Vec<_> = inventory.iter().map(|entry| Target::new(entry.gvk(), entry.id)).collect();
    let limit = std::time::Duration::from_secs(1);
    let failures = wait_gone(&bed.cluster, &targets, limit).await.unwrap_err();
    assert!(failures.to_string().ends_with("held by the finalizers example.com/hold"), "{failures}");
    bed.kubectl(&["patch", "configmap/c", "--type=merge", "-p", r#"{"metadata":{"finalizers":null}}"#]);
    wait_gone(&bed.cluster, &targets, limit).await.unwrap();
}
