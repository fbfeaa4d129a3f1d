//! `namespace`.

use serde_json::Value;

use crate::identity::is_cluster_scoped;
use crate::resource::Resource;
use crate::schema::Schema;
use crate::transform::field_spec::{Create, FieldSpec, FieldSpecs, visit};
use crate::transform::scalar::{text_of, type_of};

static METADATA_NAMESPACE: FieldSpec = FieldSpec::anywhere("metadata/namespace", true);

/// Where objects are moved, and how.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rule {
    pub(crate) namespace: String,
    pub(crate) specs: FieldSpecs,
    /// Leaves alone what has a namespace.
    pub(crate) unset_only: bool,
    pub(crate) subjects: Subjects,
}

/// Which subjects of role bindings move as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Subjects {
    /// Those *named* `default`; the others follow the ServiceAccounts that are in the build.
    #[default]
    Default,
    ServiceAccounts,
    None,
}

/// Moves an object into the namespace: its metadata unless its kind certainly has no namespace, the subjects of role
/// bindings that are called `default`, and the fields of `specs`.
pub(crate) fn set(rule: &Rule, schema: Option<&Schema>, resource: &mut Resource) -> Result<(), String> {
    resource.remember_id();
    let gvk = resource.gvk();
    let is_core = resource.manifest.api_version() == "v1";
    let object = resource.manifest.value_mut();
    let mut put = |value: &mut Value| put(rule, value);
    if !is_cluster_scoped(&gvk)
        && !schema.is_some_and(|schema| schema.is_cluster_scoped(&gvk.group, &gvk.version, &gvk.kind))
    {
        visit(object, &METADATA_NAMESPACE, Create::Scalar, &mut put)?;
    }
    let is_binding = ["RoleBinding", "ClusterRoleBinding"].contains(&gvk.kind.as_str());
    if is_binding {
        set_subjects(rule, object)?;
    }
    for spec in rule.specs.iter().filter(|spec| spec.on.fits_gvk(&gvk)) {
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

fn put(rule: &Rule, value: &mut Value) -> Result<(), String> {
    match value {
        Value::Array(_) | Value::Object(_) => Err(format!("expected a namespace, found {}", type_of(value))),
        scalar => {
            let is_set = !scalar.is_null() && scalar != "";
            if !(rule.unset_only && is_set) {
                *scalar = Value::from(rule.namespace.as_str());
            }
            Ok(())
        }
    }
}

fn set_subjects(rule: &Rule, object: &mut Value) -> Result<(), String> {
    let (field, wanted) = match rule.subjects {
        Subjects::None => return Ok(()),
        Subjects::Default => ("name", "default"),
        Subjects::ServiceAccounts => ("kind", "ServiceAccount"),
    };
    let subjects = match object.get_mut("subjects") {
        None | Some(Value::Null) => return Ok(()),
        Some(Value::Array(subjects)) => subjects,
        Some(other) => return Err(format!("subjects: expected a list, found {}", type_of(other))),
    };
    for subject in subjects.iter_mut().filter_map(Value::as_object_mut) {
        if subject.get(field).is_some_and(|value| text_of(value) == wanted) {
            put(rule, subject.entry("namespace").or_insert(Value::Null))?;
        }
    }
    Ok(())
}
