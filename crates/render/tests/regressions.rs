//! Every difference from kustomize that was found in random trees, as a case of its own.
//!
//! A case is one file of `tests/regressions`: a line that says what it was, then the files of the tree, each behind a
//! line `-- PATH --`, and at last what kustomize 5.8.1 makes of the directory `overlay`: `-- expected --` with its bytes,
//! or `-- refused --` with the start of its message. Where the test bed is there, kustomize is asked again.

#![allow(missing_docs, clippy::unwrap_used)]

use std::fs;
use std::path::Path;

use serde_json::{Map, Value, json};
use windlass_manifest::{MemoryTree, TreePath};
use windlass_render::{BuildOptions, build};
use windlass_testbed::{Oracle, Tool, require_peers};

struct Case {
    name: String,
    files: Vec<(String, String)>,
    expected: Option<String>,
}

fn cases() -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/regressions");
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| case(path)).collect()
}

fn case(path: &Path) -> Case {
    let text = fs::read_to_string(path).unwrap();
    let mut sections: Vec<(String, String)> = Vec::new();
    for line in text.split_inclusive('\n') {
        match line.trim_end().strip_prefix("-- ").and_then(|line| line.strip_suffix(" --")) {
            Some(name) => sections.push((name.to_owned(), String::new())),
            None => sections.last_mut().map_or((), |(_, text)| text.push_str(line)),
        }
    }
    let (last, text) = sections.pop().unwrap();
    let expected = match last.as_str() {
        "expected" => Some(text),
        "refused" => None,
        other => panic!("{} ends with {other}", path.display()),
    };
    Case { name: path.file_stem().unwrap().to_string_lossy().into_owned(), files: sections, expected }
}

#[test]
fn what_was_once_different_is_as_with_kustomize() {
    let cases = cases();
    assert!(!cases.is_empty());
    for Case { name, files, expected } in cases {
        let tree = files.iter().map(|(path, text)| (path, text.as_str())).collect::<MemoryTree>();
        let found = build(&tree, &TreePath::new("overlay").unwrap(), &BuildOptions::default());
        match (found, expected) {
            (Ok(build), Some(expected)) => assert_eq!(build.to_yaml(), expected, "{name}"),
            (Err(_), None) => {}
            (Ok(build), None) => panic!("{name}: kustomize refuses what gives\n{}", build.to_yaml()),
            (Err(errors), Some(_)) => panic!("{name}: {errors}"),
        }
    }
}

#[test]
fn the_expectations_are_those_of_kustomize() {
    let testbed = require_peers!(&[Tool::YamlOracle]);
    let oracle = Oracle::start(&testbed, Tool::YamlOracle).unwrap();
    for Case { name, files, expected } in cases() {
        let files: Map<String, Value> = files.into_iter().map(|(path, text)| (path, json!(text))).collect();
        let built = oracle.ask_json("kustomize-build", json!({"files": files, "directory": "overlay"})).unwrap();
        assert_eq!(built.ok(), expected, "{name}");
    }
}
