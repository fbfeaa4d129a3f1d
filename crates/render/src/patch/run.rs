//! Finding what a patch is for, and applying it there.

use windlass_manifest::{Gvk, Step};

use crate::Fault;
use crate::identity::ResId;
use crate::patch::apply::{self, Aim};
use crate::patch::load::LoadedPatch;
use crate::patch::read::{MergePatch, PatchText};
use crate::patch::strategic_merge::Merge;
use crate::patch::target;
use crate::place::Place;
use crate::resource::Resource;
use crate::resource_map::ResourceMap;
use crate::session::Session;

impl Session<'_> {
    /// Applies a patch to the object that it names, or to those that its target selects.
    pub(crate) fn patch(&mut self, place: &Place, patch: &LoadedPatch, resources: &mut ResourceMap) {
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
                if matches!(text, PatchText::Merge(_)) {
                    // kustomize puts its list of objects together anew here, and only here.
                    for (index, fault) in resources.conflicts() {
                        let origin = resources.items()[index].origin().clone();
                        self.fail(place.error_in(origin, fault));
                    }
                }
            }
            // Refused when it was loaded.
            (PatchText::Json(_), None) => {}
        }
    }

    fn patch_named(&mut self, place: &Place, patch: &LoadedPatch, document: &MergePatch, resources: &mut ResourceMap) {
        let aim = if patch.is_legacy { Aim::Legacy } else { Aim::Named };
        let id = document.id.clone().scoped_by(self.schema.as_deref());
        let found = resources.find(&id);
        match found.as_slice() {
            [index] => {
                let before = ids_of(&resources.items()[*index]);
                let outcome = self.merge_patch(resources.item_mut(*index), document, aim, patch);
                if ids_of(&resources.items()[*index]) != before {
                    resources.ids_changed();
                }
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
        let before = ids_of(&resources.items()[index]);
        let resource = resources.item_mut(index);
        let (outcome, line) = match text {
            PatchText::Merge(documents) => match documents.first() {
                Some(document) => (self.merge_patch(resource, document, Aim::Target, patch), Some(document.line)),
                None => return,
            },
            PatchText::Json(json) => {
                if patch.keeps_history {
                    resource.remember_id();
                }
                (apply::json(resource, json), None)
            }
        };
        let after = ids_of(&resources.items()[index]);
        if after.0 != before.0 {
            resources.ids_changed();
        } else if after != before {
            resources.history_changed();
        }
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
        let (loader, schema) = (&mut self.loader, self.schema.clone());
        let (earlier, is_printed) = (resource.history.merged.clone(), resource.history.printed);
        let mut written = |path: &[Step]| {
            // Whoever wrote the field first gave it its quotes; those who write over it later keep them.
            let in_file = if is_printed { None } else { loader.written(&origin, path) };
            let first = in_file.or_else(|| {
                // A null in a patch makes no field.
                let makes = |(text, quoted): &(&str, bool)| *quoted || !is_null(text);
                earlier.iter().find_map(|patch| patch.written(path).filter(makes))
            });
            // kustomize prints the object after each patch, and puts such a word in quotes when it does.
            let was_quoted = |text| !earlier.is_empty() && OLD_BOOLS.contains(&text);
            first.map(|(text, quoted)| (text.is_empty(), quoted || was_quoted(text)))
        };
        let merge = Merge::new(schema.as_deref(), &mut written).with_source(&document.source);
        apply::merge(resource, document, aim, &patch.options, merge)
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
        if patch.decrypted {
            resources.item_mut(index).manifest.mark_sensitive();
        }
        if warnings.is_empty() && result.is_ok() {
            // Finding the origin reads the kustomization again: only where there is something to say.
            return;
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

/// Words that were booleans in YAML 1.1, and are text to kustomize.
const OLD_BOOLS: [&str; 16] =
    ["y", "Y", "yes", "Yes", "YES", "on", "On", "ON", "n", "N", "no", "No", "NO", "off", "Off", "OFF"];

fn is_null(text: &str) -> bool {
    ["", "~", "null", "Null", "NULL"].contains(&text)
}

/// Whatever an object can be found by.
fn ids_of(resource: &Resource) -> (ResId, usize, bool) {
    (resource.id(), resource.history.previous.len(), resource.deleted)
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
