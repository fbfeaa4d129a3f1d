//! Strategic merges of any patch, with its directives, into any objects.
#![no_main]

use arbitrary::Unstructured;
use libfuzzer_sys::fuzz_target;
use serde_json::json;
use windlass_render_fuzz::{build_twice, object, value};

fuzz_target!(|input: &[u8]| {
    let mut input = Unstructured::new(input);
    let mut case = || -> arbitrary::Result<()> {
        let [one, two] = [object(&mut input, "a", false)?, object(&mut input, "b", false)?];
        let mut patch = object(&mut input, "a", true)?;
        if input.ratio(1, 2)? {
            // The patch's kind and the object's are mostly the same, and most patches meet.
            patch["apiVersion"] = one["apiVersion"].clone();
            patch["kind"] = one["kind"].clone();
        }
        let aimed = value(&mut input, 6, true)?;
        let kustomization = json!({
            "resources": ["objects.yaml"],
            "patches": [
                { "path": "patch.yaml" },
                { "patch": aimed.to_string(), "target": { "kind": input.choose(&["Deployment", "Service", ".*", "["])? } },
            ],
        });
        build_twice(&[
            ("kustomization.yaml", kustomization.to_string()),
            ("objects.yaml", format!("{one}\n---\n{two}\n")),
            ("patch.yaml", patch.to_string()),
        ]);
        Ok(())
    };
    let _ = case();
});
