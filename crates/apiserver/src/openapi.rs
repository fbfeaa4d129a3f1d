use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use serde_json::{Map, Value, json};
use windlass_schema::{ListType, MapType, Node, Scalar, Shape};

use crate::registry::Resource;
use crate::state::State;

/// The index of `/openapi/v3`.
pub(crate) fn index(state: &State) -> Value {
    let mut paths = Map::new();
    for (group, versions) in state.registry.groups() {
        for version in versions {
            let path = root(&group, &version);
            // A custom group's document changes with its definitions.
            let mut hash = DefaultHasher::new();
            for one in state.registry.all().filter(|one| one.group == group && one.version == version) {
                one.custom.as_ref().map(|custom| custom.schema.to_string()).hash(&mut hash);
            }
            let url = format!("/openapi/v3/{path}?hash={:016X}", hash.finish());
            paths.insert(path, json!({"serverRelativeURL": url}));
        }
    }
    json!({"paths": paths})
}

fn root(group: &str, version: &str) -> String {
    if group.is_empty() { format!("api/{version}") } else { format!("apis/{group}/{version}") }
}

/// The document of one group and version: the schemas of its kinds, without prose, and what kubectl looks for in paths.
pub(crate) fn document(state: &State, group: &str, version: &str) -> Value {
    let mut maker = Maker::default();
    let mut paths = Map::new();
    for resource in state.registry.all().filter(|one| *one.group == *group && *one.version == *version) {
        let kinds = json!([{"group": group, "kind": *resource.kind, "version": version}]);
        let name = maker.kind(state, resource, &kinds);
        paths.insert(path(resource), operations(resource, &name, &kinds));
    }
    json!({
        "openapi": "3.0.0", "info": {"title": "windlass-apiserver", "version": state.schema.server_version()},
        "paths": paths, "components": {"schemas": maker.schemas},
    })
}

fn path(resource: &Resource) -> String {
    let root = root(&resource.group, &resource.version);
    let namespace = if resource.namespaced { "namespaces/{namespace}/" } else { "" };
    format!("/{root}/{namespace}{}/{{name}}", resource.plural)
}

fn operations(resource: &Resource, name: &str, kinds: &Value) -> Value {
    let parameters: Vec<Value> = ["dryRun", "fieldManager", "fieldValidation", "force"]
        .iter()
        .map(|name| json!({"name": name, "in": "query", "schema": {"type": "string", "uniqueItems": true}}))
        .collect();
    let kind = kinds.get(0).cloned().unwrap_or_default();
    let answer = json!({"200": {"description": "OK", "content": {"application/json": {
        "schema": {"$ref": format!("#/components/schemas/{name}")},
    }}}});
    let mut operations = Map::new();
    for (method, action, verb) in
        [("get", "get", "get"), ("put", "put", "update"), ("patch", "patch", "patch"), ("delete", "delete", "delete")]
    {
        if resource.verbs.iter().any(|one| one == verb) {
            let operation = json!({
                "operationId": format!("{verb}{}", resource.kind), "parameters": parameters, "responses": answer,
                "x-kubernetes-action": action, "x-kubernetes-group-version-kind": kind,
            });
            operations.insert(method.to_owned(), operation);
        }
    }
    Value::Object(operations)
}

#[derive(Default)]
struct Maker {
    schemas: BTreeMap<String, Value>,
}

impl Maker {
    fn kind(&mut self, state: &State, resource: &Resource, kinds: &Value) -> String {
        let Some(schema) = resource.schema(&state.schema) else { return String::new() };
        let mut reversed: Vec<&str> = resource.group.split('.').collect();
        reversed.reverse();
        let name = match schema.root().definition_name() {
            Some(name) => format!("io.k8s.{name}"),
            None => format!("{}.{}.{}", reversed.join("."), resource.version, resource.kind),
        };
        let mut made = match &resource.custom {
            Some(custom) => {
                let mut made = custom.schema.clone();
                // Definitions do not repeat what metadata is.
                let maps = state.schema.kind("", "v1", "ConfigMap");
                let metadata = maps.and_then(|kind| kind.field("metadata")).map(|node| self.reference(node));
                made["properties"]["metadata"] = metadata.unwrap_or_default();
                let text = json!({"type": "string"});
                made["properties"]["apiVersion"] = text.clone();
                made["properties"]["kind"] = text;
                made
            }
            None => self.object(schema.root()),
        };
        made["x-kubernetes-group-version-kind"] = kinds.clone();
        self.schemas.insert(name.clone(), made);
        name
    }

    fn reference(&mut self, node: Node<'_>) -> Value {
        let Some(name) = node.definition_name() else { return self.inline(node) };
        let name = format!("io.k8s.{name}");
        if !self.schemas.contains_key(&name) {
            // A place is kept for definitions that contain themselves.
            self.schemas.insert(name.clone(), Value::Null);
            let made = self.object(node);
            self.schemas.insert(name.clone(), made);
        }
        json!({"$ref": format!("#/components/schemas/{name}")})
    }

    fn inline(&mut self, node: Node<'_>) -> Value {
        match node.shape() {
            Shape::Scalar(scalar) => scalar_schema(scalar),
            Shape::List(list_type) => {
                let items = node.item().map(|item| self.reference(item)).unwrap_or_else(|| json!({}));
                let mut list = json!({"type": "array", "items": items});
                match list_type {
                    ListType::Atomic => list["x-kubernetes-list-type"] = "atomic".into(),
                    ListType::Set => list["x-kubernetes-list-type"] = "set".into(),
                    ListType::Map { keys } => {
                        list["x-kubernetes-list-type"] = "map".into();
                        list["x-kubernetes-list-map-keys"] = keys.iter().collect::<Vec<_>>().into();
                    }
                }
                list
            }
            Shape::Map(map_type) => {
                let values = node.value().map(|value| self.reference(value)).unwrap_or_else(|| json!({}));
                let mut map = json!({"type": "object", "additionalProperties": values});
                if map_type == MapType::Atomic {
                    map["x-kubernetes-map-type"] = "atomic".into();
                }
                map
            }
            Shape::Object(_) => self.object(node),
            _ => json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true}),
        }
    }

    fn object(&mut self, node: Node<'_>) -> Value {
        let mut properties = Map::new();
        for (name, below) in node.fields() {
            let mut schema = self.reference(below);
            if schema.get("$ref").is_some() {
                schema = json!({"allOf": [schema]});
            }
            let patch = below.patch();
            if let Some(key) = patch.merge_key {
                schema["x-kubernetes-patch-merge-key"] = key.into();
            }
            if patch.directive.is_some() || patch.retain_keys {
                let merge = patch.directive == Some(windlass_schema::PatchDirective::Merge);
                let word = if merge { "merge" } else { "replace" };
                let strategy = match (patch.directive.is_some(), patch.retain_keys) {
                    (true, true) => format!("{word},retainKeys"),
                    (false, true) => "retainKeys".to_owned(),
                    _ => word.to_owned(),
                };
                schema["x-kubernetes-patch-strategy"] = strategy.into();
            }
            properties.insert(name.into_owned(), schema);
        }
        let mut object = json!({"type": "object", "properties": properties});
        if node.map_type() == Some(MapType::Atomic) {
            object["x-kubernetes-map-type"] = "atomic".into();
        }
        object
    }
}

fn scalar_schema(scalar: Scalar) -> Value {
    match scalar {
        Scalar::Integer => json!({"type": "integer"}),
        Scalar::Number => json!({"type": "number"}),
        Scalar::Boolean => json!({"type": "boolean"}),
        Scalar::Bytes => json!({"type": "string", "format": "byte"}),
        Scalar::Time => json!({"type": "string", "format": "date-time"}),
        Scalar::IntOrString => json!({"format": "int-or-string", "oneOf": [{"type": "integer"}, {"type": "string"}]}),
        Scalar::Quantity => json!({"oneOf": [{"type": "string"}, {"type": "number"}]}),
        _ => json!({"type": "string"}),
    }
}
