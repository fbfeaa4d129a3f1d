//! Kustomizations that are larger than any homelab: one base of thousands of objects, and hundreds of overlays in one.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use crate::overlay::{pod, write_files};

/// How many apps stand in one file of the base.
const APPS_PER_FILE: usize = 1000;

/// How many of the apps have a patch of their own.
const PATCHES: usize = 50;

/// An overlay of one base: `apps` Deployments, as many Services and as many ConfigMaps; with a prefix, a namespace, labels
/// with selectors, images, 50 patches and replacements. Returns the directory that is built.
///
/// # Errors
/// Where a file cannot be written.
pub fn base(root: &Path, apps: usize) -> anyhow::Result<PathBuf> {
    let mut files = Vec::new();
    let mut names = String::new();
    for (number, first) in (0..apps).step_by(APPS_PER_FILE).enumerate() {
        let last = apps.min(first + APPS_PER_FILE);
        let text = (first..last).map(objects).collect::<Vec<_>>().join("---\n");
        files.push((format!("base/apps-{number}.yaml"), text));
        let _ = writeln!(names, "- apps-{number}.yaml");
    }
    files.push(("base/kustomization.yaml".to_owned(), format!("resources:\n{names}")));
    files.push(("overlay/kustomization.yaml".to_owned(), overlay(apps)));
    write_files(root, files)?;
    Ok(root.join("overlay"))
}

fn objects(app: usize) -> String {
    let pod = pod(&format!("app-{app:05}"), &format!("registry.example.test/app-{}:1.0", app % 11));
    format!(
        "apiVersion: apps/v1
kind: Deployment
metadata:
  name: app-{app:05}
spec:
  replicas: 1
  selector:
    matchLabels: {{app: app-{app:05}}}
  template:
    metadata:
      labels: {{app: app-{app:05}}}
{pod}---
apiVersion: v1
kind: Service
metadata:
  name: app-{app:05}
spec:
  selector: {{app: app-{app:05}}}
  ports:
  - {{name: http, port: 80, targetPort: http}}
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: app-{app:05}
data:
  LISTEN: ':8080'
  LEVEL: info
  HOST: app-{app:05}.example.test
"
    )
}

fn overlay(apps: usize) -> String {
    let mut text = "namePrefix: prod-
namespace: shop
resources: [../base]
labels:
- pairs: {example.test/cluster: home}
  includeSelectors: true
replacements:
- source: {kind: ConfigMap, name: app-00000, fieldPath: data.HOST}
  targets:
  - select: {kind: Deployment}
    fieldPaths: ['spec.template.spec.containers.[name=app].env.[name=HOST].value']
    options: {create: true}
- source: {kind: Service, name: app-00001, fieldPath: metadata.name}
  targets:
  - select: {kind: ConfigMap}
    fieldPaths: [data.UPSTREAM]
    options: {create: true}
images:
"
    .to_owned();
    for image in 0..11 {
        let _ = writeln!(text, "- {{name: registry.example.test/app-{image}, newTag: '2.0'}}");
    }
    text.push_str("patches:\n");
    for patch in 0..PATCHES.min(apps) {
        let app = patch * (apps / PATCHES).max(1);
        let _ = write!(
            text,
            "- patch: |-
    apiVersion: apps/v1
    kind: Deployment
    metadata: {{name: app-{app:05}}}
    spec:
      replicas: 3
      template:
        spec:
          containers:
          - name: app
            resources: {{limits: {{memory: 256Mi}}}}
"
        );
    }
    text
}

/// One kustomization of `count` overlays over one base, each with a prefix, a namespace, labels, an image, a generator that
/// merges and a patch. Returns the directory that is built.
///
/// # Errors
/// Where a file cannot be written.
pub fn overlays(root: &Path, count: usize) -> anyhow::Result<PathBuf> {
    let mut files = vec![
        ("base/kustomization.yaml".to_owned(), SMALL_BASE.to_owned()),
        ("base/app.yaml".to_owned(), SMALL_APP.to_owned()),
    ];
    let mut all = "resources:\n".to_owned();
    for number in 0..count {
        let directory = format!("overlays/ov{number:03}");
        let _ = writeln!(all, "- ../{directory}");
        let kustomization = format!(
            "namePrefix: ov{number:03}-
namespace: ns{}
resources: [../../base]
labels:
- pairs: {{app: ov{number:03}}}
  includeSelectors: true
images:
- {{name: registry.example.test/app, newTag: 'v{number}'}}
configMapGenerator:
- name: app
  behavior: merge
  literals: [INDEX={number}]
patches:
- path: patch.yaml
",
            number % 10
        );
        let replicas = number % 5;
        let patch =
            format!("apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: app}}\nspec:\n  replicas: {replicas}\n");
        files.push((format!("{directory}/kustomization.yaml"), kustomization));
        files.push((format!("{directory}/patch.yaml"), patch));
    }
    files.push(("all/kustomization.yaml".to_owned(), all));
    write_files(root, files)?;
    Ok(root.join("all"))
}

const SMALL_BASE: &str = "resources: [app.yaml]
configMapGenerator:
- name: app
  literals: [LISTEN=:8080, LEVEL=info]
";

const SMALL_APP: &str = "apiVersion: apps/v1
kind: Deployment
metadata:
  name: app
spec:
  replicas: 1
  template:
    spec:
      containers:
      - name: app
        image: registry.example.test/app:1.0
        envFrom:
        - configMapRef: {name: app}
        ports:
        - {name: http, containerPort: 8080}
---
apiVersion: v1
kind: Service
metadata:
  name: app
spec:
  ports:
  - {name: http, port: 80, targetPort: http}
";
