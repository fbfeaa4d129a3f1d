//! Replacements from any field to any fields, with and without options.
#![no_main]

use arbitrary::Unstructured;
use libfuzzer_sys::fuzz_target;
use serde_json::{Map, Value, json};
use windlass_render_fuzz::{build_twice, field_path, object, scalar};

fn options(input: &mut Unstructured) -> arbitrary::Result<Value> {
    let mut options = Map::new();
    if input.ratio(1, 2)? {
        let _ = options.insert("delimiter".to_owned(), json!(input.choose(&["", "/", ":", ".", "é", "aa"])?));
    }
    if input.ratio(1, 2)? {
        let _ = options.insert("index".to_owned(), json!(input.int_in_range(-2..=4)?));
    }
    if input.ratio(1, 2)? {
        let _ = options.insert("create".to_owned(), json!(input.arbitrary::<bool>()?));
    }
    Ok(Value::Object(options))
}

fn replacement(input: &mut Unstructured) -> arbitrary::Result<Value> {
    let mut paths = Vec::new();
    for _ in 0..input.int_in_range(0..=3)? {
        paths.push(field_path(input, ".")?);
    }
    let source = if input.ratio(1, 6)? {
        json!({ "sourceValue": scalar(input)? })
    } else {
        let from = field_path(input, ".")?;
        json!({ "source": { "name": "a", "fieldPath": from, "options": options(input)? } })
    };
    let target = json!({ "select": { "name": input.choose(&["a", "b", ""])? }, "fieldPaths": paths, "options": options(input)? });
    let mut replacement = source;
    replacement["targets"] = json!([target]);
    Ok(replacement)
}

fuzz_target!(|input: &[u8]| {
    let mut input = Unstructured::new(input);
    let mut case = || -> arbitrary::Result<()> {
        let [one, two] = [object(&mut input, "a", false)?, object(&mut input, "b", false)?];
        let replacements = [replacement(&mut input)?, replacement(&mut input)?];
        let kustomization = json!({ "resources": ["objects.yaml"], "replacements": replacements });
        build_twice(&[
            ("kustomization.yaml", kustomization.to_string()),
            ("objects.yaml", format!("{one}\n---\n{two}\n")),
        ]);
        Ok(())
    };
    let _ = case();
});
