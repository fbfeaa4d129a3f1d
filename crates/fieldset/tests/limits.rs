//! What nests as deep as may be is handled on a thread's usual stack, and what nests deeper is refused.

use serde_json::{Value, json};
use windlass_fieldset::{
    FieldSet, FieldsV1Error, ManagedFields, Path, Schema, Type, TypedValue, UpdateError, Updater, Writer, project,
};

fn nested(depth: usize, leaf: Value) -> Value {
    (0..depth).fold(leaf, |below, _| json!({"a": below}))
}

fn in_lists(depth: usize) -> Value {
    (0..depth).fold(json!({"name": "x"}), |below, _| json!({"name": "x", "items": [below]}))
}

fn item() -> Type {
    let schema = Schema::from_value(&json!({"types": [{"name": "item", "map": {"fields": [
        {"name": "name", "type": {"scalar": "string"}},
        {"name": "items", "type": {"list": {
            "elementType": {"namedType": "item"}, "elementRelationship": "associative", "keys": ["name"]}}},
    ]}}]}));
    schema.unwrap_or_else(|error| panic!("{error}")).type_named("item").unwrap_or_else(Type::deduced)
}

#[test]
fn everything_works_at_the_deepest() {
    for (ty, live, config) in
        [(Type::deduced(), nested(256, json!(1)), nested(256, json!(2))), (item(), in_lists(127), in_lists(127))]
    {
        let typed = |value| TypedValue::new(value, &ty).unwrap();
        let (live, config) = (typed(live), typed(config));
        let updater = Updater::new();
        let them = Writer::new("them", "v1");
        let managers = updater.update(&typed(Value::Null), &live, &ManagedFields::default(), them).unwrap();
        let applied = updater.apply(&live, &config, &managers, Writer::new("us", "v1").force()).unwrap();
        let object = applied.object.unwrap_or(live);
        let gone = updater.apply(&object, &typed(json!({})), &applied.managers, Writer::new("us", "v1")).unwrap();
        assert!(gone.managers.get("us").is_none());

        let set = object.to_field_set();
        assert_eq!(FieldSet::from_fields_v1(&set.to_fields_v1()).as_ref(), Ok(&set));
        assert_eq!(object.extract_items_with_keys(&set.leaves()).to_field_set(), set);
        assert_eq!(object.reconcile_field_set(&set), Ok(None));
        let mut told = 0;
        project(&set, object.value(), |_, _| told += 1);
        assert!(told > 0);
    }
}

#[test]
fn what_is_deeper_is_refused() {
    let error = TypedValue::new(nested(257, json!(1)), &Type::deduced()).unwrap_err().to_string();
    assert!(error.ends_with(".a: nested deeper than 256 levels"), "{error}");
    let set = (0..10_000).fold(json!({}), |below, _| Value::from_iter([("f:a".to_owned(), below)]));
    assert_eq!(FieldSet::from_fields_v1(&set), Err(FieldsV1Error::TooDeep));
    // Dropping such a value would be too much for the stack as well.
    std::mem::forget(set);

    let mut set = FieldSet::new();
    set.insert(&Path::of_fields(vec!["a"; 10_000]));
    assert!(set.is_empty());
}

#[test]
fn conflicts_are_told_in_the_server_s_words() {
    let typed = |value| TypedValue::new(value, &Type::deduced()).unwrap();
    let updater = Updater::new();
    let live = typed(json!({"spec": {"a": 1, "b": 1, "c": 1}}));
    let mut managers = ManagedFields::default();
    let mut at = typed(json!({}));
    for (manager, value) in [("one", json!({"spec": {"a": 1, "b": 1}})), ("two \"2\"", json!({"spec": {"c": 1}}))] {
        let applied = updater.apply(&at, &typed(value), &managers, Writer::new(manager, "v1")).unwrap();
        (managers, at) = (applied.managers, applied.object.unwrap());
    }
    let conflicts = |value| {
        let error = updater.apply(&live, &typed(value), &managers, Writer::new("us", "v1")).unwrap_err();
        assert!(matches!(error, UpdateError::Conflicts(_)));
        error.to_string()
    };
    assert_eq!(conflicts(json!({"spec": {"a": 2}})), "conflict with \"one\": .spec.a");
    assert_eq!(
        conflicts(json!({"spec": {"c": 2, "b": 2, "a": 2}})),
        "conflicts with \"one\":\n- .spec.a\n- .spec.b\nconflicts with \"two \\\"2\\\"\":\n- .spec.c"
    );
}
