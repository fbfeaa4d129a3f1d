//! Where reconciliation starts: the Kustomizations that no other makes, and the repositories they are built from.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use windlass_cluster::Inventory;
use windlass_manifest::{Gvk, ObjectId};

use crate::facts::{KustomizationFacts, SourceFacts};

/// The Flux objects of a cluster.
#[derive(Debug, Default)]
pub(crate) struct FluxRoots {
    sources: BTreeMap<String, SourceFacts>,
    kustomizations: BTreeMap<String, Kustomization>,
}

#[derive(Debug)]
struct Kustomization {
    facts: KustomizationFacts,
    source: ObjectId,
    /// The Kustomizations that it makes.
    makes: BTreeSet<String>,
}

const KUSTOMIZE: &str = "kustomize.toolkit.fluxcd.io";
const SOURCE: &str = "source.toolkit.fluxcd.io";

impl FluxRoots {
    /// Adds an object, if it is one of Flux'.
    pub(crate) fn add(&mut self, object: &Value) {
        let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        let Gvk { group, kind, .. } = Gvk::from_api_version(&text("/apiVersion"), &text("/kind"));
        let namespace = text("/metadata/namespace");
        let name = format!("{namespace}/{}", text("/metadata/name"));
        match (group.as_str(), kind.as_str()) {
            (SOURCE, "GitRepository") => {
                let facts = SourceFacts {
                    name: name.clone(),
                    url: text("/spec/url"),
                    revision: text("/status/artifact/revision"),
                };
                self.sources.insert(name, facts);
            }
            (KUSTOMIZE, "Kustomization") => {
                let own = |field: &str| text(&format!("/spec/sourceRef/{field}"));
                let source = ObjectId {
                    group: SOURCE.to_owned(),
                    kind: own("kind"),
                    namespace: Some(own("namespace")).filter(|own| !own.is_empty()).or(Some(namespace)),
                    name: own("name"),
                };
                let shown = format!("{}/{}", source.namespace.clone().unwrap_or_default(), source.name);
                let facts = KustomizationFacts {
                    name: name.clone(),
                    path: text("/spec/path"),
                    source: if source.kind == "GitRepository" { shown } else { format!("{} {shown}", source.kind) },
                    revision: text("/status/lastAppliedRevision"),
                    is_root: true,
                };
                let makes = made_by(&object["status"]["inventory"]).filter(|made| *made != name).collect();
                self.kustomizations.insert(name, Kustomization { facts, source, makes });
            }
            _ => {}
        }
    }

    /// Whether the object is a root, or the source of one.
    pub(crate) fn holds(&self, id: &ObjectId) -> bool {
        let name = format!("{}/{}", id.namespace.clone().unwrap_or_default(), id.name);
        let is_kustomization = id.group == KUSTOMIZE && id.kind == "Kustomization";
        self.roots().any(|(root, kustomization)| (is_kustomization && *root == name) || kustomization.source == *id)
    }

    /// What is known of all of them, by name.
    pub(crate) fn facts(&self) -> (Vec<SourceFacts>, Vec<KustomizationFacts>) {
        let roots: BTreeSet<&String> = self.roots().map(|(name, _)| name).collect();
        let facts = self.kustomizations.iter().map(|(name, kustomization)| KustomizationFacts {
            is_root: roots.contains(name),
            ..kustomization.facts.clone()
        });
        (self.sources.values().cloned().collect(), facts.collect())
    }

    fn roots(&self) -> impl Iterator<Item = (&String, &Kustomization)> {
        let is_made = |name: &String| self.kustomizations.values().any(|other| other.makes.contains(name));
        self.kustomizations.iter().filter(move |(name, _)| !is_made(name))
    }
}

/// The Kustomizations in an inventory.
fn made_by(inventory: &Value) -> impl Iterator<Item = String> {
    let entries = inventory["entries"].as_array().into_iter().flatten();
    entries.filter_map(|entry| {
        let read = Inventory::read([(entry["id"].as_str()?, "v1")]).ok()?;
        let id = read.iter().next()?.id;
        (id.group == KUSTOMIZE && id.kind == "Kustomization")
            .then(|| format!("{}/{}", id.namespace.unwrap_or_default(), id.name))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn kustomization(name: &str, makes: &[&str]) -> Value {
        let entries: Vec<Value> = makes
            .iter()
            .map(|name| json!({"id": format!("flux-system_{name}_kustomize.toolkit.fluxcd.io_Kustomization"), "v": "v1"}))
            .collect();
        json!({
            "apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization",
            "metadata": {"name": name, "namespace": "flux-system"},
            "spec": {"path": "./x", "sourceRef": {"kind": "GitRepository", "name": "home"}},
            "status": {"inventory": {"entries": entries}},
        })
    }

    #[test]
    fn who_makes_himself_is_a_root_and_whom_another_makes_is_none() {
        let mut roots = FluxRoots::default();
        roots.add(&kustomization("flux-system", &["flux-system", "apps"]));
        roots.add(&kustomization("apps", &[]));
        let (_, facts) = roots.facts();
        let shown: Vec<_> = facts.iter().map(|facts| (facts.name.as_str(), facts.is_root)).collect();
        assert_eq!(shown, [("flux-system/apps", false), ("flux-system/flux-system", true)]);
        let source = ObjectId {
            group: SOURCE.to_owned(),
            kind: "GitRepository".to_owned(),
            namespace: Some("flux-system".to_owned()),
            name: "home".to_owned(),
        };
        assert!(roots.holds(&source));
        assert!(!roots.holds(&ObjectId { name: "other".to_owned(), ..source }));
    }
}
