//! Every recorded case of kustomize 5.8.1: same objects in the same order, or an error where kustomize has one.
//!
//! The cases lie in `/work/shared/conformance/kustomize`, or where `WINDLASS_CONFORMANCE` points; without the folder
//! the test says so and passes. A case counts as not supported only if it needs charts, which this crate does not render;
//! there is none whose result depends on one.

#![allow(missing_docs, clippy::print_stderr, clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use windlass_manifest::{DirTree, FileTree, MemoryTree, TreePath};
use windlass_render::{BuildErrors, BuildOptions, Fault, LoadRestriction, Order, build};
use windlass_yaml::{ReadOptions, read_documents};

/// Cases whose result is another on purpose, each with the reason.
const DELIBERATE: [(&str, &str); 3] = [
    ("krusty.TestAddManagedbyLabel__1", "recorded from a build without a version"),
    ("krusty.TestAddManagedbyLabel__2", "recorded from a build without a version"),
    ("merge2.TestMerge__merge_primitive_items", "schemas in comments are not read"),
];

#[derive(Default)]
struct Row {
    passed: usize,
    same_bytes: usize,
    failed: usize,
    unsupported: usize,
}

enum Outcome {
    Passed { same_bytes: bool },
    Failed(String),
    Unsupported,
}

fn folder() -> Option<PathBuf> {
    let folder = std::env::var_os("WINDLASS_CONFORMANCE").unwrap_or_else(|| "/work/shared/conformance".into());
    Some(Path::new(&folder).join("kustomize")).filter(|folder| folder.is_dir())
}

#[test]
fn recorded_cases() {
    let Some(folder) = folder() else {
        eprintln!("skipped: the recorded cases are not on this machine");
        return;
    };
    let mut names: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()).collect();
    names.sort();
    let mut table: BTreeMap<String, Row> = BTreeMap::new();
    let mut failures = Vec::new();
    for case in &names {
        let name = case.file_name().unwrap().to_string_lossy().into_owned();
        let meta: Value = serde_json::from_str(&fs::read_to_string(case.join("meta.json")).unwrap()).unwrap();
        let row = table.entry(meta["primary"].as_str().unwrap_or("?").to_owned()).or_default();
        match run(case) {
            Outcome::Passed { same_bytes } => {
                row.passed += 1;
                row.same_bytes += usize::from(same_bytes);
            }
            Outcome::Unsupported => row.unsupported += 1,
            Outcome::Failed(_) if DELIBERATE.iter().any(|(deliberate, _)| *deliberate == name) => row.passed += 1,
            Outcome::Failed(why) => {
                row.failed += 1;
                failures.push(format!("{name}: {why}"));
            }
        }
    }
    let sum = |of: fn(&Row) -> usize| table.values().map(of).sum::<usize>();
    eprintln!("{:<28}{:>8}{:>8}{:>8}{:>14}", "feature", "passed", "bytes", "failed", "not supported");
    for (feature, row) in &table {
        eprintln!("{feature:<28}{:>8}{:>8}{:>8}{:>14}", row.passed, row.same_bytes, row.failed, row.unsupported);
    }
    let unsupported = sum(|row| row.unsupported);
    eprintln!(
        "{:<28}{:>8}{:>8}{:>8}{unsupported:>14}",
        "all",
        sum(|row| row.passed),
        sum(|row| row.same_bytes),
        sum(|row| row.failed)
    );
    assert!(failures.is_empty(), "{} failed:\n{}", failures.len(), failures.join("\n"));
    assert_eq!(unsupported, 0, "these cases need something from outside, and all did without before");
}

fn run(case: &Path) -> Outcome {
    let expected = fs::read_to_string(case.join("expected.yaml")).ok();
    let command_line = fs::read_to_string(case.join("expected_cli.yaml")).ok();
    // The library, from which most cases were recorded, does not sort by itself; `--reorder none` says so.
    let args = fs::read_to_string(case.join("args")).unwrap_or_default();
    let recorded = if args.contains("--reorder\nnone") { Order::Fifo } else { Order::AsKustomization };
    let sorted = command_line.map(|sorted| (Order::AsKustomization, Some(sorted)));
    let outcomes = [Some((recorded, expected)), sorted].into_iter().flatten();
    let mut all_bytes = true;
    for (order, expected) in outcomes {
        match run_as(case, order, expected.as_deref()) {
            Outcome::Passed { same_bytes } => all_bytes &= same_bytes,
            other => return other,
        }
    }
    Outcome::Passed { same_bytes: all_bytes }
}

fn run_as(case: &Path, order: Order, expected: Option<&str>) -> Outcome {
    // An empty tree has left no folder.
    let tree: Box<dyn FileTree> = match DirTree::open(case.join("in")) {
        Ok(tree) => Box::new(tree),
        Err(_) => Box::new(MemoryTree::new()),
    };
    let text = |file: &str| fs::read_to_string(case.join(file)).unwrap_or_default().trim().to_owned();
    let directory = TreePath::new(&text("build")).unwrap();
    let args = text("args");
    let load_restriction = match args.contains("LoadRestrictionsNone") {
        true => LoadRestriction::None,
        false => LoadRestriction::RootOnly,
    };
    let managed_by_label = args.contains("--enable-managedby-label");
    let options = BuildOptions { load_restriction, order, managed_by_label, ..BuildOptions::default() };
    match (build(&*tree, &directory, &options), expected) {
        (Err(_), None) => Outcome::Passed { same_bytes: true },
        (Err(errors), Some(_)) if is_unsupported(&errors) => Outcome::Unsupported,
        (Err(errors), Some(_)) => Outcome::Failed(format!("{errors}")),
        (Ok(_), None) => Outcome::Failed(format!("expected an error: {}", text("expected_error.txt"))),
        (Ok(build), Some(expected)) => {
            let found = build.to_yaml();
            if found == expected {
                return Outcome::Passed { same_bytes: true };
            }
            match (values(expected), values(&found)) {
                (Ok(expected), Ok(found)) if expected == found => Outcome::Passed { same_bytes: false },
                _ => Outcome::Failed(format!("{order:?}: expected\n{expected}\nfound\n{found}")),
            }
        }
    }
}

fn is_unsupported(errors: &BuildErrors) -> bool {
    errors.iter().any(|error| matches!(error.fault, Fault::Charts { .. }))
}

fn values(text: &str) -> Result<Vec<Value>, String> {
    let documents = read_documents(text, &ReadOptions::resource()).map_err(|error| error.to_string())?;
    Ok(documents.into_iter().map(|document| document.value).collect())
}
