//! Definitions for kinds that a repository uses and nobody defines: on a real cluster they come with a chart or by hand.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use windlass_manifest::{Gvk, Manifest};
use windlass_schema::Schema;

/// The definitions that `manifests` lack beside the built-in kinds and those of `present`, each open to any content. Sorted by
/// name.
pub(crate) fn missing<'m>(manifests: impl Iterator<Item = &'m Manifest> + Clone, present: &'m [Value]) -> Vec<Value> {
    let mut schema = Schema::builtin();
    let defining = manifests.clone().filter(|one| one.kind() == "CustomResourceDefinition").map(Manifest::value);
    for definition in defining.chain(present) {
        // One that is broken is refused by the API, and told then.
        let _ = schema.add_crd(definition);
    }
    let mut kinds: BTreeMap<(String, String), Kind> = BTreeMap::new();
    for manifest in manifests {
        let Gvk { group, version, kind } = manifest.gvk();
        if schema.kind(&group, &version, &kind).is_some() || !group.contains('.') {
            continue;
        }
        let known = kinds.entry((group, kind)).or_default();
        known.namespaced |= manifest.namespace().is_some();
        if !known.versions.contains(&version) {
            known.versions.push(version);
        }
    }
    kinds.into_iter().map(|((group, kind), known)| known.definition(&group, &kind)).collect()
}

#[derive(Default)]
struct Kind {
    versions: Vec<String>,
    /// Whether an object of it names a namespace: there is nothing else to tell the scope by.
    namespaced: bool,
}

impl Kind {
    fn definition(&self, group: &str, kind: &str) -> Value {
        let plural = plural(kind);
        let version = |(position, name): (usize, &String)| {
            json!({
                "name": name, "served": true, "storage": position == 0,
                "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}},
                "subresources": {"status": {}},
            })
        };
        let versions: Vec<Value> = self.versions.iter().enumerate().map(version).collect();
        json!({
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {"name": format!("{plural}.{group}")},
            "spec": {
                "group": group, "scope": if self.namespaced { "Namespaced" } else { "Cluster" },
                "names": {
                    "kind": kind, "listKind": format!("{kind}List"), "plural": plural,
                    "singular": kind.to_ascii_lowercase(),
                },
                "versions": versions,
            },
        })
    }
}

/// The plural of a kind, as code generators guess it.
fn plural(kind: &str) -> String {
    let kind = kind.to_ascii_lowercase();
    let ends = |end: &str| kind.strip_suffix(end);
    match (ends("y"), kind.chars().rev().nth(1)) {
        (Some(stem), Some(before)) if !"aeiou".contains(before) => format!("{stem}ies"),
        _ if ["s", "x", "ch", "sh"].iter().any(|end| kind.ends_with(end)) => format!("{kind}es"),
        _ => format!("{kind}s"),
    }
}

#[cfg(test)]
mod tests {
    use windlass_manifest::Origin;

    use super::*;

    fn manifest(value: Value) -> Manifest {
        Manifest::new(value, Origin::unknown()).unwrap()
    }

    #[test]
    fn only_what_nobody_defines_is_defined() {
        let definition = Kind { versions: vec!["v1".to_owned()], namespaced: true }.definition("a.test", "Widget");
        let object = |api: &str, kind: &str, namespace: Option<&str>| {
            manifest(json!({"apiVersion": api, "kind": kind, "metadata": {"name": "x", "namespace": namespace}}))
        };
        let manifests = [
            object("v1", "ConfigMap", Some("a")),
            object("a.test/v1", "Widget", Some("a")),
            object("cert-manager.io/v1", "ClusterIssuer", None),
            object("monitoring.coreos.com/v1", "ServiceMonitor", Some("a")),
            object("monitoring.coreos.com/v1alpha1", "ServiceMonitor", Some("a")),
            object("traefik.io/v1alpha1", "IngressRouteUDPProxy", Some("a")),
        ];
        let missing = missing(manifests.iter(), &[definition]);
        let told: Vec<String> = missing
            .iter()
            .map(|one| {
                let versions = one["spec"]["versions"].as_array().map_or(0, Vec::len);
                format!("{} {} {versions}", one["metadata"]["name"], one["spec"]["scope"]).replace('"', "")
            })
            .collect();
        assert_eq!(
            told,
            [
                "clusterissuers.cert-manager.io Cluster 1",
                "servicemonitors.monitoring.coreos.com Namespaced 2",
                "ingressrouteudpproxies.traefik.io Namespaced 1",
            ]
        );
    }

    #[test]
    fn plurals_are_guessed_as_usual() {
        for (kind, wanted) in
            [("Gateway", "gateways"), ("Proxy", "proxies"), ("Ingress", "ingresses"), ("HTTPRoute", "httproutes")]
        {
            assert_eq!(plural(kind), wanted);
        }
    }
}
