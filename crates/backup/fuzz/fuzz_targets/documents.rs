//! Any bytes as a commit, manifest, marker, tombstone or evidence: an answer or an error, never a panic.

#![no_main]

use libfuzzer_sys::fuzz_target;
use windlass_backup::{Document, Trust};

fuzz_target!(|input: &[u8]| {
    for trust in [Trust::Any, Trust::OnFirstUse, Trust::Writers(Vec::new())] {
        if let Err(error) = Document::read("fuzz", input, &trust) {
            let _ = error.to_string();
        }
    }
});
