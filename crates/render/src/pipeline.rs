//! The transformations of one kustomization, in kustomize's order whatever the order of the fields.

use std::collections::BTreeMap;

use windlass_manifest::FieldPath;

use crate::accumulate::Accumulator;
use crate::decode::At;
use crate::kustomization::{Image, Kustomization, Replica};
use crate::patch::load::{LoadedPatch, Patches};
use crate::place::Place;
use crate::replacement::load::Loaded;
use crate::resource_map::ResourceMap;
use crate::session::Session;
use crate::transform::config::TransformerConfig;
use crate::transform::field_spec::FieldSpecs;
use crate::transform::prefix::Side;
use crate::transform::value_add::ValueAdd;
use crate::transform::{build_metadata, labels, namespace};

/// One transformer with all that it needs, whether a field of the kustomization asks for it or a plug-in's
/// configuration.
pub(crate) enum Transformer {
    Patches(Vec<LoadedPatch>),
    Namespace(namespace::Rule),
    Rename {
        side: Side,
        text: String,
        specs: FieldSpecs,
    },
    Labels {
        field: &'static str,
        pairs: BTreeMap<String, String>,
        specs: FieldSpecs,
    },
    Replicas {
        replica: At<Replica>,
        specs: FieldSpecs,
    },
    Images {
        images: Vec<At<Image>>,
        specs: FieldSpecs,
    },
    Replacements(Vec<Loaded>),
    ValueAdd(ValueAdd),
    /// Adds the hash suffixes now and not at the end.
    Hash,
}

/// A transformer in the order of things.
pub(crate) struct Step {
    pub(crate) transformer: Transformer,
    /// What stands in `alpha.config.kubernetes.io/transformations`, where that is asked for.
    pub(crate) told: Option<String>,
}

impl Session<'_> {
    /// Runs all transformations over the objects. Faults are noted, and do not keep the next from being tried.
    pub(crate) fn transform(
        &mut self,
        place: &Place,
        kustomization: &Kustomization,
        patches: Patches,
        accumulated: &mut Accumulator,
    ) {
        let replacements = self.load_replacements(place, &kustomization.replacements);
        let Accumulator { resources, config, .. } = accumulated;
        let mut steps = Steps { session: self, place, steps: Vec::new() };
        steps.of_patches(patches.legacy_merge, patches.patches);
        steps.of_names(kustomization, config);
        steps.of_labels(kustomization, config);
        for patch in patches.legacy_json {
            steps.add("PatchJson6902Transformer", Transformer::Patches(vec![patch]));
        }
        for replica in &kustomization.replicas {
            let specs = config.replicas.clone();
            steps.add("ReplicaCountTransformer", Transformer::Replicas { replica: replica.clone(), specs });
        }
        if !kustomization.images.is_empty() {
            let (images, specs) = (kustomization.images.clone(), config.images.clone());
            steps.add("ImageTagTransformer", Transformer::Images { images, specs });
        }
        if !kustomization.replacements.is_empty() {
            steps.add("ReplacementTransformer", Transformer::Replacements(replacements));
        }
        let steps = steps.steps;
        let faults = self.errors.len();
        for step in steps {
            // Of an object that could not be patched only the name is left: what looks into it would find nothing.
            if self.errors.len() == faults || !matches!(step.transformer, Transformer::Replacements(_)) {
                self.run(place, &step, resources);
            }
        }
        self.plugin_transformers(place, &kustomization.transformers, resources);
    }

    /// Runs one transformer. What it deleted leaves, and what is left may have to tell that it ran.
    pub(crate) fn run(&mut self, place: &Place, step: &Step, resources: &mut ResourceMap) {
        match &step.transformer {
            Transformer::Patches(patches) => patches.iter().for_each(|patch| self.patch(place, patch, resources)),
            Transformer::Namespace(rule) => self.set_namespace(place, rule, resources),
            Transformer::Rename { side, text, specs } => self.rename(place, *side, text, specs, resources),
            Transformer::Labels { field, pairs, specs } => {
                self.each(place, field, resources, |resource| labels::set(pairs, specs, resource));
            }
            Transformer::Replicas { replica, specs } => self.set_replicas(place, replica, specs, resources),
            Transformer::Images { images, specs } => self.set_images(place, images, specs, resources),
            Transformer::Replacements(replacements) => self.replace(place, replacements, resources),
            Transformer::ValueAdd(addition) => self.add_value(place, addition, resources),
            Transformer::Hash => {
                self.add_hashes(place, resources.items_mut());
            }
        }
        resources.drop_deleted();
        // kustomize has a transformer for each image, and tells of each.
        let times = if let Transformer::Images { images, .. } = &step.transformer { images.len() } else { 1 };
        for told in std::iter::repeat_n(&step.told, times).flatten() {
            resources.items_keeping_ids().iter_mut().for_each(|resource| build_metadata::note(resource, told));
        }
    }
}

/// The steps of a kustomization while they are put together.
struct Steps<'s, 'a> {
    session: &'s mut Session<'a>,
    place: &'s Place,
    steps: Vec<Step>,
}

impl Steps<'_, '_> {
    fn add(&mut self, plugin: &str, transformer: Transformer) {
        let file = self.place.kustomization_file().filter(|_| self.session.metadata.tracks);
        let told = file.map(|file| build_metadata::of_plugin(&file, &self.session.root, plugin));
        self.steps.push(Step { transformer, told });
    }

    fn of_patches(&mut self, legacy_merge: Vec<LoadedPatch>, patches: Vec<LoadedPatch>) {
        if !legacy_merge.is_empty() {
            self.add("PatchStrategicMergeTransformer", Transformer::Patches(legacy_merge));
        }
        for patch in patches {
            self.add("PatchTransformer", Transformer::Patches(vec![patch]));
        }
    }

    fn of_names(&mut self, kustomization: &Kustomization, config: &TransformerConfig) {
        let namespace = &kustomization.namespace.value;
        if !namespace.is_empty() {
            let (namespace, specs) = (namespace.clone(), config.namespace.clone());
            let rule = namespace::Rule { namespace, specs, ..namespace::Rule::default() };
            self.add("NamespaceTransformer", Transformer::Namespace(rule));
        }
        let sides = [
            (Side::Prefix, &kustomization.name_prefix, &config.name_prefix, "PrefixTransformer"),
            (Side::Suffix, &kustomization.name_suffix, &config.name_suffix, "SuffixTransformer"),
        ];
        for (side, text, specs, plugin) in sides.into_iter().filter(|(_, text, ..)| !text.is_empty()) {
            self.add(plugin, Transformer::Rename { side, text: text.clone(), specs: specs.clone() });
        }
    }

    fn of_labels(&mut self, kustomization: &Kustomization, config: &TransformerConfig) {
        let labels = |field, pairs: &BTreeMap<String, String>, specs| {
            let pairs = pairs.clone();
            Transformer::Labels { field, pairs, specs }
        };
        for rule in &kustomization.labels {
            match labels::fields_of(&rule.value, config) {
                Ok(specs) => self.add("LabelTransformer", labels("labels", &rule.value.pairs, specs)),
                Err(fault) => {
                    let error = self.place.error(&rule.at, fault);
                    self.session.fail(error);
                }
            }
        }
        let common = &kustomization.common_labels;
        // kustomize runs this one also without labels where there are rules, and tells so.
        if !(kustomization.labels.is_empty() && common.is_empty()) {
            self.add("LabelTransformer", labels("commonLabels", common, config.common_labels.clone()));
        }
        if !kustomization.common_annotations.is_empty() {
            let specs = config.common_annotations.clone();
            let annotations = labels("commonAnnotations", &kustomization.common_annotations, specs);
            self.add("AnnotationsTransformer", annotations);
        }
    }
}

/// The path of a field at the top of a file.
pub(crate) fn top(field: &str) -> FieldPath {
    FieldPath::root().field(field)
}
