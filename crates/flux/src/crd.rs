use kube::CustomResourceExt;
use serde_json::{Value, json};

use crate::{GitRepository, Kustomization};

/// The CustomResourceDefinitions of the kinds in this crate, made from the types, ready to be applied.
///
/// They allow and refuse what Flux's own do: defaults, enums, patterns, limits and CEL rules are the same. Descriptions
/// differ, and an object without `spec` is refused, since nothing could be done about it.
#[must_use]
pub fn crds() -> Vec<Value> {
    [GitRepository::crd(), Kustomization::crd()]
        .into_iter()
        .map(|crd| {
            // A derived CRD is plain data: turning it into a value cannot fail.
            let mut crd = serde_json::to_value(crd).unwrap_or_default();
            let schema = &mut crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"];
            forbid_null(schema);
            // So that an object which nobody has reconciled yet says so, to kstatus too.
            schema["properties"]["status"]["default"] = json!({"observedGeneration": -1});
            for standard in ["apiVersion", "kind"] {
                schema["properties"][standard] = json!({"type": "string"});
            }
            schema["properties"]["metadata"] = json!({"type": "object"});
            crd
        })
        .collect()
}

/// Takes back that an optional field may be null. In Rust the two are one; but a schema that allows null makes the
/// server keep it instead of filling in the default, which Flux's schema does not.
fn forbid_null(schema: &mut Value) {
    let Value::Object(fields) = schema else {
        return;
    };
    fields.remove("nullable");
    if let Some(Value::Array(values)) = fields.get_mut("enum") {
        values.retain(|value| !value.is_null());
    }
    if let Some(Value::Object(properties)) = fields.get_mut("properties") {
        properties.values_mut().for_each(forbid_null);
    }
    for inner in ["items", "additionalProperties"] {
        if let Some(inner) = fields.get_mut(inner) {
            forbid_null(inner);
        }
    }
}
