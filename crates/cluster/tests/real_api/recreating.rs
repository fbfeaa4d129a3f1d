use windlass_cluster::{Error, plan};
use windlass_drift::Verb;

use crate::bed::{bed, words};

const JOB: &str = r"
apiVersion: batch/v1
kind: Job
metadata: {name: migrate, namespace: NS}
spec:
  template:
    spec:
      restartPolicy: Never
      containers: [{name: migrate, image: 'db:1'}]
";

#[tokio::test]
async fn an_immutable_field_is_an_error_that_says_how_to_allow_it() {
    let bed = bed!("immutable");
    bed.apply(JOB).await;
    let failure = bed.try_apply(&JOB.replace("db:1", "db:2"), &bed.options()).await.unwrap_err();
    assert_eq!(
        failure.to_string(),
        "apps/all.yaml:2: Job/immutable/migrate: cannot be changed in place: spec.template: field is immutable; to \
         delete it and make it anew, set force: true on the Kustomization or the annotation \
         kustomize.toolkit.fluxcd.io/force: enabled on the object"
    );
    assert!(matches!(failure.failures.errors(), [Error::Immutable { .. }]));
    assert!(!failure.failures.is_transient());
}

#[tokio::test]
async fn with_force_it_is_deleted_and_made_anew() {
    let bed = bed!("forced");
    bed.apply(JOB).await;
    let uid = bed.get("job", "migrate")["metadata"]["uid"].clone();
    let text = JOB.replace("db:1", "db:2");
    let options = bed.options().force(true);
    let planned = plan(&bed.cluster, &bed.manifests(&text), None, &options).await.unwrap();
    assert!(
        matches!(&planned.actions[0].verb, Verb::Recreate { reason, .. } if reason == "spec.template: field is immutable")
    );
    assert_eq!(bed.get("job", "migrate")["metadata"]["uid"], uid, "a plan deletes nothing");

    let applied = bed.try_apply(&text, &options).await.unwrap();
    assert_eq!(words(&applied), ["recreated Job/forced/migrate"]);
    let live = bed.get("job", "migrate");
    assert_ne!(live["metadata"]["uid"], uid);
    assert_eq!(live["spec"]["template"]["spec"]["containers"][0]["image"], "db:2");
}

#[tokio::test]
async fn the_object_itself_may_allow_it() {
    let bed = bed!("marked");
    let text = "{apiVersion: v1, kind: ConfigMap, immutable: true, metadata: {name: c, namespace: NS, annotations: \
                {kustomize.toolkit.fluxcd.io/force: Enabled}}, data: {a: '1'}}";
    bed.apply(text).await;
    assert_eq!(words(&bed.apply(&text.replace("'1'", "'2'")).await), ["recreated ConfigMap/marked/c"]);
    assert_eq!(bed.get("configmap", "c")["data"]["a"], "2");
}

#[tokio::test]
async fn force_does_not_delete_what_is_merely_invalid() {
    let bed = bed!("invalid");
    bed.apply(JOB).await;
    let uid = bed.get("job", "migrate")["metadata"]["uid"].clone();
    let text = JOB.replace("restartPolicy: Never", "restartPolicy: Sometimes");
    let failure = bed.try_apply(&text, &bed.options().force(true)).await.unwrap_err();
    // The server names both faults; one that recreation cannot heal must not cost the object.
    assert!(matches!(failure.failures.errors(), [Error::Rejected { code: 422, .. }]), "{failure}");
    assert_eq!(bed.get("job", "migrate")["metadata"]["uid"], uid);
}
