//! What the controllers of a cluster leave on objects, and that none of it is in the way in another cluster.

use std::time::{Duration, Instant};

use serde_json::Value;
use windlass_recovery::{RestoreOptions, Selection, plan_restore, restore, restoring, survey};
use windlass_testbed::{KubeApi, KubeApiOptions, require_peers};

use crate::bed::client;

const CONTROLLERS: [&str; 10] = [
    "deployment-controller",
    "replicaset-controller",
    "statefulset-controller",
    "daemonset-controller",
    "job-controller",
    "persistentvolume-binder-controller",
    "persistentvolumeclaim-protection-controller",
    "persistentvolume-protection-controller",
    "endpointslice-controller",
    "disruption-controller",
];

const OBJECTS: &str = r#"
{apiVersion: v1, kind: Namespace, metadata: {name: shop}}
---
{apiVersion: v1, kind: PersistentVolume, metadata: {name: disk}, spec: {capacity: {storage: 1Gi}, accessModes: [ReadWriteOnce],
  storageClassName: by-hand, hostPath: {path: /srv/disk}}}
---
{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: data, namespace: shop}, spec: {accessModes: [ReadWriteOnce],
  storageClassName: by-hand, resources: {requests: {storage: 1Gi}}}}
---
{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: shop}, spec: {replicas: 1, selector: {matchLabels: {app: web}},
  template: {metadata: {labels: {app: web}}, spec: {containers: [{name: web, image: registry.example/web:1}]}}}}
---
{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: db, namespace: shop}, spec: {serviceName: db, selector: {matchLabels: {app: db}},
  template: {metadata: {labels: {app: db}}, spec: {containers: [{name: db, image: registry.example/db:1}]}},
  volumeClaimTemplates: [{metadata: {name: data}, spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}]}}
---
{apiVersion: apps/v1, kind: DaemonSet, metadata: {name: agent, namespace: shop}, spec: {selector: {matchLabels: {app: agent}},
  template: {metadata: {labels: {app: agent}}, spec: {containers: [{name: agent, image: registry.example/agent:1}]}}}}
---
{apiVersion: batch/v1, kind: Job, metadata: {name: migrate, namespace: shop}, spec: {template: {spec: {restartPolicy: Never,
  containers: [{name: migrate, image: registry.example/web:1}]}}}}
---
{apiVersion: v1, kind: Service, metadata: {name: web, namespace: shop}, spec: {type: LoadBalancer, selector: {app: web},
  externalTrafficPolicy: Local, ports: [{port: 80}]}}
---
{apiVersion: v1, kind: Service, metadata: {name: db, namespace: shop}, spec: {clusterIP: None, selector: {app: db}, ports: [{port: 5432}]}}
---
{apiVersion: v1, kind: Pod, metadata: {name: bare, namespace: shop}, spec: {containers: [{name: bare, image: registry.example/web:1}]}}
---
{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: web, namespace: shop}, spec: {minAvailable: 1, selector: {matchLabels: {app: web}}}}
---
{apiVersion: admissionregistration.k8s.io/v1, kind: ValidatingWebhookConfiguration, metadata: {name: gate}, webhooks: [{name: gate.example.com,
  admissionReviewVersions: [v1], sideEffects: None, failurePolicy: Fail, clientConfig: {service: {name: gate, namespace: shop}},
  rules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [configmaps]}]}]}
"#;

fn start(testbed: &windlass_testbed::Testbed) -> KubeApi {
    let controllers: Vec<&str> = KubeApiOptions::CONTROLLERS.into_iter().chain(CONTROLLERS).collect();
    KubeApi::start_with(testbed, KubeApiOptions::default().with_these_controllers(&controllers)).unwrap()
}

/// Waits until the controllers have done their work.
async fn settled(kube: &KubeApi) {
    let end = Instant::now() + Duration::from_secs(60);
    let get = |resource: &str, name: &str| kube.get(resource, "shop", name).unwrap_or_default();
    loop {
        let revision =
            &get("deployments.v1.apps", "web")["metadata"]["annotations"]["deployment.kubernetes.io/revision"];
        let (claim, job) = (get("persistentvolumeclaims", "data"), get("jobs.v1.batch", "migrate"));
        let states = [
            revision == "1",
            claim["status"]["phase"] == "Bound" && claim["spec"]["volumeName"] == "disk",
            job["status"]["active"] == 1,
            get("statefulsets.v1.apps", "db")["status"]["replicas"] == 1,
            get("persistentvolumeclaims", "data-db-0")["metadata"]["uid"].is_string(),
        ];
        if states == [true; 5] {
            return;
        }
        assert!(Instant::now() < end, "the controllers are not done: {states:?} {claim} {job}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

#[tokio::test]
async fn what_controllers_left_is_not_restored_and_they_take_the_objects_over() {
    let testbed = require_peers!(KubeApi::NEEDS);
    let old = start(&testbed);
    old.apply(OBJECTS).unwrap();
    settled(&old).await;
    let saved = survey(&client(&old).await, &Selection::default()).await.unwrap();
    assert!(saved.facts.faults.is_empty(), "{:?}", saved.facts.faults);
    let names: Vec<String> = saved.objects.values().map(|object| object.id().to_string()).collect();
    for kind in [
        "PersistentVolumeClaim",
        "Deployment",
        "StatefulSet",
        "DaemonSet",
        "Job",
        "Service",
        "Pod",
        "PodDisruptionBudget",
    ] {
        assert!(names.iter().any(|name| name.starts_with(kind) && name.contains("shop")), "no {kind} in {names:#?}");
    }
    assert!(!names.iter().any(|name| name.contains("ReplicaSet")), "{names:#?}");
    let uids: Vec<String> = [
        ("deployments.v1.apps", "web"),
        ("jobs.v1.batch", "migrate"),
        ("persistentvolumeclaims", "data"),
        ("services", "web"),
    ]
    .map(|(resource, name)| old.get(resource, "shop", name).unwrap()["metadata"]["uid"].as_str().unwrap().to_owned())
    .to_vec();
    const LEFT: [&str; 12] = [
        "resourceVersion",
        "managedFields",
        "creationTimestamp\":\"2",
        "deployment.kubernetes.io/revision",
        "deprecated.daemonset",
        "bind-completed",
        "bound-by-controller",
        "controller-uid",
        "pv-protection",
        "pvc-protection",
        "kubectl.kubernetes.io",
        "\"status\"",
    ];
    for (path, object) in &saved.objects {
        let text = object.value().to_string();
        let found: Vec<&str> =
            LEFT.into_iter().chain(uids.iter().map(String::as_str)).filter(|left| text.contains(left)).collect();
        assert!(found.is_empty(), "{path} still has {found:?}: {text}");
    }
    drop(old);

    let new = start(&testbed);
    let cluster = restoring(client(&new).await);
    let plan = plan_restore(&cluster, &saved, &RestoreOptions::default()).await.unwrap();
    let done = restore(&cluster, plan, |_, _| {}).await;
    assert!(done.is_complete(), "{:#?}", done.failures);
    // The claim is bound to the same volume by the new binder, the Job has a Pod, the StatefulSet its claim.
    settled(&new).await;
    let volume = new.get("persistentvolumes", "", "disk").unwrap();
    assert_eq!(volume["status"]["phase"], "Bound");
    let claim = new.get("persistentvolumeclaims", "shop", "data").unwrap();
    assert_eq!(volume["spec"]["claimRef"]["uid"], claim["metadata"]["uid"]);
    let again = survey(&client(&new).await, &Selection::default()).await.unwrap();
    for (path, object) in &saved.objects {
        let restored = again.objects.get(path).unwrap_or_else(|| panic!("{path} is not there"));
        assert_eq!(without_addresses(restored.value()), without_addresses(object.value()), "{path}");
    }
}

/// What each cluster chooses itself.
fn without_addresses(object: &Value) -> Value {
    let mut object = object.clone();
    if let Some(spec) =
        object["spec"].as_object_mut().filter(|spec| spec.get("clusterIP").is_some_and(|ip| ip != "None"))
    {
        spec.remove("clusterIP");
        spec.remove("clusterIPs");
    }
    object
}
