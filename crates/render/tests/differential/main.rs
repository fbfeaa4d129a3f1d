//! Random trees of kustomizations, built by the real kustomize and by us: the same bytes, or an error from both.

#![allow(missing_docs, clippy::unwrap_used)]

mod choices;
mod generators;
mod objects;
mod patches;
mod replacements;
mod styled;
mod tree;

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::json;
use windlass_manifest::{MemoryTree, TreePath};
use windlass_render::{Amendments, BuildOptions, Image, LoadRestriction, Patch, Selector, build};
use windlass_testbed::{Oracle, Testbed, Tool, require_peers};

use tree::{Files, Mix};

const SHOP: &str = "overlay";

fn write(files: &Files, root: &Path) {
    for (path, text) in files {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

/// `WINDLASS_DIFFERENTIAL_CASES` asks for more cases than a test run has time for.
fn config(cases: u32) -> Config {
    let asked = std::env::var("WINDLASS_DIFFERENTIAL_CASES").ok().and_then(|cases| cases.parse().ok());
    Config { cases: asked.unwrap_or(cases), failure_persistence: None, max_shrink_iters: 200, ..Config::default() }
}

fn describe(files: &Files) -> String {
    files.iter().filter(|(path, _)| path.ends_with(".yaml")).map(|(path, text)| format!("### {path}\n{text}")).collect()
}

fn compare(files: &Files, theirs: Result<String, String>, options: &BuildOptions<'_>) -> Result<(), TestCaseError> {
    let tree = MemoryTree::from_iter(files.iter().map(|(path, text)| (path, text.as_str())));
    let directory = TreePath::new(SHOP).unwrap();
    let ours = build(&tree, &directory, options);
    match (ours, theirs) {
        (Ok(build), Ok(theirs)) => {
            prop_assert_eq!(build.to_yaml(), theirs, "{}", describe(files));
            prop_assert!(build.closure.is_current(&tree));
        }
        (Err(_), Err(_)) => {}
        (Ok(_), Err(theirs)) => prop_assert!(false, "only they fail: {theirs}\n{}", describe(files)),
        (Err(ours), Ok(_)) => prop_assert!(false, "only we fail: {ours}\n{}", describe(files)),
    }
    Ok(())
}

/// Trees as proptest makes and shrinks them: as the bytes that decide about them.
fn trees(mix: Mix) -> impl Strategy<Value = Files> {
    prop::collection::vec(any::<u8>(), 100..1800).prop_map(move |bytes| tree::tree(&bytes, mix))
}

/// Compares trees with what the real tool's library makes of them; at least `built` of a hundred must be no errors.
fn as_the_library(testbed: &Testbed, cases: u32, mix: Mix, built: usize) {
    let oracle = Oracle::start(testbed, Tool::YamlOracle).unwrap();
    let (good, all) = (AtomicUsize::new(0), AtomicUsize::new(0));
    TestRunner::new(config(cases))
        .run(&trees(mix), |files| {
            let contents: serde_json::Map<_, _> =
                files.iter().map(|(path, text)| (path.clone(), json!(text))).collect();
            let theirs = oracle.ask_json("kustomize-build", json!({"files": contents, "directory": SHOP})).unwrap();
            good.fetch_add(usize::from(theirs.is_ok()), Relaxed);
            all.fetch_add(1, Relaxed);
            compare(&files, theirs.map_err(|refusal| refusal.to_string()), &BuildOptions::default())
        })
        .unwrap();
    let (good, all) = (good.into_inner(), all.into_inner());
    assert!(good * 100 >= all * built, "{good} of {all} random trees are no errors, so little was compared");
}

#[test]
fn as_kustomize_builds_trees_with_much_in_them() {
    let testbed = require_peers!(&[Tool::YamlOracle]);
    as_the_library(&testbed, 1400, Mix::Much, 30);
}

#[test]
fn as_kustomize_builds_trees_with_little_in_them() {
    let testbed = require_peers!(&[Tool::YamlOracle]);
    as_the_library(&testbed, 1100, Mix::Little, 40);
}

#[test]
fn as_kustomize_builds_trees_in_odd_yaml() {
    let testbed = require_peers!(&[Tool::YamlOracle]);
    as_the_library(&testbed, 700, Mix::OddYaml, 30);
}

/// The library answers for the program; this ties the two together.
#[test]
fn as_the_program_builds() {
    let testbed = require_peers!(&[Tool::Kustomize]);
    TestRunner::new(config(40))
        .run(&trees(Mix::Much), |files| {
            let root = tempfile::tempdir().unwrap();
            write(&files, root.path());
            let mut kustomize = testbed.command(Tool::Kustomize).unwrap();
            let output = kustomize.args(["build", SHOP]).current_dir(root.path()).output().unwrap();
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            let theirs = if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) };
            compare(&files, theirs, &BuildOptions::default())
        })
        .unwrap();
}

fn amendments() -> impl Strategy<Value = Amendments> {
    let image = (prop::sample::select(vec!["nginx", "reg:5000/nginx"]), any::<bool>());
    let patch = prop::sample::select(vec![
        r#"[{"op": "add", "path": "/metadata/annotations/by", "value": "flux"}]"#,
        "apiVersion: v1\nkind: Any\nmetadata:\n  name: any\n  labels:\n    by: flux\n",
    ]);
    (
        prop::option::of(Just("target".to_owned())),
        prop::option::of(Just("flux-".to_owned())),
        prop::collection::vec(patch, 0..2),
        prop::collection::vec(image, 0..2),
        prop::option::weighted(0.2, Just(vec!["originAnnotations".to_owned()])),
        any::<bool>(),
    )
        .prop_map(|(target_namespace, name_prefix, patches, images, build_metadata, component)| Amendments {
            target_namespace,
            name_prefix,
            patches: patches
                .into_iter()
                .map(|text| {
                    Patch::inline(text, Some(Selector { kind: "ConfigMap|Deployment".into(), ..Selector::default() }))
                })
                .collect(),
            images: images
                .into_iter()
                .map(|(name, tag)| match tag {
                    true => Image { name: name.into(), new_tag: "9".into(), ..Image::default() },
                    false => Image { name: name.into(), digest: "sha256:f".into(), ..Image::default() },
                })
                .collect(),
            build_metadata,
            components: if component { vec!["../extra".to_owned()] } else { Vec::new() },
            ignore_missing_components: true,
            ..Amendments::default()
        })
}

fn flux_object(amendments: &Amendments) -> serde_json::Value {
    let patches: Vec<_> = amendments
        .patches
        .iter()
        .map(|patch| {
            let windlass_render::PatchSource::Inline(text) = &patch.source else { unreachable!() };
            json!({"patch": text, "target": {"kind": patch.target.as_ref().unwrap().kind}})
        })
        .collect();
    let images: Vec<_> = amendments
        .images
        .iter()
        .map(|image| match image.new_tag.is_empty() {
            true => json!({"name": image.name, "digest": image.digest}),
            false => json!({"name": image.name, "newTag": image.new_tag}),
        })
        .collect();
    let mut spec = json!({
        "path": SHOP, "patches": patches, "images": images, "components": amendments.components,
        "ignoreMissingComponents": amendments.ignore_missing_components,
    });
    let fields = [("targetNamespace", &amendments.target_namespace), ("namePrefix", &amendments.name_prefix)];
    for (field, value) in fields {
        if let Some(value) = value {
            spec[field] = json!(value);
        }
    }
    if let Some(words) = &amendments.build_metadata {
        spec["buildMetadata"] = json!(words);
    }
    json!({"apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization",
        "metadata": {"name": "shop", "namespace": "flux-system"}, "spec": spec})
}

#[test]
fn as_flux_builds() {
    let testbed = require_peers!(&[Tool::FluxOracle]);
    let oracle = Oracle::start(&testbed, Tool::FluxOracle).unwrap();
    let built = AtomicUsize::new(0);
    TestRunner::new(config(60))
        .run(&(trees(Mix::Little), amendments(), any::<bool>()), |(mut files, amendments, generated)| {
            if generated {
                // Without its kustomization the overlay gets Flux's generated one.
                files.retain(|(path, _)| path.starts_with("base") || path.starts_with("overlay/objects"));
                for (path, _) in &mut files {
                    *path = path.replace("base/", "overlay/inner/");
                }
            }
            for (_, text) in &mut files {
                // Flux holds no version of kustomize: its label says `kustomize-(devel)`, which no server takes.
                *text = text.replace("managedByLabel", "originAnnotations");
            }
            let root = tempfile::tempdir().unwrap();
            write(&files, root.path());
            let request = json!({"root": root.path(), "kustomization": flux_object(&amendments)});
            let theirs = oracle.ask_json("build", request).unwrap();
            let options = BuildOptions::flux(&amendments);
            assert_eq!(options.load_restriction, LoadRestriction::None);
            built.fetch_add(usize::from(theirs.is_ok()), Relaxed);
            compare(&files, theirs.map_err(|refusal| refusal.to_string()), &options)
        })
        .unwrap();
    assert!(built.into_inner() >= 15, "most of the random kustomizations are refused, so little was compared");
}

/// Flux looks at `resources` alone to see whether a kustomization is empty, and gives one with `bases` only the origins
/// that it gives an empty one. A repository of Flux's early days came out without them.
#[test]
fn bases_without_resources_are_built_as_flux_does() {
    let testbed = require_peers!(&[Tool::FluxOracle]);
    let oracle = Oracle::start(&testbed, Tool::FluxOracle).unwrap();
    let object = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: web}\n";
    let generated = "bases: [../base]\nconfigMapGenerator: [{name: web, literals: [COLOR=blue]}]\n";
    for overlay in ["bases: [../base]\n", generated] {
        let files = [
            ("overlay/kustomization.yaml", overlay),
            ("base/kustomization.yaml", "resources: [web.yaml]\n"),
            ("base/web.yaml", object),
        ];
        let files = files.map(|(path, text)| (path.to_owned(), text.to_owned())).to_vec();
        let root = tempfile::tempdir().unwrap();
        write(&files, root.path());
        let amendments = Amendments::default();
        let request = json!({"root": root.path(), "kustomization": flux_object(&amendments)});
        let theirs = oracle.ask_json("build", request).unwrap();
        assert!(theirs.is_ok(), "{theirs:?}");
        compare(&files, theirs.map_err(|refusal| refusal.to_string()), &BuildOptions::flux(&amendments)).unwrap();
    }
}
