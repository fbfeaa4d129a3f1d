//! What Flux does with the kustomization of the directory it builds.

use windlass_manifest::{FieldPath, TreeError};

use crate::decode::{At, Problem};
use crate::kustomization::{Image, Kustomization};
use crate::place::{Place, amendment};
use crate::remote::is_remote;
use crate::session::{Failed, Session};
use crate::{Amendments, Fault};

impl Session<'_> {
    /// Flux reads the kustomization it amends, and only that one, without looking at unknown fields.
    pub(crate) fn reads_leniently(&self, place: &Place) -> bool {
        self.options.amendments.is_some() && place.via.len() == 1
    }

    /// Turns unknown fields into warnings, and lets an empty file pass.
    pub(crate) fn pass_over(&mut self, place: &Place, problems: &mut Vec<Problem>) {
        problems.retain(|problem| match &problem.fault {
            Fault::UnknownField { .. } => {
                let message = format!("{}: Flux ignores it", problem.fault);
                self.warnings.push(place.warning(&problem.at, message));
                false
            }
            Fault::EmptyKustomization => false,
            _ => true,
        });
    }

    /// Adds what the Flux Kustomization says.
    pub(crate) fn amend(
        &mut self,
        place: &Place,
        kustomization: &mut Kustomization,
        amendments: &Amendments,
    ) -> Result<(), Failed> {
        if place.file.is_some() && !kustomization.has_resources {
            // Flux does so lest the kustomization be empty; it shows on what generators make.
            kustomization.build_metadata = vec!["originAnnotations".to_owned()];
        }
        if let Some(namespace) = &amendments.target_namespace {
            let at = FieldPath::root().field("spec").field("targetNamespace");
            kustomization.namespace = At { value: namespace.clone(), at };
        }
        if let Some(prefix) = &amendments.name_prefix {
            kustomization.name_prefix.clone_from(prefix);
        }
        if let Some(suffix) = &amendments.name_suffix {
            kustomization.name_suffix.clone_from(suffix);
        }
        for (index, patch) in amendments.patches.iter().enumerate() {
            kustomization.patches.push(At { value: patch.clone(), at: amendment("patches", index) });
        }
        for (index, image) in amendments.images.iter().enumerate() {
            merge_image(&mut kustomization.images, image, amendment("images", index));
        }
        if let Some(words) = amendments.build_metadata.as_ref().filter(|words| !words.is_empty()) {
            kustomization.build_metadata.clone_from(words);
        }
        self.amend_components(place, kustomization, amendments)
    }

    fn amend_components(
        &mut self,
        place: &Place,
        kustomization: &mut Kustomization,
        amendments: &Amendments,
    ) -> Result<(), Failed> {
        let mut result = Ok(());
        for (index, component) in amendments.components.iter().enumerate() {
            let at = amendment("components", index);
            if is_remote(component) {
                // Flux takes local components only.
                let fault = Fault::Remote { url: component.clone() };
                result = Err(self.fail(place.error(&at, fault)));
                continue;
            }
            let path = place.directory.join(component).ok();
            let resolved = path.map(|path| self.loader.resolve(&path));
            let missing = matches!(resolved, Some(Err(TreeError::NotFound { .. })));
            if !(missing && amendments.ignore_missing_components) {
                kustomization.components.push(At { value: component.clone(), at });
            }
        }
        result
    }
}

/// Merges an image into those of the kustomization. Tag and digest are one thing: to give one clears the other.
fn merge_image(images: &mut Vec<At<Image>>, image: &Image, at: FieldPath) {
    let Some(known) = images.iter_mut().find(|known| known.value.name == image.name) else {
        images.push(At { value: image.clone(), at });
        return;
    };
    if !image.new_name.is_empty() {
        known.value.new_name.clone_from(&image.new_name);
    }
    if !image.new_tag.is_empty() || !image.digest.is_empty() {
        known.value.new_tag.clone_from(&image.new_tag);
        known.value.digest.clone_from(&image.digest);
    }
}
