//! What the server's refusals mean, and how much of its words may be repeated.

use std::sync::Arc;

use kube::core::Status;
use kube::core::response::StatusCause;
use windlass_manifest::{ObjectId, Origin};

use crate::cluster::Handle;
use crate::error::{Doing, Error, Subject};
use crate::undeclared::BAD_PATCH;

/// The longest text of the server that is passed on, in characters. It may dump whole objects.
const LONGEST: usize = 2000;

/// The error for a request about an object.
pub(crate) fn error(error: kube::Error, handle: &Handle<'_>, doing: Doing) -> Error {
    let subject = handle.subject();
    let kube::Error::Api(status) = error else {
        return Error::Unavailable { subject, doing, source: Arc::new(error) };
    };
    let message = words(&status, handle.sensitive);
    match status.code {
        // Everything in it will be refused until it is gone, and then it can be made anew.
        403 if is_terminating(&status) => {
            Error::Rejected { subject, doing, reason: "NamespaceTerminating".to_owned(), code: 409, message }
        }
        403 => Error::Forbidden { subject, doing, message },
        // The server calls this an internal error; but no retry makes the object fit its schema.
        500 if status.message.starts_with(BAD_PATCH) => {
            Error::Rejected { subject, doing, reason: "Invalid".to_owned(), code: 422, message }
        }
        code => Error::Rejected { subject, doing, reason: reason(&status), code, message },
    }
}

fn is_terminating(status: &Status) -> bool {
    status.details.iter().flat_map(|details| &details.causes).any(|cause| cause.reason == "NamespaceTerminating")
}

fn reason(status: &Status) -> String {
    if status.reason.is_empty() { status.code.to_string() } else { status.reason.clone() }
}

/// The error for a request about kinds.
pub(crate) fn discovery(error: Arc<kube::Error>, id: &ObjectId, origin: &Origin) -> Error {
    let subject = Box::new(Subject { id: id.clone(), origin: origin.clone() });
    let doing = Doing::Discover;
    let kube::Error::Api(status) = &*error else {
        return Error::Unavailable { subject, doing, source: error };
    };
    let message = shortened(&status.message);
    match status.code {
        403 => Error::Forbidden { subject, doing, message },
        code => Error::Rejected { subject, doing, reason: reason(status), code, message },
    }
}

/// The fields that cannot change in place, if that alone is why the server refused: `spec.selector: field is immutable`.
///
/// Flux takes every conflict and every invalid object for one whose fields are immutable, and deletes it where force is
/// on; here the server must have said so, and have found no other fault, which the new object would have too.
pub(crate) fn immutable(error: &kube::Error) -> Option<String> {
    let kube::Error::Api(status) = error else { return None };
    let causes = status.details.as_ref().map(|details| details.causes.as_slice()).unwrap_or_default();
    if causes.is_empty() {
        // Admission webhooks and some old validations give no causes.
        let message = &status.message;
        return says_immutable(message).then(|| shortened(without_value(message)));
    }
    let field = |cause: &StatusCause| format!("{}: {}", cause.field, without_value(&cause.message));
    let all = causes.iter().all(|cause| says_immutable(&cause.message));
    all.then(|| causes.iter().map(field).collect::<Vec<_>>().join(", "))
}

/// The paths of the fields that [`immutable`] talks about.
pub(crate) fn immutable_fields(error: &kube::Error) -> Vec<String> {
    let kube::Error::Api(status) = error else {
        return Vec::new();
    };
    let causes = status.details.iter().flat_map(|details| &details.causes);
    causes.map(|cause| cause.field.clone()).collect()
}

/// The server has no one way to say it. These are the words of its own validations, and those that Flux and `kubectl`
/// look for.
fn says_immutable(message: &str) -> bool {
    const WORDS: [&str; 9] = [
        "is immutable",
        "immutable field",
        "are immutable",
        "may not change once set",
        "may not be changed",
        "cannot change roleRef",
        "for fields other than",
        "may not change fields other than",
        "cannot be changed",
    ];
    WORDS.iter().any(|words| message.contains(words))
        || (message.contains("updates to ") && message.contains(" are forbidden"))
}

/// A cause without the value that it quotes: `Invalid value: {…}: field is immutable` is `field is immutable`.
fn without_value(message: &str) -> &str {
    if !message.contains("Invalid value: ") {
        return message;
    }
    // The value may hold anything, `: ` included; what comes last is the server's own text.
    message.rsplit_once(": ").map_or(message, |(_, text)| text)
}

/// The server's words about an object. They may quote it, so for a sensitive one little remains.
fn words(status: &Status, sensitive: bool) -> String {
    // What does not fit the schema is told after a preamble that repeats which object this is.
    let misfit = status.message.strip_prefix(BAD_PATCH).and_then(|rest| rest.split_once("): "));
    let text = misfit.map_or(status.message.as_str(), |(_, text)| text);
    if !sensitive || quotes_nothing(status) {
        return shortened(text);
    }
    let causes = status.details.as_ref().map(|details| details.causes.as_slice()).unwrap_or_default();
    let fields: Vec<String> = if misfit.is_some() {
        text.lines().filter_map(|line| line.trim().split_once(": ")).map(|(path, _)| path.to_owned()).collect()
    } else {
        causes.iter().map(|cause| format!("{} ({})", cause.field, cause.reason)).collect()
    };
    if fields.is_empty() {
        return "its words are withheld, since they may quote secret values".to_owned();
    }
    format!("{} (values withheld)", fields.join(", "))
}

fn quotes_nothing(status: &Status) -> bool {
    match status.reason.as_str() {
        "NotFound" | "AlreadyExists" => true,
        // What the authorizer says; a webhook may say anything.
        "Forbidden" => status.message.contains(" is forbidden: User \""),
        _ => false,
    }
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
