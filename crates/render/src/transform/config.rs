//! The configuration of the transformers: the built-in field specs, and what `configurations` files add.
//!
//! What a base adds leaks into the kustomizations that include it, as with kustomize.

use std::borrow::Cow;

use serde_json::Value;

use crate::Fault;
use crate::decode::{Cursor, Decode, Fields, Problem};
use crate::identity::GvkFilter;
use crate::transform::default_field_specs as default;
use crate::transform::field_spec::{FieldSpec, FieldSpecs};

/// Which fields each transformer changes.
#[derive(Debug, Clone)]
pub(crate) struct TransformerConfig {
    pub(crate) name_prefix: FieldSpecs,
    pub(crate) name_suffix: FieldSpecs,
    pub(crate) namespace: FieldSpecs,
    pub(crate) common_labels: FieldSpecs,
    pub(crate) labels: FieldSpecs,
    pub(crate) template_labels: FieldSpecs,
    pub(crate) common_annotations: FieldSpecs,
    pub(crate) images: FieldSpecs,
    pub(crate) replicas: FieldSpecs,
    /// Fields that may mention vars, beyond the built-in ones.
    pub(crate) var_references: FieldSpecs,
    /// Beyond the built-in ones.
    pub(crate) name_references: Vec<NameReference>,
}

/// The fields that hold names of objects of some type.
#[derive(Debug, Clone, Default)]
pub(crate) struct NameReference {
    pub(crate) target: GvkFilter,
    pub(crate) referrers: Vec<FieldSpec>,
}

impl Default for TransformerConfig {
    fn default() -> Self {
        Self {
            name_prefix: FieldSpecs::built_in(&default::NAME, &[]),
            name_suffix: FieldSpecs::built_in(&default::NAME, &[]),
            namespace: FieldSpecs::built_in(&default::NAMESPACE, &[]),
            common_labels: FieldSpecs::built_in(&default::SELECTORS, &default::TEMPLATE),
            labels: FieldSpecs::default(),
            template_labels: FieldSpecs::built_in(&default::TEMPLATE, &[]),
            common_annotations: FieldSpecs::built_in(&default::ANNOTATIONS, &[]),
            images: FieldSpecs::built_in(&default::IMAGES, &[]),
            replicas: FieldSpecs::built_in(&default::REPLICAS, &[]),
            var_references: FieldSpecs::default(),
            name_references: Vec::new(),
        }
    }
}

impl TransformerConfig {
    /// Adds the configuration of a base.
    pub(crate) fn merge(&mut self, other: &Self) -> Result<(), Fault> {
        self.name_prefix.merge_all(&other.name_prefix)?;
        self.name_suffix.merge_all(&other.name_suffix)?;
        self.namespace.merge_all(&other.namespace)?;
        self.common_labels.merge_all(&other.common_labels)?;
        self.labels.merge_all(&other.labels)?;
        self.template_labels.merge_all(&other.template_labels)?;
        self.common_annotations.merge_all(&other.common_annotations)?;
        self.images.merge_all(&other.images)?;
        self.replicas.merge_all(&other.replicas)?;
        self.var_references.merge_all(&other.var_references)?;
        other.name_references.iter().for_each(|reference| self.merge_reference(reference));
        Ok(())
    }

    /// Adds the values of a configuration file.
    pub(crate) fn merge_file(&mut self, value: &Value, problems: &mut Vec<Problem>) {
        let mut fields = Fields::of(Cursor::root(value), problems);
        self.name_prefix.merge_field(&mut fields, "namePrefix");
        self.name_suffix.merge_field(&mut fields, "nameSuffix");
        self.namespace.merge_field(&mut fields, "namespace");
        self.common_labels.merge_field(&mut fields, "commonLabels");
        self.labels.merge_field(&mut fields, "labels");
        self.template_labels.merge_field(&mut fields, "templateLabels");
        self.common_annotations.merge_field(&mut fields, "commonAnnotations");
        self.images.merge_field(&mut fields, "images");
        self.replicas.merge_field(&mut fields, "replicas");
        let references: Vec<NameReference> = fields.take("nameReference");
        references.iter().for_each(|reference| self.merge_reference(reference));
        self.var_references.merge_field(&mut fields, "varReference");
        fields.finish();
    }

    pub(crate) fn merge_reference(&mut self, reference: &NameReference) {
        match self.name_references.iter_mut().find(|known| known.target == reference.target) {
            None => self.name_references.push(reference.clone()),
            Some(known) => {
                let new = reference.referrers.iter().filter(|spec| !known.referrers.contains(spec));
                let new: Vec<_> = new.cloned().collect();
                known.referrers.extend(new);
            }
        }
    }
}

impl FieldSpecs {
    fn merge_field(&mut self, fields: &mut Fields<'_, '_>, name: &'static str) {
        for spec in fields.take::<Vec<FieldSpec>>(name) {
            if let Err(fault) = self.merge(&spec) {
                fields.fault(fields.path().field(name), fault);
            }
        }
    }
}

impl Decode for NameReference {
    fn decode(cursor: Cursor<'_>, problems: &mut Vec<Problem>) -> Self {
        let mut fields = Fields::of(cursor, problems);
        let reference = Self { target: GvkFilter::take(&mut fields), referrers: fields.take("fieldSpecs") };
        fields.finish();
        reference
    }
}

/// A name reference of the built-in table.
pub(crate) fn name_reference([group, version, kind]: [&'static str; 3], referrers: Vec<FieldSpec>) -> NameReference {
    let target = GvkFilter { group: Cow::Borrowed(group), version: Cow::Borrowed(version), kind: Cow::Borrowed(kind) };
    NameReference { target, referrers }
}
