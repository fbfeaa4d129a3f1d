//! What a kustomization does to its objects, in kustomize's order whatever the order of its fields.

pub(crate) mod aliases;
pub(crate) mod annotations;
pub(crate) mod build_metadata;
pub(crate) mod config;
pub(crate) mod default_field_specs;
pub(crate) mod default_name_references;
pub(crate) mod field_spec;
pub(crate) mod images;
pub(crate) mod labels;
pub(crate) mod name_reference;
pub(crate) mod namespace;
pub(crate) mod prefix;
pub(crate) mod reference_rules;
pub(crate) mod referral;
pub(crate) mod replicas;
pub(crate) mod run;
pub(crate) mod scalar;
pub(crate) mod value_add;
pub(crate) mod var_references;
