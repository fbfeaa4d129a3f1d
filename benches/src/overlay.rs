//! A large overlay, made up: what a whole cluster in one kustomization looks like.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

/// The directory that is built.
pub const DIRECTORY: &str = "overlay";

/// How many objects an app of it has.
pub const OBJECTS_PER_APP: usize = 3;

/// The files of an overlay over `apps` apps, each a Deployment, a Service and a generated ConfigMap.
///
/// Half of what kustomize can do is in it: a base per app, generators with hashes and references to them, namespace,
/// prefix, labels, images, replicas, a merge patch and a JSON patch with targets.
#[must_use]
pub fn files(apps: usize) -> Vec<(String, String)> {
    let mut files = vec![(format!("{DIRECTORY}/kustomization.yaml"), overlay(apps))];
    for app in 0..apps {
        let base = format!("base/app-{app:03}");
        files.push((format!("{base}/kustomization.yaml"), kustomization(app)));
        files.push((format!("{base}/app.yaml"), objects(app)));
    }
    files
}

/// Writes the files below `root` and returns the directory that is built.
///
/// # Errors
/// Where one cannot be written.
pub fn write(root: &Path, apps: usize) -> anyhow::Result<PathBuf> {
    write_files(root, files(apps))?;
    Ok(root.join(DIRECTORY))
}

/// Writes files below `root`.
///
/// # Errors
/// Where one cannot be written.
pub fn write_files(root: &Path, files: Vec<(String, String)>) -> anyhow::Result<()> {
    for (path, text) in files {
        let path = root.join(path);
        let parent = path.parent().unwrap_or(root);
        fs::create_dir_all(parent).with_context(|| format!("cannot make {}", parent.display()))?;
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

fn overlay(apps: usize) -> String {
    let bases: String = (0..apps).map(|app| format!("- ../base/app-{app:03}\n")).collect();
    format!(
        "apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
namespace: shop
namePrefix: prod-
resources:
{bases}labels:
- pairs: {{example.test/cluster: home}}
images:
- {{name: registry.example.test/app, newTag: '2.0'}}
replicas:
- {{name: app-000, count: 3}}
patches:
- target: {{kind: Deployment}}
  patch: |-
    apiVersion: apps/v1
    kind: Deployment
    metadata: {{name: any}}
    spec:
      template:
        spec:
          containers:
          - name: app
            resources: {{limits: {{memory: 256Mi}}}}
- target: {{kind: Service, name: 'app-.*5'}}
  patch: |-
    - {{op: add, path: /spec/sessionAffinity, value: ClientIP}}
"
    )
}

fn kustomization(app: usize) -> String {
    format!(
        "apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources: [app.yaml]
labels:
- pairs: {{app.kubernetes.io/name: app-{app:03}}}
  includeSelectors: true
configMapGenerator:
- name: app-{app:03}
  literals: [LISTEN=:8080, LEVEL=info, APP={app}]
"
    )
}

/// The `spec` of a template of Pods: one container, with settings out of the ConfigMap of its name.
pub(crate) fn pod(name: &str, image: &str) -> String {
    format!(
        "    spec:
      containers:
      - name: app
        image: {image}
        args: [--name, {name}]
        envFrom:
        - configMapRef: {{name: {name}}}
        ports:
        - {{name: http, containerPort: 8080}}
        readinessProbe:
          httpGet: {{path: /healthz, port: http}}
        resources:
          requests: {{cpu: 10m, memory: 64Mi}}
        volumeMounts:
        - {{name: config, mountPath: /config, readOnly: true}}
      volumes:
      - name: config
        configMap: {{name: {name}, defaultMode: 0440}}
"
    )
}

fn objects(app: usize) -> String {
    let pod = pod(&format!("app-{app:03}"), "registry.example.test/app:1.0");
    format!(
        "apiVersion: apps/v1
kind: Deployment
metadata:
  name: app-{app:03}
spec:
  replicas: 1
  template:
{pod}---
apiVersion: v1
kind: Service
metadata:
  name: app-{app:03}
spec:
  ports:
  - {{name: http, port: 80, targetPort: http}}
"
    )
}
