//! Which kinds of objects a cluster has.

use kube::Client;
use kube::core::ApiResource;
use kube::core::discovery::v2::{APIGroupDiscovery, APIResourceDiscovery};

use crate::Error;

/// A kind of objects that can be listed and made again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ObjectKind {
    /// Group, version, kind, plural: in the version that the cluster prefers.
    pub(crate) resource: ApiResource,
    pub(crate) namespaced: bool,
    /// All versions in which it is served, the preferred one first.
    pub(crate) served: Vec<String>,
}

impl ObjectKind {
    /// `deployments.apps`; `secrets` in the core group.
    pub(crate) fn full_name(&self) -> String {
        let ApiResource { group, plural, .. } = &self.resource;
        if group.is_empty() { plural.clone() } else { format!("{plural}.{group}") }
    }

    pub(crate) fn is(&self, group: &str, plural: &str) -> bool {
        self.resource.group == group && self.resource.plural == plural
    }
}

/// Asks for all kinds: two requests, as Kubernetes has answered them since 1.26.
///
/// One version for each kind: the first that serves it in the order of the group's preference. A kind that cannot be
/// listed and created, such as a review or a metric, holds nothing to keep.
pub(crate) async fn object_kinds(client: &Client) -> Result<Vec<ObjectKind>, Error> {
    let asking = |source| Error::Api { doing: "ask which kinds the cluster has".to_owned(), source: Box::new(source) };
    let core = client.list_core_api_versions_aggregated().await.map_err(asking)?;
    let others = client.list_api_groups_aggregated().await.map_err(asking)?;
    let mut kinds: Vec<ObjectKind> = core.items.iter().chain(&others.items).flat_map(kinds_of_group).collect();
    kinds.sort_by_cached_key(ObjectKind::full_name);
    Ok(kinds)
}

fn kinds_of_group(group: &APIGroupDiscovery) -> Vec<ObjectKind> {
    let name = group.metadata.as_ref().and_then(|metadata| metadata.name.clone()).unwrap_or_default();
    let mut kinds: Vec<ObjectKind> = Vec::new();
    for version in &group.versions {
        let number = version.version.clone().unwrap_or_default();
        for resource in version.resources.iter().filter(|resource| holds_objects(resource)) {
            let plural = resource.resource.clone().unwrap_or_default();
            if let Some(known) = kinds.iter_mut().find(|kind| kind.resource.plural == plural) {
                known.served.push(number.clone());
                continue;
            }
            let kind = resource.response_kind.as_ref().and_then(|response| response.kind.clone()).unwrap_or_default();
            let api_version = if name.is_empty() { number.clone() } else { format!("{name}/{number}") };
            let api = ApiResource { group: name.clone(), version: number.clone(), api_version, kind, plural };
            let namespaced = resource.scope.as_deref() == Some("Namespaced");
            kinds.push(ObjectKind { resource: api, namespaced, served: vec![number.clone()] });
        }
    }
    kinds
}

fn holds_objects(resource: &APIResourceDiscovery) -> bool {
    ["list", "get", "create"].iter().all(|verb| resource.verbs.iter().any(|has| has == verb))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_kind_is_read_in_the_version_that_the_group_prefers() {
        let resource = |plural: &str, kind: &str, verbs: &[&str]| json!({"resource": plural, "responseKind": {"kind": kind}, "scope": "Namespaced", "verbs": verbs});
        let all = ["create", "get", "list", "watch"];
        let group: APIGroupDiscovery = serde_json::from_value(json!({
            "metadata": {"name": "autoscaling"},
            "versions": [
                {"version": "v2", "resources": [resource("horizontalpodautoscalers", "HorizontalPodAutoscaler", &all)]},
                {"version": "v1", "resources": [
                    resource("horizontalpodautoscalers", "HorizontalPodAutoscaler", &all),
                    resource("olds", "Old", &all),
                    resource("reviews", "Review", &["create"]),
                ]},
            ],
        }))
        .unwrap();
        let kinds = kinds_of_group(&group);
        let names: Vec<String> =
            kinds.iter().map(|kind| format!("{} {}", kind.full_name(), kind.resource.api_version)).collect();
        assert_eq!(names, ["horizontalpodautoscalers.autoscaling autoscaling/v2", "olds.autoscaling autoscaling/v1"]);
        assert_eq!(kinds[0].served, ["v2", "v1"]);
    }
}
