//! The committed table, against the real API server it says it was made from.

use std::error::Error;

use serde_json::Value;
use windlass_schema::{Schema, Scope, distil};
use windlass_testbed::{KubeApi, require_peers};

#[test]
fn the_server_says_what_the_table_says() -> Result<(), Box<dyn Error>> {
    let testbed = require_peers!(KubeApi::NEEDS);
    let kube = KubeApi::start(&testbed)?;
    let raw = |path: &str| -> Result<Value, Box<dyn Error>> {
        Ok(serde_json::from_str(&kube.kubectl(["get", "--raw", path])?)?)
    };

    let schema = Schema::builtin();
    let mut served = 0;
    for version in group_versions(&raw("/apis")?) {
        let (group, name) = version.rsplit_once('/').unwrap_or(("", &version));
        let root = if group.is_empty() { "api" } else { "apis" };
        let resources = raw(&format!("/{root}/{version}"))?;
        for resource in resources["resources"].as_array().ok_or("a list of resources")? {
            let text = |key: &str| resource[key].as_str().unwrap_or_default();
            if text("name").contains('/') {
                continue;
            }
            let kind = schema.kind(group, name, text("kind")).ok_or_else(|| format!("{resource} is not known"))?;
            let namespaced = resource["namespaced"] == Value::Bool(true);
            assert_eq!(kind.scope() == Scope::Namespaced, namespaced, "{resource}");
            served += 1;
        }
    }
    // Events are served by two groups under one kind each; every other kind of the table was met once as well.
    assert_eq!(served, schema.kinds().count());

    let paths = raw("/openapi/v3")?;
    let paths = paths["paths"].as_object().ok_or("a list of documents")?;
    let openapi = paths.keys().map(|path| raw(&format!("/openapi/v3/{path}"))).collect::<Result<Vec<_>, _>>()?;
    let version = raw("/version")?["gitVersion"].as_str().unwrap_or_default().to_owned();
    let distilled = distil(&openapi, &[discovery(&schema)], &version)?;
    assert!(distilled == include_str!("../src/builtin.txt"), "distil the table again: see examples/distil.rs");
    Ok(())
}

fn group_versions(groups: &Value) -> Vec<String> {
    let groups = groups["groups"].as_array().into_iter().flatten();
    let versions = groups.flat_map(|group| group["versions"].as_array().into_iter().flatten());
    let named = versions.filter_map(|version| Some(version["groupVersion"].as_str()?.to_owned()));
    ["v1".to_owned()].into_iter().chain(named).collect()
}

/// What was just compared with the server, in the form in which `distil` reads it.
fn discovery(schema: &Schema) -> Value {
    let items = schema.kinds().map(|kind| {
        let scope = if kind.scope() == Scope::Namespaced { "Namespaced" } else { "Cluster" };
        let resource = serde_json::json!({"scope": scope, "responseKind": {"kind": kind.kind()}});
        let versions = serde_json::json!([{"version": kind.version(), "resources": [resource]}]);
        serde_json::json!({"metadata": {"name": kind.group()}, "versions": versions})
    });
    serde_json::json!({"kind": "APIGroupDiscoveryList", "items": items.collect::<Vec<_>>()})
}
