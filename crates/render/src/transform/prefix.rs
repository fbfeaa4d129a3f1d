//! `namePrefix` and `nameSuffix`.

use serde_json::{Number, Value};

use crate::resource::Resource;
use crate::transform::field_spec::{Create, FieldSpecs, visit};
use crate::transform::scalar::{text_of, type_of};

/// On which side of a name something is put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Prefix,
    Suffix,
}

/// Puts `addition` on one side of the names in `specs`. What it was called before is remembered.
pub(crate) fn add(side: Side, addition: &str, specs: &FieldSpecs, resource: &mut Resource) -> Result<(), String> {
    let original = resource.original_id().gvk;
    if keeps_its_name(&original.group, &original.kind) {
        return Ok(());
    }
    for spec in specs.iter().filter(|spec| spec.on.fits_gvk(&original)) {
        if spec.path == "metadata/name" {
            match side {
                Side::Prefix => resource.history.prefixes.push(addition.to_owned()),
                Side::Suffix => resource.history.suffixes.push(addition.to_owned()),
            }
            resource.remember_id();
        }
        if spec.on.fits_gvk(&resource.gvk()) {
            visit(resource.manifest.value_mut(), spec, Create::Nothing, &mut |value| put(side, addition, value))?;
        }
    }
    Ok(())
}

/// These are named by what they are: a prefix would make them something else.
fn keeps_its_name(group: &str, kind: &str) -> bool {
    match kind {
        "Namespace" | "CustomResourceDefinition" => true,
        "APIService" => group == "apiregistration.k8s.io",
        _ => false,
    }
}

fn put(side: Side, addition: &str, value: &mut Value) -> Result<(), String> {
    let text = match &*value {
        Value::Null => return Ok(()),
        Value::Array(_) | Value::Object(_) => {
            return Err(format!("expected a name, found {}", type_of(value)));
        }
        scalar => text_of(scalar),
    };
    let text = match side {
        Side::Prefix => format!("{addition}{text}"),
        Side::Suffix => format!("{text}{addition}"),
    };
    *value = match (value.is_number(), text.parse::<i64>()) {
        (true, Ok(number)) => Value::Number(Number::from(number)),
        _ => Value::from(text),
    };
    Ok(())
}
