//! `labels` and `commonLabels`.

use std::collections::BTreeMap;

use serde_json::Value;
use windlass_yaml::{Dialect, Scalar, Style, resolve};

use crate::Fault;
use crate::kustomization::LabelRule;
use crate::resource::Resource;
use crate::transform::aliases::{Aliases, entry};
use crate::transform::config::TransformerConfig;
use crate::transform::default_field_specs::METADATA_LABELS;
use crate::transform::field_spec::{Create, FieldSpec, FieldSpecs, visit_with_pointer};
use crate::transform::scalar::type_of;

/// The fields that a rule sets: its own, the configured ones, then selectors, templates or metadata.
pub(crate) fn fields_of(rule: &LabelRule, config: &TransformerConfig) -> Result<FieldSpecs, Fault> {
    let mut specs = FieldSpecs::default();
    let mut merge = |spec: &FieldSpec| specs.merge(spec);
    rule.fields.iter().try_for_each(&mut merge)?;
    config.labels.iter().try_for_each(&mut merge)?;
    if rule.include_selectors {
        config.common_labels.iter().try_for_each(&mut merge)?;
    } else {
        if rule.include_templates {
            config.template_labels.iter().try_for_each(&mut merge)?;
        }
        merge(&METADATA_LABELS)?;
    }
    Ok(specs)
}

/// Whether a key is a number or the like where it stands without quotes, as kustomize writes keys.
pub(crate) fn is_typed(key: &str) -> bool {
    !matches!(resolve(key, Style::Plain, None, Dialect::Resource), Some(Scalar::Str))
}

/// What is wrong with such a key.
pub(crate) fn typed_key(key: &str) -> String {
    format!("the key {key:?} is no text without quotes, and kustomize cannot print it: use another")
}

/// Sets labels, or annotations, in every field of `specs`.
pub(crate) fn set(pairs: &BTreeMap<String, String>, specs: &FieldSpecs, resource: &mut Resource) -> Result<(), String> {
    let gvk = resource.gvk();
    if let Some(key) = pairs.keys().find(|key| is_typed(key)) {
        return Err(typed_key(key));
    }
    for (key, text) in pairs {
        let (mut made, mut changed) = (Vec::new(), Vec::new());
        for spec in specs.iter().filter(|spec| spec.on.fits_gvk(&gvk)) {
            let object = resource.manifest.value_mut();
            visit_with_pointer(object, spec, Create::Mapping, &mut |pointer, value| match value {
                Value::Object(fields) => {
                    let place = entry(pointer, key);
                    let old = fields.insert(key.clone(), Value::from(text.as_str()));
                    if old.is_none() {
                        made.push(place)
                    } else {
                        changed.push(place)
                    }
                    Ok(())
                }
                Value::Null => Ok(()),
                other => Err(format!("expected a mapping, found {}", type_of(other))),
            })?;
        }
        for place in changed.iter().filter(|place| !made.contains(place)) {
            for aliases in &mut resource.history.aliases {
                aliases.changed(place, resource.manifest.value_mut());
            }
        }
        resource.history.aliases.extend(Aliases::new(made, text));
    }
    Ok(())
}
