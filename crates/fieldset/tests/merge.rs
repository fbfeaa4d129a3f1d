//! Scenarios of server-side apply recorded from structured-merge-diff v6: object and owners are the recorded ones after
//! every step.

use std::{collections::BTreeMap, path::Path};

use serde::Deserialize;
use serde_json::Value;
use windlass_fieldset::{
    Conflicts, Convert, FieldFilter, FieldSet, ManagedFields, Operation, Schema, Type, TypedValue, UpdateError,
    Updater, Writer,
};

#[path = "recorded/converters.rs"]
mod converters;
#[path = "recorded/notation.rs"]
mod notation;
#[path = "recorded/recording.rs"]
mod recording;

use converters::Converter;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Scenario {
    name: String,
    converter: String,
    schemas: BTreeMap<String, SchemaOfVersion>,
    ops: Vec<Step>,
    after_each_op: Vec<State>,
    expect_object: String,
    #[serde(rename = "expectAPIVersion")]
    expect_api_version: String,
    expect_managed: Option<BTreeMap<String, Owner>>,
    ignored_fields: BTreeMap<String, Value>,
    has_ignore_filter: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SchemaOfVersion {
    schema: String,
    type_ref: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Step {
    op: String,
    #[serde(default)]
    manager: String,
    #[serde(default)]
    api_version: String,
    #[serde(default)]
    yaml: String,
    #[serde(default)]
    schema: String,
    #[serde(default)]
    expect_conflicts: Vec<ExpectedConflict>,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
struct ExpectedConflict {
    manager: String,
    path: String,
}

#[derive(Deserialize)]
struct State {
    #[serde(default)]
    live: Value,
    #[serde(default)]
    managers: BTreeMap<String, Owner>,
    error: Option<String>,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Owner {
    api_version: String,
    applied: bool,
    fields_v1: Value,
}

#[test]
fn every_recorded_scenario_goes_as_recorded() {
    let Some(folder) = recording::folder("smd/merge") else { return };
    let mut passed: BTreeMap<String, usize> = BTreeMap::new();
    let mut failures = Vec::new();
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    for file in files {
        let scenario = read(&file);
        let (name, converter) = (scenario.name.clone(), scenario.converter.clone());
        match play(scenario) {
            Ok(()) => *passed.entry(converter).or_default() += 1,
            Err(failure) => failures.push(format!("{name}: {failure}")),
        }
    }
    for (converter, passed) in &passed {
        println!("{converter}: {passed} passed");
    }
    assert!(failures.is_empty(), "{} scenarios differ:\n{}", failures.len(), failures.join("\n"));
}

fn read(file: &Path) -> Scenario {
    serde_json::from_str(&std::fs::read_to_string(file).expect("a file of the recording"))
        .unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

struct Play {
    updater: Updater<Converter>,
    converter: Converter,
    live: Option<TypedValue>,
    managers: ManagedFields,
}

fn play(scenario: Scenario) -> Result<(), String> {
    let converter = Converter::named(&scenario.converter, types(&scenario));
    let mut updater = Updater::with_converter(converter.clone());
    for (version, filter) in filters(&scenario) {
        updater = updater.filtered(version, filter);
    }
    let mut play = Play { updater, converter, live: None, managers: ManagedFields::default() };
    for (number, (step, after)) in scenario.ops.iter().zip(&scenario.after_each_op).enumerate() {
        let result = play.step(step);
        let at = |what: &str| format!("after step {number} ({}): {what}", step.op);
        match (&after.error, result) {
            (Some(expected), Err(error)) if *expected == error => return Ok(()),
            (expected, Err(error)) => return Err(at(&format!("expected error {expected:?}, got {error}"))),
            (Some(expected), Ok(())) => return Err(at(&format!("expected error {expected}"))),
            (None, Ok(())) => play.check(&after.live, &after.managers).map_err(|error| at(&error))?,
        }
    }
    if let Some(expected) = scenario.expect_managed {
        // What the scenario itself expects leaves open how they came to own it.
        let known = |manager: &str| play.managers.get(manager).is_some_and(|set| set.operation == Operation::Apply);
        let expected = expected.into_iter().map(|(manager, owner)| {
            let applied = known(&manager);
            (manager, Owner { applied, ..owner })
        });
        play.check_managers(&expected.collect())?;
    }
    if !scenario.expect_object.is_empty() {
        let ty = play.converter.ty(&scenario.expect_api_version).ok_or("no type for the version")?;
        let (expected, live) = (notation::yaml(&scenario.expect_object), play.live(&ty, &scenario.expect_api_version)?);
        if *live.value() != expected {
            return Err(format!("expected object {expected}, got {}", live.value()));
        }
    }
    Ok(())
}

/// Versions with the same schema share its types. Those that are not written in are not recorded; where versions are
/// told apart by their types, these have their names.
fn types(scenario: &Scenario) -> BTreeMap<String, Type> {
    let mut schemas: BTreeMap<&str, Schema> = BTreeMap::new();
    let mut types = BTreeMap::new();
    for (version, of_version) in &scenario.schemas {
        let schema = schemas.entry(&of_version.schema).or_insert_with(|| notation::schema(&of_version.schema));
        types.insert(version.clone(), notation::ty(schema, &of_version.type_ref));
    }
    for version in ["v1", "v2", "v3"] {
        let ty = schemas.values().find_map(|schema| schema.type_named(version));
        ty.map(|ty| types.entry(version.to_owned()).or_insert(ty));
    }
    types
}

/// The filters were not recorded; these are those of the scenarios, taken from their names and results.
fn filters(scenario: &Scenario) -> Vec<(String, FieldFilter)> {
    let exclude = |fields: Value| FieldFilter::Exclude(FieldSet::from_fields_v1(&fields).expect("a set"));
    let recorded = scenario.ignored_fields.iter().map(|(version, set)| (version.clone(), exclude(set.clone())));
    if !scenario.has_ignore_filter {
        return recorded.collect();
    }
    let name = scenario.name.rsplit('/').next().unwrap_or_default();
    let below = |key: &str| serde_json::json!({"f:mapOfMapsRecursive": {format!("f:{key}"): {}}});
    let filters = match name {
        "does_use_ignored_fields_versions" => {
            vec![("v1", below("c")), ("v2", below("cc")), ("v3", below("ccc")), ("v4", below("cccc"))]
        }
        "update_does_not_steal_ignored" | "apply_does_not_steal_ignored" => vec![("v2", below("c"))],
        _ if name.contains("deep") => vec![("v1", serde_json::json!({"f:obj": {}}))],
        _ => vec![("v1", serde_json::json!({"f:string": {}}))],
    };
    filters.into_iter().map(|(version, set)| (version.to_owned(), exclude(set))).collect()
}

impl Play {
    fn step(&mut self, step: &Step) -> Result<(), String> {
        if step.op == "changeSchema" {
            return self.change_schema(&step.schema);
        }
        let ty = self.converter.ty(&step.api_version).ok_or("no type for the version")?;
        let value = notation::yaml(&step.yaml);
        let value =
            if step.op == "update" { TypedValue::with_duplicates(value, &ty) } else { TypedValue::new(value, &ty) };
        let value = value.map_err(|error| error.to_string())?;
        let live = self.live(&ty, &step.api_version)?;
        let writer = Writer::new(&step.manager, &step.api_version);
        match step.op.as_str() {
            "update" => {
                let managers = self.updater.update(&live, &value, &self.managers, writer).map_err(|e| e.to_string())?;
                (self.managers, self.live) = (managers, Some(value));
                Ok(())
            }
            "forceApply" => self.apply(live, &value, writer.force(), &[]),
            "extractApply" => {
                let owned = self.managers.get(&step.manager).map(|set| set.fields.leaves()).unwrap_or_default();
                let extracted = live.extract_items(&owned).merge(&value).map_err(|error| error.to_string())?;
                self.apply(live, &extracted, writer.force(), &[])
            }
            _ => self.apply(live, &value, writer, &step.expect_conflicts),
        }
    }

    fn live(&self, ty: &Type, version: &str) -> Result<TypedValue, String> {
        let live = self.live.clone().unwrap_or_else(|| TypedValue::new(Value::Null, ty).expect("null is of any type"));
        self.converter.convert(&live, version).map_err(|error| error.to_string())
    }

    fn apply(
        &mut self,
        live: TypedValue,
        config: &TypedValue,
        writer: Writer<'_>,
        expected: &[ExpectedConflict],
    ) -> Result<(), String> {
        self.live = Some(live.clone());
        let conflicts = match self.updater.apply(&live, config, &self.managers, writer) {
            Ok(applied) => {
                self.managers = applied.managers;
                self.live = Some(applied.object.unwrap_or(live));
                Vec::new()
            }
            Err(UpdateError::Conflicts(conflicts)) => found(&conflicts),
            Err(error) => return Err(error.to_string()),
        };
        let mut expected: Vec<_> = expected.iter().collect();
        expected.sort_unstable();
        if conflicts.iter().eq(expected.iter().copied()) {
            Ok(())
        } else {
            Err(format!("expected conflicts {expected:?}, got {conflicts:?}"))
        }
    }

    fn change_schema(&mut self, schema: &str) -> Result<(), String> {
        let schema = notation::schema(schema);
        let live = self.live.take().ok_or("nothing there")?;
        let ty = schema.type_named(live.ty().name().unwrap_or_default()).ok_or("no such type any more")?;
        self.converter.replace_types(|version| schema.type_named(version).expect("a type for each version"));
        self.live = Some(TypedValue::new(live.into_value(), &ty).map_err(|error| error.to_string())?);
        Ok(())
    }

    fn check(&self, live: &Value, managers: &BTreeMap<String, Owner>) -> Result<(), String> {
        let got = self.live.as_ref().map_or(&Value::Null, TypedValue::value);
        if got != live {
            return Err(format!("expected {live}, got {got}"));
        }
        self.check_managers(managers)
    }

    fn check_managers(&self, expected: &BTreeMap<String, Owner>) -> Result<(), String> {
        let got: BTreeMap<String, Owner> = self
            .managers
            .iter()
            .map(|(manager, set)| {
                let applied = set.operation == Operation::Apply;
                let fields_v1 = set.fields.to_fields_v1();
                (manager.to_owned(), Owner { api_version: set.api_version.clone(), applied, fields_v1 })
            })
            .collect();
        if got == *expected { Ok(()) } else { Err(format!("expected managers\n  {expected:?}, got\n  {got:?}")) }
    }
}

fn found(conflicts: &Conflicts) -> Vec<ExpectedConflict> {
    let mut found: Vec<_> = conflicts
        .iter()
        .map(|conflict| ExpectedConflict { manager: conflict.manager.clone(), path: conflict.path.to_string() })
        .collect();
    found.sort_unstable();
    found
}
