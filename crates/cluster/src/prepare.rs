use std::collections::HashMap;
use std::time::Duration;

use serde_json::Value;
use windlass_manifest::{Gvk, Manifest, ObjectId};

use crate::cluster::{Cluster, Handle};
use crate::discovery::Kind;
use crate::error::{Error, Subject};
use crate::normalize::normalize;
use crate::{Owner, rejection};

/// How objects are applied, or an apply is planned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApplyOptions {
    /// Whose the objects are: they get these labels. By default nobody's.
    pub owner: Option<Owner>,
    /// Whether objects are deleted and made anew where the server refuses to change a field in place; `false` by
    /// default. An object may ask for it itself with the marker `force: enabled`.
    pub force: bool,
    /// Whether a plan holds what would be pruned; `true` by default.
    pub prune: bool,
    /// The namespace of namespaced objects that state none. By default there is none, and they are refused, as the
    /// server would.
    pub default_namespace: Option<String>,
    /// How long CRDs, Namespaces and classes may take to become ready, and deleted objects to go; 60 seconds by default.
    pub wait: Duration,
}

impl Default for ApplyOptions {
    fn default() -> Self {
        Self { owner: None, force: false, prune: true, default_namespace: None, wait: Duration::from_secs(60) }
    }
}

impl ApplyOptions {
    /// Marks the objects as `owner`'s.
    #[must_use]
    pub fn owned_by(mut self, owner: Owner) -> Self {
        self.owner = Some(owner);
        self
    }

    /// Allows recreation where a field is immutable.
    #[must_use]
    pub fn force(mut self, force: bool) -> Self {
        self.force = force;
        self
    }
}

/// A manifest as it is sent: normalised, labelled, in its namespace.
pub(crate) struct Prepared {
    pub(crate) manifest: Manifest,
    pub(crate) id: ObjectId,
    pub(crate) gvk: Gvk,
    pub(crate) kind: Kind,
}

impl Prepared {
    pub(crate) fn handle(&self) -> Handle<'_> {
        Handle {
            kind: &self.kind,
            id: &self.id,
            origin: self.manifest.origin(),
            sensitive: self.manifest.is_sensitive(),
        }
    }

    pub(crate) fn prepare(mut manifest: Manifest, kind: Kind, options: &ApplyOptions) -> Result<Self, Error> {
        normalize(&mut manifest);
        for (key, value) in options.owner.iter().flat_map(Owner::labels) {
            manifest.set_label(key, value);
        }
        if !kind.namespaced {
            // kustomize's namespace transformer may have put one on a custom resource whose scope it did not know.
            if let Some(Value::Object(metadata)) = manifest.value_mut().get_mut("metadata") {
                metadata.shift_remove("namespace");
            }
        } else if manifest.namespace().is_none() {
            let Some(namespace) = &options.default_namespace else {
                return Err(Error::NoNamespace { subject: subject(&manifest) });
            };
            manifest.set_namespace(namespace);
        }
        let (id, gvk) = (manifest.id(), manifest.gvk());
        Ok(Self { manifest, id, gvk, kind })
    }
}

pub(crate) fn subject(manifest: &Manifest) -> Box<Subject> {
    Box::new(Subject { id: manifest.id(), origin: manifest.origin().clone() })
}

/// The kinds that the CRDs of a build define, by group, version and kind.
#[derive(Debug, Clone, Default)]
pub(crate) struct Defined(HashMap<Gvk, Kind>);

impl Defined {
    pub(crate) fn by(manifests: &[Manifest]) -> Self {
        let mut defined = Self::default();
        manifests.iter().for_each(|manifest| defined.add(manifest));
        defined
    }

    /// Adds the kinds that `manifest` defines, if it is a CRD.
    pub(crate) fn add(&mut self, manifest: &Manifest) {
        if manifest.kind() == "CustomResourceDefinition" && manifest.gvk().group == "apiextensions.k8s.io" {
            self.0.extend(kinds_of(manifest.value()));
        }
    }

    pub(crate) fn kind(&self, gvk: &Gvk) -> Option<&Kind> {
        self.0.get(gvk)
    }

    pub(crate) fn groups(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(|gvk| gvk.group.as_str())
    }
}

fn kinds_of(crd: &Value) -> Vec<(Gvk, Kind)> {
    let text = |path: &str| crd.pointer(path).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (group, kind, plural) = (text("/spec/group"), text("/spec/names/kind"), text("/spec/names/plural"));
    let namespaced = text("/spec/scope") == "Namespaced";
    let versions = crd.pointer("/spec/versions").and_then(Value::as_array).into_iter().flatten();
    let served = versions.filter(|version| version["served"].as_bool() == Some(true));
    let names = served.filter_map(|version| version["name"].as_str());
    names
        .map(|version| {
            let gvk = Gvk { group: group.clone(), version: version.to_owned(), kind: kind.clone() };
            let resource = kube::core::ApiResource {
                group: group.clone(),
                version: version.to_owned(),
                api_version: gvk.api_version(),
                kind: kind.clone(),
                plural: plural.clone(),
            };
            (gvk, Kind { resource, namespaced })
        })
        .collect()
}

impl Cluster {
    /// The kind of a manifest, which the cluster must serve by now.
    pub(crate) async fn kind_of(&self, manifest: &Manifest) -> Result<Kind, Error> {
        let gvk = manifest.gvk();
        match self.discovery().kind(&gvk).await {
            Ok(Some(kind)) => Ok(kind),
            Ok(None) => Err(Error::UnknownKind { subject: subject(manifest), gvk }),
            Err(error) => Err(rejection::discovery(error, &manifest.id(), manifest.origin())),
        }
    }
}
