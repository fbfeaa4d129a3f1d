//! Archives that no capture writes.

use std::fs;
use std::path::Path;

use proptest::prelude::*;
use tar::{Builder, EntryType, Header};
use windlass_capture::put_back::{self, FilesPutBack};
use windlass_capture::{ArchiveLimits, Error, FileOptions};

use crate::sketch::{archive, write};

struct Entry<'a>(EntryType, &'a str, &'a str);

fn crafted(entries: &[Entry<'_>]) -> Vec<u8> {
    let mut builder = Builder::new(Vec::new());
    for Entry(kind, name, text) in entries {
        let mut header = Header::new_gnu();
        header.set_entry_type(*kind);
        header.set_mode(0o644);
        for set in [Header::set_uid, Header::set_gid, Header::set_mtime] {
            set(&mut header, 0);
        }
        // Past the checks of the library, which refuses to write some of them.
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        let is_link = matches!(kind, EntryType::Symlink | EntryType::Link);
        if is_link {
            header.as_old_mut().linkname[..text.len()].copy_from_slice(text.as_bytes());
        }
        let content = if is_link { b"" } else { text.as_bytes() };
        header.set_size(content.len() as u64);
        header.set_cksum();
        builder.append(&header, content).unwrap();
    }
    builder.into_inner().unwrap()
}

/// The problem that an archive is refused with, after which nothing is there.
fn refused(archive: &[u8]) -> String {
    let home = tempfile::tempdir().unwrap();
    let target = home.path().join("target");
    let error = put_back::files(&mut &archive[..], &target, &FilesPutBack::default()).unwrap_err();
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0);
    match error {
        Error::Archive { problem, .. } => problem,
        error => panic!("{error}"),
    }
}

#[test]
fn names_links_and_kinds_that_a_capture_never_writes_are_refused() {
    use EntryType::{
        Block, Char, Continuous, Directory, Fifo, GNUSparse, Link, Regular, Symlink, XGlobalHeader, XHeader,
    };
    let file = |name| Entry(Regular, name, "x");
    let cases: &[(&[Entry<'_>], &str)] = &[
        (&[file("../x")], "climbs"),
        (&[file("a/../../x")], "climbs"),
        (&[file("a/./x")], "climbs"),
        (&[file("/etc/x")], "absolute"),
        (&[file("a//x")], "empty part"),
        (&[file("")], "no name"),
        (&[file(".")], "root is no folder"),
        (&[file("a"), file("a")], "given before"),
        (&[file("a"), file("./a")], "given before"),
        (&[Entry(Directory, "a/", ""), file("a")], "given before"),
        (&[file("a/b"), file("a")], "given before"),
        (&[file("a"), file("a/b")], "below something"),
        (&[Entry(Symlink, "a", "b"), file("a/b")], "below something"),
        (&[Entry(Symlink, "a", "b"), Entry(Directory, "a/", "")], "given before"),
        (&[Entry(Symlink, "a", "/etc")], "leads out"),
        (&[Entry(Symlink, "d/a", "../../x")], "leads out"),
        (&[Entry(Symlink, "s", "."), Entry(Symlink, "a", "s/..")], "leads out"),
        (&[Entry(Symlink, "a", "")], "nothing"),
        (&[Entry(Link, "a", "b")], "did not come before"),
        (&[Entry(Link, "a", "/etc/passwd")], "absolute"),
        (&[Entry(Link, "a", "../x")], "climbs"),
        (&[Entry(Symlink, "l", "x"), Entry(Link, "a", "l")], "did not come before"),
        (&[Entry(Char, "a", "")], "device"),
        (&[Entry(Block, "a", "")], "device"),
        (&[Entry(Fifo, "a", "")], "pipe"),
        (&[Entry(GNUSparse, "a", "")], "sparse"),
        (&[Entry(XHeader, "a", "")], "extended"),
        (&[Entry(XGlobalHeader, "a", "")], "extended"),
        (&[Entry(Continuous, "a", "")], "unknown"),
        (&[Entry(Directory, "a", "content")], "content"),
    ];
    for (entries, wanted) in cases {
        let problem = refused(&crafted(entries));
        let names: Vec<_> = entries.iter().map(|entry| entry.1).collect();
        assert!(problem.contains(wanted), "{names:?}: {problem}");
    }
}

#[test]
fn broken_headers_and_ends_are_refused() {
    let good = crafted(&[Entry(EntryType::Regular, "a", "text")]);
    let mut bad_sum = good.clone();
    bad_sum[3] = b'z';
    assert!(refused(&bad_sum).contains("sum"));
    let mut more = good.clone();
    more.extend_from_slice(&good);
    assert!(refused(&more).contains("follows its end"));
    assert!(refused(&good[..good.len() - 512]).contains("end is missing"));
    assert!(refused(b"").contains("cut short"));
    let long = crafted(&[Entry(EntryType::GNULongName, "././@LongLink", "name\0")]);
    assert!(refused(&long).contains("without an entry"));
    let unended =
        crafted(&[Entry(EntryType::GNULongName, "././@LongLink", "name"), Entry(EntryType::Regular, "a", "")]);
    assert!(refused(&unended).contains("does not end"));
    let deep = "d/".repeat(200) + "x\0";
    let deep = crafted(&[Entry(EntryType::GNULongName, "././@LongLink", &deep), Entry(EntryType::Regular, "a", "")]);
    assert!(refused(&deep).contains("too deep"));
}

#[test]
fn bombs_are_refused_by_what_they_claim() {
    let mut bomb = crafted(&[Entry(EntryType::Regular, "a", "")]);
    let mut header = Header::from_byte_slice(&bomb[..512]).clone();
    header.set_size(1 << 50);
    header.set_cksum();
    bomb[..512].copy_from_slice(header.as_bytes());
    assert!(refused(&bomb).contains("more than"));
    // A long name of a size that would be read into memory.
    header.set_entry_type(EntryType::GNULongName);
    header.set_size(1 << 30);
    header.set_cksum();
    bomb[..512].copy_from_slice(header.as_bytes());
    assert!(refused(&bomb).contains("impossible length"));

    let many = crafted(&[Entry(EntryType::Regular, "a", ""), Entry(EntryType::Regular, "b", "")]);
    let home = tempfile::tempdir().unwrap();
    let mut limits = ArchiveLimits::default();
    limits.entries = 1;
    let options = FilesPutBack::default().with_limits(limits);
    let error = put_back::files(&mut many.as_slice(), &home.path().join("target"), &options).unwrap_err();
    assert!(error.to_string().contains("more than 1 entries"), "{error}");
}

fn sample() -> Vec<u8> {
    let home = tempfile::tempdir().unwrap();
    write(home.path(), &[("a", "text"), ("b/c", &"x".repeat(600)), (&"long".repeat(40), "y")]);
    std::os::unix::fs::symlink("b/c", home.path().join("link")).unwrap();
    fs::hard_link(home.path().join("a"), home.path().join("other")).unwrap();
    archive(home.path(), FileOptions::default()).0
}

/// Everything under `home` but its folder `target`.
fn outside(home: &Path) -> Vec<String> {
    crate::sketch::listing(home)
        .into_iter()
        .filter(|line| !line.starts_with("target") && !line.starts_with('/'))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Whatever is changed in an archive: no panic, and nothing beside the target.
    #[test]
    fn a_changed_archive_makes_nothing_outside(
        changes in prop::collection::vec((any::<prop::sample::Index>(), prop_oneof![
            Just(b'/'), Just(b'.'), Just(0), Just(b'1'), Just(b'2'), Just(b'5'), any::<u8>(),
        ]), 1..6),
        fixed in any::<bool>(),
    ) {
        let mut bytes = sample();
        for (index, byte) in &changes {
            let at = index.index(bytes.len());
            bytes[at] = *byte;
            if fixed {
                // With a fitting sum the change gets past the first check.
                let block = at / 512 * 512;
                let mut header = Header::from_byte_slice(&bytes[block..block + 512]).clone();
                header.set_cksum();
                bytes[block..block + 512].copy_from_slice(header.as_bytes());
            }
        }
        let home = tempfile::tempdir().unwrap();
        write(home.path(), &[("bystander", "untouched")]);
        let before = outside(home.path());
        let _ = put_back::files(&mut bytes.as_slice(), &home.path().join("target"), &FilesPutBack::default());
        prop_assert_eq!(outside(home.path()), before);
    }
}
