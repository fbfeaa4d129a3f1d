use std::fs;
use std::os::unix::fs::{MetadataExt, symlink};

use windlass_capture::put_back::{self, FilesPutBack};
use windlass_capture::{Error, FileOptions};

use crate::sketch::{archive, listing, names, write};

#[test]
fn a_folder_with_something_in_it_is_replaced_only_on_request_and_keeps_the_old() {
    let home = tempfile::tempdir().unwrap();
    let (root, target) = (home.path().join("tree"), home.path().join("target"));
    write(&root, &[("a", "new"), ("b/c", "new")]);
    write(&target, &[("a", "old"), ("z", "old"), ("lost+found/x", "the file system's own")]);
    let (bytes, facts) = archive(&root, FileOptions::default());
    let options = FilesPutBack::default().expecting(facts.clone());
    let before = listing(&target);
    let error = put_back::files(&mut bytes.as_slice(), &target, &options).unwrap_err();
    assert!(matches!(error, Error::Exists { .. }));
    assert_eq!(listing(&target), before);

    let done = put_back::files(&mut bytes.as_slice(), &target, &options.replacing(true)).unwrap();
    assert_eq!(done.facts["files"], facts["files"]);
    let aside = done.aside.unwrap();
    assert_eq!(fs::read_to_string(aside.join("a")).unwrap(), "old");
    assert_eq!(fs::read_to_string(target.join("a")).unwrap(), "new");
    assert!(!target.join("z").exists() && target.join("lost+found/x").exists());
    assert_eq!(fs::metadata(&target).unwrap().mtime(), fs::metadata(&root).unwrap().mtime());

    // What was moved aside is not saved with the rest from now on.
    let (bytes, facts) = archive(&target, FileOptions::default());
    let names = names(&bytes);
    assert!(names.iter().any(|name| name == "b/c"), "{names:?}");
    assert!(!names.iter().any(|name| name.contains(".windlass-before-")), "{names:?}");
    assert!(facts["warnings"].to_string().contains("moved aside"), "{facts:?}");
}

#[test]
fn links_that_lead_out_come_back_on_request() {
    let home = tempfile::tempdir().unwrap();
    let (root, target) = (home.path().join("tree"), home.path().join("target"));
    fs::create_dir(&root).unwrap();
    symlink("/var/log", root.join("log")).unwrap();
    let (bytes, _) = archive(&root, FileOptions::default());
    let error = put_back::files(&mut bytes.as_slice(), &target, &FilesPutBack::default()).unwrap_err();
    assert!(matches!(&error, Error::Archive { entry, .. } if entry == "log"), "{error}");
    assert!(!target.exists());
    let options = FilesPutBack::default().with_outside_links(true);
    put_back::files(&mut bytes.as_slice(), &target, &options).unwrap();
    assert_eq!(listing(&target), listing(&root));
}

#[test]
fn another_archive_than_was_recorded_changes_nothing() {
    let home = tempfile::tempdir().unwrap();
    let (root, target) = (home.path().join("tree"), home.path().join("target"));
    write(&root, &[("a", "1"), ("b", "2")]);
    let (bytes, mut facts) = archive(&root, FileOptions::default());
    facts["files"] = 3.into();
    let options = FilesPutBack::default().expecting(facts);
    let error = put_back::files(&mut bytes.as_slice(), &target, &options).unwrap_err();
    assert!(matches!(&error, Error::FactsDiffer { fact, .. } if fact == "files"), "{error}");
    assert!(!target.exists());
}

#[test]
fn a_cut_archive_changes_nothing() {
    let home = tempfile::tempdir().unwrap();
    let (root, target) = (home.path().join("tree"), home.path().join("target"));
    write(&root, &[("a", "1"), ("b", &"2".repeat(700)), ("c", "3")]);
    let (bytes, _) = archive(&root, FileOptions::default());
    for length in (0..bytes.len()).step_by(256) {
        let error = put_back::files(&mut &bytes[..length], &target, &FilesPutBack::default()).unwrap_err();
        assert!(matches!(error, Error::Archive { .. }), "{length}: {error}");
        assert!(!target.exists());
    }
}
