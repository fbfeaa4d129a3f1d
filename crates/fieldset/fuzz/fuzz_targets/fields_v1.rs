//! No text makes reading a set panic, and what was read is written as what reads to the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use windlass_fieldset::{FieldSet, project};

fuzz_target!(|text: &str| {
    let Ok(value) = serde_json::from_str::<Value>(text) else { return };
    let Ok(set) = FieldSet::from_fields_v1(&value) else { return };
    let written = set.to_fields_v1();
    assert_eq!(FieldSet::from_fields_v1(&written).as_ref(), Ok(&set));
    assert_eq!(serde_json::to_string(&set).ok(), Some(written.to_string()));
    assert_eq!(set.paths().count(), set.len());
    assert_eq!(set.paths().collect::<FieldSet>(), set);
    assert!(set.difference(&set).is_empty() && set.intersection(&set) == set && set.union(&set) == set);
    project(&set, &value, |_, _| {});
});
