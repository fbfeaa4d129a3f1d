//! No objects make the operations on typed values panic, and applying twice is applying once.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use windlass_fieldset::{ManagedFields, Type, TypedValue, Updater, Writer};

fuzz_target!(|texts: (&str, &str)| {
    let typed = |text: &str| {
        let value = serde_json::from_str::<Value>(text).ok().filter(Value::is_object)?;
        TypedValue::new(value, &Type::deduced()).ok()
    };
    let (Some(live), Some(config)) = (typed(texts.0), typed(texts.1)) else { return };
    let (Ok(empty), updater) = (TypedValue::new(Value::Null, live.ty()), Updater::new()) else { return };
    let writer = Writer::new("us", "v1");
    let Ok(managers) = updater.update(&empty, &live, &ManagedFields::default(), Writer::new("them", "v1")) else {
        panic!("an update has no conflicts")
    };
    let _ = updater.apply(&live, &config, &managers, writer);
    let Ok(once) = updater.apply(&live, &config, &managers, writer.force()) else { panic!("forced") };
    let object = once.object.unwrap_or(live);
    let Ok(twice) = updater.apply(&object, &config, &once.managers, writer) else { panic!("it is ours now") };
    assert!(twice.object.is_none() && twice.managers == once.managers);
    let Ok(gone) = updater.apply(&object, &empty, &once.managers, writer) else { panic!("it is ours now") };
    assert!(gone.managers.get("us").is_none());
    let set = object.to_field_set();
    let _ = (object.extract_items_with_keys(&set), object.remove_items(&set), object.reconcile_field_set(&set));
});
