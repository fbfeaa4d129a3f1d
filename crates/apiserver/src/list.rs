use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::call::Call;
use crate::failure::{Failure, FieldFault};
use crate::packed::unpack;
use crate::registry::Resource;
use crate::selector::Filter;
use crate::state::{Key, State, within};

/// Answers a list: all of it, or a page of the state that the first page saw.
pub(crate) fn list(state: &State, call: &Call) -> Result<Value, Failure> {
    let resource = &call.resource;
    let query = &call.query;
    let filter = Filter::read(resource, &call.namespace, &call.name, query)?;
    let limit: usize = query.get("limit").and_then(|limit| limit.parse().ok()).unwrap_or(0);
    let token = query.get("continue").map(Token::read).transpose()?;
    let wanted = revision(call, state.revision())?;
    let (revision, start) = match &token {
        Some(token) => (token.revision, Some((token.namespace.clone(), token.name.clone()))),
        None => (wanted.unwrap_or(state.revision()), None),
    };
    let Some(collection) = state.collection(&resource.key()) else {
        return Ok(page(resource, revision, Vec::new(), None, 0));
    };
    let Some(objects) = collection.at(revision) else {
        return Err(too_old(token.is_some(), state.revision(), start));
    };
    let mut found = within(&objects, &call.namespace)
        .filter(|(key, _)| start.as_ref().is_none_or(|start| *key >= start))
        .filter(|(key, object)| filter.covers(key, object));
    let mut items = Vec::new();
    let mut next: Option<&Key> = None;
    let mut left = 0;
    for (key, object) in found.by_ref() {
        if limit > 0 && items.len() == limit {
            next = Some(key);
            left = 1;
            break;
        }
        items.push(as_item(resource, object));
    }
    left += found.count();
    let token = next.map(|next| Token { revision, namespace: next.0.clone(), name: next.1.clone() }.text());
    let left = if filter.selects() { 0 } else { left };
    Ok(page(resource, revision, items, token, left))
}

/// The revision that the query asks for exactly, after checking that it may be asked for.
fn revision(call: &Call, current: u64) -> Result<Option<u64>, Failure> {
    let query = &call.query;
    let given = query.get("resourceVersion");
    let rule = query.get("resourceVersionMatch");
    let refused = |detail: &str| {
        let fault = FieldFault::forbidden("resourceVersionMatch", detail);
        Failure::invalid("meta.k8s.io", "ListOptions", "", &[fault])
    };
    if rule.is_some() && given.is_none() {
        return Err(refused("resourceVersionMatch is forbidden unless resourceVersion is provided"));
    }
    if rule.is_some() && query.get("continue").is_some() {
        return Err(refused("resourceVersionMatch is forbidden when continue is provided"));
    }
    let Some(text) = given else { return Ok(None) };
    let wanted: u64 = text.parse().map_err(|_| {
        let detail = format!("strconv.ParseUint: parsing {text:?}: invalid syntax");
        Failure::bad_request(format!("invalid resource version: resourceVersion: Invalid value: {text:?}: {detail}"))
    })?;
    if wanted > current {
        return Err(too_large(wanted, current));
    }
    // A list with a limit and an older revision is exact by tradition; others are only "not older".
    let exact = rule == Some("Exact") || (rule.is_none() && query.get("limit").is_some() && wanted > 0);
    Ok(exact.then_some(wanted))
}

pub(crate) fn too_large(wanted: u64, current: u64) -> Failure {
    let message = format!("Timeout: Too large resource version: {wanted}, current: {current}");
    let details = json!({
        "causes": [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}],
        "retryAfterSeconds": 1,
    });
    Failure { retry_after: Some(1), ..Failure::new(504, "Timeout", message, Some(details)) }
}

fn too_old(continued: bool, current: u64, start: Option<Key>) -> Failure {
    if !continued {
        return Failure::expired(format!("The resourceVersion for the provided list is too old. ({current})"));
    }
    let message = "The provided continue parameter is too old to display a consistent list result. You can start a new \
                   list without the continue parameter, or use the continue token in this response to retrieve the \
                   remainder of the results. Continuing with the provided token results in an inconsistent list - \
                   objects that were created, modified, or deleted between the time the first chunk was returned and \
                   now may show up in the list.";
    let mut failure = Failure::expired(message);
    if let Some((namespace, name)) = start {
        failure.continue_token = Some(Token { revision: current, namespace, name }.text());
    }
    failure
}

fn page(resource: &Resource, revision: u64, items: Vec<Value>, token: Option<String>, left: usize) -> Value {
    let mut metadata = json!({"resourceVersion": revision.to_string()});
    if let Some(token) = token {
        metadata["continue"] = token.into();
        if left > 0 {
            metadata["remainingItemCount"] = left.into();
        }
    } else if resource.custom.is_some() {
        metadata["continue"] = "".into();
    }
    json!({
        "kind": resource.list_kind, "apiVersion": resource.api_version(), "metadata": metadata, "items": items,
    })
}

/// An object as it stands in a list: built-in kinds leave out what the list says already.
pub(crate) fn as_item(resource: &Resource, object: &Arc<Value>) -> Value {
    let mut item = served(resource, object);
    if resource.custom.is_none()
        && let Some(fields) = item.as_object_mut()
    {
        fields.shift_remove("kind");
        fields.shift_remove("apiVersion");
    }
    item
}

/// An object as it is answered: unpacked, and in the version that it is asked for.
pub(crate) fn served(resource: &Resource, object: &Value) -> Value {
    let mut object = object.clone();
    unpack(&mut object);
    if resource.custom.is_some() {
        object["apiVersion"] = resource.api_version().into();
    }
    object
}

/// Where the next page starts.
struct Token {
    revision: u64,
    namespace: String,
    name: String,
}

impl Token {
    fn text(&self) -> String {
        let start =
            if self.namespace.is_empty() { self.name.clone() } else { format!("{}/{}", self.namespace, self.name) };
        let token = json!({"v": "meta.k8s.io/v1", "rv": self.revision, "start": start});
        URL_SAFE_NO_PAD.encode(token.to_string())
    }

    fn read(text: &str) -> Result<Self, Failure> {
        let bad = || {
            let message = "invalid continue token: continue key is not valid: invalid character 'i' looking for \
                           beginning of value";
            Failure::bad_request(message)
        };
        let bytes = URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).map_err(|_| bad())?;
        let token: Value = serde_json::from_slice(&bytes).map_err(|_| bad())?;
        let start = token.get("start").and_then(Value::as_str).ok_or_else(bad)?;
        let (namespace, name) = start.split_once('/').unwrap_or(("", start));
        let revision = token.get("rv").and_then(Value::as_u64).ok_or_else(bad)?;
        Ok(Self { revision, namespace: namespace.to_owned(), name: name.to_owned() })
    }
}
