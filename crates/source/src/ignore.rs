mod filtered_tree;
mod name_pattern;
mod pattern;

use std::sync::Arc;

use windlass_manifest::{EntryKind, FileTree, TreeError, TreePath};

use crate::ignore::filtered_tree::FilteredTree;
use crate::ignore::pattern::Pattern;

/// Which files of a source are left out, by Flux's rules; the default is what holds without `spec.ignore`.
///
/// The patterns are, later ones winning over earlier ones: git's own files; images, archives and the files of CI
/// systems (only while neither a `.sourceignore` nor `spec.ignore` has a pattern); every `.sourceignore`, for its own
/// directory; `spec.ignore`.
///
/// A pattern is written as in a `.gitignore` and means what it means to Flux, which differs from git in that the last
/// pattern decides that matches a file **or a directory above it**: `!dir/keep.yaml` brings a file back from an ignored
/// `dir/`, and `!dir/` everything below it.
#[derive(Debug, Clone)]
pub struct IgnoreRules {
    kind: Kind,
}

#[derive(Debug, Clone)]
enum Kind {
    Nothing,
    Flux { spec: Option<String> },
}

const VCS: &[&str] = &[".git/", ".gitignore", ".gitmodules", ".gitattributes"];
const DEFAULTS: &[&str] = &[
    "*.jpg",
    "*.jpeg",
    "*.gif",
    "*.png",
    "*.wmv",
    "*.flv",
    "*.tar.gz",
    "*.zip",
    ".github/",
    ".circleci/",
    ".travis.yml",
    ".gitlab-ci.yml",
    "appveyor.yml",
    ".drone.yml",
    "cloudbuild.yaml",
    "codeship-services.yml",
    "codeship-steps.yml",
    "**/.goreleaser.yml",
    "**/.sops.yaml",
    "**/.flux.yaml",
];
const FILE: &str = ".sourceignore";

impl Default for IgnoreRules {
    fn default() -> Self {
        Self { kind: Kind::Flux { spec: None } }
    }
}

impl IgnoreRules {
    /// Flux's rules with the text of a source's `spec.ignore`.
    #[must_use]
    pub fn with_spec(spec: impl Into<String>) -> Self {
        Self { kind: Kind::Flux { spec: Some(spec.into()) } }
    }

    /// No rules: every file counts.
    #[must_use]
    pub fn none() -> Self {
        Self { kind: Kind::Nothing }
    }

    /// `files` without what the rules leave out; `.sourceignore` files are read now.
    ///
    /// # Errors
    /// As reading `files`.
    pub fn apply(&self, files: Arc<dyn FileTree>) -> Result<Arc<dyn FileTree>, TreeError> {
        let Kind::Flux { spec } = &self.kind else { return Ok(files) };
        let root = TreePath::root();
        let mut own = Vec::new();
        load(&files, &root, &mut own)?;
        own.extend(spec.iter().flat_map(|text| Pattern::read(text, &root)));
        let builtin = |patterns: &'static [&'static str]| patterns.iter().map(|text| Pattern::parse(text, &root));
        let defaults = if own.is_empty() { DEFAULTS } else { &[] };
        let patterns = builtin(VCS).chain(builtin(defaults)).chain(own.iter().cloned()).collect();
        Ok(Arc::new(FilteredTree::new(files, patterns)))
    }
}

/// Collects the patterns of every `.sourceignore` at and below `directory`, those of deeper ones later.
fn load(files: &Arc<dyn FileTree>, directory: &TreePath, patterns: &mut Vec<Pattern>) -> Result<(), TreeError> {
    let entries = files.list(directory)?;
    let below = |name: &str| directory.join(name).map_err(|_| TreeError::NotFound { path: directory.clone() });
    if entries.iter().any(|entry| entry.name == FILE && entry.kind == EntryKind::File) {
        let text = files.read(&below(FILE)?)?;
        patterns.extend(Pattern::read(&String::from_utf8_lossy(&text), directory));
    }
    for entry in entries.iter().filter(|entry| entry.kind == EntryKind::Directory && entry.name != ".git") {
        let path = below(&entry.name)?;
        // What lies behind a link is read where it really is.
        if files.resolve(&path)?.path == path {
            load(files, &path, patterns)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use windlass_manifest::MemoryTree;

    use super::*;

    fn left(rules: &IgnoreRules, files: &[(&str, &str)]) -> Vec<String> {
        let tree = rules.apply(Arc::new(MemoryTree::from_iter(files.iter().copied()))).unwrap();
        let mut all = Vec::new();
        walk(&tree, &TreePath::root(), &mut all);
        all
    }

    fn walk(tree: &Arc<dyn FileTree>, directory: &TreePath, all: &mut Vec<String>) {
        for entry in tree.list(directory).unwrap() {
            let path = directory.join(&entry.name).unwrap();
            match entry.kind {
                EntryKind::Directory => walk(tree, &path, all),
                EntryKind::File => all.push(path.to_string()),
            }
        }
    }

    const FILES: &[(&str, &str)] = &[
        (".gitignore", ""),
        (".github/workflows/ci.yaml", ""),
        (".sops.yaml", ""),
        ("apps/.sops.yaml", ""),
        ("apps/web.yaml", ""),
        ("logo.png", ""),
    ];

    #[test]
    fn defaults_hold_until_somebody_writes_a_pattern() {
        assert_eq!(left(&IgnoreRules::default(), FILES), ["apps/web.yaml"]);
        let rules = IgnoreRules::with_spec("# nothing but a comment\n");
        assert_eq!(left(&rules, FILES), ["apps/web.yaml"]);
        let rules = IgnoreRules::with_spec("/logo.png\n");
        assert_eq!(
            left(&rules, FILES),
            [".github/workflows/ci.yaml", ".sops.yaml", "apps/.sops.yaml", "apps/web.yaml"]
        );
        assert_eq!(left(&IgnoreRules::none(), FILES).len(), FILES.len());
    }

    #[test]
    fn everything_but_one_directory() {
        let files = &[("deploy/a.yaml", ""), ("deploy/x/readme.md", ""), ("src/main.go", ""), ("top.yaml", "")];
        let rules = IgnoreRules::with_spec("/*\n!/deploy\n/deploy/**/*.md\n");
        assert_eq!(left(&rules, files), ["deploy/a.yaml"]);
    }

    #[test]
    fn nested_files_hold_for_their_directory() {
        let files = &[("a/.sourceignore", "x.yaml\n"), ("a/b/x.yaml", ""), ("a/x.yaml", ""), ("x.yaml", "")];
        assert_eq!(left(&IgnoreRules::default(), files), ["a/.sourceignore", "x.yaml"]);
        let rules = IgnoreRules::with_spec("!a/b\n");
        assert_eq!(left(&rules, files), ["a/.sourceignore", "a/b/x.yaml", "x.yaml"]);
    }

    #[test]
    fn an_ignored_file_is_not_there() {
        let tree: Arc<dyn FileTree> = Arc::new(MemoryTree::from_iter([("a/x.png", ""), ("a/y.yaml", "")]));
        let tree = IgnoreRules::default().apply(tree).unwrap();
        let path = TreePath::new("a/x.png").unwrap();
        assert!(matches!(tree.read(&path), Err(TreeError::NotFound { .. })));
        assert!(!tree.is_file(&path));
        assert!(tree.is_file(&TreePath::new("a/y.yaml").unwrap()));
    }
}
