use std::sync::Arc;

use http::Method;
use serde_json::{Value, json};

use crate::body::{Format, read_object};
use crate::call::{Call, Route, Verb, route};
use crate::controllers;
use crate::delete::{self, DeleteOptions};
use crate::discovery;
use crate::event_view;
use crate::failure::Failure;
use crate::form;
use crate::identity;
use crate::list;
use crate::options::Options;
use crate::patch;
use crate::requests::LoggedRequest;
use crate::scale;
use crate::server::Inner;
use crate::state::State;
use crate::table::Include;
use crate::view::{Shown, View};
use crate::watch::Watch;
use crate::write;

/// A request, its body read.
#[derive(Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub(crate) method: &'a Method,
    pub(crate) path: &'a str,
    pub(crate) query: &'a str,
    pub(crate) agent: &'a str,
    pub(crate) accept: &'a str,
    pub(crate) content_type: &'a str,
    pub(crate) body: &'a [u8],
}

/// What is answered.
pub(crate) enum Reply {
    Json { code: u16, value: Arc<Value>, content_type: &'static str, warnings: Vec<String> },
    Text(&'static str),
    Watch(Box<Watch>),
}

/// What the log says of a request; its status is filled in later.
pub(crate) fn describe(inner: &Inner, asked: &Asked<'_>) -> LoggedRequest {
    let state = inner.lock();
    match route(&state.registry, asked.method, asked.path, asked.query, asked.agent) {
        Ok(Route::Call(call)) => LoggedRequest::of(&call),
        _ => LoggedRequest::of_path(asked.agent, asked.path),
    }
}

/// Answers a request.
pub(crate) fn answer(inner: &Arc<Inner>, asked: &Asked<'_>) -> Result<Reply, Failure> {
    match event_view::Translated::of(asked) {
        Some(translated) => answer_plain(inner, &translated.asked(asked)).map(event_view::reply),
        None => answer_plain(inner, asked),
    }
}

fn answer_plain(inner: &Arc<Inner>, asked: &Asked<'_>) -> Result<Reply, Failure> {
    let mut state = inner.lock();
    inner.settle(&mut state);
    let call = match route(&state.registry, asked.method, asked.path, asked.query, asked.agent)? {
        Route::Call(call) => call,
        Route::Document(segments) => return discovery::document(&state, &segments, asked),
    };
    let view = Shown {
        view: View::of(asked.accept),
        include: Include::read(call.query.get("includeObject")),
        now: state.clock.now(),
    };
    if call.verb == Verb::Watch {
        return Ok(Reply::Watch(Box::new(Watch::start(inner, &state, &call, view)?)));
    }
    let reply = dispatch(&mut state, &call, asked, view);
    inner.settle(&mut state);
    reply
}

fn dispatch(state: &mut State, call: &Call, asked: &Asked<'_>, view: Shown) -> Result<Reply, Failure> {
    let resource = call.resource.clone();
    let known = matches!(call.subresource.as_deref(), None | Some("status" | "scale"))
        || (resource.is("", "namespaces") && call.subresource.as_deref() == Some("finalize"));
    if !known {
        let subresource = call.subresource.as_deref().unwrap_or_default();
        return Err(Failure::not_implemented(format!("{}/{subresource}", resource.plural)));
    }
    let scaled = call.subresource.as_deref() == Some("scale");
    match call.verb {
        Verb::Get => {
            let found = write::existing(state, call)?;
            if scaled {
                return Ok(json(200, Arc::new(scale::of(&resource, &found)), Vec::new()));
            }
            if view.is_whole() && resource.custom.is_none() {
                return Ok(json(200, found, Vec::new()));
            }
            let object = list::served(&resource, &found);
            Ok(json(200, Arc::new(view.of_object(&resource, object)), Vec::new()))
        }
        Verb::List => Ok(json(200, Arc::new(view.of_list(&resource, list::list(state, call)?)), Vec::new())),
        Verb::Create if discovery::is_review(&resource) => review(state, call, asked),
        Verb::Create | Verb::Update => {
            let mut options = Options::read(call, false)?;
            let written = put(state, call, &mut options, asked);
            finish(state, call, written, options, view)
        }
        Verb::Patch => {
            let format = Format::of_patch(asked.content_type)?;
            let mut options = Options::read(call, format == Format::Apply)?;
            let written = if scaled {
                scale::write(state, call, &mut options, format, asked.body)
            } else {
                patch::patch(state, call, &mut options, format, asked.body)
            };
            finish(state, call, written, options, view)
        }
        Verb::Delete => {
            let options = DeleteOptions::read(call, asked.body)?;
            let warnings = options.warnings(&resource);
            let after = delete::delete(state, call, &options)
                .map_err(|failure| Failure { warnings: warnings.clone(), ..failure })?;
            if !options.dry_run {
                controllers::after_delete(state, &resource);
            }
            Ok(json(200, after, warnings))
        }
        Verb::DeleteCollection => {
            let options = DeleteOptions::read(call, asked.body)?;
            let gone = delete::delete_collection(state, call, &options)?;
            if !options.dry_run {
                controllers::after_delete(state, &resource);
            }
            Ok(json(200, Arc::new(gone), options.warnings(&resource)))
        }
        Verb::Watch => Err(Failure::method_not_allowed()),
    }
}

/// Creates or puts an object.
fn put(state: &mut State, call: &Call, options: &mut Options, asked: &Asked<'_>) -> Result<write::Written, Failure> {
    let format = Format::of_object(asked.content_type)?;
    if call.subresource.as_deref() == Some("scale") {
        return scale::write(state, call, options, format, asked.body);
    }
    let (object, duplicates) = read_object(&state.schema, format, asked.body, &call.resource)?;
    options.duplicates = duplicates;
    match (call.verb, call.subresource.as_deref()) {
        (Verb::Create, _) => write::create(state, call, options, &object),
        (_, Some("finalize")) => finalize(state, call, &object),
        _ => write::update(state, call, options, &object),
    }
}

fn finish(
    state: &mut State,
    call: &Call,
    written: Result<write::Written, Failure>,
    options: Options,
    view: Shown,
) -> Result<Reply, Failure> {
    // Warnings are told with refusals as well.
    let mut warnings = options.warnings;
    let written = match written {
        Ok(written) => written,
        Err(failure) => return Err(Failure { warnings, ..failure }),
    };
    let object = if (view.is_whole() && call.resource.custom.is_none()) || call.subresource.as_deref() == Some("scale")
    {
        written.object
    } else {
        Arc::new(view.of_object(&call.resource, list::served(&call.resource, &written.object)))
    };
    if call.resource.is("apiextensions.k8s.io", "customresourcedefinitions") && has_rules(&object) {
        warnings.push("windlass-apiserver does not evaluate x-kubernetes-validations".to_owned());
    }
    if !options.dry_run {
        let deleted = object.pointer("/metadata/deletionTimestamp").is_some();
        if deleted {
            controllers::after_delete(state, &call.resource);
        } else {
            controllers::after_write(state, &call.resource);
        }
    }
    Ok(json(written.code, object, warnings))
}

/// Whether a definition has rules in CEL.
fn has_rules(value: &Value) -> bool {
    match value {
        Value::Object(fields) => fields.contains_key("x-kubernetes-validations") || fields.values().any(has_rules),
        Value::Array(items) => items.iter().any(has_rules),
        _ => false,
    }
}

fn json(code: u16, value: Arc<Value>, warnings: Vec<String>) -> Reply {
    Reply::Json { code, value, content_type: "application/json", warnings }
}

/// Takes the finalizers of a namespace's spec away; with the last of them it is gone.
fn finalize(state: &mut State, call: &Call, object: &Value) -> Result<write::Written, Failure> {
    let old = write::existing(state, call)?;
    let options = Options::read(call, false)?;
    // What is put takes the place of the metadata too.
    let mut changed = form::form(state, &call.resource, object).map_err(Failure::bad_request)?.object;
    write::own_update(state, call, &options, &old, &mut changed);
    identity::keep_identity(&old, &mut changed, &mut Vec::new());
    changed["status"] = old.get("status").cloned().unwrap_or_default();
    match object.pointer("/spec/finalizers").filter(|list| list.as_array().is_some_and(|list| !list.is_empty())) {
        Some(list) => changed["spec"]["finalizers"] = list.clone(),
        None => changed["spec"] = json!({}),
    }
    let resource = call.resource.clone();
    let ended = changed.pointer("/metadata/deletionTimestamp").is_some()
        && changed.pointer("/spec/finalizers").is_none()
        && !crate::strategy::has_finalizers(&changed);
    if ended {
        state.remove(&resource.key(), &(String::new(), call.name.clone()));
        return Ok(write::Written { code: 200, object: Arc::new(changed) });
    }
    write::settle(state, &resource, &old, changed, false)
}

/// Answers an access review: everybody may do everything here.
fn review(state: &mut State, call: &Call, asked: &Asked<'_>) -> Result<Reply, Failure> {
    let resource = call.resource.clone();
    let mut options = Options::read(call, false)?;
    let (object, duplicates) =
        read_object(&state.schema, Format::of_object(asked.content_type)?, asked.body, &resource)?;
    options.duplicates = duplicates;
    let mut object = form::form_strictly(state, &resource, &object, &mut options)?.0;
    let ty = state.types.of(&state.schema, &resource);
    let (empty, time) = (form::empty(state, &resource), state.clock.text());
    let writing = write::writing(&resource, &empty, &options, "", &time);
    crate::owners::update(&ty, &empty, &mut object, writing);
    object["status"] = match &*resource.plural {
        "selfsubjectreviews" => json!({"userInfo": {"username": "admin", "groups": ["system:masters"]}}),
        "selfsubjectrulesreviews" => json!({
            "resourceRules": [{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}],
            "nonResourceRules": [{"verbs": ["*"], "nonResourceURLs": ["*"]}],
            "incomplete": false,
        }),
        _ => json!({"allowed": true}),
    };
    Ok(json(201, Arc::new(object), options.warnings))
}
