//! `windlass manifests`: what it prints is what a cluster takes.

use serde_json::Value;
use windlass_testbed::{KubeApi, peers_or_skip};

use crate::run::Scratch;

const COMMAND: &str = "manifests --image registry.example.test/windlass:0.1.0 --volume 1Gi --storage-class local-path \
                       --keys-from keys -- --backup-writer-key=/etc/windlass/keys/writer.key";

#[test]
fn an_installation_is_printed() {
    let scratch = Scratch::new([]);
    insta::assert_snapshot!("installation", scratch.run(COMMAND));
    insta::assert_snapshot!("installation_least", scratch.run("manifests --image windlass"));
    insta::assert_snapshot!("installation_class_alone", scratch.run("manifests --image windlass --storage-class x"));
}

#[test]
fn a_cluster_takes_an_installation_and_its_pod_fits_the_restricted_level() {
    let Some(testbed) = peers_or_skip(KubeApi::NEEDS) else { return };
    let kube = KubeApi::start(&testbed).unwrap();
    let scratch = Scratch::new([]);
    let printed = scratch.run(COMMAND).stdout;
    kube.apply(&printed).unwrap();
    // Nothing is refused by a server that knows each field, and nothing is left out.
    let documents = windlass_yaml::read_documents(&printed, &windlass_yaml::ReadOptions::resource()).unwrap();
    let deployment =
        documents.iter().map(|document| &document.value).find(|value| value["kind"] == "Deployment").unwrap();
    let live = kube.get("deployment.v1.apps", "flux-system", "windlass").unwrap();
    let container = |of: &Value| of["spec"]["template"]["spec"]["containers"][0].clone();
    for field in ["image", "command", "args", "resources", "securityContext", "volumeMounts"] {
        assert_eq!(container(&live)[field], container(deployment)[field], "{field}");
    }

    // The Pod itself, since a Deployment is only warned about.
    kube.kubectl(["label", "namespace", "flux-system", "pod-security.kubernetes.io/enforce=restricted"]).unwrap();
    let mut pod = deployment["spec"]["template"].clone();
    pod["apiVersion"] = "v1".into();
    pod["kind"] = "Pod".into();
    pod["metadata"]["name"] = "windlass".into();
    pod["metadata"]["namespace"] = "flux-system".into();
    std::fs::write(scratch.path().join("pod.json"), pod.to_string()).unwrap();
    let file = scratch.path().join("pod.json");
    kube.kubectl(["create", "--dry-run=server", "-f", file.to_str().unwrap()]).unwrap();
    pod["spec"]["containers"][0]["securityContext"]["allowPrivilegeEscalation"] = true.into();
    std::fs::write(scratch.path().join("pod.json"), pod.to_string()).unwrap();
    let refused = kube.kubectl(["create", "--dry-run=server", "-f", file.to_str().unwrap()]).unwrap_err();
    assert!(refused.to_string().contains("restricted"), "{refused}");

    let account = "--as=system:serviceaccount:flux-system:windlass";
    assert_eq!(kube.kubectl(["auth", "can-i", "*", "*", account]).unwrap().trim(), "yes");
}
