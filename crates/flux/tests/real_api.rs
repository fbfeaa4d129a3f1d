//! The generated CRDs at a real kube-apiserver, and objects of theirs going through the types and back.

#![expect(clippy::unwrap_used, reason = "a test helper that cannot go on may panic like the tests themselves")]

use serde_json::{Value, json};
use windlass_flux::{Condition, ConditionStatus, GitRepository, KustomizationStatus, READY, Time};
use windlass_testbed::{KubeApi, require_peers};

const OBJECTS: &str = r"
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {name: home, namespace: default}
spec: {url: 'ssh://git@example.com/home', interval: 1m0s, verify: {secretRef: {name: keys}}, ref: {branch: main}}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: default}
spec:
  interval: 1h0m0s
  path: ./apps
  prune: true
  sourceRef: {kind: GitRepository, name: home}
  dependsOn: [{name: infra, readyExpr: 'dep.status.ready'}]
  postBuild: {substitute: {a: b}, substituteFrom: [{kind: Secret, name: s}], substituteStrategy: Always}
  patches: [{patch: '{}', target: {kind: Deployment, labelSelector: a=b}}]
  kubeConfig: {secretRef: {name: k, key: value}}
  decryption: {provider: sops, secretRef: {name: age}}
  healthCheckExprs: [{apiVersion: v1, kind: X, current: 'true'}]
  commonMetadata: {labels: {a: b}}
  ignore: [{paths: [/spec/replicas], target: {kind: Deployment}}]
  buildMetadata: [originAnnotations]
";

#[test]
fn the_server_takes_the_crds_and_keeps_what_the_types_write() {
    let testbed = require_peers!(KubeApi::NEEDS);
    let kube = KubeApi::start(&testbed).unwrap();
    for crd in windlass_flux::crds() {
        kube.apply(&crd.to_string()).unwrap();
        let name = crd["metadata"]["name"].as_str().unwrap();
        kube.kubectl(["wait", "--for=condition=Established", "--timeout=30s", &format!("crd/{name}")]).unwrap();
    }
    kube.apply(OBJECTS).unwrap();

    let git = kube.get("gitrepo", "default", "home").unwrap();
    assert_eq!(git["spec"]["timeout"], "60s");
    assert_eq!(git["spec"]["verify"]["mode"], "HEAD");
    assert_eq!(git["status"], json!({"observedGeneration": -1}));
    let kustomization = kube.get("ks", "default", "apps").unwrap();
    assert_eq!(kustomization["spec"]["force"], false);

    assert_eq!(spec_through_types::<windlass_flux::KustomizationSpec>(&kustomization), kustomization["spec"]);
    let mut expected = git["spec"].clone();
    // A duration is printed as Go prints it.
    expected["timeout"] = json!("1m0s");
    assert_eq!(spec_through_types::<windlass_flux::GitRepositorySpec>(&git), expected);
    serde_json::from_value::<GitRepository>(git).unwrap();

    status_is_kept(&kube);
    faults_are_refused(&kube);
}

fn spec_through_types<T: serde::Serialize + serde::de::DeserializeOwned>(object: &Value) -> Value {
    serde_json::to_value(serde_json::from_value::<T>(object["spec"].clone()).unwrap()).unwrap()
}

fn status_is_kept(kube: &KubeApi) {
    let mut status = KustomizationStatus { observed_generation: Some(1), ..Default::default() };
    let now: Time = serde_json::from_value(json!("2026-09-01T10:00:00Z")).unwrap();
    status.conditions.set(Condition::new(
        READY,
        ConditionStatus::True,
        "ReconciliationSucceeded",
        "",
        Some(1),
        now.clone(),
    ));
    status.history.record("sha256:ab", "ReconciliationSucceeded", now, "1.5s".parse().unwrap(), Default::default());
    status.inventory = Some(windlass_flux::ResourceInventory {
        entries: vec![windlass_flux::ResourceRef { id: "a_b__Service".to_owned(), version: "v1".to_owned() }],
    });
    let expected = serde_json::to_value(&status).unwrap();
    let patch = json!({"status": expected}).to_string();
    kube.kubectl(["patch", "ks", "apps", "--subresource=status", "--type=merge", "-p", &patch]).unwrap();
    assert_eq!(kube.get("ks", "default", "apps").unwrap()["status"], expected);
    let table = kube.kubectl(["get", "ks", "apps"]).unwrap();
    assert!(table.starts_with("NAME   AGE"), "{table}");
}

fn faults_are_refused(kube: &KubeApi) {
    for (patch, kind, why) in [
        (json!({"spec": {"interval": "1d"}}), "ks", "spec.interval"),
        (json!({"spec": {"kubeConfig": {"configMapRef": {"name": "x"}}}}), "ks", "exactly one of"),
        (json!({"spec": {"sourceRef": {"kind": "Secret"}}}), "ks", "Unsupported value"),
        (json!({"spec": {"timeout": "1h"}}), "gitrepo", "spec.timeout"),
        (json!({"spec": {"serviceAccountName": "x"}}), "gitrepo", "serviceAccountName can only be set"),
        (json!({"spec": {"url": "git@example.com:home"}}), "gitrepo", "spec.url"),
    ] {
        let name = if kind == "ks" { "apps" } else { "home" };
        let refusal =
            kube.kubectl(["patch", kind, name, "--type=merge", "-p", &patch.to_string()]).unwrap_err().to_string();
        assert!(refusal.contains(why), "{patch}: {refusal}");
    }
}
