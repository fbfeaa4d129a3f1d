//! JSON 6902 patches of any operations on any object.
#![no_main]

use arbitrary::Unstructured;
use libfuzzer_sys::fuzz_target;
use serde_json::{Map, Value, json};
use windlass_render_fuzz::{build_twice, field_path, object, value};

fn operation(input: &mut Unstructured) -> arbitrary::Result<Value> {
    let mut operation = Map::new();
    let op = *input.choose(&["add", "remove", "replace", "move", "copy", "test", "", "Add"])?;
    let _ = operation.insert("op".to_owned(), json!(op));
    for name in ["path", "from"] {
        if !input.ratio(1, 10)? {
            let path = field_path(input, "/")?;
            let start = if input.ratio(1, 20)? { "" } else { "/" };
            let _ = operation.insert(name.to_owned(), json!(format!("{start}{path}")));
        }
    }
    if !input.ratio(1, 10)? {
        let _ = operation.insert("value".to_owned(), value(input, 4, false)?);
    }
    Ok(Value::Object(operation))
}

fuzz_target!(|input: &[u8]| {
    let mut input = Unstructured::new(input);
    let mut case = || -> arbitrary::Result<()> {
        let object = object(&mut input, "a", false)?;
        let count = input.int_in_range(0..=5)?;
        let patch = (0..count).map(|_| operation(&mut input)).collect::<arbitrary::Result<Vec<_>>>()?;
        let patch = Value::Array(patch).to_string();
        let kustomization = json!({
            "resources": ["object.yaml"],
            "patches": [{ "path": "patch.json", "target": { "name": "a" } }],
        });
        build_twice(&[
            ("kustomization.yaml", kustomization.to_string()),
            ("object.yaml", object.to_string()),
            ("patch.json", patch),
        ]);
        Ok(())
    };
    let _ = case();
});
