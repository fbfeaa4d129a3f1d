//! The time of a build grows with the number of objects and no faster. Figures go to stderr (`--nocapture`).

#![allow(missing_docs, clippy::print_stderr, clippy::unwrap_used)]

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use windlass_manifest::{MemoryTree, TreePath};
use windlass_render::{BuildOptions, build};

/// A base of as many Deployments, Services and ConfigMaps, and an overlay that does something to all of them.
fn tree(apps: usize) -> MemoryTree {
    let mut base = String::new();
    for app in 0..apps {
        let _ = write!(
            base,
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: app{app}}}\nspec:\n  replicas: 1\n  template:\n    spec:\n      \
             containers:\n      - name: main\n        image: nginx:1.25\n        envFrom: [{{configMapRef: {{name: app{app}}}}}]\n---\n\
             apiVersion: v1\nkind: Service\nmetadata: {{name: app{app}}}\nspec: {{selector: {{app: app{app}}}, ports: [{{port: 80}}]}}\n---\n\
             apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: app{app}}}\ndata: {{host: app{app}.example.com}}\n---\n"
        );
    }
    let mut overlay = String::from(
        "resources: [../base]\nnamePrefix: prod-\nnamespace: prod\nlabels:\n- pairs: {env: prod}\n  includeSelectors: true\n\
         images:\n- {name: nginx, newTag: '1.27'}\npatches:\n",
    );
    for app in 0..50.min(apps) {
        let _ = write!(
            overlay,
            "- patch: |\n    apiVersion: apps/v1\n    kind: Deployment\n    metadata: {{name: app{app}}}\n    spec: {{replicas: 3}}\n"
        );
    }
    overlay.push_str("replacements:\n");
    for app in 0..20.min(apps) {
        let _ = write!(
            overlay,
            "- source: {{kind: ConfigMap, name: app{app}, fieldPath: data.host}}\n  targets:\n  - select: {{kind: Deployment, name: app{app}}}\n    \
             fieldPaths: [metadata.annotations.host]\n    options: {{create: true}}\n"
        );
    }
    MemoryTree::from_iter([
        ("base/kustomization.yaml", "resources: [all.yaml]\n"),
        ("base/all.yaml", &base),
        ("overlay/kustomization.yaml", &overlay),
    ])
}

fn time(apps: usize) -> Duration {
    let tree = tree(apps);
    let best = (0..3).map(|_| {
        let start = Instant::now();
        let built = build(&tree, &TreePath::new("overlay").unwrap(), &BuildOptions::default()).unwrap();
        assert_eq!(built.manifests.len(), apps * 3);
        assert!(!built.to_yaml().is_empty());
        start.elapsed()
    });
    best.min().unwrap()
}

#[test]
fn time_grows_with_the_number_of_objects() {
    let (small, large) = (time(100), time(400));
    eprintln!("300 objects: {small:?}, 1200 objects: {large:?}");
    // Four times the objects; the rest is for a busy machine.
    assert!(large < small * 12, "{small:?} {large:?}");
}
