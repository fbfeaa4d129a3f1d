use std::time::Duration;

use windlass_cluster::{Health, Target, WaitOptions, wait};

use crate::bed::{Bed, bed};

const WEB: &str = r"
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: NS}
spec:
  selector: {matchLabels: {app: web}}
  template: {metadata: {labels: {app: web}}, spec: {containers: [{name: web, image: 'nginx:1'}]}}
";

async fn targets(bed: &Bed) -> Vec<Target> {
    bed.apply(WEB).await.inventory().iter().map(|entry| Target::new(entry.gvk(), entry.id)).collect()
}

fn within(milliseconds: u64) -> WaitOptions<'static> {
    WaitOptions { timeout: Duration::from_millis(milliseconds), ..WaitOptions::default() }
}

#[tokio::test]
async fn what_is_missing_is_told_when_the_time_is_up() {
    let bed = bed!("timeout");
    let targets = targets(&bed).await;
    let unhealthy = wait(&bed.cluster, &targets, &within(600)).await.unwrap_err();
    assert_eq!(unhealthy.to_string(), "timeout waiting for: Deployment/timeout/web: in progress: Replicas: 0/1");
    assert!(unhealthy.timed_out);
    let mut missing = targets.clone();
    missing[0].id.name = "nothing".to_owned();
    let unhealthy = wait(&bed.cluster, &missing, &within(100)).await.unwrap_err();
    assert_eq!(unhealthy.objects[0].1, Health::NotFound);
    missing[0].gone_is_well = true;
    wait(&bed.cluster, &missing, &within(100)).await.unwrap();
}

#[tokio::test]
async fn waiting_ends_when_the_object_is_well() {
    let bed = bed!("well");
    let targets = targets(&bed).await;
    let kube = bed.kube;
    let ready = tokio::task::spawn_blocking(move || {
        std::thread::sleep(Duration::from_millis(500));
        kube.mark_ready("apps/v1", "Deployment", "well", "web").unwrap();
    });
    wait(&bed.cluster, &targets, &within(30_000)).await.unwrap();
    ready.await.unwrap();
}

#[tokio::test]
async fn rules_of_the_user_come_first_and_a_failure_ends_the_waiting() {
    let bed = bed!("rules");
    let targets = targets(&bed).await;
    let rule = |_: &serde_json::Value| Some(Health::Failed("by rule".to_owned()));
    let options = WaitOptions { reader: Some(&rule), ..within(30_000) };
    let unhealthy = wait(&bed.cluster, &targets, &options).await.unwrap_err();
    assert_eq!(unhealthy.to_string(), "failed: Deployment/rules/web: failed: by rule");
    assert!(!unhealthy.timed_out);
}

#[tokio::test]
async fn a_stateful_set_whose_pods_crash_fails_at_once() {
    let bed = bed!("crashing");
    let text = "{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: db, namespace: NS}, spec: {serviceName: db, \
                selector: {matchLabels: {app: db}}, template: {metadata: {labels: {app: db}}, spec: {containers: \
                [{name: db, image: x}]}}}}";
    let inventory = bed.apply(text).await.inventory();
    let targets: Vec<_> = inventory.iter().map(|entry| Target::new(entry.gvk(), entry.id)).collect();
    // There are no controllers and no nodes: the Pod and its fate are made up.
    bed.kube
        .apply(
            "{apiVersion: v1, kind: Pod, metadata: {name: db-0, namespace: crashing, labels: {app: db}}, spec: \
             {automountServiceAccountToken: false, containers: [{name: db, image: x}]}}",
        )
        .unwrap();
    let status = r#"{"status":{"phase":"Running","containerStatuses":[{"name":"db","image":"x","imageID":"",
        "ready":false,"restartCount":3,"state":{"waiting":{"reason":"CrashLoopBackOff"}}}]}}"#;
    bed.kubectl(&["patch", "pod/db-0", "--subresource=status", "--type=merge", "-p", status]);
    let unhealthy = wait(&bed.cluster, &targets, &within(30_000)).await.unwrap_err();
    assert_eq!(
        unhealthy.to_string(),
        "failed: StatefulSet/crashing/db: failed: 1 pods have failed: db-0: Containers in CrashLoop state: db"
    );
}
