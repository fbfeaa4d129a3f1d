//! Any text and any objects through substitution, with and without missing variables.
#![no_main]

use arbitrary::Unstructured;
use libfuzzer_sys::fuzz_target;
use windlass_manifest::{Manifest, Origin};
use windlass_render::substitute::{Mode, Options, Variables, expand, substitute};
use windlass_render_fuzz::object;

fuzz_target!(|input: (&str, &str, &[u8])| {
    let (text, value, shape) = input;
    let mut variables = Variables::new();
    let _ = variables.insert("v", value);
    let _ = variables.insert("EMPTY", "");
    let _ = variables.insert("NUMBER", "12345678901234567890");
    for mode in [Mode::Strict, Mode::Lenient] {
        match expand(text, &variables, mode) {
            // What has no dollar is left as it is.
            Ok(expanded) => assert!(text.contains('$') || expanded.as_str() == text),
            Err(error) => drop(error.to_string()),
        }
    }
    let Ok(mut shaped) = object(&mut Unstructured::new(shape), "a", false) else { return };
    shaped["data"] = serde_json::json!({ "a": text, value: "${NUMBER}", text: "$${v}" });
    let Ok(manifest) = Manifest::new(shaped, Origin::unknown()) else { return };
    if let Err(error) = substitute(&manifest, &variables, &Options::default()) {
        let _ = error.to_string();
    }
});
