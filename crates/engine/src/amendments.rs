//! What the spec of a Kustomization adds to a build.

use windlass_flux::KustomizationSpec;
use windlass_render::{Amendments, CommonMetadata, Image, Patch, Selector};

/// The part of a spec that changes how its directory is built.
pub(crate) fn amendments(spec: &KustomizationSpec) -> Amendments {
    Amendments {
        target_namespace: spec.target_namespace.clone(),
        name_prefix: spec.name_prefix.clone(),
        name_suffix: spec.name_suffix.clone(),
        patches: spec.patches.iter().map(patch).collect(),
        images: spec.images.iter().map(image).collect(),
        components: spec.components.clone(),
        ignore_missing_components: spec.ignore_missing_components,
        build_metadata: (!spec.build_metadata.is_empty())
            .then(|| spec.build_metadata.iter().map(ToString::to_string).collect()),
    }
}

/// The labels and annotations that every built object gets.
pub(crate) fn common_metadata(spec: &KustomizationSpec) -> CommonMetadata {
    let metadata = spec.common_metadata.clone().unwrap_or_default();
    CommonMetadata { labels: metadata.labels, annotations: metadata.annotations }
}

fn patch(patch: &windlass_flux::Patch) -> Patch {
    Patch::inline(&patch.patch, patch.target.as_ref().map(selector))
}

fn selector(selector: &windlass_flux::Selector) -> Selector {
    let text = |field: &Option<String>| field.clone().unwrap_or_default();
    Selector {
        group: text(&selector.group),
        version: text(&selector.version),
        kind: text(&selector.kind),
        name: text(&selector.name),
        namespace: text(&selector.namespace),
        label_selector: text(&selector.label_selector),
        annotation_selector: text(&selector.annotation_selector),
    }
}

fn image(image: &windlass_flux::Image) -> Image {
    let text = |field: &Option<String>| field.clone().unwrap_or_default();
    Image {
        name: image.name.clone(),
        new_name: text(&image.new_name),
        new_tag: text(&image.new_tag),
        digest: text(&image.digest),
        ..Image::default()
    }
}
