//! What a real API server (1.36) made of 200 objects that were applied, changed by others, and applied again: its sets
//! are ours to the byte, and so are the owners after a forced apply.
//!
//! The trials are in `../shared/conformance/drift` beside the work tree; without them, or without `gzip`, nothing is tested.

use std::{
    collections::{BTreeMap, HashMap},
    process::Command,
};

use serde::Deserialize;
use serde_json::Value;
use windlass_fieldset::{
    Entries, Entry, FieldFilter, FieldSet, ManagedFields, ManagedSet, Operation, Path, Projection, Type, TypedValue,
    Updater, Writer, project,
};

#[path = "recorded/recording.rs"]
mod recording;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Trial {
    desired: Value,
    baseline_live: Value,
    live: Value,
    #[serde(default)]
    dry_run: Value,
    server_verdict: String,
}

fn trials() -> Vec<Trial> {
    let Some(folder) = recording::folder("drift") else { return Vec::new() };
    let Ok(unpacked) = Command::new("gzip").arg("-dc").arg(folder.join("trials.jsonl.gz")).output() else {
        return Vec::new();
    };
    let text = String::from_utf8(unpacked.stdout).expect("text");
    text.lines().map(|line| serde_json::from_str(line).expect("a trial")).collect()
}

fn types() -> impl FnMut(&Value) -> Option<Type> {
    let schema = windlass_schema::Schema::builtin();
    let mut known: HashMap<String, Option<Type>> = HashMap::new();
    move |object| {
        let (api_version, kind) = (object["apiVersion"].as_str()?, object["kind"].as_str()?);
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        let read = || schema.kind(group, version, kind).map(Type::of_kind);
        known.entry(format!("{api_version} {kind}")).or_insert_with(read).clone()
    }
}

#[test]
fn sets_that_the_server_wrote_come_back_to_the_byte() {
    let mut sets = 0;
    for trial in trials() {
        for object in [&trial.baseline_live, &trial.live, &trial.dry_run] {
            for entry in object["metadata"]["managedFields"].as_array().into_iter().flatten() {
                let fields = FieldSet::from_fields_v1(&entry["fieldsV1"]).expect("a set of the server's");
                assert_eq!(fields.to_fields_v1().to_string(), entry["fieldsV1"].to_string());
                sets += 1;
            }
            let entries = Entries::of(object).expect("entries of the server's");
            if !object["metadata"]["managedFields"].is_null() {
                assert_eq!(entries.to_value(), object["metadata"]["managedFields"]);
            }
        }
    }
    println!("{sets} sets");
}

/// Fields that belong to the server, whoever writes them.
fn stripped() -> FieldSet {
    let mut stripped: FieldSet =
        ["apiVersion", "kind", "metadata"].map(|name| Path::of_fields([name])).into_iter().collect();
    stripped.extend(
        ["name", "namespace", "creationTimestamp", "selfLink", "uid", "generation", "managedFields", "resourceVersion"]
            .map(|name| Path::of_fields(["metadata", name])),
    );
    stripped
}

fn updater() -> Updater {
    let status: FieldSet = [Path::of_fields(["status"])].into_iter().collect();
    ["v1", "apps/v1", "batch/v1", "networking.k8s.io/v1", "autoscaling/v2", "policy/v1"]
        .into_iter()
        .fold(Updater::new(), |updater, version| updater.filtered(version, FieldFilter::Exclude(status.clone())))
}

fn identifier(entry: &Entry) -> String {
    let version = if entry.operation == Operation::Apply { "" } else { &entry.api_version };
    format!("{} {:?} {version} {}", entry.manager, entry.operation, entry.subresource)
}

fn owners(entries: &Entries) -> BTreeMap<String, FieldSet> {
    entries.iter().map(|entry| (identifier(entry), entry.fields.clone())).collect()
}

fn managers_of(entries: &Entries) -> ManagedFields {
    let set = |entry: &Entry| {
        let Entry { operation, api_version, fields, .. } = entry.clone();
        (identifier(entry), ManagedSet { fields, api_version, operation })
    };
    entries.iter().map(set).collect()
}

#[test]
fn a_forced_apply_leaves_the_owners_that_the_server_says() {
    let mut type_of = types();
    let (mut same, mut unknown, mut unowned) = (0, 0, 0);
    for (number, trial) in trials().iter().enumerate().filter(|(_, trial)| trial.dry_run["metadata"].is_object()) {
        let Some(ty) = type_of(&trial.desired) else {
            unknown += 1;
            continue;
        };
        let live = TypedValue::with_duplicates(trial.live.clone(), &ty).expect("a stored object");
        let desired = TypedValue::new(trial.desired.clone(), &ty).expect("an object that was applied");
        let entries = Entries::of(&trial.live).expect("entries");
        if entries.iter().len() == 0 {
            // The server gives it an owner of everything but what is in an empty structure of Go's, which is its affair.
            unowned += 1;
            continue;
        }
        let managers = managers_of(&entries);
        let version = trial.desired["apiVersion"].as_str().unwrap_or_default();
        let manager = "flux Apply  ";
        let applied = updater().apply(&live, &desired, &managers, Writer::new(manager, version).force());
        let applied = applied.expect("forced");
        let got: BTreeMap<String, FieldSet> = applied
            .managers
            .into_iter()
            .map(|(manager, set)| (manager, set.fields.difference(&stripped())))
            .filter(|(_, fields)| !fields.is_empty())
            .collect();
        let expected = owners(&Entries::of(&trial.dry_run).expect("entries"));
        assert_eq!(got, expected, "trial {number}: {}", trial.desired);
        same += 1;
    }
    println!(
        "{same} applies with the server's owners; {unknown} of an unknown kind and {unowned} without owners left out"
    );
}

/// The managers whose fields an engine takes over, so that their presence alone is drift.
fn is_taken_over(entry: &Entry) -> bool {
    entry.manager.starts_with("kubectl") || entry.manager == "before-first-apply" || entry.manager == "flux"
}

fn told<'v>(fields: &FieldSet, object: &'v Value) -> Vec<(String, Projection<'v>)> {
    let mut told = Vec::new();
    project(fields, object, |path, what| told.push((Path::from(path.to_vec()).to_string(), what)));
    told
}

#[test]
fn what_projects_to_the_same_is_clean() {
    let (mut clean, mut missed) = (0, 0);
    for (number, trial) in trials().iter().enumerate() {
        let entries = [&trial.baseline_live, &trial.live].map(|object| Entries::of(object).expect("entries"));
        let [Some(then), Some(now)] = [&entries[0], &entries[1]].map(|entries| entries.applied_by("flux")) else {
            continue;
        };
        let others = entries[1].iter().filter(|entry| *entry != now && entry.subresource.is_empty());
        let same = then.fields == now.fields
            && !others.into_iter().any(is_taken_over)
            && told(&now.fields, &trial.baseline_live) == told(&now.fields, &trial.live);
        if same {
            assert_eq!(trial.server_verdict, "clean", "trial {number}");
            clean += 1;
        } else if trial.server_verdict == "clean" {
            missed += 1;
        }
    }
    println!("{clean} clean objects found without asking, {missed} for which the server has to be asked");
}
