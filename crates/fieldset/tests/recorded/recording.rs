//! The recordings of the reference: `../shared/conformance` beside the work tree, or where
//! `WINDLASS_CONFORMANCE` points.

use std::path::{Path, PathBuf};

/// The folder of that name of the recording; `None`, with a note, where there is no recording.
#[expect(clippy::print_stderr, reason = "who reads the test's output has to know that nothing was tested")]
pub(crate) fn folder(name: &str) -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/conformance");
    let folder = std::env::var_os("WINDLASS_CONFORMANCE").map_or_else(beside, PathBuf::from).join(name);
    let there = folder.is_dir();
    if !there {
        eprintln!("skipped: no recording in {}", folder.display());
    }
    there.then_some(folder)
}
