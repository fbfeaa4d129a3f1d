//! What holds for every build.

#![allow(missing_docs, clippy::unwrap_used)]

use proptest::prelude::*;
use windlass_manifest::{MemoryTree, TreePath};
use windlass_render::{Build, BuildErrors, BuildOptions, Fault, Limits, Order, build};

fn run(files: &[(String, String)], options: &BuildOptions<'_>) -> Result<Build, BuildErrors> {
    let tree = MemoryTree::from_iter(files.iter().map(|(path, text)| (path, text.as_str())));
    build(&tree, &TreePath::root(), options)
}

/// Objects of one file each, and a kustomization that lists them.
fn listed(objects: &[(String, String)]) -> Vec<(String, String)> {
    let names: Vec<_> = objects.iter().map(|(path, _)| path.as_str()).collect();
    let kustomization =
        format!("namePrefix: p-\nnamespace: shop\ncommonLabels: {{app: x}}\nresources: [{}]\n", names.join(", "));
    let mut files = objects.to_vec();
    files.push(("kustomization.yaml".to_owned(), kustomization));
    files
}

fn objects() -> impl Strategy<Value = Vec<(String, String)>> {
    let kind = prop::sample::select(vec!["ConfigMap", "Secret", "Service", "ServiceAccount"]);
    prop::collection::btree_map("[a-z]{1,6}", kind, 1..8).prop_map(|objects| {
        let file = |(name, kind)| {
            (format!("{name}.yaml"), format!("apiVersion: v1\nkind: {kind}\nmetadata: {{name: {name}}}\n"))
        };
        objects.into_iter().map(file).collect()
    })
}

proptest! {
    #[test]
    fn the_order_of_files_is_the_order_of_objects(objects in objects(), by in 0usize..8) {
        let fifo = BuildOptions { order: Order::Fifo, ..BuildOptions::default() };
        let mut turned = objects.clone();
        turned.rotate_left(by % objects.len());
        let documents = |objects: &[(String, String)]| {
            let built = run(&listed(objects), &fifo).unwrap();
            built.manifests.iter().map(|manifest| windlass_yaml::print(manifest.value())).collect::<Vec<_>>()
        };
        let mut expected = documents(&objects);
        expected.rotate_left(by % objects.len());
        prop_assert_eq!(documents(&turned), expected);
    }

    #[test]
    fn the_legacy_order_does_not_depend_on_the_files(objects in objects(), by in 0usize..8) {
        let mut turned = objects.clone();
        turned.rotate_left(by % objects.len());
        let text = |objects: &[(String, String)]| run(&listed(objects), &BuildOptions::default()).unwrap().to_yaml();
        prop_assert_eq!(text(&turned), text(&objects));
    }

    #[test]
    fn the_same_input_gives_the_same_bytes_and_closure(objects in objects()) {
        let files = listed(&objects);
        let (one, other) = (run(&files, &BuildOptions::default()).unwrap(), run(&files, &BuildOptions::default()).unwrap());
        prop_assert_eq!(one.to_yaml(), other.to_yaml());
        prop_assert_eq!(one.closure.digest(), other.closure.digest());
    }

    #[test]
    fn no_text_makes_a_build_panic(kustomization in ".{0,200}", resource in ".{0,200}", key in "[a-zA-Z]{1,12}") {
        let files = [
            ("kustomization.yaml".to_owned(), format!("resources: [r.yaml]\n{key}: {kustomization}\n")),
            ("r.yaml".to_owned(), resource),
        ];
        let _ = run(&files, &BuildOptions::default());
    }

    #[test]
    fn no_patch_makes_a_build_panic(patch in "[\\[{]?.{0,100}", path in "(/[a-z0-9~-]{0,6}){0,5}", op in "add|remove|replace|move|copy|test") {
        let web = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {template: {spec: {containers: [{name: a}, {b: c}]}}}\n";
        for patch in [patch, format!("[{{op: {op}, path: {path:?}, from: {path:?}, value: 1}}]")] {
            let entry = serde_json::json!({"patches": [{"patch": patch, "target": {"kind": "Deployment"}}], "resources": ["web.yaml"]});
            let files = [("kustomization.yaml".to_owned(), entry.to_string()), ("web.yaml".to_owned(), web.to_owned())];
            let _ = run(&files, &BuildOptions::default());
        }
    }
}

#[test]
fn limits_end_a_build() {
    let deep: Vec<_> = (0..9)
        .map(|level| (format!("{}kustomization.yaml", "d/".repeat(level)), "resources: [d]\n".to_owned()))
        .collect();
    let limits = Limits { depth: 5, ..Limits::default() };
    let fault = |files: &[(String, String)], limits| {
        let errors = run(files, &BuildOptions { limits, ..BuildOptions::default() }).unwrap_err();
        errors.iter().map(|error| error.to_string()).collect::<Vec<_>>().join("\n")
    };
    assert!(
        fault(&deep, limits).contains("over its limit of 5 kustomizations in one another"),
        "{}",
        fault(&deep, limits)
    );
    let wide = listed(&[("a.yaml".to_owned(), "x".repeat(100))]);
    assert!(fault(&wide, Limits { file_bytes: 50, ..Limits::default() }).contains("limit of 50 bytes for one file"));
    assert!(fault(&wide, Limits { files: 1, ..Limits::default() }).contains("limit of 1 files"));
}

#[test]
fn diamonds_of_bases_are_conflicts_with_both_origins() {
    let files = [
        ("kustomization.yaml", "resources: [l, r]"),
        ("l/kustomization.yaml", "resources: [../base]"),
        ("r/kustomization.yaml", "resources: [../base]"),
        ("base/kustomization.yaml", "resources: [a.yaml]"),
        ("base/a.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n"),
    ]
    .map(|(path, text)| (path.to_owned(), text.to_owned()));
    let errors = run(&files, &BuildOptions::default()).unwrap_err();
    let error = errors.iter().next().unwrap();
    let Fault::Conflict { id, other } = &error.fault else { panic!("{error}") };
    assert_eq!((id.as_str(), error.origin.to_string().as_str()), ("v1 Pod a", "base/a.yaml:1"));
    assert_eq!(other.to_string(), "base/a.yaml:1");
}

/// As many overlays of one base, which are enough to be built on several threads and for the base to be kept.
fn overlays(count: usize) -> Vec<(String, String)> {
    let mut files = vec![
        ("base/kustomization.yaml".to_owned(), "resources: [a.yaml, ../shared]\nnameSuffix: -x\n".to_owned()),
        ("base/a.yaml".to_owned(), "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n".to_owned()),
        // The patch fits nothing, which is a warning each time.
        (
            "shared/kustomization.yaml".to_owned(),
            "resources: [s.yaml]\npatches: [{target: {kind: Job}, patch: '- {op: remove, path: /a}'}]\n".to_owned(),
        ),
        ("shared/s.yaml".to_owned(), "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\n".to_owned()),
    ];
    let names: Vec<_> = (0..count).map(|number| format!("o{number}")).collect();
    for name in &names {
        let text = format!("resources: [../base]\nnamePrefix: {name}-\nnamespace: {name}\n");
        files.push((format!("{name}/kustomization.yaml"), text));
    }
    files.push(("kustomization.yaml".to_owned(), format!("resources: [{}]\n", names.join(", "))));
    files
}

/// The same build, one entry after another.
fn one_by_one(files: &[(String, String)], limits: Limits) -> Result<Build, BuildErrors> {
    run(files, &BuildOptions { know_crds: true, limits, ..BuildOptions::default() })
}

#[test]
fn building_on_several_threads_changes_nothing() {
    let files = overlays(40);
    let (together, alone) =
        (run(&files, &BuildOptions::default()).unwrap(), one_by_one(&files, Limits::default()).unwrap());
    assert_eq!(together.manifests.len(), 80);
    assert_eq!(together.warnings.len(), 40);
    assert_eq!(together.to_yaml(), alone.to_yaml());
    assert_eq!(together.warnings, alone.warnings);
    assert_eq!(together.closure, alone.closure);
}

#[test]
fn faults_are_those_of_building_one_after_another() {
    let mut files = overlays(40);
    for (path, text) in &mut files {
        match path.as_str() {
            "o7/kustomization.yaml" | "o31/kustomization.yaml" => text.push_str("replicas: [{name: none, count: 1}]\n"),
            "o9/kustomization.yaml" => text.push_str("openapi: {path: none.json}\n"),
            _ => {}
        }
    }
    let told =
        |result: Result<Build, BuildErrors>| result.unwrap_err().iter().map(ToString::to_string).collect::<Vec<_>>();
    let together = told(run(&files, &BuildOptions::default()));
    assert_eq!(together.len(), 3, "{together:?}");
    assert_eq!(together, told(one_by_one(&files, Limits::default())));
}

#[test]
fn a_base_that_is_kept_counts_each_time() {
    let files = overlays(40);
    // The kustomization, and for each overlay its own, those of both bases and their files.
    for (most, is_enough) in [(1 + 40 * 5, true), (40 * 5, false)] {
        let limits = Limits { files: most, ..Limits::default() };
        assert_eq!(run(&files, &BuildOptions { limits, ..BuildOptions::default() }).is_ok(), is_enough, "{most}");
        assert_eq!(one_by_one(&files, limits).is_ok(), is_enough, "{most}");
    }
    for (depth, is_enough) in [(4, true), (3, false)] {
        let limits = Limits { depth, ..Limits::default() };
        assert_eq!(run(&files, &BuildOptions { limits, ..BuildOptions::default() }).is_ok(), is_enough, "{depth}");
    }
}

#[test]
fn a_base_that_is_kept_may_still_lead_in_a_circle() {
    // `lib` builds twice before it is included from within the directory that it includes itself.
    let files = [
        ("kustomization.yaml", "resources: [a, b, base/inner]"),
        ("a/kustomization.yaml", "resources: [../lib]\nnamePrefix: a-"),
        ("b/kustomization.yaml", "resources: [../lib]\nnamePrefix: b-"),
        ("lib/kustomization.yaml", "resources: [../base]"),
        ("base/kustomization.yaml", "resources: [p.yaml]"),
        ("base/p.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\n"),
        ("base/inner/kustomization.yaml", "resources: [../../lib]"),
    ]
    .map(|(path, text)| (path.to_owned(), text.to_owned()));
    let errors = run(&files, &BuildOptions::default()).unwrap_err();
    assert!(matches!(errors.iter().next().unwrap().fault, Fault::Cycle { .. }), "{errors}");
}
