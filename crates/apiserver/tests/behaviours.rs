//! Workloads that become ready, or do not, by a clock that the test moves.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::time::Duration;

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{Pod, Service};
use kube::api::{Api, DeleteParams, Patch, PatchParams};
use kube::runtime::conditions::{
    Condition, is_deployment_completed, is_job_completed, is_pod_running, is_service_loadbalancer_provisioned,
};
use kube::runtime::wait::await_condition;
use serde_json::{Value, json};
use windlass_apiserver::{ApiServer, Behaviours, Failing};
use windlass_testbed::{Oracle, Tool, require_peers};

const MINUTE: Duration = Duration::from_secs(60);

fn workload(api_version: &str, kind: &str, name: &str, more: Value) -> Value {
    let template = json!({
        "metadata": {"labels": {"app": name}}, "spec": {"containers": [{"name": "c", "image": "i:1"}]},
    });
    let mut object = json!({
        "apiVersion": api_version, "kind": kind, "metadata": {"name": name, "namespace": "default"},
        "spec": {"selector": {"matchLabels": {"app": name}}, "template": template},
    });
    for (field, value) in more.as_object().unwrap() {
        object["spec"][field] = value.clone();
    }
    object
}

/// One of every kind that can become ready.
fn everything() -> Vec<Value> {
    let claim = json!({"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}});
    let mut job = workload("batch/v1", "Job", "job", json!({}));
    job["spec"].as_object_mut().unwrap().remove("selector");
    job["spec"]["template"]["spec"]["restartPolicy"] = "Never".into();
    vec![
        workload("apps/v1", "Deployment", "deployment", json!({"replicas": 2})),
        workload("apps/v1", "ReplicaSet", "set", json!({"replicas": 2})),
        workload("apps/v1", "DaemonSet", "daemon", json!({})),
        workload(
            "apps/v1",
            "StatefulSet",
            "stateful",
            json!({"serviceName": "x", "replicas": 3, "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": claim}]}),
        ),
        job,
        json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "pod", "namespace": "default"},
            "spec": {"containers": [{"name": "c", "image": "i:1"}]},
        }),
        json!({
            "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "claim", "namespace": "default"},
            "spec": claim,
        }),
        json!({
            "apiVersion": "v1", "kind": "Service", "metadata": {"name": "service", "namespace": "default"},
            "spec": {"type": "LoadBalancer", "selector": {"app": "deployment"}, "ports": [{"port": 80}]},
        }),
    ]
}

fn server(behaviours: Behaviours) -> ApiServer {
    let start = "2026-01-01T00:00:00Z".parse().unwrap();
    ApiServer::builder().behaviours(behaviours).virtual_clock(start).build()
}

fn stored(server: &ApiServer, object: &Value) -> Value {
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap();
    server.objects().get(text("/apiVersion"), text("/kind"), "default", text("/metadata/name")).unwrap()
}

/// The word that kstatus has for an object.
fn judged(oracle: &Oracle, object: &Value) -> String {
    let answer: Value = serde_json::from_str(&oracle.ask("kstatus", &object.to_string()).unwrap().unwrap()).unwrap();
    answer["status"].as_str().unwrap().to_owned()
}

#[test]
fn kstatus_finds_everything_ready_when_its_time_has_come_and_nothing_before() {
    let testbed = require_peers!(&[Tool::FluxOracle]);
    let oracle = Oracle::start(&testbed, Tool::FluxOracle).unwrap();
    for behaviours in [Behaviours::ready(), Behaviours::ready().pods()] {
        let server = server(behaviours.delay(MINUTE));
        for object in everything() {
            server.objects().create(&object).unwrap();
        }
        server.advance(MINUTE / 2);
        for object in everything().iter().filter(|object| !matches!(object["kind"].as_str(), Some("Service" | "Job"))) {
            assert_eq!(judged(&oracle, &stored(&server, object)), "InProgress", "{object}");
        }
        server.advance(MINUTE / 2);
        for object in everything() {
            let now = stored(&server, &object);
            assert_eq!(judged(&oracle, &now), "Current", "{now:#}");
        }
        for pod in server.objects().list("v1", "Pod") {
            assert_eq!(judged(&oracle, &pod), "Current", "{pod:#}");
        }
        assert!(!server.advance_to_next_event(), "nothing is left to happen");
    }
}

#[test]
fn kstatus_finds_those_that_fail() {
    let testbed = require_peers!(&[Tool::FluxOracle]);
    let oracle = Oracle::start(&testbed, Tool::FluxOracle).unwrap();
    for how in [Failing::NeverReady, Failing::CrashLoop, Failing::ImagePull] {
        let mut behaviours = Behaviours::ready().pods();
        for object in everything() {
            let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap();
            behaviours = behaviours.failing(text("/kind"), "default", text("/metadata/name"), how);
        }
        let server = server(behaviours);
        for object in everything() {
            server.objects().create(&object).unwrap();
        }
        server.advance(MINUTE);
        for object in everything().iter().filter(|object| !matches!(object["kind"].as_str(), Some("Service" | "Job"))) {
            let now = stored(&server, object);
            let wanted = if (object["kind"].as_str(), how) == (Some("Pod"), Failing::CrashLoop) {
                "Failed"
            } else {
                "InProgress"
            };
            assert_eq!(judged(&oracle, &now), wanted, "{how:?} {now:#}");
        }
        let failed = stored(&server, &everything()[4])["status"]["conditions"][1]["type"] == "Failed";
        assert_eq!(failed, how == Failing::CrashLoop, "a Job fails that has tried often enough");
        // A Deployment may take ten minutes.
        assert!(server.advance_to_next_event());
        assert_eq!(judged(&oracle, &stored(&server, &everything()[0])), "Failed");

        // Mended.
        server.set_behaviours(Behaviours::ready().pods());
        for object in everything().iter().filter(|object| object["kind"] != "Job") {
            let now = stored(&server, object);
            assert_eq!(judged(&oracle, &now), "Current", "{now:#}");
        }
    }
}

fn names(server: &ApiServer, api_version: &str, kind: &str) -> Vec<String> {
    let name = |object: Value| object["metadata"]["name"].as_str().unwrap().to_owned();
    server.objects().list(api_version, kind).into_iter().map(name).collect()
}

#[tokio::test]
async fn pods_come_go_and_come_back_with_their_workload() {
    let server = server(Behaviours::ready().pods());
    let deployments: Api<Deployment> = Api::namespaced(server.client(), "default");
    let pods: Api<Pod> = Api::namespaced(server.client(), "default");
    for object in
        everything().iter().filter(|object| ["Deployment", "Service"].contains(&object["kind"].as_str().unwrap()))
    {
        server.objects().create(object).unwrap();
    }
    let scale = async |replicas: i64| {
        let patch = Patch::Merge(json!({"spec": {"replicas": replicas}}));
        deployments.patch("deployment", &PatchParams::default(), &patch).await.unwrap();
        names(&server, "v1", "Pod")
    };
    let first = names(&server, "v1", "Pod");
    assert_eq!((first.len(), names(&server, "apps/v1", "ReplicaSet").len()), (2, 1));
    let grown = scale(4).await;
    assert!(grown.len() == 4 && first.iter().all(|pod| grown.contains(pod)), "{first:?} {grown:?}");
    let slices = server.objects().list("discovery.k8s.io/v1", "EndpointSlice");
    assert_eq!(slices[0]["endpoints"].as_array().unwrap().len(), 4);
    assert_eq!(slices[0]["endpoints"][0]["conditions"]["ready"], true);
    assert_eq!(scale(1).await.len(), 1);

    let only = names(&server, "v1", "Pod").remove(0);
    pods.delete(&only, &DeleteParams::default().grace_period(0)).await.unwrap();
    let again = names(&server, "v1", "Pod");
    assert!(again.len() == 1 && again[0] != only, "{again:?}");

    // A new template, new Pods.
    let image = json!({"spec": {"template": {"spec": {"containers": [{"name": "c", "image": "i:2"}]}}}});
    deployments.patch("deployment", &PatchParams::default(), &Patch::Strategic(image)).await.unwrap();
    let renewed = server.objects().list("v1", "Pod");
    assert_eq!((renewed.len(), &renewed[0]["spec"]["containers"][0]["image"]), (1, &json!("i:2")));
    assert_eq!(names(&server, "apps/v1", "ReplicaSet").len(), 2, "the old one stays for a way back");

    deployments.delete("deployment", &DeleteParams::default()).await.unwrap();
    assert_eq!(names(&server, "v1", "Pod"), Vec::<String>::new());
    assert_eq!(names(&server, "apps/v1", "ReplicaSet"), Vec::<String>::new());
}

#[test]
fn a_stateful_set_has_numbered_pods_with_claims() {
    let server = server(Behaviours::ready().pods());
    server.objects().create(&everything()[3]).unwrap();
    assert_eq!(names(&server, "v1", "Pod"), ["stateful-0", "stateful-1", "stateful-2"]);
    assert_eq!(
        names(&server, "v1", "PersistentVolumeClaim"),
        ["data-stateful-0", "data-stateful-1", "data-stateful-2"]
    );
    let pod = server.objects().get("v1", "Pod", "default", "stateful-1").unwrap();
    assert_eq!(pod["spec"]["volumes"][0]["persistentVolumeClaim"]["claimName"], "data-stateful-1");
    let claim = server.objects().get("v1", "PersistentVolumeClaim", "default", "data-stateful-1").unwrap();
    assert_eq!(claim["status"]["phase"], "Bound");
}

#[tokio::test]
async fn waiting_without_asking_comes_to_an_end_by_the_machines_clock() {
    let server = ApiServer::builder().behaviours(Behaviours::ready().delay(Duration::from_secs(1))).build();
    for object in everything() {
        server.objects().create(&object).unwrap();
    }
    async fn waits<K>(server: &ApiServer, name: &str, condition: impl Condition<K>)
    where
        K: kube::Resource<DynamicType = (), Scope = k8s_openapi::NamespaceResourceScope>
            + Clone
            + std::fmt::Debug
            + Send
            + serde::de::DeserializeOwned
            + 'static,
    {
        let api: Api<K> = Api::namespaced(server.client(), "default");
        let waited = tokio::time::timeout(Duration::from_secs(20), await_condition(api, name, condition)).await;
        assert!(waited.is_ok_and(|found| found.is_ok_and(|found| found.is_some())), "{name} never came to be");
    }
    waits::<Deployment>(&server, "deployment", is_deployment_completed()).await;
    waits::<Job>(&server, "job", is_job_completed()).await;
    waits::<Pod>(&server, "pod", is_pod_running()).await;
    waits::<Service>(&server, "service", is_service_loadbalancer_provisioned()).await;
}

#[test]
fn what_is_not_looked_after_stays_as_it_is() {
    let server = server(Behaviours::ready());
    let mut suspended = everything().remove(4);
    suspended["spec"]["suspend"] = true.into();
    server.objects().create(&suspended).unwrap();
    server.advance(MINUTE);
    assert!(stored(&server, &suspended).pointer("/status/conditions").is_none());
    assert_eq!(server.objects().list("v1", "Pod").len(), 0, "Pods come only when they are asked for");
}
