//! No text makes reading panic, hang or grow without bound, and an error points into the text.
#![no_main]

use libfuzzer_sys::fuzz_target;
use windlass_yaml::{Dialect, Limits, ReadOptions, compose, locate, read_document, read_documents};

fuzz_target!(|text: &str| {
    let _ = compose(text, &Limits::default());
    let _ = locate(text, Dialect::Resource, 0, &["a", "0"]);
    for options in [ReadOptions::resource(), ReadOptions::config()] {
        let _ = read_document(text, &options);
        if let Err(error) = read_documents(text, &options) {
            let breaks = text.chars().filter(|letter| "\n\r\u{85}\u{2028}\u{2029}".contains(*letter)).count();
            assert!((1..=breaks + 1).contains(&error.position().line), "{error}");
        }
    }
});
