use std::sync::Arc;

use serde_json::{Value, json};

use crate::custom;
use crate::delete::{DeleteOptions, begin};
use crate::dependents::owners;
use crate::registry::{GroupResource, Resource};
use crate::state::{Key, State};
use crate::strategy::{metadata_mut, text};

/// Does at once, after a write, what controllers of the real server do soon after it: definitions are served, and where
/// controllers are at work namespaces are emptied and dependents collected.
pub(crate) fn after_write(state: &mut State, resource: &Resource) {
    if resource.is("apiextensions.k8s.io", "customresourcedefinitions") {
        serve_definitions(state);
    }
    if state.furnished && resource.is("", "namespaces") {
        crate::furnish::namespaces(state);
    }
    if state.controllers && state.is_ending() {
        empty_namespaces(state);
        finish_deletions(state);
    }
}

/// After a deletion there may be more to do, again and again.
pub(crate) fn after_delete(state: &mut State, resource: &Resource) {
    after_write(state, resource);
    if !state.controllers {
        return;
    }
    // Each round removes something, so that it ends.
    loop {
        let before = state.revision();
        collect_orphans(state);
        finish_deletions(state);
        empty_namespaces(state);
        if state.revision() == before {
            break;
        }
    }
}

fn served_by(state: &State, of: &GroupResource) -> Option<Arc<Resource>> {
    state.registry.all().find(|one| one.key() == *of).cloned()
}

fn serve_definitions(state: &mut State) {
    let of: GroupResource = ("apiextensions.k8s.io".into(), "customresourcedefinitions".into());
    let definitions: Vec<(Key, Arc<Value>)> = state
        .collection(&of)
        .map(|all| all.objects.iter().map(|(key, one)| (key.clone(), one.clone())).collect())
        .unwrap_or_default();
    let gone: Vec<String> = state
        .registry
        .custom_names()
        .filter(|name| !definitions.iter().any(|(key, _)| key.1 == **name))
        .map(str::to_owned)
        .collect();
    for name in gone {
        if let Some((plural, group)) = name.split_once('.') {
            let custom: GroupResource = (group.into(), plural.into());
            let kind = served_by(state, &custom).map(|one| one.kind.clone());
            state.clear(&custom);
            if let Some(kind) = kind {
                state.schema.remove_crd(group, &kind);
            }
            state.types.forget(group);
        }
        state.registry.remove_custom(&name);
    }
    for (key, definition) in definitions {
        let generation = definition.pointer("/metadata/generation").cloned();
        if state.registry.custom_generation(&key.1) == generation.as_ref().and_then(Value::as_i64) {
            continue;
        }
        // What the table cannot hold is served all the same, merged as what nothing is known of.
        let _ = state.schema.add_crd(&definition);
        state.types.forget(text(&definition, "/spec/group"));
        let generation = generation.and_then(|one| one.as_i64()).unwrap_or(0);
        state.registry.set_custom(&key.1, generation, custom::resources(&definition));
        establish(state, &of, key, &definition);
    }
}

fn establish(state: &mut State, of: &GroupResource, key: Key, definition: &Value) {
    let mut definition = definition.clone();
    let now = state.clock.text();
    let had = definition.pointer("/status/conditions").and_then(Value::as_array).is_some_and(|all| !all.is_empty());
    if !had {
        definition["status"]["conditions"] = json!([
            {
                "type": "NamesAccepted", "status": "True", "lastTransitionTime": now, "reason": "NoConflicts",
                "message": "no conflicts found", "observedGeneration": 1,
            },
            {
                "type": "Established", "status": "True", "lastTransitionTime": now,
                "reason": "InitialNamesAccepted", "message": "the initial names have been accepted",
                "observedGeneration": 1,
            },
        ]);
    }
    let names = definition.pointer("/spec/names").cloned().unwrap_or_default();
    definition["status"]["acceptedNames"] = names;
    state.put(of, key, definition);
}

fn empty_namespaces(state: &mut State) {
    let of: GroupResource = ("".into(), "namespaces".into());
    for (_, key, namespace) in state.ending().into_iter().filter(|one| one.0 == of) {
        let mut left = false;
        for (of, key, object) in state.in_namespace(&key.1) {
            let Some(resource) = served_by(state, &of) else { continue };
            if object.pointer("/metadata/deletionTimestamp").is_some() {
                left = true;
                continue;
            }
            if state.get(&of, &key.0, &key.1).is_some() {
                left |= !begin(state, &resource, &object, &DeleteOptions::default()).1;
            }
        }
        if !left {
            let mut last = (*namespace).clone();
            if let Some(spec) = last.get_mut("spec").and_then(Value::as_object_mut) {
                spec.shift_remove("finalizers");
            }
            if !crate::strategy::has_finalizers(&last) {
                state.remove(&of, &key);
            }
        }
    }
}

/// Deletes what is owned by nobody that still exists.
fn collect_orphans(state: &mut State) {
    for place in state.dependents.take_doubtful() {
        let Some((of, key, object)) = state.at(&place) else { continue };
        let (living, gone): (Vec<&Value>, Vec<&Value>) =
            owners(&object).partition(|owner| state.dependents.is_alive(text(owner, "/uid")));
        if gone.is_empty() {
            continue;
        }
        if living.is_empty() {
            let Some(resource) = served_by(state, &of) else { continue };
            if object.pointer("/metadata/deletionTimestamp").is_none() {
                let options = DeleteOptions { propagation: Some("Background".to_owned()), ..DeleteOptions::default() };
                begin(state, &resource, &object, &options);
            }
        } else {
            let kept: Vec<Value> = living.into_iter().cloned().collect();
            let mut changed = (*object).clone();
            if let Some(metadata) = metadata_mut(&mut changed) {
                metadata.insert("ownerReferences".to_owned(), kept.into());
            }
            state.put(&of, key, changed);
        }
    }
}

/// Carries out the marks `foregroundDeletion` and `orphan` of what is being deleted.
fn finish_deletions(state: &mut State) {
    for (of, key, object) in &state.ending() {
        let uid = text(object, "/metadata/uid");
        let marked = |mark: &str| {
            let list = object.pointer("/metadata/finalizers").and_then(Value::as_array);
            list.is_some_and(|list| list.iter().any(|one| one == mark))
        };
        let dependents: Vec<_> = state.dependents.of(uid).iter().filter_map(|place| state.at(place)).collect();
        if marked("orphan") {
            for (of, key, dependent) in &dependents {
                let mut freed = (**dependent).clone();
                if let Some(metadata) = metadata_mut(&mut freed) {
                    let kept: Vec<Value> =
                        owners(dependent).filter(|owner| text(owner, "/uid") != uid).cloned().collect();
                    if kept.is_empty() {
                        metadata.shift_remove("ownerReferences");
                    } else {
                        metadata.insert("ownerReferences".to_owned(), kept.into());
                    }
                }
                state.put(of, key.clone(), freed);
            }
            unmark(state, of, key, object, "orphan");
        } else if marked("foregroundDeletion") {
            let mut blocked = false;
            for (of, key, dependent) in &dependents {
                let Some(resource) = served_by(state, of) else { continue };
                let options = DeleteOptions { propagation: Some("Foreground".to_owned()), ..DeleteOptions::default() };
                if dependent.pointer("/metadata/deletionTimestamp").is_none() && state.get(of, &key.0, &key.1).is_some()
                {
                    begin(state, &resource, dependent, &options);
                }
                let blocks = owners(dependent)
                    .any(|owner| text(owner, "/uid") == uid && owner.get("blockOwnerDeletion") == Some(&true.into()));
                blocked |= blocks && state.get(of, &key.0, &key.1).is_some();
            }
            if !blocked {
                unmark(state, of, key, object, "foregroundDeletion");
            }
        }
    }
}

fn unmark(state: &mut State, of: &GroupResource, key: &Key, object: &Value, mark: &str) {
    let mut object = object.clone();
    let mut empty = false;
    if let Some(metadata) = metadata_mut(&mut object) {
        let list = metadata.get_mut("finalizers").and_then(Value::as_array_mut);
        if let Some(list) = list {
            list.retain(|one| one != mark);
            empty = list.is_empty();
        }
        if empty {
            metadata.shift_remove("finalizers");
        }
    }
    state.put(of, key.clone(), object);
    if empty {
        state.remove(of, key);
    }
}
