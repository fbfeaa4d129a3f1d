use std::sync::Arc;

use serde_json::{Value, json};

use crate::call::Call;
use crate::failure::{Failure, FieldFault};
use crate::registry::Resource;
use crate::selector::Filter;
use crate::state::State;
use crate::strategy::{deleted_status, has_finalizers, metadata_mut, text};
use crate::write::existing;

const FOREGROUND: &str = "foregroundDeletion";
const ORPHAN: &str = "orphan";

/// How a deletion is to be done.
#[derive(Debug, Default)]
pub(crate) struct DeleteOptions {
    pub(crate) propagation: Option<String>,
    pub(crate) grace: Option<i64>,
    pub(crate) dry_run: bool,
    pub(crate) uid: Option<String>,
    pub(crate) revision: Option<String>,
}

impl DeleteOptions {
    /// Reads the body, and the query where there is none.
    pub(crate) fn read(call: &Call, body: &[u8]) -> Result<Self, Failure> {
        let body: Value =
            if body.is_empty() { Value::Null } else { crate::body::read_yaml(body).map_err(Failure::bad_request)? };
        let query = &call.query;
        let word = |name: &str| body.get(name).and_then(Value::as_str).or_else(|| query.get(name)).map(str::to_owned);
        let mut options = Self {
            propagation: word("propagationPolicy"),
            grace: body
                .get("gracePeriodSeconds")
                .and_then(Value::as_i64)
                .or_else(|| query.get("gracePeriodSeconds")?.parse().ok()),
            dry_run: query.get("dryRun") == Some("All") || body.pointer("/dryRun/0") == Some(&"All".into()),
            // Empty ones are preconditions too, which nothing meets.
            uid: body.pointer("/preconditions/uid").and_then(Value::as_str).map(str::to_owned),
            revision: body.pointer("/preconditions/resourceVersion").and_then(Value::as_str).map(str::to_owned),
        };
        if body.get("orphanDependents") == Some(&Value::Bool(true)) {
            options.propagation = Some("Orphan".to_owned());
        }
        let known = ["Foreground", "Background", "Orphan"];
        if let Some(given) = options.propagation.as_deref().filter(|given| !known.contains(given)) {
            let allowed = ["Foreground", "Background", "Orphan", "nil"].map(|one| format!("{one:?}"));
            let fault = FieldFault::unsupported("propagationPolicy", &given.into(), &allowed);
            return Err(Failure::invalid("meta.k8s.io", "DeleteOptions", "", &[fault]));
        }
        Ok(options)
    }
}

impl DeleteOptions {
    /// What is told of a deletion whose outcome may surprise.
    pub(crate) fn warnings(&self, resource: &Resource) -> Vec<String> {
        let surprising = resource.is("batch", "jobs") && self.propagation.is_none();
        let warning = "child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to \
                       remove them or set propagationPolicy=Orphan to suppress this warning";
        surprising.then(|| warning.to_owned()).into_iter().collect()
    }
}

/// Answers the DELETE of one object: a `Status` where it is gone, the object while something waits.
pub(crate) fn delete(state: &mut State, call: &Call, options: &DeleteOptions) -> Result<Arc<Value>, Failure> {
    let resource = call.resource.clone();
    let object = existing(state, call)?;
    preconditions(&resource, &call.name, &object, options)?;
    let (after, gone) = begin(state, &resource, &object, options);
    if gone && !resource.returns_deleted() {
        return Ok(Arc::new(deleted_status(&resource, &object)));
    }
    Ok(after)
}

/// Answers the DELETE of a collection with the objects that it named.
pub(crate) fn delete_collection(state: &mut State, call: &Call, options: &DeleteOptions) -> Result<Value, Failure> {
    let resource = call.resource.clone();
    let filter = Filter::read(&resource, &call.namespace, "", &call.query)?;
    let found: Vec<Arc<Value>> = state.collection(&resource.key()).map_or_else(Vec::new, |all| {
        all.within(&call.namespace)
            .filter(|(key, object)| filter.covers(key, object))
            .map(|(_, one)| one.clone())
            .collect()
    });
    for object in &found {
        begin(state, &resource, object, options);
    }
    let items: Vec<Value> = found.iter().map(|one| crate::list::as_item(&resource, one)).collect();
    let mut metadata = json!({"resourceVersion": state.revision().to_string()});
    if resource.custom.is_some() {
        metadata["continue"] = "".into();
    }
    Ok(json!({
        "kind": resource.list_kind,
        "apiVersion": resource.api_version(),
        "metadata": metadata,
        "items": items,
    }))
}

fn preconditions(resource: &Resource, name: &str, object: &Value, options: &DeleteOptions) -> Result<(), Failure> {
    let (uid, revision) = (text(object, "/metadata/uid"), text(object, "/metadata/resourceVersion"));
    let mismatch = |why: String| Failure::conflict(&resource.group, &resource.kind, name, why);
    if let Some(given) = options.uid.as_deref().filter(|given| *given != uid) {
        return Err(mismatch(format!(
            "the UID in the precondition ({given}) does not match the UID in record ({uid}). The object might have \
             been deleted and then recreated"
        )));
    }
    if let Some(given) = options.revision.as_deref().filter(|given| *given != revision) {
        return Err(mismatch(format!(
            "the ResourceVersion in the precondition ({given}) does not match the ResourceVersion in record \
             ({revision}). The object might have been modified"
        )));
    }
    Ok(())
}

/// Starts a deletion: the object as it is then, and whether it is gone.
pub(crate) fn begin(
    state: &mut State,
    resource: &Resource,
    object: &Arc<Value>,
    options: &DeleteOptions,
) -> (Arc<Value>, bool) {
    let key = (text(object, "/metadata/namespace").to_owned(), text(object, "/metadata/name").to_owned());
    let mut after = (**object).clone();
    finalizers(resource, &mut after, options.propagation.as_deref());
    let namespace = resource.is("", "namespaces");
    let grace = grace(resource, object, options);
    let pending = has_finalizers(&after) || grace > 0 || (namespace && after.pointer("/spec/finalizers/0").is_some());
    // Of a Pod the end is written down before it comes, even where there is nothing to wait for.
    let told = resource.is("", "pods") && !pending && object.pointer("/metadata/deletionTimestamp").is_none();
    if !pending && !told {
        if options.dry_run {
            return (object.clone(), true);
        }
        let last = state.remove(&resource.key(), &key).unwrap_or_else(|| object.clone());
        return (last, true);
    }
    if object.pointer("/metadata/deletionTimestamp").is_none() {
        let now = state.clock.now();
        let end = now.checked_add(jiff::SignedDuration::from_secs(grace)).unwrap_or(now);
        if let Some(metadata) = metadata_mut(&mut after) {
            metadata.insert("deletionTimestamp".to_owned(), end.strftime("%Y-%m-%dT%H:%M:%SZ").to_string().into());
            if !namespace {
                metadata.insert("deletionGracePeriodSeconds".to_owned(), grace.into());
            }
            if let Some(generation) = metadata.get("generation").and_then(Value::as_i64) {
                metadata.insert("generation".to_owned(), (generation + 1).into());
            }
        }
        if namespace {
            after["status"]["phase"] = "Terminating".into();
        }
    }
    if after == **object {
        return (object.clone(), false);
    }
    if options.dry_run {
        return (Arc::new(after), told);
    }
    if told {
        let last = state.put(&resource.key(), key.clone(), after);
        return (state.remove(&resource.key(), &key).unwrap_or(last), true);
    }
    (state.put(&resource.key(), key, after), false)
}

/// Only Pods that a node runs are given time.
fn grace(resource: &Resource, object: &Value, options: &DeleteOptions) -> i64 {
    let scheduled = !text(object, "/spec/nodeName").is_empty();
    let ended = matches!(text(object, "/status/phase"), "Failed" | "Succeeded");
    if !resource.is("", "pods") || !scheduled || ended {
        return 0;
    }
    let own = object.pointer("/spec/terminationGracePeriodSeconds").and_then(Value::as_i64);
    options.grace.or(own).unwrap_or(0).max(0)
}

/// Marks what is to become of dependents; the garbage collector takes the marks away when that is done.
fn finalizers(resource: &Resource, object: &mut Value, propagation: Option<&str>) {
    let by_default =
        matches!((&*resource.group, &*resource.plural), ("batch", "jobs") | ("", "replicationcontrollers"));
    let listed = |object: &Value, name: &str| {
        let list = object.pointer("/metadata/finalizers").and_then(Value::as_array);
        list.is_some_and(|list| list.iter().any(|one| one == name))
    };
    let orphan = match propagation {
        Some(policy) => policy == "Orphan",
        None => listed(object, ORPHAN) || (by_default && !listed(object, FOREGROUND)),
    };
    let foreground = match propagation {
        Some(policy) => policy == "Foreground",
        None => listed(object, FOREGROUND),
    };
    let Some(metadata) = metadata_mut(object) else { return };
    let had = metadata.get("finalizers").and_then(Value::as_array).cloned().unwrap_or_default();
    let mut list: Vec<Value> = had.iter().filter(|one| *one != ORPHAN && *one != FOREGROUND).cloned().collect();
    if orphan {
        list.push(ORPHAN.into());
    }
    if foreground {
        list.push(FOREGROUND.into());
    }
    let unchanged = list.len() == had.len() && list.iter().all(|one| had.contains(one));
    if unchanged {
        return;
    }
    if list.is_empty() {
        metadata.shift_remove("finalizers");
    } else {
        metadata.insert("finalizers".to_owned(), list.into());
    }
}
