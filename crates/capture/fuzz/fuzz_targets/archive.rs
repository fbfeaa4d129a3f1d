//! Archives of any bytes, and the same with sums that fit: the reader ends, names stay below the root, and what is unpacked
//! does too.
#![no_main]

use std::io::Read;
use std::path::Component;

use libfuzzer_sys::fuzz_target;
use windlass_capture::put_back::{self, FilesPutBack};
use windlass_capture::{ArchiveLimits, EntryKind, TreeArchive};

fuzz_target!(|bytes: &[u8]| {
    read(bytes);
    let fitting = windlass_capture_fuzz::with_sums(bytes);
    if read(&fitting) {
        unpack(&fitting);
    }
});

/// Whether all of it was taken.
fn read(bytes: &[u8]) -> bool {
    let mut archive = TreeArchive::new(bytes, ArchiveLimits::default());
    loop {
        let entry = match archive.next_entry() {
            Ok(Some(entry)) => entry,
            Ok(None) => return true,
            Err(_) => return false,
        };
        let is_plain = |path: &std::path::Path| path.components().all(|part| matches!(part, Component::Normal(_)));
        assert!(is_plain(&entry.path));
        match &entry.kind {
            EntryKind::HardLink(target) => assert!(is_plain(target)),
            EntryKind::File(size) => {
                let mut content = Vec::new();
                if archive.by_ref().take(*size).read_to_end(&mut content).is_err() {
                    return false;
                }
                assert_eq!(content.len() as u64, *size);
            }
            _ => {}
        }
    }
}

fn unpack(bytes: &[u8]) {
    let Ok(home) = tempfile::tempdir() else {
        return;
    };
    let _ = put_back::files(&mut &*bytes, &home.path().join("target"), &FilesPutBack::default());
    let beside = std::fs::read_dir(home.path()).into_iter().flatten().flatten();
    assert!(beside.into_iter().all(|entry| entry.file_name() == "target"));
}
