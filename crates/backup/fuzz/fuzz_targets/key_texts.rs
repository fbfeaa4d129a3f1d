//! Any text as a key, a share, a recovery card, credentials or an address: an answer or an error, never a panic.

#![no_main]

use libfuzzer_sys::fuzz_target;
use windlass_backup::{
    Identities, Recipient, S3Credentials, StoreUrl, WriterId, WriterKey, join_identity, read_paper_key, split_identity,
};

fuzz_target!(|input: &str| {
    let _ = WriterKey::parse(input);
    let _ = input.parse::<WriterId>();
    let _ = Recipient::new("fuzz", input);
    let _ = Identities::parse(input);
    let _ = read_paper_key(input);
    let _ = split_identity(input, 3, 2);
    let _ = join_identity(input.lines());
    let _ = S3Credentials::from_profile(input, "default");
    let _ = StoreUrl::parse(input);
});
