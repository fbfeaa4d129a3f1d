//! The transformations of one kustomization, in kustomize's order whatever the order of the fields.

use windlass_manifest::{FieldPath, Gvk, Step};

use crate::Fault;
use crate::accumulate::Accumulator;
use crate::decode::At;
use crate::identity::ResId;
use crate::kustomization::{Image, Kustomization, LabelRule, Replica};
use crate::patch::apply::{self, Aim};
use crate::patch::load::{LoadedPatch, Patches};
use crate::patch::read::{MergePatch, PatchText};
use crate::patch::strategic_merge::Merge;
use crate::patch::target;
use crate::place::Place;
use crate::resource::Resource;
use crate::resource_map::ResourceMap;
use crate::session::Session;
use crate::transform::field_spec::FieldSpecs;
use crate::transform::images::ImageRule;
use crate::transform::prefix::{self, Side};
use crate::transform::{build_metadata, labels, namespace, replicas};

impl Session<'_> {
    /// Runs all transformations over the objects. Faults are noted, and do not keep the next from being tried.
    pub(crate) fn transform(
        &mut self,
        place: &Place,
        kustomization: &Kustomization,
        patches: &Patches,
        accumulated: &mut Accumulator,
    ) {
        let Accumulator { resources, config } = accumulated;
        for patch in &patches.legacy_merge {
            self.patch(place, patch, resources);
        }
        if !patches.legacy_merge.is_empty() {
            self.ran(place, "PatchStrategicMergeTransformer", resources);
        }
        for patch in &patches.patches {
            self.patch(place, patch, resources);
            self.ran(place, "PatchTransformer", resources);
        }
        self.set_namespace(place, &kustomization.namespace, &config.namespace, resources);
        let sides = [
            (Side::Prefix, &kustomization.name_prefix, &config.name_prefix, "PrefixTransformer"),
            (Side::Suffix, &kustomization.name_suffix, &config.name_suffix, "SuffixTransformer"),
        ];
        for (side, text, specs, plugin) in sides.into_iter().filter(|(_, text, ..)| !text.is_empty()) {
            let field = if side == Side::Prefix { "namePrefix" } else { "nameSuffix" };
            self.each(place, field, resources, |resource| prefix::add(side, text, specs, resource));
            self.ran(place, plugin, resources);
        }
        for rule in &kustomization.labels {
            match labels::fields_of(&rule.value, config) {
                Ok(specs) => self.set_labels(place, rule, &specs, resources),
                Err(fault) => {
                    self.fail(place.error(&rule.at, fault));
                }
            }
            self.ran(place, "LabelTransformer", resources);
        }
        if !kustomization.common_labels.is_empty() {
            let (pairs, specs) = (&kustomization.common_labels, &config.common_labels);
            self.each(place, "commonLabels", resources, |resource| labels::set(pairs, specs, resource));
        }
        if !(kustomization.labels.is_empty() && kustomization.common_labels.is_empty()) {
            self.ran(place, "LabelTransformer", resources);
        }
        if !kustomization.common_annotations.is_empty() {
            let (pairs, specs) = (&kustomization.common_annotations, &config.common_annotations);
            self.each(place, "commonAnnotations", resources, |resource| labels::set(pairs, specs, resource));
            self.ran(place, "AnnotationsTransformer", resources);
        }
        for patch in &patches.legacy_json {
            self.patch(place, patch, resources);
            self.ran(place, "PatchJson6902Transformer", resources);
        }
        for replica in &kustomization.replicas {
            self.set_replicas(place, replica, &config.replicas, resources);
            self.ran(place, "ReplicaCountTransformer", resources);
        }
        for image in &kustomization.images {
            self.set_image(place, image, &config.images, resources);
            self.ran(place, "ImageTagTransformer", resources);
        }
    }

    /// Ends a transformer: what it deleted leaves, and what is left may have to tell that it ran.
    fn ran(&mut self, place: &Place, plugin: &str, resources: &mut ResourceMap) {
        resources.drop_deleted();
        if let (true, Some(file)) = (self.metadata.tracks, place.kustomization_file()) {
            let plugin = build_metadata::of_plugin(&file, &self.root, plugin);
            (0..resources.items().len()).for_each(|index| build_metadata::note(resources.item_mut(index), &plugin));
        }
    }

    /// Does something with every object.
    fn each(
        &mut self,
        place: &Place,
        field: &'static str,
        resources: &mut ResourceMap,
        change: impl Fn(&mut Resource) -> Result<(), String>,
    ) {
        for resource in resources.items_mut() {
            if let Err(problem) = change(resource) {
                let fault = Fault::Transform { transformer: field, target: resource.id().to_string(), problem };
                let origin = resource.origin().clone();
                self.errors.push(place.error_in(origin, fault));
            }
        }
    }

    fn set_namespace(
        &mut self,
        place: &Place,
        namespace: &At<String>,
        specs: &FieldSpecs,
        resources: &mut ResourceMap,
    ) {
        if namespace.value.is_empty() {
            return;
        }
        self.each(place, "namespace", resources, |resource| namespace::set(&namespace.value, specs, resource));
        for (index, fault) in resources.conflicts() {
            let origin = resources.items()[index].origin().clone();
            self.fail(place.error_in(origin, fault));
        }
        self.ran(place, "NamespaceTransformer", resources);
    }

    fn set_labels(&mut self, place: &Place, rule: &At<LabelRule>, specs: &FieldSpecs, resources: &mut ResourceMap) {
        if !rule.value.pairs.is_empty() {
            self.each(place, "labels", resources, |resource| labels::set(&rule.value.pairs, specs, resource));
        }
    }

    fn set_replicas(&mut self, place: &Place, replica: &At<Replica>, specs: &FieldSpecs, resources: &mut ResourceMap) {
        let mut found = false;
        for index in 0..resources.items().len() {
            match replicas::set(&replica.value, specs, resources.item_mut(index)) {
                Ok(fits) => found |= fits,
                Err(problem) => {
                    found = true;
                    let resource = &resources.items()[index];
                    let (target, origin) = (resource.id().to_string(), resource.origin().clone());
                    let fault = Fault::Transform { transformer: "replicas", target, problem };
                    self.fail(place.error_in(origin, fault));
                }
            }
        }
        if !found {
            let problem = format!(
                "there is no Deployment, ReplicaSet, StatefulSet or ReplicationController called {:?}",
                replica.value.name
            );
            self.fail(place.error(&replica.at, Fault::InvalidValue { field: replica.at.to_string(), problem }));
        }
    }

    fn set_image(&mut self, place: &Place, image: &At<Image>, specs: &FieldSpecs, resources: &mut ResourceMap) {
        match ImageRule::new(&image.value) {
            Ok(rule) => self.each(place, "images", resources, |resource| rule.apply(specs, resource)),
            Err(problem) => {
                let at = image.at.field("name");
                self.fail(place.error(&at, Fault::InvalidValue { field: at.to_string(), problem }));
            }
        }
    }

    fn patch(&mut self, place: &Place, patch: &LoadedPatch, resources: &mut ResourceMap) {
        match (&patch.text, &patch.target) {
            (PatchText::Merge(documents), None) => {
                for document in documents {
                    self.patch_named(place, patch, document, resources);
                }
            }
            (text, Some(target)) => {
                let items = resources.items().iter().enumerate();
                let found: Vec<_> =
                    items.filter(|(_, resource)| target.fits(resource)).map(|(index, _)| index).collect();
                if found.is_empty() {
                    self.warn_without_target(place, patch);
                }
                for index in found {
                    self.patch_selected(place, patch, text, index, resources);
                }
            }
            // Refused when it was loaded.
            (PatchText::Json(_), None) => {}
        }
    }

    fn patch_named(&mut self, place: &Place, patch: &LoadedPatch, document: &MergePatch, resources: &mut ResourceMap) {
        let found = resources.find(&document.id);
        match found.as_slice() {
            [index] => {
                let outcome = self.merge_patch(resources.item_mut(*index), document, Aim::Named, patch);
                self.patched(place, patch, Some(document.line), *index, outcome, resources);
            }
            [] => {
                let fault =
                    Fault::NoTarget { id: document.id.to_string(), nearest: nearest(&document.id, resources.items()) };
                self.fail(place.error_in(patch.origin(Some(document.line), place), fault));
            }
            several => {
                let found = several.iter().map(|index| resources.items()[*index].id().to_string()).collect();
                let fault = Fault::ManyTargets { id: document.id.to_string(), found };
                self.fail(place.error_in(patch.origin(Some(document.line), place), fault));
            }
        }
    }

    fn patch_selected(
        &mut self,
        place: &Place,
        patch: &LoadedPatch,
        text: &PatchText,
        index: usize,
        resources: &mut ResourceMap,
    ) {
        let resource = resources.item_mut(index);
        let (outcome, line) = match text {
            PatchText::Merge(documents) => match documents.first() {
                Some(document) => (self.merge_patch(resource, document, Aim::Target, patch), Some(document.line)),
                None => return,
            },
            PatchText::Json(json) => {
                // `patchesJson6902` keeps no history.
                if patch.at.to_string().starts_with("patches[") || is_amended(&patch.at) {
                    resource.remember_id();
                }
                ((apply::json(resource, json), Vec::new()), None)
            }
        };
        self.patched(place, patch, line, index, outcome, resources);
    }

    fn merge_patch(
        &mut self,
        resource: &mut Resource,
        document: &MergePatch,
        aim: Aim,
        patch: &LoadedPatch,
    ) -> (Result<(), String>, Vec<String>) {
        let origin = resource.origin().clone();
        let loader = &mut self.loader;
        let mut written = |path: &[Step]| loader.written(&origin, path).map(|(text, quoted)| (text.to_owned(), quoted));
        apply::merge(resource, document, aim, &patch.options, Merge::new(&mut written))
    }

    /// Ends one application of a patch.
    fn patched(
        &mut self,
        place: &Place,
        patch: &LoadedPatch,
        line: Option<usize>,
        index: usize,
        (result, warnings): (Result<(), String>, Vec<String>),
        resources: &mut ResourceMap,
    ) {
        resources.ids_changed();
        if patch.decrypted {
            resources.item_mut(index).manifest.mark_sensitive();
        }
        let origin = patch.origin(line, place);
        for message in warnings {
            self.warnings.push(crate::Warning { origin: origin.clone(), message });
        }
        if let Err(problem) = result {
            let target = resources.items()[index].id().to_string();
            self.fail(place.error_in(origin, Fault::PatchFailed { target, problem }));
        }
    }

    fn warn_without_target(&mut self, place: &Place, patch: &LoadedPatch) {
        let Some(selector) = patch.selector() else { return };
        let message = format!("the target of this patch fits no object: {}", target::describe(selector));
        self.warnings.push(place.warning(&patch.at.field("target"), message));
    }
}

fn is_amended(at: &FieldPath) -> bool {
    at.to_string().starts_with("spec.")
}

/// The objects most like the one that a patch names.
fn nearest(id: &ResId, resources: &[Resource]) -> Vec<String> {
    let likeness = |other: &ResId| {
        let Gvk { group, version, kind } = &other.gvk;
        let wanted = &id.gvk;
        (if *kind == wanted.kind { 4 } else { 0 })
            + (if other.name == id.name { 4 } else { 0 })
            + (if other.namespace == id.namespace { 1 } else { 0 })
            + (if *group == wanted.group && *version == wanted.version { 1 } else { 0 })
            + crate::suggest::nearest(&id.name, [other.name.as_str()]).map_or(0, |_| 3)
    };
    let mut ranked: Vec<_> = resources.iter().map(|resource| (likeness(&resource.id()), resource.id())).collect();
    ranked.retain(|(likeness, _)| *likeness >= 4);
    ranked.sort_by_key(|(likeness, _)| std::cmp::Reverse(*likeness));
    ranked.into_iter().take(3).map(|(_, id)| id.to_string()).collect()
}
