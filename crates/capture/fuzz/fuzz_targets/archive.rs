//! Archives of any bytes: the reader ends, and names stay below the root.
#![no_main]

use std::io::Read;
use std::path::Component;

use libfuzzer_sys::fuzz_target;
use windlass_capture::{ArchiveLimits, EntryKind, TreeArchive};

fuzz_target!(|bytes: &[u8]| {
    let mut archive = TreeArchive::new(bytes, ArchiveLimits::default());
    while let Ok(Some(entry)) = archive.next_entry() {
        let is_plain = |path: &std::path::Path| path.components().all(|part| matches!(part, Component::Normal(_)));
        assert!(is_plain(&entry.path));
        match &entry.kind {
            EntryKind::HardLink(target) => assert!(is_plain(target)),
            EntryKind::File(size) => {
                let mut content = Vec::new();
                if archive.by_ref().take(*size).read_to_end(&mut content).is_err() {
                    break;
                }
                assert_eq!(content.len() as u64, *size);
            }
            _ => {}
        }
    }
});
