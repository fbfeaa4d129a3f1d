//! The files of a commit, read without a checkout.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::{fs, thread};

use proptest::prelude::*;
use windlass_manifest::{EntryKind, FileTree, TreeError, TreePath};
use windlass_source::{GitOptions, Snapshot};

use crate::repository::{Repository, noise};
use crate::{changed, main_branch, open, text};

fn path(text: &str) -> TreePath {
    TreePath::new(text).unwrap()
}

#[test]
fn links_lead_to_places_inside_only() {
    let repository = Repository::new();
    repository.write("base/app.yaml", "base");
    repository.link("apps/link.yaml", "../base/app.yaml");
    repository.link("apps/again.yaml", "./link.yaml");
    repository.link("apps/folder", "../base");
    repository.link("apps/out.yaml", "../../etc/passwd");
    repository.link("apps/absolute.yaml", "/etc/passwd");
    repository.link("apps/dangling.yaml", "nowhere");
    repository.link("apps/loop-a", "loop-b");
    repository.link("apps/loop-b", "loop-a");
    repository.link("apps/self", ".");
    repository.push();
    let files = changed(&open(&repository, main_branch())).files;
    assert_eq!(files.read_text(&path("apps/link.yaml")).unwrap(), "base");
    assert_eq!(files.read_text(&path("apps/again.yaml")).unwrap(), "base");
    assert_eq!(files.read_text(&path("apps/folder/app.yaml")).unwrap(), "base");
    assert_eq!(files.resolve(&path("apps/folder/app.yaml")).unwrap().path, path("base/app.yaml"));
    assert_eq!(files.resolve(&path("apps/self/self/self")).unwrap().path, path("apps"));
    for name in ["out.yaml", "absolute.yaml"] {
        assert!(matches!(files.read(&path("apps").join(name).unwrap()), Err(TreeError::Escapes { .. })), "{name}");
    }
    assert!(matches!(files.read(&path("apps/dangling.yaml")), Err(TreeError::NotFound { .. })));
    assert!(matches!(files.read(&path("apps/loop-a")), Err(TreeError::LinkLoop { .. })));
    assert!(matches!(files.read(&path("base/app.yaml/x")), Err(TreeError::NotFound { .. })));
    assert!(matches!(files.read(&path("base")), Err(TreeError::NotAFile { .. })));
    assert!(matches!(files.list(&path("base/app.yaml")), Err(TreeError::NotADirectory { .. })));
    let names: Vec<String> = files.list(&path("apps")).unwrap().into_iter().map(|entry| entry.name).collect();
    assert_eq!(names, ["again.yaml", "folder", "link.yaml", "self"]);
}

/// As a bundle is read that was unpacked on a machine without git.
#[test]
fn a_bare_repository_is_read_where_it_is_and_stays_as_it_was() {
    for format in ["sha1", "sha256"] {
        let repository = Repository::with_format(format);
        repository.push_file("app.yaml", "first");
        let commit = repository.push_file("app.yaml", "second");
        repository.git(&["tag", "-a", "v1", "-m", "one"]);
        let tag = repository.git(&["rev-parse", "v1"]);
        repository.git(&["push", "-q", "origin", "v1"]);
        let before = everything_below(&repository.bare());
        let fetched = changed(&open(&repository, main_branch()));
        for (name, id) in [("main", &commit), ("v1", &tag)] {
            let read = Snapshot::of_repository(repository.bare(), Some(name), id, &GitOptions::default()).unwrap();
            assert_eq!(read.revision.to_string(), format!("{name}@{format}:{commit}"));
            assert_eq!((text(&read, "app.yaml").as_str(), &read.digest), ("second", &fetched.digest));
        }
        let missing = "0".repeat(commit.len());
        for id in [missing.as_str(), "main"] {
            let error = Snapshot::of_repository(repository.bare(), None, id, &GitOptions::default()).unwrap_err();
            assert!(error.to_string().contains(id), "{error}");
        }
        assert_eq!(before, everything_below(&repository.bare()));
    }
}

/// The names of all files and folders.
fn everything_below(folder: &Path) -> BTreeSet<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| {
            let mut below = if path.is_dir() { everything_below(&path) } else { BTreeSet::new() };
            below.insert(path);
            below
        })
        .collect()
}

#[test]
fn submodules_are_absent_and_executables_are_files() {
    let repository = Repository::new();
    repository.write("run.sh", "#!/bin/sh\n");
    fs::set_permissions(repository.work().join("run.sh"), fs::Permissions::from_mode(0o755)).unwrap();
    let id = repository.push();
    repository.git(&["update-index", "--add", "--cacheinfo", &format!("160000,{id},module")]);
    repository.git(&["commit", "-q", "-m", "module"]);
    repository.git(&["push", "-q", "origin", "HEAD:main"]);
    let files = changed(&open(&repository, main_branch())).files;
    let names: Vec<_> = files.list(&TreePath::root()).unwrap();
    assert_eq!(names.len(), 1, "{names:?}");
    assert_eq!(files.read_text(&path("run.sh")).unwrap(), "#!/bin/sh\n");
    assert!(matches!(files.resolve(&path("module")), Err(TreeError::NotFound { .. })));
}

#[test]
fn a_tree_is_read_from_many_threads() {
    let repository = Repository::new();
    for number in 0..100 {
        repository.write(&format!("{}/{number}.yaml", number % 7), noise(number * 100));
    }
    repository.push();
    let files = changed(&open(&repository, main_branch())).files;
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for number in 0..100 {
                    let content = files.read(&path(&format!("{}/{number}.yaml", number % 7))).unwrap();
                    assert_eq!(content, noise(number * 100));
                }
            });
        }
    });
}

#[test]
fn a_store_damaged_on_disk_is_noticed_and_fetched_afresh() {
    let repository = Repository::new();
    let id = repository.push_file("app.yaml", "one");
    let source = open(&repository, main_branch());
    let known = changed(&source).revision;
    drop(source);
    let packs = repository.store().join("objects-1/objects/pack");
    for entry in fs::read_dir(&packs).unwrap() {
        let file = entry.unwrap().path();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        let length = fs::metadata(&file).unwrap().len();
        fs::write(&file, vec![0; usize::try_from(length).unwrap()]).unwrap();
    }
    let source = open(&repository, main_branch());
    assert!(source.last().is_none());
    let windlass_source::Poll::Changed(snapshot) = source.poll(Some(&known), &Default::default()).unwrap() else {
        panic!("who holds a damaged snapshot gets another one")
    };
    assert_eq!((snapshot.revision.hash(), crate::text(&snapshot, "app.yaml").as_str()), (id.as_str(), "one"));
}

/// Everything that can be reached in a tree.
fn content(files: &dyn FileTree, directory: &TreePath, all: &mut BTreeMap<String, Vec<u8>>) {
    for entry in files.list(directory).unwrap() {
        let path = directory.join(&entry.name).unwrap();
        match entry.kind {
            EntryKind::Directory => content(files, &path, all),
            EntryKind::File => drop(all.insert(path.to_string(), files.read(&path).unwrap())),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// Two commits after each other, so that the second one is fetched as a difference.
    #[test]
    fn a_tree_holds_what_was_committed(
        steps in proptest::collection::vec(
            proptest::collection::btree_map("[a-c]{1,2}(/[a-c. ü]{0,2}[a-c]){0,3}\\.y", proptest::collection::vec(any::<u8>(), 0..300), 1..12),
            2,
        ),
    ) {
        let repository = Repository::new();
        let source = open(&repository, main_branch());
        for written in steps {
            repository.git(&["rm", "-rq", "--ignore-unmatch", "."]);
            for (name, bytes) in &written {
                repository.write(name, bytes);
            }
            repository.push();
            let mut read = BTreeMap::new();
            content(&*changed(&source).files, &TreePath::root(), &mut read);
            prop_assert_eq!(read, written);
        }
    }
}
