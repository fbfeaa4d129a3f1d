//! `configMapGenerator`, `secretGenerator` and their options.

use std::collections::BTreeMap;

use crate::Fault;
use crate::decode::{At, Cursor, Decode, Fields, Problem};
use crate::identity::Behavior;

/// One entry of `configMapGenerator` or `secretGenerator`.
#[derive(Debug, Clone, Default)]
pub(crate) struct Generator {
    pub(crate) name: String,
    pub(crate) namespace: String,
    /// As written.
    pub(crate) behavior: At<String>,
    pub(crate) literals: Vec<At<String>>,
    pub(crate) files: Vec<At<String>>,
    /// `envs`, then `env`.
    pub(crate) envs: Vec<At<String>>,
    pub(crate) options: GeneratorOptions,
    /// The type of a Secret; empty for `Opaque`.
    pub(crate) secret_type: String,
}

/// `options` of a generator, and `generatorOptions` for all of them.
#[derive(Debug, Clone, Default)]
pub(crate) struct GeneratorOptions {
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) annotations: BTreeMap<String, String>,
    pub(crate) disable_name_suffix_hash: bool,
    pub(crate) immutable: bool,
}

impl GeneratorOptions {
    /// These options over those for all generators. What those switch on stays on.
    pub(crate) fn over(&self, all: Option<&Self>) -> Self {
        let Some(all) = all else { return self.clone() };
        let over = |all: &BTreeMap<String, String>, own: &BTreeMap<String, String>| {
            let mut merged = all.clone();
            merged.extend(own.clone());
            merged
        };
        Self {
            labels: over(&all.labels, &self.labels),
            annotations: over(&all.annotations, &self.annotations),
            disable_name_suffix_hash: all.disable_name_suffix_hash || self.disable_name_suffix_hash,
            immutable: all.immutable || self.immutable,
        }
    }
}

impl Generator {
    /// The fields of a generator, of which none is needed.
    pub(crate) fn take(fields: &mut Fields<'_, '_>) -> Self {
        let mut envs: Vec<_> = fields.take("envs");
        envs.extend(fields.take::<Option<At<String>>>("env").filter(|env| !env.value.is_empty()));
        Self {
            name: fields.take("name"),
            namespace: fields.take("namespace"),
            behavior: fields.take("behavior"),
            literals: fields.take("literals"),
            files: fields.take("files"),
            envs,
            options: fields.take("options"),
            secret_type: fields.take("type"),
        }
    }
}

impl Generator {
    /// What it does where its object is there already; `None` for a word that kustomize does not know and takes for
    /// `create`.
    pub(crate) fn behavior(&self) -> Option<Behavior> {
        match self.behavior.value.as_str() {
            "" | "create" | "unspecified" => Some(Behavior::Create),
            "replace" => Some(Behavior::Replace),
            "merge" => Some(Behavior::Merge),
            _ => None,
        }
    }
}

impl Decode for Generator {
    fn decode(cursor: Cursor<'_>, problems: &mut Vec<Problem>) -> Self {
        let mut fields = Fields::of(cursor, problems);
        let generator = Self::take(&mut fields);
        if generator.name.is_empty() {
            let field = fields.path().to_string();
            let fault = Fault::InvalidValue { field, problem: "give it a name".to_owned() };
            fields.fault(fields.path().clone(), fault);
        }
        fields.finish();
        generator
    }
}

impl Decode for GeneratorOptions {
    fn decode(cursor: Cursor<'_>, problems: &mut Vec<Problem>) -> Self {
        let mut fields = Fields::of(cursor, problems);
        let options = Self {
            labels: fields.take("labels"),
            annotations: fields.take("annotations"),
            disable_name_suffix_hash: fields.take("disableNameSuffixHash"),
            immutable: fields.take("immutable"),
        };
        fields.finish();
        options
    }
}
