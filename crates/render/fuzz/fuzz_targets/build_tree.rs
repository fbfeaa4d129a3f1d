//! No tree makes a build panic, hang or grow without bound, and the same tree gives the same result.
#![no_main]

use libfuzzer_sys::fuzz_target;
use windlass_manifest::{MemoryTree, TreePath};
use windlass_render::{BuildOptions, build};

// Files stand one after the other, each below a line `=== path`; what comes before the first is the kustomization.
fuzz_target!(|text: &str| {
    let text = format!("=== kustomization.yaml\n{text}");
    let mut tree = MemoryTree::new();
    for file in text.split("=== ").skip(1) {
        let (path, content) = file.split_once('\n').unwrap_or((file, ""));
        let _ = tree.insert(path, content);
    }
    let options = BuildOptions { know_crds: true, ..BuildOptions::default() };
    let first = build(&tree, &TreePath::root(), &options);
    let second = build(&tree, &TreePath::root(), &options);
    match (first, second) {
        (Ok(first), Ok(second)) => assert_eq!(first.to_yaml(), second.to_yaml()),
        (Err(first), Err(second)) => assert_eq!(first.to_string(), second.to_string()),
        _ => panic!("one build of two failed"),
    }
});
