//! Bundles beside the `git` program: it makes the repositories, clones the bundles, and judges what was unpacked.
#![expect(clippy::unwrap_used, reason = "in a test a failure is meant to end it")]

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Command;

use proptest::prelude::*;
use windlass_capture::put_back::{self, BundlePutBack};
use windlass_capture::{Error, Facts, GitBundle, Source};

fn git(folder: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new("git");
    command.arg("-C").arg(folder).args([
        "-c",
        "user.name=a",
        "-c",
        "user.email=a@b",
        "-c",
        "protocol.file.allow=always",
    ]);
    command.env("GIT_CONFIG_NOSYSTEM", "1").env("HOME", folder).env("GIT_AUTHOR_DATE", "1700000000 +0000");
    let output = command.env("GIT_COMMITTER_DATE", "1700000000 +0000").args(arguments).output().unwrap();
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// A working folder with branches, a merge, a moved file, tags of both kinds, and files of odd sizes.
fn repository(home: &Path, format: &str) -> PathBuf {
    let path = home.join("repository");
    fs::create_dir(&path).unwrap();
    git(&path, &["init", "-q", "-b", "main", "--object-format", format]);
    let commit = |files: &[(&str, &str)], message: &str| {
        for (name, content) in files {
            fs::create_dir_all(path.join(name).parent().unwrap()).unwrap();
            fs::write(path.join(name), content).unwrap();
        }
        git(&path, &["add", "-A"]);
        git(&path, &["commit", "-q", "-m", message]);
    };
    commit(&[("apps/a.yaml", "a: 1\n"), ("empty", ""), ("large", &"0123456789abcdef".repeat(10_000))], "one");
    git(&path, &["tag", "light"]);
    commit(&[("apps/a.yaml", "a: 2\n")], "two");
    git(&path, &["tag", "-a", "-m", "annotated", "v1"]);
    git(&path, &["checkout", "-q", "-b", "side/branch"]);
    commit(&[("apps/b/c.yaml", "c: 1\n")], "three");
    git(&path, &["checkout", "-q", "main"]);
    commit(&[("d.yaml", "d: 1\n")], "four");
    git(&path, &["merge", "-q", "--no-edit", "side/branch"]);
    path
}

fn bundle(mut source: GitBundle) -> (Vec<u8>, Facts) {
    let mut bytes = Vec::new();
    source.open().unwrap().read_to_end(&mut bytes).unwrap();
    (bytes, source.facts())
}

/// What stock git makes of a bundle.
fn cloned(home: &Path, bytes: &[u8]) -> PathBuf {
    let (file, clone) = (home.join("file.bundle"), home.join("clone"));
    fs::write(&file, bytes).unwrap();
    let _ = fs::remove_dir_all(&clone);
    git(home, &["clone", "-q", file.to_str().unwrap(), clone.to_str().unwrap()]);
    git(&clone, &["fsck", "--full", "--strict"]);
    clone
}

#[test]
fn git_clones_it_with_all_branches_tags_and_history() {
    for format in ["sha1", "sha256"] {
        let home = tempfile::tempdir().unwrap();
        let path = repository(home.path(), format);
        let (bytes, facts) = bundle(GitBundle::of(&path));
        assert_eq!((&facts["head"], &facts["shallow"]), (&"refs/heads/main".into(), &false.into()));
        assert_eq!(facts["references"].as_object().unwrap().len(), 4);
        let clone = cloned(home.path(), &bytes);
        for name in ["main", "side/branch", "v1", "light"] {
            let name = name.to_owned();
            let there = if name.starts_with('v') || name == "light" { name.clone() } else { format!("origin/{name}") };
            assert_eq!(git(&clone, &["rev-parse", &there]), git(&path, &["rev-parse", &name]));
        }
        assert_eq!(git(&clone, &["log", "--format=%H"]), git(&path, &["log", "--format=%H"]));
        assert_eq!(fs::read(clone.join("large")).unwrap(), fs::read(path.join("large")).unwrap());
    }
}

#[test]
fn equal_references_give_equal_bytes_however_the_repository_is_packed() {
    let home = tempfile::tempdir().unwrap();
    let path = repository(home.path(), "sha1");
    let loose = bundle(GitBundle::of(&path));
    assert!(loose == bundle(GitBundle::of(path.join(".git"))), "by its directory");
    fs::write(path.join("unsaved"), "not committed").unwrap();
    git(&path, &["gc", "-q", "--aggressive", "--prune=now"]);
    assert!(loose == bundle(GitBundle::of(&path)), "packed");
    let mirror = home.path().join("mirror");
    git(home.path(), &["clone", "-q", "--mirror", path.to_str().unwrap(), mirror.to_str().unwrap()]);
    assert!(loose == bundle(GitBundle::of(&mirror)), "mirrored");
    let further = home.path().join("further");
    git(&path, &["worktree", "add", "-q", "--detach", further.to_str().unwrap()]);
    assert!(loose == bundle(GitBundle::of(&further)), "from another working folder");
    git(&path, &["commit", "-q", "--allow-empty", "-m", "five"]);
    assert!(loose != bundle(GitBundle::of(&path)));
}

#[test]
fn it_comes_back_as_a_bare_repository() {
    for format in ["sha1", "sha256"] {
        let home = tempfile::tempdir().unwrap();
        let path = repository(home.path(), format);
        let (bytes, facts) = bundle(GitBundle::of(&path));
        let target = home.path().join("back.git");
        let done = put_back::bundle(&mut bytes.as_slice(), &target, &BundlePutBack::default()).unwrap();
        assert_eq!(serde_json::to_value(&done.references).unwrap(), facts["references"]);
        assert_eq!((done.head.as_deref(), done.shallow), (Some("refs/heads/main"), false));
        git(&target, &["fsck", "--full", "--strict"]);
        assert_eq!(git(&target, &["show-ref"]), git(&path, &["show-ref"]));
        assert!((bytes, facts) == bundle(GitBundle::of(&target)), "and gives the same bundle");
        let error = put_back::bundle(&mut b"".as_slice(), &target, &BundlePutBack::default()).unwrap_err();
        assert!(matches!(error, Error::Exists { .. }));
        // What fetches from it, as windlass-source does through `git upload-pack`.
        let clone = home.path().join("from back");
        git(
            home.path(),
            &["clone", "-q", "--depth=1", &format!("file://{}", target.display()), clone.to_str().unwrap()],
        );
        assert_eq!(git(&clone, &["rev-parse", "HEAD"]), git(&path, &["rev-parse", "main"]));
    }
}

#[test]
fn a_shallow_repository_can_be_cloned_and_comes_back_under_its_own_ids() {
    for depth in ["1", "2"] {
        let home = tempfile::tempdir().unwrap();
        let path = repository(home.path(), "sha1");
        let shallow = home.path().join("shallow");
        let url = format!("file://{}", path.display());
        git(home.path(), &["clone", "-q", "--depth", depth, &url, shallow.to_str().unwrap()]);
        let id = git(&shallow, &["rev-parse", "HEAD"]);
        let (bytes, facts) = bundle(GitBundle::of(&shallow));
        assert_eq!((&facts["shallow"], &facts["references"]["refs/heads/main"]), (&true.into(), &id.clone().into()));

        let clone = cloned(home.path(), &bytes);
        assert_eq!(git(&clone, &["rev-parse", "HEAD^{tree}"]), git(&shallow, &["rev-parse", "HEAD^{tree}"]));
        assert!(git(&clone, &["log", "-1", "--format=%B"]).ends_with(&format!("Windlass-Commit: {id}")));
        assert_eq!(git(&clone, &["rev-list", "--count", "HEAD"]), git(&shallow, &["rev-list", "--count", "HEAD"]));

        let target = home.path().join("back.git");
        let done = put_back::bundle(&mut bytes.as_slice(), &target, &BundlePutBack::default()).unwrap();
        assert!(done.shallow);
        assert_eq!(done.references["refs/heads/main"], id);
        git(&target, &["fsck", "--full", "--strict"]);
        assert_eq!(git(&target, &["log", "--format=%H", "main"]), git(&shallow, &["log", "--format=%H"]));
        assert!(bytes == bundle(GitBundle::of(&target)).0);
    }
}

#[test]
fn a_store_without_references_is_bundled_by_commit() {
    let home = tempfile::tempdir().unwrap();
    let path = repository(home.path(), "sha1");
    let id = git(&path, &["rev-parse", "side/branch"]);
    let source = || GitBundle::of(&path).with_reference("refs/heads/only", &id);
    let clone = cloned(home.path(), &bundle(source()).0);
    assert_eq!(git(&clone, &["rev-parse", "HEAD"]), id);
    assert!(source().with_reference("refs/notes/x", &id).open().is_err());
    assert!(GitBundle::of(&path).with_reference("refs/heads/x", "abc").open().is_err());
    let missing = GitBundle::of(&path).with_reference("refs/heads/x", "1".repeat(40)).open().map(drop).unwrap_err();
    assert!(format!("{:?}", missing).contains("is missing"), "{missing:?}");
}

#[test]
fn what_is_no_repository_or_has_no_commit_is_an_error() {
    let home = tempfile::tempdir().unwrap();
    let error = GitBundle::of(home.path()).open().map(drop).unwrap_err();
    assert!(matches!(error, Error::Repository { .. }), "{error}");
    git(home.path(), &["init", "-q"]);
    let error = GitBundle::of(home.path()).open().map(drop).unwrap_err();
    assert!(error.to_string().contains("find a branch or tag"), "{error}");
}

#[test]
fn an_object_that_is_missing_fails_the_bundle() {
    let home = tempfile::tempdir().unwrap();
    let path = repository(home.path(), "sha1");
    let blob = git(&path, &["rev-parse", "main:d.yaml"]);
    fs::remove_file(path.join(".git/objects").join(&blob[..2]).join(&blob[2..])).unwrap();
    let error = GitBundle::of(&path).open().map(drop).unwrap_err();
    assert!(format!("{error:?}").contains(&blob), "{error:?}");
}

#[test]
fn bundles_of_stock_git_are_unpacked_unless_they_need_more_than_they_hold() {
    let home = tempfile::tempdir().unwrap();
    let path = repository(home.path(), "sha1");
    let file = home.path().join("stock.bundle");
    let put = |name: &str| {
        let bytes = fs::read(&file).unwrap();
        put_back::bundle(&mut bytes.as_slice(), &home.path().join(name), &BundlePutBack::default())
    };
    git(&path, &["bundle", "create", "-q", file.to_str().unwrap(), "--branches", "--tags", "HEAD"]);
    let done = put("whole").unwrap();
    assert_eq!(done.references["refs/heads/main"], git(&path, &["rev-parse", "main"]));
    git(&path, &["bundle", "create", "-q", file.to_str().unwrap(), "light..main"]);
    assert!(put("part").unwrap_err().to_string().contains("does not hold"));
    assert!(!home.path().join("part").exists());
}

#[test]
fn limits_hold() {
    let home = tempfile::tempdir().unwrap();
    let path = repository(home.path(), "sha1");
    let (bytes, _) = bundle(GitBundle::of(&path));
    let mut options = BundlePutBack::default();
    options.max_bytes = bytes.len() as u64 - 1;
    let error = put_back::bundle(&mut bytes.as_slice(), &home.path().join("x"), &options).unwrap_err();
    assert!(error.to_string().contains("longer than"), "{error}");
    options.max_bytes += 1;
    put_back::bundle(&mut bytes.as_slice(), &home.path().join("y"), &options).unwrap();
    options.max_object_bytes = 100_000;
    assert!(put_back::bundle(&mut bytes.as_slice(), &home.path().join("z"), &options).is_err());
    assert!(GitBundle::of(&path).with_max_object_bytes(100_000).open().unwrap().read_to_end(&mut Vec::new()).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// A bundle in which a byte is changed or that is cut short: an error and nothing left, or (in the names of
    /// references) another name for the same objects.
    #[test]
    fn a_damaged_bundle_is_refused(at in any::<prop::sample::Index>(), flip in 1..=255_u8, cut in any::<bool>()) {
        static BUNDLE: std::sync::OnceLock<Vec<u8>> = std::sync::OnceLock::new();
        let bytes = BUNDLE.get_or_init(|| {
            let home = tempfile::tempdir().unwrap();
            bundle(GitBundle::of(repository(home.path(), "sha1"))).0
        });
        let at = at.index(bytes.len());
        let mut changed = bytes.clone();
        if cut {
            changed.truncate(at);
        } else {
            changed[at] ^= flip;
        }
        let home = tempfile::tempdir().unwrap();
        let target = home.path().join("target");
        let header = bytes.windows(2).position(|pair| pair == b"\n\n").unwrap();
        match put_back::bundle(&mut changed.as_slice(), &target, &BundlePutBack::default()) {
            Ok(_) => prop_assert!(!cut && at < header, "accepted with a change at {}", at),
            Err(_) => prop_assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0),
        }
    }
}
