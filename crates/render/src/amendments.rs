use std::collections::BTreeMap;

use windlass_manifest::Manifest;

use crate::{Image, Patch};

/// What a Flux Kustomization object adds to the kustomization in its directory.
///
/// With amendments (also empty ones) a directory without a kustomization file gets Flux's generated one: every
/// `*.yaml` and `*.yml` file below it is a resource, and a directory below it that has a kustomization file is one
/// entry and not entered. Everything happens in memory; the tree is never written.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Amendments {
    /// `targetNamespace`: replaces `namespace` of the kustomization.
    pub target_namespace: Option<String>,
    /// `namePrefix`: replaces that of the kustomization.
    pub name_prefix: Option<String>,
    /// `nameSuffix`: replaces that of the kustomization.
    pub name_suffix: Option<String>,
    /// `patches`: applied after those of the kustomization.
    pub patches: Vec<Patch>,
    /// `images`: merged by name into those of the kustomization.
    pub images: Vec<Image>,
    /// `components`: added to those of the kustomization; local directories, relative to the built directory.
    pub components: Vec<String>,
    /// `ignoreMissingComponents`: leaves out components whose directory does not exist.
    pub ignore_missing_components: bool,
    /// `buildMetadata`: replaces that of the kustomization.
    pub build_metadata: Option<Vec<String>>,
}

/// `commonMetadata` of a Flux Kustomization: labels and annotations for every object.
///
/// Flux sets them on the objects it is about to apply, after post-build substitution. They are therefore no part of
/// [`Amendments`]: apply them when the manifests are final.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CommonMetadata {
    /// Labels, over those of the object.
    pub labels: BTreeMap<String, String>,
    /// Annotations, over those of the object.
    pub annotations: BTreeMap<String, String>,
}

impl CommonMetadata {
    /// Sets the labels and annotations on `manifest`; nothing but its own metadata changes.
    pub fn apply(&self, manifest: &mut Manifest) {
        for (key, value) in &self.labels {
            manifest.set_label(key, value);
        }
        for (key, value) in &self.annotations {
            manifest.set_annotation(key, value);
        }
    }
}
