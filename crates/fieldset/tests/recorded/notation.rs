//! Schemas and objects as the recordings of structured-merge-diff write them.

use serde_json::Value;
use windlass_fieldset::{Schema, Type};
use windlass_yaml::{ReadOptions, read_document};

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
