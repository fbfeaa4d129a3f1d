//! Any text as a kustomization, in a tree that has what it may name.
#![no_main]

use libfuzzer_sys::fuzz_target;
use windlass_render_fuzz::build_twice;

const DEPLOYMENT: &str = "apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: web, image: 'nginx:1.2', envFrom: [{configMapRef: {name: settings}}]}]
";

fuzz_target!(|text: &str| {
    build_twice(&[
        ("kustomization.yaml", text.to_owned()),
        ("a.yaml", DEPLOYMENT.to_owned()),
        ("b.yaml", "spec: {replicas: 2}\n".to_owned()),
        ("c.json", r#"[{"op": "add", "path": "/spec/replicas", "value": 3}]"#.to_owned()),
        ("d.env", "A=1\nB=x\n".to_owned()),
        ("e/kustomization.yaml", "resources: [../a.yaml]\nnamePrefix: e-\n".to_owned()),
        ("f/kustomization.yaml", "kind: Component\napiVersion: kustomize.config.k8s.io/v1alpha1\n".to_owned()),
        ("g.yaml", "namePrefix: [{path: metadata/name}]\nnameReference: [{kind: ConfigMap, fieldSpecs: [{path: x/y}]}]\n".to_owned()),
    ]);
});
