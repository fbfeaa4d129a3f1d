use std::fs::{self, File, FileTimes};
use std::io::{Read, Write};
use std::os::unix::fs::{FileExt, PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime};

use windlass_capture::{Error, FileOptions, FileTree, Source};

use crate::sketch::{archive, listing, names, write};

#[test]
fn equal_trees_give_equal_bytes_whatever_order_they_were_made_in() {
    let home = tempfile::tempdir().unwrap();
    let files = [("b/one", "1"), ("a", "22"), ("b-c", "333"), ("b/c/two", ""), ("é", "x")];
    let mut reversed = files;
    reversed.reverse();
    let made = [("first", files), ("second", reversed)].map(|(name, files)| {
        let root = home.path().join(name);
        write(&root, &files);
        for folder in ["", "b", "b/c", "b/one", "a", "b-c", "b/c/two", "é"] {
            let day = SystemTime::UNIX_EPOCH + Duration::from_secs(86_400);
            File::open(root.join(folder)).unwrap().set_times(FileTimes::new().set_modified(day)).unwrap();
        }
        archive(&root, FileOptions::default())
    });
    assert!(made[0] == made[1]);
    assert_eq!(names(&made[0].0), ["", "a", "b", "b/c", "b/c/two", "b/one", "b-c", "é"]);
    let facts = &made[0].1;
    assert_eq!((&facts["files"], &facts["directories"], &facts["bytes"]), (&5.into(), &3.into(), &7.into()));
}

#[test]
fn gnu_tar_unpacks_it() {
    let home = tempfile::tempdir().unwrap();
    let root = home.path().join("tree");
    let deep = format!("{}/{}", "d".repeat(90), "f".repeat(200));
    write(&root, &[("plain", "text"), (&deep, "long name"), ("large", &"0123456789".repeat(600_000))]);
    symlink("x".repeat(150), root.join("long link")).unwrap();
    fs::hard_link(root.join(&deep), root.join("other name")).unwrap();
    fs::set_permissions(root.join("plain"), fs::Permissions::from_mode(0o751)).unwrap();
    // Sparse: mostly hole.
    File::create(root.join("holes")).unwrap().write_all_at(b"end", 5 << 20).unwrap();
    let (bytes, facts) = archive(&root, FileOptions::default());
    assert!(facts.get("warnings").is_none());

    let unpacked = home.path().join("unpacked");
    fs::create_dir(&unpacked).unwrap();
    let file = home.path().join("tree.tar");
    fs::write(&file, bytes).unwrap();
    let tar = Command::new("tar").args(["-xpf"]).arg(&file).arg("-C").arg(&unpacked).output().unwrap();
    assert!(tar.status.success() && tar.stderr.is_empty(), "{}", String::from_utf8_lossy(&tar.stderr));
    assert_eq!(listing(&unpacked), listing(&root));
}

#[test]
fn patterns_choose() {
    let home = tempfile::tempdir().unwrap();
    let root = home.path();
    write(root, &[("conf/a.yaml", ""), ("conf/cache/x", ""), ("conf/a.log", ""), ("data/b.yaml", ""), ("c.txt", "")]);
    let chosen = |options| names(&archive(root, options).0);
    let without = FileOptions::default().exclude(["cache", "*.log"]);
    assert_eq!(chosen(without), ["", "c.txt", "conf", "conf/a.yaml", "data", "data/b.yaml"]);
    let only = FileOptions::default().include(["*.yaml"]);
    assert_eq!(chosen(only), ["", "conf", "conf/a.yaml", "data", "data/b.yaml"]);
    let folder = FileOptions::default().include(["/conf"]).exclude(["conf/cache"]);
    assert_eq!(chosen(folder), ["", "conf", "conf/a.log", "conf/a.yaml"]);
    assert!(matches!(FileTree::new(root, FileOptions::default().include(["a["])), Err(Error::Pattern { .. })));
}

#[test]
fn what_cannot_be_kept_is_named() {
    let home = tempfile::tempdir().unwrap();
    let root = home.path();
    let _socket = std::os::unix::net::UnixListener::bind(root.join("socket")).unwrap();
    assert!(Command::new("mkfifo").arg(root.join("pipe")).status().unwrap().success());
    symlink("/etc/passwd", root.join("outside")).unwrap();
    let (bytes, facts) = archive(root, FileOptions::default());
    assert_eq!(names(&bytes), ["", "outside"]);
    let warnings = facts["warnings"].to_string();
    for text in ["socket: a socket", "pipe: a named pipe", "outside: a link that leads out"] {
        assert!(warnings.contains(text), "{warnings}");
    }
}

fn error_after(root: &Path, start: usize, meanwhile: impl FnOnce()) -> Error {
    let options = FileOptions::default().include(["large", "uuid"]);
    let mut tree = FileTree::new(root, options).unwrap();
    let mut reader = tree.open().unwrap();
    reader.read_exact(&mut vec![0; start]).unwrap();
    meanwhile();
    let error = reader.read_to_end(&mut Vec::new()).unwrap_err();
    // And it stays so: no end that looks like one.
    assert!(reader.read(&mut [0; 512]).is_err());
    error.downcast().unwrap()
}

#[test]
fn a_small_file_that_never_keeps_still_fails_by_name() {
    // It says that it is empty, and has something else in it each time.
    let error = error_after(Path::new("/proc/sys/kernel/random"), 0, || {});
    assert!(matches!(&error, Error::Changing { path } if path.ends_with("uuid")), "{error}");
    assert!(error.is_transient());
}

#[test]
fn a_large_file_that_is_written_to_or_cut_meanwhile_fails_by_name() {
    let change: [fn(&Path); 2] = [
        |path| File::options().append(true).open(path).unwrap().write_all(b"more").unwrap(),
        |path| File::options().write(true).open(path).unwrap().set_len(2 << 20).unwrap(),
    ];
    for change in change {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("large");
        fs::write(&path, vec![b'x'; 6 << 20]).unwrap();
        let error = error_after(home.path(), 1 << 20, || change(&path));
        assert!(matches!(&error, Error::Changing { path } if path.ends_with("large")), "{error}");
    }
}

#[test]
fn more_than_was_allowed_is_an_error() {
    let home = tempfile::tempdir().unwrap();
    write(home.path(), &[("a", "12345"), ("b", "12345")]);
    let mut tree = FileTree::new(home.path(), FileOptions::default().with_max_bytes(9)).unwrap();
    let error = tree.open().unwrap().read_to_end(&mut Vec::new()).unwrap_err();
    assert!(matches!(error.downcast::<Error>().unwrap(), Error::TooLarge { limit: 9, .. }));
}

#[test]
fn a_root_that_is_missing_is_an_error() {
    let home = tempfile::tempdir().unwrap();
    let mut tree = FileTree::new(home.path().join("none"), FileOptions::default()).unwrap();
    assert!(matches!(tree.open().map(drop), Err(Error::File { .. })));
}
