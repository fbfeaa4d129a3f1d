use std::fmt::Display;

use serde_json::{Value, json};

/// What a request is refused with: an HTTP status and the `Status` object of the real server.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Failure {
    pub(crate) code: u16,
    pub(crate) body: Box<Body>,
    pub(crate) retry_after: Option<u64>,
    /// Where a list may go on in spite of everything.
    pub(crate) continue_token: Option<String>,
    /// What was found before the refusal, told as with any answer.
    pub(crate) warnings: Vec<String>,
}

/// The body of a refusal.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Body {
    /// A `Status` object.
    Status { reason: &'static str, message: String, details: Option<Value> },
    /// Plain text, as the router answers where no API is.
    Plain(String),
}

/// What is wrong with one field, as validation says it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct FieldFault {
    pub(crate) field: String,
    pub(crate) reason: &'static str,
    pub(crate) message: String,
}

impl FieldFault {
    pub(crate) fn required(field: impl Into<String>, detail: &str) -> Self {
        let message = if detail.is_empty() { "Required value".into() } else { format!("Required value: {detail}") };
        Self { field: field.into(), reason: "FieldValueRequired", message }
    }

    pub(crate) fn invalid(field: impl Into<String>, value: &Value, detail: impl Display) -> Self {
        let detail = detail.to_string();
        let colon = if detail.is_empty() { "" } else { ": " };
        let message = format!("Invalid value: {}{colon}{detail}", shown(value));
        Self { field: field.into(), reason: "FieldValueInvalid", message }
    }

    pub(crate) fn type_invalid(field: impl Into<String>, value: &Value, detail: impl Display) -> Self {
        let message = format!("Invalid value: {}: {detail}", shown(value));
        Self { field: field.into(), reason: "FieldValueTypeInvalid", message }
    }

    pub(crate) fn unsupported(field: impl Into<String>, value: &Value, allowed: &[String]) -> Self {
        let message = format!("Unsupported value: {}: supported values: {}", shown(value), allowed.join(", "));
        Self { field: field.into(), reason: "FieldValueNotSupported", message }
    }

    pub(crate) fn duplicate(field: impl Into<String>, value: &Value) -> Self {
        Self {
            field: field.into(),
            reason: "FieldValueDuplicate",
            message: format!("Duplicate value: {}", shown(value)),
        }
    }

    pub(crate) fn forbidden(field: impl Into<String>, detail: impl Display) -> Self {
        Self { field: field.into(), reason: "FieldValueForbidden", message: format!("Forbidden: {detail}") }
    }
}

fn shown(value: &Value) -> String {
    value.to_string()
}

impl Failure {
    pub(crate) fn new(code: u16, reason: &'static str, message: impl Into<String>, details: Option<Value>) -> Self {
        Self {
            code,
            body: Box::new(Body::Status { reason, message: message.into(), details }),
            retry_after: None,
            continue_token: None,
            warnings: Vec::new(),
        }
    }

    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "BadRequest", message, None)
    }

    pub(crate) fn no_such_page() -> Self {
        Self {
            code: 404,
            body: Box::new(Body::Plain("404 page not found\n".to_owned())),
            retry_after: None,
            continue_token: None,
            warnings: Vec::new(),
        }
    }

    pub(crate) fn no_such_resource() -> Self {
        Self::new(404, "NotFound", "the server could not find the requested resource", Some(json!({})))
    }

    pub(crate) fn method_not_allowed() -> Self {
        let message = "the server does not allow this method on the requested resource";
        Self::new(405, "MethodNotAllowed", message, Some(json!({})))
    }

    /// What is not in this server, said clearly rather than answered wrongly.
    pub(crate) fn not_implemented(what: impl Display) -> Self {
        Self::new(501, "NotImplemented", format!("windlass-apiserver does not implement {what}"), Some(json!({})))
    }

    pub(crate) fn not_found(group: &str, resource: &str, name: &str) -> Self {
        let message = format!("{} \"{name}\" not found", qualified(group, resource));
        Self::new(404, "NotFound", message, Some(details(group, resource, name)))
    }

    pub(crate) fn already_exists(group: &str, resource: &str, name: &str, ending: bool) -> Self {
        let before = if ending { "object is being deleted: " } else { "" };
        let message = format!("{before}{} \"{name}\" already exists", qualified(group, resource));
        Self::new(409, "AlreadyExists", message, Some(details(group, resource, name)))
    }

    pub(crate) fn conflict(group: &str, resource: &str, name: &str, why: impl Display) -> Self {
        let message = format!("Operation cannot be fulfilled on {} \"{name}\": {why}", qualified(group, resource));
        Self::new(409, "Conflict", message, Some(details(group, resource, name)))
    }

    pub(crate) fn stale(group: &str, resource: &str, name: &str) -> Self {
        let why = "the object has been modified; please apply your changes to the latest version and try again";
        Self::conflict(group, resource, name, why)
    }

    pub(crate) fn forbidden(group: &str, resource: &str, name: &str, why: impl Display) -> Self {
        let message = format!("{} \"{name}\" is forbidden: {why}", qualified(group, resource));
        Self::new(403, "Forbidden", message, Some(details(group, resource, name)))
    }

    pub(crate) fn invalid(group: &str, kind: &str, name: &str, faults: &[FieldFault]) -> Self {
        let mut lines: Vec<String> = Vec::new();
        for fault in faults {
            let line = format!("{}: {}", fault.field, fault.message);
            // The real server says a thing once, and lists every cause.
            if !lines.contains(&line) {
                lines.push(line);
            }
        }
        let said = match lines.as_slice() {
            [one] => one.clone(),
            many => format!("[{}]", many.join(", ")),
        };
        let causes: Vec<Value> = faults
            .iter()
            .map(|fault| json!({"reason": fault.reason, "message": fault.message, "field": fault.field}))
            .collect();
        let mut details = details(group, kind, name);
        details["causes"] = causes.into();
        let message = format!("{} \"{name}\" is invalid: {said}", qualified(group, kind));
        Self::new(422, "Invalid", message, Some(details))
    }

    pub(crate) fn expired(message: impl Into<String>) -> Self {
        Self::new(410, "Expired", message, None)
    }

    /// The `Status` object, also for the `ERROR` event of a watch.
    pub(crate) fn status(&self) -> Value {
        match &*self.body {
            Body::Plain(text) => Value::String(text.clone()),
            Body::Status { reason, message, details } => {
                let mut status = json!({
                    "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": message,
                });
                if let Some(token) = &self.continue_token {
                    status["metadata"]["continue"] = token.clone().into();
                }
                if !reason.is_empty() {
                    status["reason"] = (*reason).into();
                }
                if let Some(details) = details {
                    status["details"] = details.clone();
                }
                status["code"] = self.code.into();
                status
            }
        }
    }
}

/// `deployments.apps`, or `pods`.
pub(crate) fn qualified(group: &str, resource: &str) -> String {
    if group.is_empty() { resource.to_owned() } else { format!("{resource}.{group}") }
}

fn details(group: &str, kind: &str, name: &str) -> Value {
    let mut details = serde_json::Map::new();
    // A name that is not known yet is left out, as Go leaves out empty text.
    if !name.is_empty() {
        details.insert("name".into(), name.into());
    }
    if !group.is_empty() {
        details.insert("group".into(), group.into());
    }
    details.insert("kind".into(), kind.into());
    Value::Object(details)
}
