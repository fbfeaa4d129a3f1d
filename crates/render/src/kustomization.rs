//! The fields of a kustomization file.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::Fault;
use crate::decode::{At, Cursor, Decode, Fields, Problem};
use crate::transform::field_spec::FieldSpec;

pub(crate) mod generator_fields;
pub(crate) mod patch_fields;
pub(crate) mod replacement_fields;
pub(crate) mod var_fields;

pub use patch_fields::{Patch, PatchSource, Selector};

use generator_fields::{Generator, GeneratorOptions};
use replacement_fields::ReplacementEntry;
use var_fields::Var;

/// A kustomization or a component, as its file states it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Kustomization {
    /// Something in the file is wrong, so that only what it names is looked at, for further faults.
    pub(crate) is_faulty: bool,
    pub(crate) is_component: bool,
    /// `resources`, then `bases`.
    pub(crate) resources: Vec<At<String>>,
    /// `resources` itself says something.
    pub(crate) has_resources: bool,
    pub(crate) components: Vec<At<String>>,
    pub(crate) name_prefix: String,
    pub(crate) name_suffix: String,
    pub(crate) namespace: At<String>,
    pub(crate) common_labels: BTreeMap<String, String>,
    pub(crate) labels: Vec<At<LabelRule>>,
    pub(crate) common_annotations: BTreeMap<String, String>,
    pub(crate) patches: Vec<At<Patch>>,
    pub(crate) patches_strategic_merge: Vec<At<String>>,
    pub(crate) patches_json6902: Vec<At<Patch>>,
    /// `images`, then `imageTags`.
    pub(crate) images: Vec<At<Image>>,
    pub(crate) replicas: Vec<At<Replica>>,
    pub(crate) config_maps: Vec<At<Generator>>,
    pub(crate) secrets: Vec<At<Generator>>,
    pub(crate) generator_options: Option<GeneratorOptions>,
    pub(crate) configurations: Vec<At<String>>,
    pub(crate) sort_options: Option<At<SortOptions>>,
    pub(crate) build_metadata: Vec<String>,
    pub(crate) replacements: Vec<At<ReplacementEntry>>,
    pub(crate) vars: Vec<At<Var>>,
    pub(crate) crds: Vec<At<String>>,
    pub(crate) open_api: BTreeMap<String, String>,
    pub(crate) generators: Vec<At<String>>,
    pub(crate) transformers: Vec<At<String>>,
    pub(crate) validators: Vec<At<String>>,
    /// `helmCharts`, then `helmChartInflationGenerator`, as written.
    pub(crate) charts: Vec<At<Value>>,
    pub(crate) chart_globals: Value,
}

impl Kustomization {
    /// Reads the values of a kustomization file. All faults are noted; the result is of use only without any.
    pub(crate) fn decode(value: &Value, problems: &mut Vec<Problem>) -> Self {
        if says_nothing(value) {
            problems.push(Problem { at: Default::default(), fault: Fault::EmptyKustomization });
            return Self::default();
        }
        let mut fields = Fields::of(Cursor::root(value), problems);
        let is_component = type_meta(&mut fields);
        let _: Option<Metadata> = fields.take("metadata");
        let mut charts: Vec<_> = fields.take("helmCharts");
        charts.append(&mut fields.take("helmChartInflationGenerator"));
        let mut resources: Vec<_> = fields.take("resources");
        let has_resources = !resources.is_empty();
        resources.append(&mut fields.take("bases"));
        let mut images: Vec<_> = fields.take("images");
        images.append(&mut fields.take("imageTags"));
        let kustomization = Self {
            is_faulty: false,
            is_component,
            resources,
            has_resources,
            components: fields.take("components"),
            name_prefix: fields.take("namePrefix"),
            name_suffix: fields.take("nameSuffix"),
            namespace: fields.take("namespace"),
            common_labels: fields.take("commonLabels"),
            labels: fields.take("labels"),
            common_annotations: fields.take("commonAnnotations"),
            patches: fields.take("patches"),
            patches_strategic_merge: fields.take("patchesStrategicMerge"),
            patches_json6902: fields.take("patchesJson6902"),
            images,
            replicas: fields.take("replicas"),
            config_maps: fields.take("configMapGenerator"),
            secrets: fields.take("secretGenerator"),
            generator_options: fields.take("generatorOptions"),
            configurations: fields.take("configurations"),
            sort_options: fields.take("sortOptions"),
            build_metadata: fields.take("buildMetadata"),
            replacements: fields.take("replacements"),
            vars: fields.take("vars"),
            crds: fields.take("crds"),
            open_api: fields.take("openapi"),
            generators: fields.take("generators"),
            transformers: fields.take("transformers"),
            validators: fields.take("validators"),
            charts,
            chart_globals: fields.take("helmGlobals"),
        };
        // Only Secrets have a type.
        for entry in kustomization.config_maps.iter().filter(|entry| !entry.value.secret_type.is_empty()) {
            let at = entry.at.field("type");
            fields.fault(at.clone(), Fault::UnknownField { field: at.to_string(), suggestion: None });
        }
        fields.finish();
        kustomization
    }
}

/// Whether nothing but the type is stated. An empty list is a statement.
fn says_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Object(fields) => fields.iter().all(|(key, value)| {
            let is_type = ["apiVersion", "kind"].iter().any(|name| key.eq_ignore_ascii_case(name));
            is_type || value.is_null() || value == ""
        }),
        _ => false,
    }
}

/// Reads `apiVersion` and `kind`; says whether they make a component.
fn type_meta(fields: &mut Fields<'_, '_>) -> bool {
    let kind: String = fields.take("kind");
    let api_version: String = fields.take("apiVersion");
    let is_component = kind == "Component";
    if !["", "Kustomization", "Component"].contains(&kind.as_str()) {
        let problem = format!("{kind:?} is neither Kustomization nor Component");
        fields.fault(fields.path().field("kind"), Fault::InvalidValue { field: "kind".into(), problem });
    }
    let (of, expected) = match is_component {
        true => ("Component", "kustomize.config.k8s.io/v1alpha1"),
        false => ("Kustomization", "kustomize.config.k8s.io/v1beta1"),
    };
    if !api_version.is_empty() && api_version != expected {
        let problem = format!("a {of} has {expected}, found {api_version}");
        let fault = Fault::InvalidValue { field: "apiVersion".into(), problem };
        fields.fault(fields.path().field("apiVersion"), fault);
    }
    is_component
}

/// `metadata`, which a build ignores.
#[derive(Default)]
struct Metadata;

impl Decode for Metadata {
    fn decode(cursor: Cursor<'_>, problems: &mut Vec<Problem>) -> Self {
        let mut fields = Fields::of(cursor, problems);
        let _: (String, String) = (fields.take("name"), fields.take("namespace"));
        let _: BTreeMap<String, String> = fields.take("labels");
        let _: BTreeMap<String, String> = fields.take("annotations");
        fields.finish();
        Self
    }
}

/// One entry of `labels`.
#[derive(Debug, Clone, Default)]
pub(crate) struct LabelRule {
    pub(crate) pairs: BTreeMap<String, String>,
    pub(crate) include_selectors: bool,
    pub(crate) include_templates: bool,
    pub(crate) fields: Vec<FieldSpec>,
}

impl Decode for LabelRule {
    fn decode(cursor: Cursor<'_>, problems: &mut Vec<Problem>) -> Self {
        let mut fields = Fields::of(cursor, problems);
        let rule = Self {
            pairs: fields.take("pairs"),
            include_selectors: fields.take("includeSelectors"),
            include_templates: fields.take("includeTemplates"),
            fields: fields.take("fields"),
        };
        fields.finish();
        rule
    }
}

/// One entry of `images`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Image {
    /// The name to match: as kustomize does, a regular expression against the whole name.
    pub name: String,
    /// The name instead of the matched one; empty keeps it.
    pub new_name: String,
    /// The tag instead of tag and digest; empty keeps them.
    pub new_tag: String,
    /// The digest instead of tag and digest; empty keeps them.
    pub digest: String,
    /// What is added behind the tag.
    pub tag_suffix: String,
}

impl Decode for Image {
    fn decode(cursor: Cursor<'_>, problems: &mut Vec<Problem>) -> Self {
        let mut fields = Fields::of(cursor, problems);
        let image = Self {
            name: fields.take("name"),
            new_name: fields.take("newName"),
            new_tag: fields.take("newTag"),
            digest: fields.take("digest"),
            tag_suffix: fields.take("tagSuffix"),
        };
        fields.finish();
        image
    }
}

/// One entry of `replicas`.
#[derive(Debug, Clone, Default)]
pub(crate) struct Replica {
    pub(crate) name: String,
    pub(crate) count: i64,
}

impl Decode for Replica {
    fn decode(cursor: Cursor<'_>, problems: &mut Vec<Problem>) -> Self {
        let mut fields = Fields::of(cursor, problems);
        let replica = Self { name: fields.take("name"), count: fields.take("count") };
        fields.finish();
        replica
    }
}

/// `sortOptions`.
#[derive(Debug, Clone, Default)]
pub(crate) struct SortOptions {
    pub(crate) order: String,
    pub(crate) legacy: Option<LegacyOrder>,
}

/// `sortOptions.legacySortOptions`: the kinds that come first and last.
#[derive(Debug, Clone, Default)]
pub(crate) struct LegacyOrder {
    pub(crate) first: Vec<String>,
    pub(crate) last: Vec<String>,
}

impl Decode for SortOptions {
    fn decode(cursor: Cursor<'_>, problems: &mut Vec<Problem>) -> Self {
        let mut fields = Fields::of(cursor, problems);
        let options = Self { order: fields.take("order"), legacy: fields.take("legacySortOptions") };
        let problem = match (options.order.as_str(), &options.legacy) {
            ("legacy", _) | ("fifo", None) => None,
            ("fifo", Some(_)) => Some("legacySortOptions go with order: legacy only"),
            _ => Some("must be fifo or legacy"),
        };
        if let Some(problem) = problem {
            let at = fields.path().field("order");
            let fault = Fault::InvalidValue { field: at.to_string(), problem: problem.to_owned() };
            fields.fault(at, fault);
        }
        fields.finish();
        options
    }
}

impl Decode for LegacyOrder {
    fn decode(cursor: Cursor<'_>, problems: &mut Vec<Problem>) -> Self {
        let mut fields = Fields::of(cursor, problems);
        let order = Self { first: fields.take("orderFirst"), last: fields.take("orderLast") };
        fields.finish();
        order
    }
}
