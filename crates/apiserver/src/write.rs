use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::admission;
use crate::call::Call;
use crate::failure::{Failure, FieldFault};
use crate::form::{Formed, empty, form_strictly};
use crate::identity::{keep_identity, match_name, match_namespace};
use crate::options::Options;
use crate::owners::{self, Writing};
use crate::registry::Resource;
use crate::services;
use crate::state::State;
use crate::strategy::{count_generation, has_finalizers, metadata_mut, start_generation, status_only, text};
use crate::validate;

/// What came of a write.
pub(crate) struct Written {
    pub(crate) code: u16,
    pub(crate) object: Arc<Value>,
}

impl Written {
    /// What was given in vain is answered all the same by a dry run.
    pub(crate) fn with_revision(mut self, revision: Option<Value>) -> Self {
        if let Some(revision) = revision {
            let mut object = (*self.object).clone();
            if let Some(metadata) = metadata_mut(&mut object) {
                metadata.insert("resourceVersion".to_owned(), revision);
            }
            self.object = Arc::new(object);
        }
        self
    }
}

pub(crate) fn writing<'a>(
    resource: &'a Resource,
    empty: &'a Value,
    options: &'a Options,
    subresource: &'a str,
    time: &'a str,
) -> Writing<'a> {
    Writing {
        manager: &options.manager,
        api_version: empty.get("apiVersion").and_then(Value::as_str).unwrap_or_default(),
        empty,
        subresource,
        time,
        force: options.force,
        reset: resource.reset_fields(subresource),
    }
}

/// Answers a POST.
pub(crate) fn create(
    state: &mut State,
    call: &Call,
    options: &mut Options,
    object: &Value,
) -> Result<Written, Failure> {
    let resource = call.resource.clone();
    let (mut object, settled) = form_strictly(state, &resource, object, options)?;
    match_namespace(call, &mut object)?;
    let ty = state.types.of(&state.schema, &resource);
    let (mut empty, time) = (empty(state, &resource), state.clock.text());
    if resource.is("apps", "daemonsets")
        && let Some(metadata) = metadata_mut(Arc::make_mut(&mut empty))
    {
        // What is posted is compared with the type as the API has it, which counts no templates.
        metadata.shift_remove("annotations");
    }
    owners::update(&ty, &empty, &mut object, writing(&resource, &empty, options, "", &time));
    Formed::close(&settled, &mut object);
    finish_create(state, call, object, options.dry_run)
}

/// Stores a new object whose owners are settled.
pub(crate) fn finish_create(
    state: &mut State,
    call: &Call,
    mut object: Value,
    dry_run: bool,
) -> Result<Written, Failure> {
    let (resource, namespace) = (&*call.resource, call.namespace.as_str());
    if !text(&object, "/metadata/resourceVersion").is_empty() {
        return Err(Failure::new(500, "", "resourceVersion should not be set on objects to be created", None));
    }
    if text(&object, "/metadata/name").is_empty() && !text(&object, "/metadata/generateName").is_empty() {
        let prefix: String = text(&object, "/metadata/generateName").chars().take(58).collect();
        let name = format!("{prefix}{}", state.name_suffix());
        if let Some(metadata) = metadata_mut(&mut object) {
            metadata.insert("name".to_owned(), name.into());
        }
    }
    let name = text(&object, "/metadata/name").to_owned();
    admission::admit_create(state, resource, namespace, &name, &mut object)?;
    let uid = state.uid();
    let now = state.clock.text();
    if let Some(metadata) = metadata_mut(&mut object) {
        for field in ["deletionTimestamp", "deletionGracePeriodSeconds", "selfLink"] {
            metadata.shift_remove(field);
        }
        metadata.insert("uid".to_owned(), uid.into());
        metadata.insert("creationTimestamp".to_owned(), now.into());
        if resource.namespaced {
            metadata.insert("namespace".to_owned(), namespace.into());
        }
    }
    if resource.has_status() {
        admission::start_status(state, resource, &mut object);
    }
    let labelled = resource.is("batch", "jobs") && admission::select_own_pods(&mut object);
    start_generation(resource, &mut object);
    let faults = validate::create(state, resource, &object);
    if !faults.is_empty() {
        return Err(Failure::invalid(&resource.group, &resource.kind, &name, &faults));
    }
    // Through its status a Service comes into being without an address.
    if resource.is("", "services") && call.subresource.is_none() {
        services::allocate(state, None, &mut object);
    }
    let key = (if resource.namespaced { namespace.to_owned() } else { String::new() }, name.clone());
    if let Some(there) = state.get(&resource.key(), &key.0, &key.1) {
        let ending = there.pointer("/metadata/deletionTimestamp").is_some();
        return Err(Failure::already_exists(&resource.group, &resource.plural, &name, ending));
    }
    order(&mut object);
    if dry_run {
        return Ok(Written { code: 201, object: Arc::new(object) });
    }
    let object = state.put(&resource.key(), key.clone(), object);
    if resource.is("", "persistentvolumeclaims") || labelled {
        state.mark_fresh(resource.key(), key);
    }
    Ok(Written { code: 201, object })
}

/// Answers a PUT.
pub(crate) fn update(
    state: &mut State,
    call: &Call,
    options: &mut Options,
    object: &Value,
) -> Result<Written, Failure> {
    let resource = call.resource.clone();
    let (mut object, settled) = form_strictly(state, &resource, object, options)?;
    match_name(call, &object)?;
    match_namespace(call, &mut object)?;
    let there = state.get(&resource.key(), &call.namespace, &call.name).is_some();
    let through = call.subresource.as_deref().unwrap_or_default();
    if !there && resource.created_by_update() && matches!(through, "" | "status") {
        precondition(call, options, &object, "")?;
        let revision = metadata_mut(&mut object).and_then(|metadata| metadata.shift_remove("resourceVersion"));
        let ty = state.types.of(&state.schema, &resource);
        let (empty, time) = (empty(state, &resource), state.clock.text());
        owners::update(&ty, &empty, &mut object, writing(&resource, &empty, options, through, &time));
        Formed::close(&settled, &mut object);
        let written = finish_create(state, call, object, options.dry_run)?;
        return Ok(written.with_revision(revision.filter(|_| options.dry_run)));
    }
    let old = existing(state, call)?;
    precondition(call, options, &object, text(&old, "/metadata/uid"))?;
    own_update(state, call, options, &old, &mut object);
    finish_update(state, call, options, &old, object, &settled)
}

/// Refuses an object that names another uid than the stored one.
fn precondition(call: &Call, options: &Options, object: &Value, uid: &str) -> Result<(), Failure> {
    let given = text(object, "/metadata/uid");
    if given.is_empty() || given == uid {
        return Ok(());
    }
    let resource = &call.resource;
    let place = if resource.namespaced { format!("{}/", call.namespace) } else { String::new() };
    let why = format!(
        "StorageError: invalid object, Code: 4, Key: {}/{}{}/{place}{}, ResourceVersion: 0, \
         AdditionalErrorMsg: Precondition failed: UID in precondition: {given}, UID in object meta: {uid}",
        if options.dry_run { "" } else { "/registry" },
        if resource.custom.is_some() { format!("{}/", resource.group) } else { String::new() },
        match (&*resource.group, &*resource.plural) {
            ("", "services" | "endpoints") =>
                format!("services/{}", if resource.is("", "services") { "specs" } else { "endpoints" }),
            ("", "nodes") => "minions".to_owned(),
            ("networking.k8s.io", "ingresses") => "ingress".to_owned(),
            (_, plural) => plural.to_owned(),
        },
        call.name
    );
    Err(Failure::conflict(&resource.group, &resource.plural, &call.name, why))
}

/// Settles the owners after anything but an apply.
pub(crate) fn own_update(state: &mut State, call: &Call, options: &Options, old: &Value, object: &mut Value) {
    let ty = state.types.of(&state.schema, &call.resource);
    let (empty, time) = (empty(state, &call.resource), state.clock.text());
    let subresource = call.subresource.as_deref().unwrap_or_default();
    owners::update(&ty, old, object, writing(&call.resource, &empty, options, subresource, &time));
}

pub(crate) fn existing(state: &State, call: &Call) -> Result<Arc<Value>, Failure> {
    let resource = &call.resource;
    let found = state.get(&resource.key(), &call.namespace, &call.name);
    found.ok_or_else(|| Failure::not_found(&resource.group, &resource.plural, &call.name))
}

/// Stores a changed object whose owners are settled; `settled` is what storage writes otherwise.
pub(crate) fn finish_update(
    state: &mut State,
    call: &Call,
    options: &Options,
    old: &Arc<Value>,
    mut object: Value,
    settled: &[(String, Value)],
) -> Result<Written, Failure> {
    let resource = &call.resource;
    let (group, plural, name) = (&*resource.group, &*resource.plural, call.name.as_str());
    let given: Vec<(String, Value)> =
        settled.iter().filter(|one| one.1.is_null()).map(|(place, _)| (place.clone(), json!([]))).collect();
    Formed::close(settled, &mut object);
    let stored = text(old, "/metadata/resourceVersion");
    let named = text(&object, "/metadata/resourceVersion");
    if named.is_empty() && resource.needs_revision() {
        let fault = FieldFault::invalid("metadata.resourceVersion", &Value::from(0), "must be specified for an update");
        return Err(Failure::invalid(group, plural, name, &[fault]));
    }
    if !named.is_empty() && named.parse::<u64>().is_err() {
        let message = format!("strconv.ParseUint: parsing {named:?}: invalid syntax");
        return Err(Failure::new(500, "", message, None));
    }
    if !named.is_empty() && named != "0" && named != stored {
        return Err(Failure::stale(group, plural, name));
    }
    match call.subresource.as_deref() {
        Some("status") => status_only(resource, old, &mut object),
        _ if resource.has_status() => keep(old, &mut object, "status"),
        _ => {}
    }
    let mut faults = Vec::new();
    keep_identity(old, &mut object, &mut faults);
    admission::prepare_update(resource, old, &mut object);
    count_generation(resource, call.subresource.as_deref() == Some("status"), old, &mut object);
    validate::update(state, call, old, &object, &mut faults);
    if !faults.is_empty() {
        return Err(Failure::invalid(group, &resource.kind, name, &faults));
    }
    if resource.is("", "services") {
        services::allocate(state, Some(old), &mut object);
    }
    order(&mut object);
    // What goes with this write is not stored any more, and answered as it was given.
    let answered = (!settled.is_empty() && ends(resource, old, &object)).then(|| {
        let mut object = object.clone();
        Formed::close(&given, &mut object);
        object
    });
    let written = settle(state, resource, old, object, options.dry_run)?;
    Ok(match answered {
        Some(object) => Written { object: Arc::new(object), ..written },
        None => written,
    })
}

/// Whether a write takes away the last that an object which is being deleted waits for.
fn ends(resource: &Resource, old: &Value, object: &Value) -> bool {
    old.pointer("/metadata/deletionTimestamp").is_some()
        && !has_finalizers(object)
        && object.pointer("/metadata/deletionGracePeriodSeconds").and_then(Value::as_i64).is_none_or(|left| left <= 0)
        && !resource.is("", "namespaces")
}

/// Stores what differs, ends what was waiting for its last finalizer, and leaves alone what is as it was.
pub(crate) fn settle(
    state: &mut State,
    resource: &Resource,
    old: &Arc<Value>,
    object: Value,
    dry_run: bool,
) -> Result<Written, Failure> {
    let key = (text(old, "/metadata/namespace").to_owned(), text(old, "/metadata/name").to_owned());
    if same_but_for_times(old, &object) {
        if dry_run || !state.is_fresh(&resource.key(), &key) {
            return Ok(Written { code: 200, object: old.clone() });
        }
        return Ok(Written { code: 200, object: state.put(&resource.key(), key, (**old).clone()) });
    }
    if dry_run {
        return Ok(Written { code: 200, object: Arc::new(object) });
    }
    if ends(resource, old, &object) {
        // What goes is what was stored; without its finalizer the object is only answered.
        state.remove(&resource.key(), &key);
        return Ok(Written { code: 200, object: Arc::new(object) });
    }
    let object = state.put(&resource.key(), key, object);
    Ok(Written { code: 200, object })
}

/// Whether nothing but times of field owners would change, which is no change.
///
/// Owners are compared in their order, in which time comes first: one that overtakes another is a change, as on the real
/// server.
fn same_but_for_times(old: &Value, object: &Value) -> bool {
    let (Some(was), Some(is)) = (old.get("metadata"), object.get("metadata")) else { return old == object };
    let before = was.get("managedFields").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let after = is.get("managedFields").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    before.len() == after.len()
        && before.iter().zip(after).all(|(was, is)| same_but(was, is, "time"))
        && same_but(was, is, "managedFields")
        && same_but(old, object, "metadata")
}

/// Whether two mappings are the same in all fields but one.
fn same_but(left: &Value, right: &Value, but: &str) -> bool {
    let (Some(left), Some(right)) = (left.as_object(), right.as_object()) else { return left == right };
    let others = |fields: &Map<String, Value>| fields.len() - usize::from(fields.contains_key(but));
    others(left) == others(right) && left.iter().all(|(name, value)| name == but || right.get(name) == Some(value))
}

fn keep(old: &Value, object: &mut Value, field: &str) {
    let Some(fields) = object.as_object_mut() else { return };
    match old.get(field) {
        Some(value) => fields.insert(field.to_owned(), value.clone()),
        None => fields.shift_remove(field),
    };
}

/// Puts the fields into the order in which the real server prints them: kind, version, metadata, the rest.
fn order(object: &mut Value) {
    let Value::Object(fields) = object else { return };
    let mut ordered = Map::new();
    for name in ["kind", "apiVersion", "metadata"] {
        if let Some(value) = fields.shift_remove(name) {
            ordered.insert(name.to_owned(), value);
        }
    }
    ordered.append(fields);
    *fields = ordered;
}
