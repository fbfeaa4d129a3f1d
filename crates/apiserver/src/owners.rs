mod entries;
mod last_applied;
mod of_scale;

pub(crate) use of_scale::ScaleOwners;

use std::sync::Arc;

use serde_json::{Value, json};
use windlass_fieldset::{
    Conflict, FieldFilter, FieldSet, ManagedSet, Operation, Path, Type, TypedValue, UpdateError, Updater, Writer,
};

use crate::failure::Failure;
use entries::{Owners, identity, put, read, split};

/// More `Update` entries than these are merged into one for each version.
const MOST_UPDATES: usize = 10;
const SELF: &str = "current-operation";

/// Who writes, and through what.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Writing<'a> {
    pub(crate) manager: &'a str,
    pub(crate) api_version: &'a str,
    /// An empty object of the kind, as Go writes it.
    pub(crate) empty: &'a Value,
    pub(crate) subresource: &'a str,
    /// Now, as written into entries.
    pub(crate) time: &'a str,
    /// Whether what is applied takes fields from their owners.
    pub(crate) force: bool,
    /// Top-level fields and paths that this endpoint does not own.
    pub(crate) reset: &'a [&'a [&'a str]],
}

/// Says in `new` who owns what after it was written by anything but an apply. `live` is an empty object, as Go writes it,
/// where it is created.
///
/// An object that does not fit its schema keeps the owners that it had, as the real server has it.
pub(crate) fn update(ty: &Type, live: &Value, new: &mut Value, writing: Writing<'_>) {
    let given = take(new);
    let mut was = live.clone();
    let had = take(&mut was);
    let mut owners = match given {
        Some(given) if writing.subresource.is_empty() && is_reset(&given) => Owners::default(),
        Some(given) if writing.subresource.is_empty() && given.as_array().is_some_and(|list| !list.is_empty()) => {
            read(&given).or_else(|| had.as_ref().and_then(read)).unwrap_or_default()
        }
        _ => had.as_ref().and_then(read).unwrap_or_default(),
    };
    // An object that nobody was tracked on is not tracked from its middle on.
    let created = live.pointer("/metadata/uid").is_none();
    if created || owners.sets.iter().len() > 0 {
        record_update(ty, &was, new, &mut owners, writing);
    }
    put(new, &owners);
}

fn record_update(ty: &Type, live: &Value, new: &Value, owners: &mut Owners, writing: Writing<'_>) {
    let (Ok(live), Ok(new)) =
        (TypedValue::with_duplicates(live.clone(), ty), TypedValue::with_duplicates(new.clone(), ty))
    else {
        return;
    };
    let writer = Writer::new(SELF, writing.api_version);
    let Ok(mut sets) = updater(writing).update(&live, &new, &owners.sets, writer) else { return };
    if let Some(mut taken) = sets.remove(SELF) {
        taken.fields = taken.fields.difference(&always_stripped());
        if !taken.fields.is_empty() {
            let id = identity(writing.manager, Operation::Update, writing.api_version, writing.subresource);
            if let Some(before) = sets.get(&id) {
                taken.fields = taken.fields.union(&before.fields);
            }
            sets.insert(id.clone(), taken);
            owners.times.insert(id, writing.time.to_owned());
        }
    }
    owners.sets = sets;
    cap(owners);
}

/// Applies `config` to `live` (an empty object, as Go writes it, where it is created): the object as it is to be, owners
/// included, not yet defaulted.
///
/// The manager `kubectl` may take what the annotation of its client-side apply says is its own, and keeps that annotation
/// up to date.
///
/// # Errors
/// As the real server: 409 with a cause for each conflict, 500 where the config does not fit the schema.
pub(crate) fn apply(ty: &Type, live: &Value, config: &Arc<Value>, writing: Writing<'_>) -> Result<Value, Failure> {
    let applied = apply_once(ty, live, config, writing);
    if writing.manager != last_applied::MANAGER {
        return applied.map_err(Refusal::failure);
    }
    let mut object = match applied {
        Err(Refusal::Conflicts(conflicts)) => {
            let left = match last_applied::own(ty, live, writing.api_version) {
                Some(own) => conflicts.into_iter().filter(|one| !own.contains(&one.path)).collect(),
                None => conflicts,
            };
            if !left.is_empty() {
                return Err(refused(&left));
            }
            apply_once(ty, live, config, Writing { force: true, ..writing }).map_err(Refusal::failure)?
        }
        other => other.map_err(Refusal::failure)?,
    };
    last_applied::follow(&mut object, config);
    Ok(object)
}

/// Why an apply came to nothing.
enum Refusal {
    Conflicts(Vec<Conflict>),
    Other(Failure),
}

impl Refusal {
    fn failure(self) -> Failure {
        match self {
            Self::Conflicts(conflicts) => refused(&conflicts),
            Self::Other(failure) => failure,
        }
    }
}

fn apply_once(ty: &Type, live: &Value, config: &Arc<Value>, writing: Writing<'_>) -> Result<Value, Refusal> {
    let mut was = live.clone();
    let mut owners = take(&mut was).as_ref().and_then(read).unwrap_or_default();
    if owners.sets.iter().len() == 0 && live.pointer("/metadata/uid").is_some() {
        let first = Writing { manager: "before-first-apply", ..writing };
        let mut empty = writing.empty.clone();
        if let Some(metadata) = empty.get_mut("metadata").and_then(Value::as_object_mut) {
            // The count of a DaemonSet's templates is not there yet.
            metadata.shift_remove("annotations");
        }
        record_update(ty, &empty, &was, &mut owners, first);
    }
    let typed = |what, object: &Value, made: Result<TypedValue, _>| {
        made.map_err(|errors| Refusal::Other(mistyped(what, object, errors)))
    };
    let was = Arc::new(was);
    let config_typed = typed("patch", config, TypedValue::new(config.clone(), ty))?;
    let live_typed = typed("live", &was, TypedValue::with_duplicates(was.clone(), ty))?;
    let id = identity(writing.manager, Operation::Apply, "", writing.subresource);
    let writer = Writer::new(&id, writing.api_version);
    let writer = if writing.force { writer.force() } else { writer };
    let applied =
        updater(writing).apply(&live_typed, &config_typed, &owners.sets, writer).map_err(|error| match error {
            UpdateError::Conflicts(conflicts) => Refusal::Conflicts(conflicts.iter().cloned().collect()),
            other => Refusal::Other(Failure::new(500, "", other.to_string(), None)),
        })?;
    let mut sets = applied.managers;
    if let Some(mut set) = sets.remove(&id) {
        set.fields = set.fields.difference(&always_stripped());
        if !set.fields.is_empty() {
            sets.insert(id.clone(), set);
        }
    }
    owners.sets = sets;
    let mut object = match applied.object {
        Some(object) => {
            owners.times.insert(id, writing.time.to_owned());
            Arc::unwrap_or_clone(object.into_value())
        }
        None => {
            // Nothing but perhaps the owners has changed: a new owner has no time then.
            drop(live_typed);
            Arc::unwrap_or_clone(was)
        }
    };
    cap(&mut owners);
    put(&mut object, &owners);
    Ok(object)
}

fn updater(writing: Writing<'_>) -> Updater {
    if writing.reset.is_empty() {
        return Updater::new();
    }
    let mut fields = FieldSet::new();
    for path in writing.reset {
        fields.insert(&Path::of_fields(path.iter().copied()));
    }
    Updater::new().filtered(writing.api_version, FieldFilter::Exclude(fields))
}

/// What nobody owns: identity, and what the server itself writes.
fn always_stripped() -> FieldSet {
    let mut set = FieldSet::new();
    for name in ["apiVersion", "kind", "metadata"] {
        set.insert(&Path::of_fields([name]));
    }
    let metadata =
        ["name", "namespace", "creationTimestamp", "selfLink", "uid", "generation", "managedFields", "resourceVersion"];
    for name in metadata {
        set.insert(&Path::of_fields(["metadata", name]));
    }
    set
}

fn mistyped(what: &str, object: &Value, errors: impl std::fmt::Display) -> Failure {
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let (group, version) = text("/apiVersion").split_once('/').unwrap_or(("", text("/apiVersion")));
    let message = format!(
        "failed to create typed {what} object ({}/{}; {group}/{version}, Kind={}): {errors}",
        text("/metadata/namespace"),
        text("/metadata/name"),
        text("/kind"),
    );
    Failure::new(500, "", message, None)
}

fn is_reset(given: &Value) -> bool {
    match given.as_array().map(Vec::as_slice) {
        Some([]) => true,
        Some([Value::Object(only)]) => only.is_empty(),
        _ => false,
    }
}

fn take(object: &mut Value) -> Option<Value> {
    object.get_mut("metadata")?.as_object_mut()?.shift_remove("managedFields")
}

/// Merges the oldest `Update` entries where there are too many.
fn cap(owners: &mut Owners) {
    let mut updates: Vec<(String, String)> = owners
        .sets
        .iter()
        .filter(|(id, set)| set.operation == Operation::Update && split(id)[3].is_empty())
        .map(|(id, _)| (owners.times.get(id).cloned().unwrap_or_default(), id.to_owned()))
        .collect();
    updates.sort();
    let mut left = updates.len();
    for (time, id) in updates {
        if left <= MOST_UPDATES {
            break;
        }
        let Some(set) = owners.sets.remove(&id) else { continue };
        owners.times.remove(&id);
        let bucket = identity("ancient-changes", Operation::Update, &set.api_version, "");
        let fields = match owners.sets.get(&bucket) {
            Some(before) => {
                left -= 1;
                set.fields.union(&before.fields)
            }
            None => set.fields.clone(),
        };
        owners.sets.insert(bucket.clone(), ManagedSet { fields, ..set });
        owners.times.insert(bucket, time);
    }
}

fn shown(id: &str) -> String {
    let [operation, manager, version, subresource] = split(id);
    let mut text = format!("{manager:?}");
    if !subresource.is_empty() {
        text = format!("{text} with subresource {subresource:?}");
    }
    if operation == "Update" { format!("{text} using {version}") } else { text }
}

fn refused(conflicts: &[Conflict]) -> Failure {
    let mut conflicts: Vec<&Conflict> = conflicts.iter().collect();
    // By the text of their entries.
    conflicts.sort_by_cached_key(|one| {
        let [operation, manager, version, subresource] = split(&one.manager);
        let mut entry = json!({"manager": manager, "operation": operation});
        for (name, value) in [("apiVersion", version), ("subresource", subresource)] {
            if !value.is_empty() {
                entry[name] = value.into();
            }
        }
        entry.to_string()
    });
    let all: Vec<(String, String)> = conflicts.iter().map(|one| (shown(&one.manager), one.path.to_string())).collect();
    let causes: Vec<Value> = all
        .iter()
        .map(|(manager, path)| {
            json!({"reason": "FieldManagerConflict", "message": format!("conflict with {manager}"), "field": path})
        })
        .collect();
    let message = match all.as_slice() {
        [(manager, path)] => format!("Apply failed with 1 conflict: conflict with {manager}: {path}"),
        many => {
            let mut lines = Vec::new();
            let mut last = None;
            for (manager, path) in many {
                if last != Some(manager) {
                    lines.push(format!("conflicts with {manager}:"));
                    last = Some(manager);
                }
                lines.push(format!("- {path}"));
            }
            format!("Apply failed with {} conflicts: {}", many.len(), lines.join("\n"))
        }
    };
    Failure::new(409, "Conflict", message, Some(json!({"causes": causes})))
}
