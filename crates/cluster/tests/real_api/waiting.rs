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
