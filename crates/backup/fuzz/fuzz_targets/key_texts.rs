//! Any text as a key, credentials or an address: an answer or an error, never a panic.

#![no_main]

use libfuzzer_sys::fuzz_target;
use windlass_backup::{Identities, Recipient, S3Credentials, StoreUrl, WriterId, WriterKey};

fuzz_target!(|input: &str| {
    let _ = WriterKey::parse(input);
    let _ = input.parse::<WriterId>();
    let _ = Recipient::new("fuzz", input);
    let _ = Identities::parse(input);
    let _ = S3Credentials::from_profile(input, "default");
    let _ = StoreUrl::parse(input);
});
