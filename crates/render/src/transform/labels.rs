//! `labels` and `commonLabels`.

use std::collections::BTreeMap;

use crate::Fault;
use crate::kustomization::LabelRule;
use crate::resource::Resource;
use crate::transform::config::TransformerConfig;
use crate::transform::default_field_specs::METADATA_LABELS;
use crate::transform::field_spec::{Create, FieldSpec, FieldSpecs, set_entry, visit};

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

/// Sets labels, or annotations, in every field of `specs`.
pub(crate) fn set(pairs: &BTreeMap<String, String>, specs: &FieldSpecs, resource: &mut Resource) -> Result<(), String> {
    let gvk = resource.gvk();
    let object = resource.manifest.value_mut();
    for spec in specs.iter().filter(|spec| spec.on.fits_gvk(&gvk)) {
        visit(object, spec, Create::Mapping, &mut |value| {
            pairs.iter().try_for_each(|(key, text)| set_entry(value, key, text))
        })?;
    }
    Ok(())
}
