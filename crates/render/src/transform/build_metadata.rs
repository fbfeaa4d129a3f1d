//! `buildMetadata`: annotations that tell where an object came from, and a label that tells who built it.

use std::fmt::Write as _;

use serde_json::Value;
use windlass_manifest::TreePath;

use crate::remote::Remote;
use crate::resource::Resource;

pub(crate) const ORIGIN: &str = "config.kubernetes.io/origin";
pub(crate) const TRANSFORMATIONS: &str = "alpha.config.kubernetes.io/transformations";

/// The version in the label of `managedByLabel`: that of the kustomize whose results these are.
const MANAGED_BY: &str = "kustomize-v5.8.1";

/// What the built kustomization asks for. Words that kustomize does not know mean nothing.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct BuildMetadata {
    /// Anything is asked for, so that origins are kept.
    pub(crate) tracks: bool,
    origins: bool,
    transformations: bool,
    managed_by: bool,
}

impl BuildMetadata {
    pub(crate) fn new(words: &[String], managed_by: bool) -> Self {
        let has = |word: &str| words.iter().any(|known| known == word);
        Self {
            tracks: !words.is_empty(),
            origins: has("originAnnotations"),
            transformations: has("transformerAnnotations"),
            managed_by: managed_by || has("managedByLabel"),
        }
    }

    /// Writes what is asked for into a finished object.
    pub(crate) fn write(self, resource: &mut Resource) {
        if self.managed_by {
            resource.manifest.set_label("app.kubernetes.io/managed-by", MANAGED_BY);
        }
        if let Some(origin) = resource.history.origin.clone().filter(|_| self.origins) {
            resource.manifest.set_annotation(ORIGIN, &origin);
        }
        if self.transformations && !resource.history.transformations.is_empty() {
            let text = resource.history.transformations.concat();
            resource.manifest.set_annotation(TRANSFORMATIONS, &text);
        }
    }

    /// The annotations that an object may not keep from its file.
    pub(crate) fn unwanted(self) -> Vec<&'static str> {
        let all = [(ORIGIN, self.origins), (TRANSFORMATIONS, self.transformations)];
        all.into_iter().filter(|(_, wanted)| !wanted).map(|(key, _)| key).collect()
    }
}

/// The origin of an object from a file.
pub(crate) fn of_file(path: &TreePath, root: &TreePath, remote: Option<&Remote>) -> String {
    let mut text = format!("path: {}\n", scalar(&path.relative_to(root)));
    if let Some(Remote { clone_url, reference, .. }) = remote {
        let _ = writeln!(text, "repo: {}", scalar(clone_url));
        if let Some(reference) = reference {
            let _ = writeln!(text, "ref: {}", scalar(reference));
        }
    }
    text
}

/// The origin of what a field of a kustomization made or changed.
pub(crate) fn of_plugin(file: &TreePath, root: &TreePath, plugin: &str) -> String {
    let file = scalar(&file.relative_to(root));
    format!("configuredIn: {file}\nconfiguredBy:\n  apiVersion: builtin\n  kind: {plugin}\n")
}

/// The origin of what an object of the user's configures.
pub(crate) fn of_plugin_object(resource: &Resource, root: &TreePath) -> String {
    let manifest = &resource.manifest;
    let file = manifest.origin().file().and_then(|file| TreePath::new(file).ok());
    let file = file.unwrap_or_else(|| root.clone());
    let mut text = of_plugin(&file, root, manifest.kind());
    let _ = writeln!(text, "  name: {}", scalar(manifest.name()));
    if let Some(namespace) = manifest.namespace().filter(|namespace| !namespace.is_empty()) {
        let _ = writeln!(text, "  namespace: {}", scalar(namespace));
    }
    text
}

/// Notes that a transformer ran over an object.
pub(crate) fn note(resource: &mut Resource, plugin: &str) {
    resource.annotations_written();
    if resource.history.origin.is_none() {
        resource.history.origin = Some(plugin.to_owned());
        return;
    }
    let mut entry = String::new();
    for (index, line) in plugin.lines().enumerate() {
        entry.push_str(if index == 0 { "- " } else { "  " });
        entry.push_str(line);
        entry.push('\n');
    }
    resource.history.transformations.push(entry);
}

fn scalar(text: &str) -> String {
    windlass_yaml::print(&Value::from(text)).trim_end().to_owned()
}
