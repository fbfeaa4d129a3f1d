//! The recording of structured-merge-diff v6: `../shared/conformance/smd` beside the work tree, or where
//! `WINDLASS_CONFORMANCE` points.

use std::path::{Path, PathBuf};

use serde_json::Value;
use windlass_fieldset::{Schema, Type};
use windlass_yaml::{ReadOptions, read_document};

/// The folder of that name; `None`, with a note, where there is no recording.
#[expect(clippy::print_stderr, reason = "who reads the test's output has to know that nothing was tested")]
pub(crate) fn folder(name: &str) -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/conformance");
    let folder = std::env::var_os("WINDLASS_CONFORMANCE").map_or_else(beside, PathBuf::from).join("smd").join(name);
    let there = folder.is_dir();
    if !there {
        eprintln!("skipped: no recording in {}", folder.display());
    }
    there.then_some(folder)
}

pub(crate) fn yaml(text: &str) -> Value {
    read_document(text, &ReadOptions::config()).expect("YAML of the recording")
}

pub(crate) fn schema(text: &str) -> Schema {
    Schema::from_value(&yaml(text)).expect("a schema of the recording")
}

/// The type to which a recorded reference leads. Named ones are all there are.
pub(crate) fn ty(schema: &Schema, reference: &str) -> Type {
    let reference = yaml(reference);
    schema.type_named(reference["namedType"].as_str().expect("a name")).expect("a type of the schema")
}
