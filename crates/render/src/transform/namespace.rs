//! `namespace`.

use serde_json::Value;

use crate::identity::is_cluster_scoped;
use crate::resource::Resource;
use crate::transform::field_spec::{Create, FieldSpec, FieldSpecs, visit};
use crate::transform::scalar::{text_of, type_of};

static METADATA_NAMESPACE: FieldSpec = FieldSpec::anywhere("metadata/namespace", true);

/// Moves an object into `namespace`: its metadata unless its kind certainly has no namespace, the subjects of role
/// bindings that are called `default`, and the fields of `specs`.
pub(crate) fn set(namespace: &str, specs: &FieldSpecs, resource: &mut Resource) -> Result<(), String> {
    resource.remember_id();
    let gvk = resource.gvk();
    let is_core = resource.manifest.api_version() == "v1";
    let object = resource.manifest.value_mut();
    let mut put = |value: &mut Value| put(namespace, value);
    if !is_cluster_scoped(&gvk) {
        visit(object, &METADATA_NAMESPACE, Create::Scalar, &mut put)?;
    }
    let is_binding = ["RoleBinding", "ClusterRoleBinding"].contains(&gvk.kind.as_str());
    if is_binding {
        set_default_subjects(namespace, object)?;
    }
    for spec in specs.iter().filter(|spec| spec.on.fits_gvk(&gvk)) {
        let wired_in = match spec.path.as_ref() {
            "metadata/namespace" => true,
            "metadata/name" => !is_core,
            "subjects/namespace" => is_binding && !spec.on.kind.is_empty(),
            _ => false,
        };
        if !wired_in {
            visit(object, spec, Create::Scalar, &mut put)?;
        }
    }
    Ok(())
}

fn put(namespace: &str, value: &mut Value) -> Result<(), String> {
    match value {
        Value::Array(_) | Value::Object(_) => Err(format!("expected a namespace, found {}", type_of(value))),
        scalar => {
            *scalar = Value::from(namespace);
            Ok(())
        }
    }
}

/// kustomize moves only subjects *named* `default`; the others follow the ServiceAccounts that are in the build.
fn set_default_subjects(namespace: &str, object: &mut Value) -> Result<(), String> {
    let subjects = match object.get_mut("subjects") {
        None | Some(Value::Null) => return Ok(()),
        Some(Value::Array(subjects)) => subjects,
        Some(other) => return Err(format!("subjects: expected a list, found {}", type_of(other))),
    };
    for subject in subjects.iter_mut().filter_map(Value::as_object_mut) {
        if subject.get("name").is_some_and(|name| text_of(name) == "default") {
            subject.insert("namespace".to_owned(), Value::from(namespace));
        }
    }
    Ok(())
}
