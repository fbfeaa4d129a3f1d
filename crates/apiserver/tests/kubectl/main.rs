//! The real kubectl, unmodified, over loopback.

mod both;
mod run;
mod watch;

use std::io::Write;
use std::process::{Output, Stdio};

use windlass_apiserver::{ApiServer, Behaviours};
use windlass_testbed::{Tool, require_peers};

const OBJECTS: &str = r"
apiVersion: v1
kind: Namespace
metadata: {name: apps}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: apps}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: 'web:1', ports: [{containerPort: 80}]}]}
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.test}
spec:
  group: example.test
  scope: Namespaced
  names: {plural: widgets, kind: Widget}
  versions:
  - name: v1
    served: true
    storage: true
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec: {type: object, properties: {size: {type: string, description: How large.}}}
";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kubectl_applies_scales_waits_and_deletes() {
    let testbed = require_peers!(&[Tool::Kubectl]);
    let server = ApiServer::builder().behaviours(Behaviours::ready()).build();
    let serving = server.serve("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("kubeconfig");
    std::fs::write(&config, serving.kubeconfig()).unwrap();
    let kubectl = async |args: &str, input: &str| -> String {
        let mut command = testbed.command(Tool::Kubectl).unwrap();
        command.arg("--kubeconfig").arg(&config).arg("--cache-dir").arg(folder.path().join("cache"));
        command.args(args.split(' ')).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let input = input.to_owned();
        let run = move || -> Output {
            let mut child = command.spawn().unwrap();
            child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
            child.wait_with_output().unwrap()
        };
        let output = tokio::task::spawn_blocking(run).await.unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "kubectl {args}: {said}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let said = kubectl("apply --server-side -f -", OBJECTS).await;
    assert!(said.contains("deployment.apps/web serverside-applied"), "{said}");
    let said = kubectl("apply -f -", OBJECTS).await;
    assert!(said.contains("deployment.apps/web"), "{said}");
    kubectl("-n apps wait deployment/web --for=condition=Available --timeout=10s", "").await;
    kubectl("-n apps rollout status deployment/web --timeout=10s", "").await;
    kubectl("-n apps scale deployment/web --replicas=3", "").await;
    let replicas = kubectl("-n apps get deploy web -o jsonpath={.spec.replicas}", "").await;
    assert_eq!(replicas, "3");
    let patch = "-n apps patch deployment web --type=strategic -p {\"spec\":{\"paused\":true}}";
    kubectl(patch, "").await;
    kubectl("-n apps label deployment web tier=front", "").await;
    let names = kubectl("-n apps get deployments -l tier=front -o name", "").await;
    assert_eq!(names, "deployment.apps/web\n");
    let fields = kubectl("explain deployment.spec", "").await;
    assert!(fields.contains("replicas"), "{fields}");
    let described = kubectl("explain widget.spec.size", "").await;
    assert!(described.contains("How large."), "{described}");
    kubectl("-n apps delete deployment web --wait --timeout=10s", "").await;
    kubectl("delete namespace apps --wait --timeout=10s", "").await;
    assert!(server.objects().get("v1", "Namespace", "", "apps").is_none());
}
