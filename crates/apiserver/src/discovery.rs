use std::sync::Arc;

use serde_json::{Value, json};

use crate::failure::Failure;
use crate::handle::{Asked, Reply};
use crate::openapi;
use crate::registry::{Resource, api_version};
use crate::state::State;

const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

/// Kinds that are asked and not stored.
pub(crate) fn is_review(resource: &Resource) -> bool {
    matches!(&*resource.group, "authorization.k8s.io" | "authentication.k8s.io")
}

/// Answers a path that leads to no resource.
pub(crate) fn document(state: &State, segments: &[String], asked: &Asked<'_>) -> Result<Reply, Failure> {
    let words: Vec<&str> = segments.iter().map(String::as_str).collect();
    if *asked.method != http::Method::GET {
        return Err(Failure::method_not_allowed());
    }
    let aggregated = asked.accept.contains("g=apidiscovery.k8s.io") && asked.accept.contains("v=v2;")
        || asked.accept.contains("g=apidiscovery.k8s.io") && asked.accept.ends_with("v=v2");
    let value = match words.as_slice() {
        ["version"] => version(state),
        ["healthz" | "livez" | "readyz"] => return Ok(Reply::Text("ok")),
        ["api"] if aggregated => return Ok(typed(discover(state, true), AGGREGATED)),
        ["apis"] if aggregated => return Ok(typed(discover(state, false), AGGREGATED)),
        ["api"] => json!({
            "kind": "APIVersions", "versions": ["v1"],
            "serverAddressByClientCIDRs": [{"clientCIDR": "0.0.0.0/0", "serverAddress": "127.0.0.1:443"}],
        }),
        ["apis"] => {
            let groups: Vec<Value> = named_groups(state).map(|(group, versions)| group_of(&group, &versions)).collect();
            json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups})
        }
        ["api", "v1"] => resource_list(state, "", "v1"),
        ["apis", group] => {
            let (group, versions) =
                named_groups(state).find(|one| *one.0 == **group).ok_or_else(Failure::no_such_page)?;
            let mut found = group_of(&group, &versions);
            found["kind"] = "APIGroup".into();
            found["apiVersion"] = "v1".into();
            found
        }
        ["apis", group, version] if state.registry.has_group_version(group, version) => {
            resource_list(state, group, version)
        }
        ["openapi", "v3"] => openapi::index(state),
        ["openapi", "v3", "api", "v1"] => openapi::document(state, "", "v1"),
        ["openapi", "v3", "apis", group, version] if state.registry.has_group_version(group, version) => {
            openapi::document(state, group, version)
        }
        [] => json!({"paths": ["/api", "/api/v1", "/apis", "/openapi/v3", "/version"]}),
        _ => return Err(Failure::no_such_page()),
    };
    Ok(typed(value, "application/json"))
}

fn typed(value: Value, content_type: &'static str) -> Reply {
    Reply::Json { code: 200, value: Arc::new(value), content_type, warnings: Vec::new() }
}

fn version(state: &State) -> Value {
    let version = state.schema.server_version();
    let mut numbers = version.trim_start_matches('v').split('.');
    json!({
        "major": numbers.next().unwrap_or_default(), "minor": numbers.next().unwrap_or_default(),
        "gitVersion": version, "gitCommit": "", "gitTreeState": "clean", "buildDate": "1970-01-01T00:00:00Z",
        "goVersion": "", "compiler": "rustc", "platform": "windlass-apiserver",
    })
}

fn named_groups(state: &State) -> impl Iterator<Item = (Arc<str>, Vec<Arc<str>>)> {
    state.registry.groups().into_iter().filter(|(group, _)| !group.is_empty())
}

fn group_of(group: &str, versions: &[Arc<str>]) -> Value {
    let one = |version: &Arc<str>| json!({"groupVersion": api_version(group, version), "version": **version});
    let listed: Vec<Value> = versions.iter().map(one).collect();
    json!({"name": group, "versions": listed, "preferredVersion": listed.first()})
}

fn resources<'a>(state: &'a State, group: &'a str, version: &'a str) -> impl Iterator<Item = &'a Arc<Resource>> {
    state.registry.all().filter(move |one| *one.group == *group && *one.version == *version)
}

fn resource_list(state: &State, group: &str, version: &str) -> Value {
    let mut listed = Vec::new();
    for resource in resources(state, group, version) {
        let mut entry = json!({
            "name": *resource.plural, "singularName": resource.singular, "namespaced": resource.namespaced,
            "kind": *resource.kind, "verbs": resource.verbs,
        });
        if !resource.short_names.is_empty() {
            entry["shortNames"] = json!(resource.short_names);
        }
        if !resource.categories.is_empty() {
            entry["categories"] = json!(resource.categories);
        }
        listed.push(entry);
        for sub in &resource.subresources {
            let mut entry = json!({
                "name": format!("{}/{}", resource.plural, sub.name), "singularName": "",
                "namespaced": resource.namespaced, "kind": sub.kind, "verbs": sub.verbs,
            });
            if let Some((group, version)) = sub.group_version.split_once('/')
                && sub.group_version != resource.api_version()
            {
                entry["group"] = group.into();
                entry["version"] = version.into();
            }
            listed.push(entry);
        }
    }
    json!({
        "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": api_version(group, version),
        "resources": listed,
    })
}

fn discover(state: &State, core: bool) -> Value {
    let groups = state.registry.groups().into_iter().filter(|(group, _)| group.is_empty() == core);
    let items: Vec<Value> = groups
        .map(|(group, versions)| {
            let versions: Vec<Value> = versions
                .iter()
                .map(|version| {
                    let found: Vec<Value> = resources(state, &group, version).map(|one| discovered(one)).collect();
                    json!({"version": **version, "resources": found, "freshness": "Current"})
                })
                .collect();
            let metadata = if core { json!({}) } else { json!({"name": *group}) };
            json!({"metadata": metadata, "versions": versions})
        })
        .collect();
    json!({"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items})
}

fn discovered(resource: &Resource) -> Value {
    let kind = |group: &str, version: &str, kind: &str| json!({"group": group, "version": version, "kind": kind});
    let mut entry = json!({
        "resource": *resource.plural,
        "responseKind": kind(&resource.group, &resource.version, &resource.kind),
        "scope": if resource.namespaced { "Namespaced" } else { "Cluster" },
        "singularResource": resource.singular,
        "verbs": resource.verbs,
    });
    if !resource.short_names.is_empty() {
        entry["shortNames"] = json!(resource.short_names);
    }
    if !resource.categories.is_empty() {
        entry["categories"] = json!(resource.categories);
    }
    if !resource.subresources.is_empty() {
        let subresources: Vec<Value> = resource
            .subresources
            .iter()
            .map(|sub| {
                let (group, version) =
                    sub.group_version.split_once('/').unwrap_or((&resource.group, &resource.version));
                json!({"subresource": sub.name, "responseKind": kind(group, version, &sub.kind), "verbs": sub.verbs})
            })
            .collect();
        entry["subresources"] = subresources.into();
    }
    entry
}
