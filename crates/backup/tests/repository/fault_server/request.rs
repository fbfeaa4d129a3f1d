use std::collections::BTreeMap;

use hyper::{Method, Request};

/// What a request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verb {
    Put,
    Get,
    Head,
    List,
    Delete,
    Create,
    Part,
    Complete,
    Abort,
    Other,
}

/// A request that came.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) verb: Verb,
    pub(crate) key: String,
}

pub(crate) struct Asked {
    pub(crate) verb: Verb,
    /// In the bucket, with the prefix.
    pub(crate) key: String,
    pub(crate) query: BTreeMap<String, String>,
}

impl Asked {
    pub(crate) fn of<B>(request: &Request<B>) -> Self {
        let query: BTreeMap<String, String> = request.uri().query().unwrap_or_default().split('&').map(pair).collect();
        let path = decoded(request.uri().path());
        let key = path.trim_start_matches('/').split_once('/').map_or("", |(_, key)| key).to_owned();
        let verb = match (request.method(), key.is_empty()) {
            (&Method::PUT, false) if query.contains_key("uploadId") => Verb::Part,
            (&Method::PUT, false) => Verb::Put,
            (&Method::POST, false) if query.contains_key("uploads") => Verb::Create,
            (&Method::POST, false) if query.contains_key("uploadId") => Verb::Complete,
            (&Method::DELETE, false) if query.contains_key("uploadId") => Verb::Abort,
            (&Method::DELETE, false) => Verb::Delete,
            (&Method::HEAD, false) => Verb::Head,
            (&Method::GET, false) => Verb::Get,
            (&Method::GET, true) if query.contains_key("list-type") => Verb::List,
            _ => Verb::Other,
        };
        Self { verb, key, query }
    }
}

fn pair(text: &str) -> (String, String) {
    let (name, value) = text.split_once('=').unwrap_or((text, ""));
    (decoded(name), decoded(value))
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        if let (b'%', Some(digits)) = (first, after.get(..2)) {
            bytes.push(u8::from_str_radix(std::str::from_utf8(digits).unwrap(), 16).unwrap());
            rest = &after[2..];
        } else {
            bytes.push(*first);
        }
    }
    String::from_utf8(bytes).unwrap()
}
