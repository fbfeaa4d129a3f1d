//! What is read, printed and read again is the same, in both dialects.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use windlass_yaml::{ReadOptions, print, read_document};

fuzz_target!(|text: &str| {
    for options in [ReadOptions::resource(), ReadOptions::config()] {
        let Ok(value) = read_document(text, &options) else { continue };
        if go_reads_otherwise(&value) {
            continue;
        }
        let printed = print(&value);
        let again = read_document(&printed, &options).expect("what is printed can be read");
        assert_eq!(again, value, "{printed}");
        assert_eq!(print(&again), printed);
    }
});

/// The key `<<` and the text `0o-7`, which Go prints without quotes and does not read back.
fn go_reads_otherwise(value: &Value) -> bool {
    let octal = |text: &str| text.starts_with("0o-") || text.starts_with("0o+");
    match value {
        Value::String(text) => octal(text),
        Value::Array(items) => items.iter().any(go_reads_otherwise),
        Value::Object(entries) => {
            entries.iter().any(|(key, value)| key == "<<" || octal(key) || go_reads_otherwise(value))
        }
        _ => false,
    }
}
