//! Any bytes, in any format, with a fixed key: an answer or an error, never a panic.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use windlass_sops::{DecryptOptions, Format, Identities, Metadata, decrypt, is_encrypted};

static IDENTITIES: LazyLock<Identities> = LazyLock::new(|| {
    Identities::parse("AGE-SECRET-KEY-1SA80FVW2E6CKNH9MGLS08S0GWEU9R8FSEM3EQQD270WRR4EHYFKS3VAP6R", "fuzz")
        .expect("the key is valid")
});

const FORMATS: [Format; 5] = [Format::Yaml, Format::Json, Format::Binary, Format::Dotenv, Format::Ini];

fuzz_target!(|input: &[u8]| {
    let Some((first, text)) = input.split_first() else { return };
    let format = FORMATS[usize::from(*first) % FORMATS.len()];
    let _ = is_encrypted(text, format);
    let _ = Metadata::read(text, format);
    for options in [DecryptOptions::default(), DecryptOptions::default().ignore_mac()] {
        if let Err(error) = decrypt(text, format, &IDENTITIES, &options) {
            let _ = error.to_string();
        }
    }
});
