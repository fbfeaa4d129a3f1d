//! Ignore rules against git's own answers, where Flux means the same.

use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::Arc;

use proptest::prelude::*;
use windlass_manifest::{FileTree, MemoryTree, TreePath};
use windlass_source::IgnoreRules;

use crate::repository::Repository;

/// Which of `paths` git leaves out by `patterns`.
fn ignored_by_git(patterns: &str, paths: &[String]) -> Vec<String> {
    thread_local! {
        static REPOSITORY: Repository = Repository::new();
    }
    REPOSITORY.with(|repository| asked(repository, patterns, paths))
}

fn asked(repository: &Repository, patterns: &str, paths: &[String]) -> Vec<String> {
    std::fs::write(repository.work().join(".git/info/exclude"), patterns).unwrap();
    let mut child = Command::new("git")
        .args(["check-ignore", "--no-index", "--stdin"])
        .current_dir(repository.work())
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(paths.join("\n").as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Without `!` Flux and git agree on files: what is below an ignored directory is ignored. Left out are two stars
    /// between other names, where Flux does not try twice.
    #[test]
    fn rules_are_those_of_git(
        patterns in proptest::collection::vec("/?(\\*\\*/)?([ab*?]|[ab][ab*?]|\\*\\.y|\\[ab\\])(/([ab*?]|[ab][ab*]|\\*\\.y)){0,2}/?", 1..5),
        paths in proptest::collection::btree_set("[ab]{1,2}(/[ab]{1,2}){0,3}\\.y", 1..20),
    ) {
        let patterns: Vec<String> = patterns.into_iter().filter(|p| !(p.contains("**/") && p.trim_end_matches('/').matches('/').count() > 1)).collect();
        prop_assume!(!patterns.is_empty());
        let (text, paths) = (patterns.join("\n") + "\n", paths.into_iter().collect::<Vec<_>>());
        let by_git = ignored_by_git(&text, &paths);
        let tree = MemoryTree::from_iter(paths.iter().map(|path| (path.as_str(), "")));
        let tree = IgnoreRules::with_spec(&text).apply(Arc::new(tree)).unwrap();
        let by_us: Vec<String> =
            paths.iter().filter(|path| !tree.is_file(&TreePath::new(path).unwrap())).cloned().collect();
        prop_assert_eq!(by_us, by_git, "{}", text);
    }
}
