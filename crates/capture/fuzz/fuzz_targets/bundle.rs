//! Bundles of any bytes, the same with a sum that fits, and bundles by a script: unpacked whole or not at all.
#![no_main]

use libfuzzer_sys::fuzz_target;
use windlass_capture::put_back::{self, BundlePutBack};

fuzz_target!(|bytes: &[u8]| {
    if bytes.starts_with(b"# v") {
        unpack(bytes);
        if let Some(fitting) = windlass_capture_fuzz::with_trailer(bytes) {
            unpack(&fitting);
        }
    } else {
        unpack(&windlass_capture_fuzz::bundle(bytes));
    }
});

fn unpack(bytes: &[u8]) {
    let Ok(home) = tempfile::tempdir() else {
        return;
    };
    let target = home.path().join("target");
    let mut options = BundlePutBack::default();
    options.max_object_bytes = 1 << 20;
    let result = put_back::bundle(&mut &*bytes, &target, &options);
    assert_eq!(result.is_ok(), target.exists());
}
