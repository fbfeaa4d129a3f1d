//! One object on its way through a build.

use std::sync::Arc;

use serde_json::{Map, Value};
use windlass_manifest::{Gvk, Manifest, Origin};

use crate::identity::{History, IdParts, NOT_A_NAMESPACE, Previous, ResId, effective_namespace};
use crate::schema::Schema;
use crate::transform::aliases::Aliases;
use crate::transform::annotations::{NEEDS_HASH, PREVIOUS};
use crate::transform::scalar::text_of;

/// A manifest with the history that kustomize keeps of it.
#[derive(Debug, Clone)]
pub(crate) struct Resource {
    pub(crate) manifest: Manifest,
    pub(crate) history: History,
    /// What says which types have no namespace, beyond the built-in ones, where anything does.
    pub(crate) scopes: Option<Arc<Schema>>,
    /// A patch deleted it; it leaves the build after the transformer that did so.
    pub(crate) deleted: bool,
}

impl Resource {
    pub(crate) fn new(manifest: Manifest) -> Self {
        Self { manifest, history: History::default(), scopes: None, deleted: false }
    }

    /// An object from a file. What it says itself about its earlier names is believed, as kustomize does.
    pub(crate) fn from_file(manifest: Manifest) -> Self {
        let words = |key: &str| -> Vec<String> {
            let text = manifest.annotation(key).filter(|text| !text.is_empty());
            text.map(|text| text.split(',').map(str::to_owned).collect()).unwrap_or_default()
        };
        let [names, namespaces, kinds] = PREVIOUS.map(words);
        let mut resource = Self::new(manifest);
        if names.len() == namespaces.len() && names.len() == kinds.len() {
            let previous = names.into_iter().zip(namespaces).zip(kinds);
            resource.history.previous =
                previous.map(|((name, namespace), kind)| Previous { kind, name, namespace }).collect();
        }
        resource.history.needs_hash = resource.manifest.annotation(NEEDS_HASH) == Some("enabled");
        resource
    }

    pub(crate) fn gvk(&self) -> Gvk {
        self.manifest.gvk()
    }

    /// Group and version without copies of them.
    pub(crate) fn group_version(&self) -> (&str, &str) {
        let api_version = self.manifest.api_version();
        api_version.split_once('/').unwrap_or(("", api_version))
    }

    pub(crate) fn origin(&self) -> &Origin {
        self.manifest.origin()
    }

    /// Who it is now.
    pub(crate) fn id(&self) -> ResId {
        ResId::new(self.gvk(), self.manifest.name(), self.manifest.namespace()).scoped_by(self.scopes.as_deref())
    }

    /// Who it is now, without copies.
    pub(crate) fn id_parts(&self) -> IdParts<'_> {
        let (group, version) = self.group_version();
        let kind = self.manifest.kind();
        let namespace = match &self.scopes {
            Some(scopes) if scopes.is_cluster_scoped(group, version, kind) => NOT_A_NAMESPACE,
            _ => effective_namespace([group, version, kind], self.manifest.namespace()),
        };
        [group, version, kind, self.manifest.name(), namespace]
    }

    /// Everyone it was, without copies.
    pub(crate) fn previous_id_parts(&self) -> impl Iterator<Item = IdParts<'_>> {
        let (group, version) = self.group_version();
        let previous = self.history.previous.iter();
        previous.map(move |was| [group, version, &was.kind, &was.name, &was.namespace])
    }

    /// Who it was when it was read.
    pub(crate) fn original_id(&self) -> ResId {
        self.previous_ids().next().unwrap_or_else(|| self.id())
    }

    /// The type it had when it was read; group and version are those of today.
    pub(crate) fn original_gvk(&self) -> Gvk {
        let gvk = self.gvk();
        match self.history.previous.first() {
            Some(previous) => Gvk { kind: previous.kind.clone(), ..gvk },
            None => gvk,
        }
    }

    /// Everyone it was, the oldest first. Group and version are those of today.
    pub(crate) fn previous_ids(&self) -> impl Iterator<Item = ResId> + '_ {
        let Gvk { group, version, .. } = self.gvk();
        self.history.previous.iter().map(move |previous| ResId {
            gvk: Gvk { group: group.clone(), version: version.clone(), kind: previous.kind.clone() },
            name: previous.name.clone(),
            namespace: previous.namespace.clone(),
        })
    }

    /// Notes who it is, before that changes.
    pub(crate) fn remember_id(&mut self) {
        let [_, _, kind, name, namespace] = self.id_parts();
        let [kind, name, namespace] = [kind, name, namespace].map(str::to_owned);
        self.history.previous.push(Previous { kind, name, namespace });
        self.annotations_written();
    }

    /// Something was noted that kustomize keeps in annotations.
    pub(crate) fn annotations_written(&mut self) {
        self.history.aliases.iter_mut().for_each(Aliases::annotations_written);
    }

    pub(crate) fn set_name(&mut self, name: &str) {
        if let Some(metadata) = self.metadata_mut() {
            metadata.insert("name".to_owned(), Value::from(name));
        }
    }

    /// The labels as text.
    pub(crate) fn labels(&self) -> impl Iterator<Item = (&str, String)> {
        self.texts("labels")
    }

    /// The annotations as text.
    pub(crate) fn annotations(&self) -> impl Iterator<Item = (&str, String)> {
        self.texts("annotations")
    }

    pub(crate) fn metadata_mut(&mut self) -> Option<&mut Map<String, Value>> {
        self.manifest.value_mut().get_mut("metadata")?.as_object_mut()
    }

    fn texts(&self, map: &str) -> impl Iterator<Item = (&str, String)> {
        let entries = self.manifest.get(&["metadata", map]).and_then(Value::as_object);
        entries.into_iter().flatten().map(|(key, value)| (key.as_str(), text_of(value)))
    }
}
