//! The same bytes as the real kustomize.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use tempfile::TempDir;
use windlass_testbed::{Testbed, Tool, require_peers};

use crate::run::run_in;

const DIRECTORIES: &[&str] = &[
    "apps/home",
    "apps/home/dashboard",
    "apps/home/paperless",
    "apps/staging",
    "apps/base/dashboard",
    "apps/base/postgres",
    "clusters/home",
    "clusters/staging",
    "infrastructure",
];

fn homelab() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/homelab"))
}

fn kustomize(testbed: &Testbed, directory: &str, flags: &[&str]) -> String {
    let directory = homelab().join(directory);
    let output = testbed
        .command(Tool::Kustomize)
        .unwrap()
        .args(["build", directory.to_str().unwrap()])
        .args(flags)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_homelab_is_built_as_kustomize_builds_it() {
    let testbed = require_peers!(&[Tool::Kustomize]);
    for directory in DIRECTORIES {
        let ours = run_in(homelab(), &format!("build {directory}"), &[]);
        assert_eq!(ours.code, Some(0), "{directory}: {}", ours.stderr);
        let theirs = kustomize(&testbed, directory, &[]);
        assert!(ours.stdout == theirs, "{directory} differs: {}", first_difference(&ours.stdout, &theirs));
    }
}

#[test]
fn a_file_for_each_object_is_named_as_kustomize_names_it() {
    let testbed = require_peers!(&[Tool::Kustomize]);
    for directory in ["apps/home", "infrastructure", "clusters/home"] {
        let (ours, theirs) = (TempDir::new().unwrap(), TempDir::new().unwrap());
        let ran = run_in(homelab(), &format!("build {directory} -o {}", ours.path().display()), &[]);
        assert_eq!(ran.code, Some(0), "{directory}: {}", ran.stderr);
        kustomize(&testbed, directory, &["-o", theirs.path().to_str().unwrap()]);
        assert_eq!(files(ours.path()), files(theirs.path()), "{directory}");
    }
}

fn files(directory: &Path) -> BTreeMap<String, String> {
    let entries = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap());
    entries.map(|entry| (entry.file_name().into_string().unwrap(), fs::read_to_string(entry.path()).unwrap())).collect()
}

fn first_difference(ours: &str, theirs: &str) -> String {
    let lines = ours.lines().zip(theirs.lines()).enumerate();
    lines.into_iter().find(|(_, (a, b))| a != b).map_or_else(
        || "one is longer".to_owned(),
        |(at, (a, b))| format!("line {}: {a:?}, and kustomize has {b:?}", at + 1),
    )
}
