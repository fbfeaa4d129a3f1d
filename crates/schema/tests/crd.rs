//! Kinds that come with a definition.

use proptest::prelude::*;
use serde_json::{Value, json};
use windlass_schema::{ListType, MapType, Node, Scalar, Schema, Scope, Shape};

fn definition(schema: Value) -> Value {
    json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "spec": {
            "group": "example.test",
            "scope": "Namespaced",
            "names": {"kind": "Widget"},
            "versions": [
                {"name": "v1", "served": true, "schema": {"openAPIV3Schema": schema}},
                {"name": "v1alpha1", "served": false},
                {"name": "v1beta1", "served": true}
            ]
        }
    })
}

fn schema_of(spec: Value) -> Schema {
    let schema = definition(json!({"type": "object", "properties": {"spec": spec}}));
    Schema::builtin().with_crd(&schema).expect("a usable definition")
}

fn spec<'a>(schema: &'a Schema, path: &str) -> Node<'a> {
    let widget = schema.kind("example.test", "v1", "Widget").expect("a Widget");
    widget.root().at(["spec"].into_iter().chain(path.split('.'))).expect(path)
}

#[test]
fn each_served_version_is_known_and_one_without_a_schema_takes_anything() {
    let schema = schema_of(json!({"type": "object"}));
    assert!(schema.kind("example.test", "v1alpha1", "Widget").is_none());
    let widget = schema.kind("example.test", "v1beta1", "Widget").expect("served");
    assert_eq!(widget.scope(), Scope::Namespaced);
    assert_eq!(widget.root().at(["any", "thing"]).map(Node::shape), Some(Shape::Any));
    assert!(widget.root().preserves_unknown());
}

#[test]
fn metadata_is_that_of_any_object() {
    let schema = schema_of(json!({"type": "object"}));
    let widget = schema.kind("example.test", "v1", "Widget").expect("served");
    let owners = widget.root().at(["metadata", "ownerReferences"]).expect("metadata has them");
    let Some(ListType::Map { keys }) = owners.list_type() else { panic!("{owners:?}") };
    assert_eq!(keys.iter().collect::<Vec<_>>(), ["uid"]);
    assert!(widget.field("metadata").is_some_and(|metadata| metadata.fields().count() > 10));
    assert_eq!(widget.field("kind").map(Node::shape), Some(Shape::Scalar(Scalar::String)));
    assert!(widget.field("unknown").is_none());
}

#[test]
fn every_marker_is_kept() {
    let schema = schema_of(json!({
        "type": "object",
        "properties": {
            "links": {
                "type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name", "port"],
                "items": {"type": "object", "properties": {"name": {"type": "string", "default": "a b"}}}
            },
            "tags": {"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}},
            "history": {"type": "array", "items": {"type": "array", "items": {"type": "integer"}}},
            "port": {"x-kubernetes-int-or-string": true},
            "memory": {
                "x-kubernetes-int-or-string": true, "anyOf": [{"type": "integer"}, {"type": "string"}],
                "pattern": r"^(\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))))?$"
            },
            "reference": {
                "type": "object", "x-kubernetes-map-type": "atomic", "properties": {"name": {"type": "string"}}
            },
            "style": {
                "type": "object", "x-kubernetes-preserve-unknown-fields": true,
                "properties": {"colour": {"type": "string", "nullable": true}}
            },
            "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
            "limits": {"type": "object", "additionalProperties": {"type": "number"}, "default": {}},
            "template": {"type": "object", "x-kubernetes-embedded-resource": true},
            "odd name =\"é\"": {"type": "boolean", "default": false}
        }
    }));
    let at = |path| spec(&schema, path);
    assert!(matches!(at("links").list_type(), Some(ListType::Map { keys }) if keys.iter().eq(["name", "port"])));
    assert_eq!(at("links.0.name").default_value(), Some("a b".into()));
    assert_eq!(at("tags").list_type(), Some(ListType::Set));
    assert_eq!(at("history").list_type(), Some(ListType::Atomic));
    assert_eq!(at("history.0.0").shape(), Shape::Scalar(Scalar::Integer));
    assert_eq!(at("port").shape(), Shape::Scalar(Scalar::IntOrString));
    assert_eq!(at("memory").shape(), Shape::Scalar(Scalar::Quantity));
    assert_eq!(at("reference").shape(), Shape::Object(MapType::Atomic));
    assert!(at("style").preserves_unknown() && at("style.other.thing").shape() == Shape::Any);
    assert!(at("style.colour").nullable());
    assert_eq!(at("free").shape(), Shape::Map(MapType::Granular));
    assert_eq!(at("limits.cpu").shape(), Shape::Scalar(Scalar::Number));
    assert_eq!(at("limits").default_value(), Some(json!({})));
    assert!(at("template").is_embedded_object());
    assert!(at("template.metadata.labels").map_type().is_some());
    let odd = spec(&schema, "odd name =\"é\"");
    assert_eq!((odd.shape(), odd.default_value()), (Shape::Scalar(Scalar::Boolean), Some(json!(false))));
    let names: Vec<_> = schema
        .kind("example.test", "v1", "Widget")
        .and_then(|kind| kind.field("spec"))
        .into_iter()
        .flat_map(Node::fields)
        .map(|(name, _)| name.into_owned())
        .collect();
    assert_eq!(names.iter().filter(|name| *name == "odd name =\"é\"").count(), 1);
    assert_eq!(names.len(), 11);
}

#[test]
fn a_new_definition_takes_the_place_of_the_old_one() {
    let mut schema = schema_of(json!({"type": "string"}));
    schema
        .add_crd(&definition(json!({"type": "object", "properties": {"other": {"type": "integer"}}})))
        .expect("usable");
    let widget = schema.kind("example.test", "v1", "Widget").expect("served");
    assert!(widget.field("spec").is_none() && widget.field("other").is_some());
    assert!(schema.remove_crd("example.test", "Widget"));
    assert!(schema.kind("example.test", "v1", "Widget").is_none());
    assert!(!schema.remove_crd("example.test", "Widget"));
}

#[test]
fn a_definition_cannot_take_over_a_builtin_kind() {
    let mut crd = definition(json!({"type": "object"}));
    crd["spec"]["group"] = json!("apps");
    crd["spec"]["names"]["kind"] = json!("Deployment");
    let schema = Schema::builtin().with_crd(&crd).expect("usable in itself");
    let deployment = schema.kind("apps", "v1", "Deployment").expect("built in");
    assert!(deployment.field("spec").is_some());
}

#[test]
fn what_cannot_be_used_is_named() {
    let refused = |crd: &Value| Schema::builtin().with_crd(crd).expect_err("refused").to_string();
    assert_eq!(refused(&json!([])), "not a usable CustomResourceDefinition: spec.group is missing or not a name");
    let mut crd = definition(json!({}));
    crd["spec"]["scope"] = json!("Everywhere");
    assert!(refused(&crd).ends_with("spec.scope is missing or not Namespaced or Cluster"));
    let keys = json!({"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["a b"]});
    assert_eq!(
        refused(&definition(keys)),
        "the schema of Widget in example.test cannot be used: the list map key \"a b\" holds spaces, commas or brackets"
    );
    let deep = (0..200).fold(json!({"type": "string"}), |inner, _| json!({"type": "array", "items": inner}));
    assert!(refused(&definition(deep)).ends_with("schemas are nested deeper than 128 levels"));
}

/// Any JSON, with the words of schemas in it more often than not.
fn any_json() -> impl Strategy<Value = Value> {
    let word = prop::sample::select(vec![
        "type",
        "object",
        "array",
        "string",
        "integer",
        "properties",
        "items",
        "additionalProperties",
        "default",
        "$ref",
        "allOf",
        "format",
        "int-or-string",
        "nullable",
        "pattern",
        "x-kubernetes-list-type",
        "map",
        "set",
        "atomic",
        "x-kubernetes-list-map-keys",
        "x-kubernetes-map-type",
        "x-kubernetes-preserve-unknown-fields",
        "name",
        "x-kubernetes-embedded-resource",
        "x-kubernetes-int-or-string",
        "x-kubernetes-patch-strategy",
        "merge",
        "x-kubernetes-patch-merge-key",
        "granular",
        "\n",
        " k",
        "@1",
        "é",
    ]);
    let text = prop_oneof![4 => word.prop_map(str::to_owned), 1 => any::<String>()];
    let leaf = prop_oneof![
        text.clone().prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        Just(Value::Null),
    ];
    leaf.prop_recursive(6, 64, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((text.clone(), inner), 0..6)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

fn walk(node: Node<'_>, depth: usize) {
    let _ = (node.patch(), node.default_value(), node.map_type(), node.list_type(), node.preserves_unknown());
    if depth > 0 && node.shape() != Shape::Any {
        for (name, field) in node.fields() {
            assert!(node.field(&name).is_some());
            walk(field, depth - 1);
        }
        node.item().into_iter().chain(node.value()).for_each(|below| walk(below, depth - 1));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn no_definition_makes_it_panic(json in any_json(), schema in any_json()) {
        let _ = Schema::builtin().with_crd(&json);
        let _ = windlass_schema::distil(std::slice::from_ref(&json), std::slice::from_ref(&schema), "v");
        for schema in [schema, json!({"type": "object", "properties": json})] {
            if let Ok(schema) = Schema::builtin().with_crd(&definition(schema)) {
                for kind in schema.kinds().filter(|kind| kind.group() == "example.test") {
                    walk(kind.root(), 12);
                }
            }
        }
    }

    #[test]
    fn no_table_makes_it_panic(lines in "([@k \\[{!?=,a-z0-9\"\\n]|kind v1 A cluster @0|@0 - x| f @0){0,40}") {
        if let Ok(schema) = Schema::from_table(format!("windlass-schema 1 v1\n{lines}")) {
            for kind in schema.kinds() {
                walk(kind.root(), 6);
            }
        }
    }
}
