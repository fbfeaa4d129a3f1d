//! What holds for all sets and all objects.

use proptest::{collection::vec, prelude::*};
use serde_json::{Value, json};
use windlass_fieldset::{
    FieldFilter, FieldSet, ManagedFields, Path, PathElement, Schema, Type, TypedValue, Updater, Writer,
};

/// Few elements, so that sets meet, and some whose text is awkward.
fn element() -> impl Strategy<Value = PathElement> {
    let scalar = || {
        prop_oneof![
            "[ab<\u{e9}\"\\\\]{0,2}".prop_map(Value::from),
            (-2_i64..3).prop_map(Value::from),
            prop_oneof![Just(0.5), Just(1e21), Just(1e-7), Just(2.0)].prop_map(Value::from),
            any::<bool>().prop_map(Value::from),
            Just(Value::Null),
        ]
    };
    prop_oneof![
        4 => "[abc]|\\.|f:|[<\"\\\\]".prop_map(PathElement::field),
        2 => scalar().prop_map(|value| PathElement::key([("name", value)])),
        1 => (scalar(), scalar()).prop_map(|(port, protocol)| PathElement::key([("port", port), ("protocol", protocol)])),
        2 => scalar().prop_map(PathElement::value),
        1 => (0_i64..3).prop_map(PathElement::Index),
    ]
}

fn field_set() -> impl Strategy<Value = FieldSet> {
    vec(vec(element(), 1..4).prop_map(Path::from), 0..12).prop_map(|paths| paths.into_iter().collect())
}

/// A structure with every kind of list and mapping, and itself in it.
fn everything() -> Type {
    let schema = Schema::from_value(&json!({"types": [
        {"name": "everything", "map": {"fields": [
            {"name": "text", "type": {"scalar": "string"}},
            {"name": "number", "type": {"scalar": "numeric"}},
            {"name": "inner", "type": {"namedType": "everything"}},
            {"name": "map", "type": {"map": {"elementType": {"scalar": "string"}}}},
            {"name": "whole", "type": {"namedType": "everything", "elementRelationship": "atomic"}},
            {"name": "set", "type": {"list": {"elementType": {"scalar": "untyped"}, "elementRelationship": "associative"}}},
            {"name": "list", "type": {"list": {"elementType": {"scalar": "untyped"}, "elementRelationship": "atomic"}}},
            {"name": "items", "type": {"list": {
                "elementType": {"namedType": "item"}, "elementRelationship": "associative", "keys": ["name", "kind"]}}},
        ]}},
        {"name": "item", "map": {"fields": [
            {"name": "name", "type": {"scalar": "string"}},
            {"name": "kind", "type": {"scalar": "string"}, "default": "A"},
            {"name": "inner", "type": {"namedType": "everything"}},
        ]}},
    ]}));
    schema.expect("a schema").type_named("everything").expect("a type of it")
}

fn put(object: &mut Value, name: &str, value: Option<impl Into<Value>>) {
    if let Some(value) = value {
        object[name] = value.into();
    }
}

fn object() -> impl Strategy<Value = Value> {
    let text = || prop_oneof!["[xy]".prop_map(Value::from), Just(Value::Null)];
    let leaf = (proptest::option::of(text()), proptest::option::of(0_i64..3), proptest::option::of(vec(0..4, 0..4)))
        .prop_map(|(text, number, list)| {
            let mut object = json!({});
            put(&mut object, "text", text);
            put(&mut object, "number", number);
            put(&mut object, "list", list);
            object
        });
    leaf.prop_recursive(3, 24, 4, move |inner| {
        let item = ("[abc]", proptest::option::of("[AB]"), proptest::option::of(inner.clone())).prop_map(
            |(name, kind, inner)| {
                let mut item = json!({"name": name});
                put(&mut item, "kind", kind);
                put(&mut item, "inner", inner);
                item
            },
        );
        let fields = (
            proptest::option::of(inner.clone()),
            proptest::option::of(inner.clone()),
            proptest::option::of(proptest::collection::btree_map("[kl]", "[xy]", 0..3)),
            proptest::option::of(vec(prop_oneof![(0..4).prop_map(Value::from), "[xy]".prop_map(Value::from)], 0..4)),
            proptest::option::of(vec(item, 0..4)),
        );
        (inner, fields).prop_map(|(mut object, (inner, whole, map, set, items))| {
            put(&mut object, "inner", inner);
            put(&mut object, "whole", whole);
            put(&mut object, "map", map.map(|map| json!(map)));
            put(&mut object, "set", set);
            put(&mut object, "items", items);
            object
        })
    })
}

/// An object that can be applied: of items that cannot be told apart the first alone.
fn applied() -> impl Strategy<Value = TypedValue> {
    object().prop_map(|mut object| {
        without_duplicates(&mut object);
        TypedValue::new(object, &everything_shared()).expect("an object of the type")
    })
}

fn stored() -> impl Strategy<Value = TypedValue> {
    object()
        .prop_map(|object| TypedValue::with_duplicates(object, &everything_shared()).expect("an object of the type"))
}

fn everything_shared() -> Type {
    static TYPE: std::sync::LazyLock<Type> = std::sync::LazyLock::new(everything);
    TYPE.clone()
}

fn without_duplicates(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                if let ("items" | "set", Some(items)) = (name.as_str(), value.as_array_mut()) {
                    let mut seen = Vec::new();
                    items.retain(|item| {
                        let kind = item.get("kind").cloned().unwrap_or_else(|| "A".into());
                        let key = if item.is_object() { json!([item["name"], kind]) } else { item.clone() };
                        let new = !seen.contains(&key);
                        seen.push(key);
                        new
                    });
                }
                without_duplicates(value);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(without_duplicates),
        _ => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_set_read_from_what_it_was_written_as_is_the_same(set in field_set()) {
        let written = set.to_fields_v1();
        prop_assert_eq!(FieldSet::from_fields_v1(&written), Ok(set.clone()));
        let text = serde_json::to_string(&set).unwrap();
        prop_assert_eq!(&written.to_string(), &text);
        prop_assert_eq!(serde_json::from_str::<FieldSet>(&text).unwrap(), set);
    }

    #[test]
    fn sets_are_sets(a in field_set(), b in field_set(), c in field_set()) {
        let (union, common, rest) = (a.union(&b), a.intersection(&b), a.difference(&b));
        prop_assert_eq!(&union, &b.union(&a));
        prop_assert_eq!(&common, &b.intersection(&a));
        prop_assert_eq!(&common, &a.difference(&rest));
        prop_assert_eq!(&rest.union(&common), &a);
        prop_assert!(rest.intersection(&b).is_empty());
        prop_assert_eq!(a.union(&b).union(&c), a.union(&b.union(&c)));
        prop_assert_eq!(union.len() + common.len(), a.len() + b.len());
        prop_assert!(a.is_subset(&union) && common.is_subset(&a) && rest.is_subset(&a));
        prop_assert_eq!(a.is_subset(&b), rest.is_empty());
        for path in a.paths().chain(b.paths()) {
            prop_assert!(union.contains(&path) && union.covers(&path));
            prop_assert_eq!(common.contains(&path), a.contains(&path) && b.contains(&path));
            prop_assert_eq!(rest.contains(&path), a.contains(&path) && !b.contains(&path));
        }
    }

    #[test]
    fn a_set_is_its_paths(a in field_set(), b in field_set()) {
        prop_assert_eq!(a.paths().collect::<FieldSet>(), a.clone());
        prop_assert_eq!(a.paths().count(), a.len());
        let below = |set: &FieldSet, path: &Path| (0..path.len()).any(|end| set.contains(&path[..=end]));
        let expected: FieldSet = a.paths().filter(|path| !below(&b, path)).collect();
        prop_assert_eq!(&a.recursive_difference(&b), &expected);
        prop_assert_eq!(FieldFilter::Exclude(b).filter(&a), expected);
        let is_leaf = |path: &Path| a.subset(path).is_none_or(FieldSet::is_empty);
        prop_assert_eq!(a.leaves(), a.paths().filter(is_leaf).collect::<FieldSet>());
    }

    #[test]
    fn nothing_differs_from_itself(a in stored()) {
        let again = TypedValue::with_duplicates(a.value().clone(), a.ty()).unwrap();
        prop_assert!(a.compare(&again).unwrap().is_same());
    }

    #[test]
    fn what_was_added_was_removed_the_other_way(a in stored(), b in stored()) {
        let (there, back) = (a.compare(&b).unwrap(), b.compare(&a).unwrap());
        prop_assert_eq!((there.added, there.modified, there.removed), (back.removed, back.modified, back.added));
    }

    #[test]
    fn merging_adds_and_replaces_but_does_not_remove(live in applied(), config in applied()) {
        let merged = live.merge(&config).unwrap();
        TypedValue::new(merged.value().clone(), merged.ty()).unwrap();
        let again = merged.merge(&config).unwrap();
        prop_assert_eq!(again.value(), merged.value());
        prop_assert_eq!(merged.compare(&config).unwrap().added, FieldSet::new());
        let itself = live.merge(&live).unwrap();
        prop_assert_eq!(itself.value(), live.value());
        let owned = config.to_field_set();
        let changed = live.compare(&merged).unwrap();
        prop_assert!(changed.modified.is_subset(&owned), "{:?} of {:?}", changed.modified, owned);
    }

    #[test]
    fn what_is_extracted_by_what_it_mentions_mentions_the_same(config in applied()) {
        let set = config.to_field_set();
        let extracted = config.extract_items(&set.leaves());
        prop_assert_eq!(extracted.to_field_set(), set.clone());
        let again = extracted.extract_items(&set.leaves());
        prop_assert_eq!(again.value(), extracted.value());
        let with_keys = config.extract_items_with_keys(&set.leaves());
        prop_assert_eq!(with_keys.value(), extracted.value());
    }

    #[test]
    fn applying_twice_is_applying_once(live in stored(), config in applied(), force in any::<bool>()) {
        let updater = Updater::new();
        let nothing = TypedValue::new(json!({}), live.ty()).unwrap();
        let managers = updater.update(&nothing, &live, &ManagedFields::default(), Writer::new("other", "v1")).unwrap();
        let writer = Writer::new("ours", "v1");
        let writer = if force { writer.force() } else { writer };
        let Ok(once) = updater.apply(&live, &config, &managers, writer) else {
            prop_assert!(!force);
            return Ok(());
        };
        let object = once.object.unwrap_or(live);
        let twice = updater.apply(&object, &config, &once.managers, writer).unwrap();
        prop_assert!(twice.object.is_none(), "{:?} from {:?}", twice.object, object);
        prop_assert_eq!(twice.managers, once.managers);
    }

    #[test]
    fn what_was_created_by_applying_goes_by_applying_nothing(config in applied()) {
        let updater = Updater::new();
        let empty = TypedValue::new(json!({}), config.ty()).unwrap();
        let writer = Writer::new("ours", "v1");
        let created = updater.apply(&empty, &config, &ManagedFields::default(), writer).unwrap();
        let live = created.object.unwrap_or_else(|| empty.clone());
        let gone = updater.apply(&live, &empty, &created.managers, writer).unwrap();
        prop_assert_eq!(gone.managers.iter().len(), 0);
        let left = gone.object.unwrap_or(live);
        prop_assert!(left.to_field_set().intersection(&config.to_field_set().leaves()).is_empty(), "{:?}", left);
    }

    #[test]
    fn every_value_is_of_the_type_about_which_nothing_is_known(object in object()) {
        let typed = TypedValue::new(object, &Type::deduced()).unwrap();
        let set = typed.to_field_set();
        let extracted = typed.extract_items(&set.leaves());
        prop_assert_eq!(extracted.to_field_set(), set);
    }
}
