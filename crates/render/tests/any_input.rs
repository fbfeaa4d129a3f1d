//! Whatever the files hold, a build ends, without a panic, and twice alike.

#![allow(missing_docs, clippy::unwrap_used)]

use proptest::collection::vec;
use proptest::prelude::*;
use windlass_manifest::{MemoryTree, TreePath};
use windlass_render::{BuildOptions, RepositoryUrl, build};

/// Pieces of kustomizations; most of them stand at the right level.
const PIECES: [&str; 34] = [
    "resources: [o.yaml]\n",
    "resources: [o.yaml, d]\n",
    "components: [d]\n",
    "namespace: x\n",
    "namePrefix: 1\n",
    "namePrefix: p-\n",
    "vars: [{name: V, objref: {apiVersion: v1, kind: ConfigMap, name: c}, fieldref: {fieldPath: data}}]\n",
    "vars: [{name: V, objref: {kind: ConfigMap}}]\n",
    "crds: [c.json]\n",
    "crds: [o.yaml]\n",
    "openapi: {path: c.json}\n",
    "openapi: {path: o.yaml, version: v1.21.2}\n",
    "openapi: {version: v9}\n",
    "replacements: [{path: o.yaml}]\n",
    "replacements:\n- source: {name: c, fieldPath: data}\n  targets: [{select: {}, fieldPaths: [data.x], options: {create: true}}]\n",
    "replacements:\n- sourceValue: 'a: b'\n  targets: [{select: {name: c}, fieldPaths: ['data.[a=b].*.-.3'], options: {create: true}}]\n",
    "replacements:\n- sourceValue: x\n  targets: [{select: {name: '.*'}, fieldPaths: [data.j.a.0, ''], options: {delimiter: '', index: -5}}]\n",
    "replacements:\n- sourceValue: x\n  targets: [{select: {name: '('}}]\n",
    "replacements:\n- source: {name: c, fieldPath: data.j, options: {delimiter: b, index: 99999999999}}\n  targets: [{select: {}}]\n",
    "transformers: [o.yaml]\n",
    "transformers: [d]\n",
    "transformers: ['{apiVersion: builtin, kind: ValueAddTransformer, metadata: {name: v}, targets: [{fieldPath: a//b, filePathPosition: 9}]}']\n",
    "transformers: ['{apiVersion: builtin, kind: HashTransformer, metadata: {name: v}}']\n",
    "transformers: ['{apiVersion: builtin, kind: NamespaceTransformer, metadata: {name: v}, fieldSpecs: [{path: a[]/}]}']\n",
    "generators: [o.yaml, '{apiVersion: builtin, kind: SecretGenerator, metadata: {name: c}}']\n",
    "validators: ['{apiVersion: builtin, kind: LabelTransformer, metadata: {name: v}, labels: {a: b}}']\n",
    "configMapGenerator: [{name: c, literals: [a=b], behavior: merge}]\n",
    "patches: [{path: o.yaml, target: {}}]\n",
    "patches:\n- target: {}\n  patch: '[{\"op\": \"copy\", \"from\": \"\", \"path\": \"/data/x\"}]'\n",
    "helmCharts: [{name: x}]\n",
    "sortOptions: {order: legacy, legacySortOptions: {orderFirst: [Pod]}}\n",
    "buildMetadata: [originAnnotations, transformerAnnotations, managedByLabel]\n",
    "labels: [{pairs: {a: b}, fields: [{path: data, create: true}]}]\n",
    "images: [{name: '[', newTag: x}]\n",
];

const OBJECTS: [&str; 7] = [
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {j: '{\"a\": [1]}', v: $(V)}\n---\n",
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, annotations: {internal.config.kubernetes.io/previousNames: 'a,,b'}}\n---\n",
    "apiVersion: builtin\nkind: PatchTransformer\nmetadata: {name: p}\npatch: '[]'\ntarget: {}\n---\n",
    "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\nspec: {template: {spec: {containers: [{name: a}, {}, null]}}}\n---\n",
    "kind: List\nitems: [{kind: A, metadata: {name: a}}]\n---\n",
    "a: [\n",
    "definitions: {A: {$ref: '#/definitions/A', x-kubernetes-group-version-kind: [{kind: ConfigMap, version: v1}]}}\n",
];

const TYPES: &str = r#"{"x.A": {"Schema": {"properties": {"kind": {}, "apiVersion": {}, "metadata": {},
    "spec": {"$ref": "x.A", "x-kubernetes-identity": ""}, "b": {"$ref": "x.A"}}}}}"#;

fn kustomization() -> impl Strategy<Value = String> {
    vec(prop::sample::select(PIECES.to_vec()), 0..7).prop_map(|pieces| {
        // A key is used once.
        let mut seen = Vec::new();
        let mut text = String::new();
        for piece in pieces {
            let key = piece.split(':').next().unwrap();
            if !seen.contains(&key) {
                seen.push(key);
                text.push_str(piece);
            }
        }
        text
    })
}

proptest! {
    #[test]
    fn builds_end_and_repeat_themselves(
        root in kustomization(),
        below in kustomization(),
        objects in vec(prop::sample::select(OBJECTS.to_vec()), 0..4),
        component in any::<bool>(),
        noise in "\\PC{0,12}",
    ) {
        let below = match component {
            true => format!("apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n{below}"),
            false => below,
        };
        let tree = MemoryTree::from_iter([
            ("kustomization.yaml", root.as_str()),
            ("o.yaml", &objects.concat()),
            ("c.json", TYPES),
            ("d/kustomization.yaml", &below),
            ("d/o.yaml", &format!("{}{noise}", objects.concat())),
            ("d/c.json", &noise),
        ]);
        let options = BuildOptions { know_crds: true, ..BuildOptions::default() };
        let run = || {
            let built = build(&tree, &TreePath::root(), &options);
            built.map(|build| build.to_yaml()).map_err(|errors| errors.to_string())
        };
        prop_assert_eq!(run(), run());
    }

    #[test]
    fn urls_are_taken_apart_or_refused(start in "(git::)?(https://|ssh://|file://|git@|github\\.com)?", rest in "[a-z/:.@?=&%_ü-]{0,30}") {
        if let Ok(url) = RepositoryUrl::parse(&format!("{start}{rest}")) {
            prop_assert!(!url.repository.is_empty());
            prop_assert!(url.to_string().starts_with(&url.host));
        }
    }
}

#[test]
fn replacements_that_copy_themselves_end() {
    let twice = "- source: {name: c, fieldPath: data}\n  targets: [{select: {name: c}, fieldPaths: [data.x, data.y], \
                 options: {create: true}}]\n";
    let text = format!("resources: [o.yaml]\nreplacements:\n{}", twice.repeat(60));
    let tree = MemoryTree::from_iter([("kustomization.yaml", text.as_str()), ("o.yaml", OBJECTS[0])]);
    let mut options = BuildOptions::default();
    options.limits.total_bytes = 1 << 20;
    let fault = build(&tree, &TreePath::root(), &options).unwrap_err().to_string();
    assert!(fault.contains("copy more than a build may take"), "{fault}");
}
