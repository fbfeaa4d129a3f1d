//! `replicas`.

use serde_json::Value;

use crate::kustomization::Replica;
use crate::resource::Resource;
use crate::transform::field_spec::{Create, FieldSpecs, visit};
use crate::transform::scalar::type_of;

/// Sets the count on an object that has, or had, the name; says whether it has such a field.
pub(crate) fn set(replica: &Replica, specs: &FieldSpecs, resource: &mut Resource) -> Result<bool, String> {
    let ids: Vec<_> =
        resource.previous_ids().chain([resource.id()]).filter(|id| id.name == replica.name).map(|id| id.gvk).collect();
    let gvk = resource.gvk();
    let mut found = false;
    for spec in specs.iter().filter(|spec| ids.iter().any(|id| spec.on.fits_gvk(id))) {
        found = true;
        if spec.on.fits_gvk(&gvk) {
            visit(resource.manifest.value_mut(), spec, Create::Scalar, &mut |value| match value {
                Value::Array(_) | Value::Object(_) => Err(format!("expected a number, found {}", type_of(value))),
                scalar => {
                    *scalar = Value::from(replica.count);
                    Ok(())
                }
            })?;
        }
    }
    Ok(found)
}
