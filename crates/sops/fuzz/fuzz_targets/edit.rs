//! Any plaintext, in any format: what can be encrypted opens to the same, can be edited and rotated, and opens again.

#![no_main]

use std::sync::LazyLock;
use std::time::SystemTime;

use libfuzzer_sys::fuzz_target;
use windlass_sops::{
    DecryptOptions, Document, EncryptOptions, Format, Identities, PathStep, Recipients, decrypt, encrypt,
};

static IDENTITIES: LazyLock<Identities> = LazyLock::new(|| {
    Identities::parse("AGE-SECRET-KEY-1SA80FVW2E6CKNH9MGLS08S0GWEU9R8FSEM3EQQD270WRR4EHYFKS3VAP6R", "fuzz")
        .expect("the key is valid")
});

const FORMATS: [Format; 5] = [Format::Yaml, Format::Json, Format::Binary, Format::Dotenv, Format::Ini];

fuzz_target!(|input: &[u8]| {
    let Some((first, text)) = input.split_first() else { return };
    let format = FORMATS[usize::from(*first) % FORMATS.len()];
    let options = DecryptOptions::default();
    let recipients = Recipients::age(IDENTITIES.recipients()).expect("the recipient is valid");
    let now = SystemTime::UNIX_EPOCH;
    let Ok(encrypted) = encrypt(text, format, &recipients, &EncryptOptions::default(), now) else { return };
    let mut document = Document::open(&encrypted, format, &IDENTITIES, &options).expect("opens");
    assert_eq!(document.save(now).expect("saves"), encrypted, "nothing was changed");
    let before = decrypt(&encrypted, format, &IDENTITIES, &options).expect("opens");
    document.rotate().expect("rotates");
    if let Ok(rotated) = document.save(now) {
        let after = decrypt(&rotated, format, &IDENTITIES, &options).expect("opens");
        assert_eq!(before.bytes(), after.bytes());
    }
    let path = [PathStep::Key("a".to_owned()), PathStep::Key("b".to_owned())];
    let _ = document.set(&path, &"x".into());
    if let Ok(saved) = document.save(now) {
        Document::open(&saved, format, &IDENTITIES, &options).expect("opens");
    }
});
