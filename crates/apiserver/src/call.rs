use std::sync::Arc;

use http::Method;

use crate::failure::Failure;
use crate::registry::{Registry, Resource};

/// One request against a resource, its path and query taken apart.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) verb: Verb,
    pub(crate) resource: Arc<Resource>,
    /// Empty for kinds of the whole cluster, and for lists over all namespaces.
    pub(crate) namespace: String,
    /// Empty where the collection is meant.
    pub(crate) name: String,
    pub(crate) subresource: Option<String>,
    pub(crate) query: Query,
    /// Of the `User-Agent`, what stands before the first slash.
    pub(crate) agent: String,
}

/// What is asked for, in the words of RBAC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verb {
    Create,
    Delete,
    DeleteCollection,
    Get,
    List,
    Patch,
    Update,
    Watch,
}

impl Verb {
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Delete => "delete",
            Self::DeleteCollection => "deletecollection",
            Self::Get => "get",
            Self::List => "list",
            Self::Patch => "patch",
            Self::Update => "update",
            Self::Watch => "watch",
        }
    }
}

/// The query of a request, decoded; the first of parameters given twice counts, as in Go.
#[derive(Debug, Clone, Default)]
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    pub(crate) fn read(query: &str) -> Self {
        let pairs = query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(name, true), decode(value, true))
        });
        Self(pairs.collect())
    }

    /// The value of `name`; `None` where it is absent or empty.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|pair| pair.0 == name).map(|pair| pair.1.as_str()).filter(|value| !value.is_empty())
    }

    /// Whether the parameter is given and not `false` or `0`, as the real server reads booleans.
    pub(crate) fn flag(&self, name: &str) -> bool {
        self.0.iter().find(|pair| pair.0 == name).is_some_and(|pair| !matches!(pair.1.as_str(), "false" | "0"))
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|pair| pair.0 == name)
    }
}

/// Where a path leads.
pub(crate) enum Route {
    /// To a resource.
    Call(Box<Call>),
    /// To a document such as discovery: the segments of the path.
    Document(Vec<String>),
}

/// Takes a path apart.
pub(crate) fn route(
    registry: &Registry,
    method: &Method,
    path: &str,
    query: &str,
    agent: &str,
) -> Result<Route, Failure> {
    let segments: Vec<String> = path.split('/').filter(|one| !one.is_empty()).map(|one| decode(one, false)).collect();
    let words: Vec<&str> = segments.iter().map(String::as_str).collect();
    let (group, version, rest) = match words.as_slice() {
        ["api", version, rest @ ..] if !rest.is_empty() => ("", *version, rest),
        ["apis", group, version, rest @ ..] if !rest.is_empty() => (*group, *version, rest),
        _ => return Ok(Route::Document(segments)),
    };
    if !registry.has_group_version(group, version) {
        return Err(Failure::no_such_page());
    }
    // `namespaces` is a resource and the start of every path into one.
    let (namespace, rest) = match rest {
        ["namespaces", namespace, rest @ ..] if !rest.is_empty() && !is_own_subresource(rest) => (*namespace, rest),
        ["watch", ..] => return Err(Failure::not_implemented("the deprecated watch paths")),
        rest => ("", rest),
    };
    let (plural, name, subresource) = match rest {
        [plural] => (*plural, "", None),
        [plural, name] => (*plural, *name, None),
        [plural, name, subresource] => (*plural, *name, Some((*subresource).to_owned())),
        [plural, _, subresource, ..] if matches!(*subresource, "proxy") => {
            return Err(Failure::not_implemented(format!("{plural}/proxy")));
        }
        _ => return Err(Failure::no_such_resource()),
    };
    let resource = registry.find(group, version, plural).ok_or_else(Failure::no_such_resource)?;
    if !namespace.is_empty() && !resource.namespaced {
        return Err(Failure::no_such_resource());
    }
    if resource.namespaced && namespace.is_empty() && !name.is_empty() {
        return Err(Failure::no_such_resource());
    }
    let query = Query::read(query);
    let verb = verb(method, name, &query)?;
    let served = match &subresource {
        Some(name) => &resource.subresource(name).ok_or_else(Failure::no_such_resource)?.verbs,
        None => &resource.verbs,
    };
    if !served.iter().any(|one| one == verb.text()) {
        return Err(Failure::method_not_allowed());
    }
    // Over all namespaces one can look, and nothing else.
    if resource.namespaced && namespace.is_empty() && !matches!(verb, Verb::List | Verb::Watch) {
        return Err(Failure::method_not_allowed());
    }
    let (namespace, name) = (namespace.to_owned(), name.to_owned());
    let agent = agent.split('/').next().unwrap_or_default().to_owned();
    Ok(Route::Call(Box::new(Call { verb, resource, namespace, name, subresource, query, agent })))
}

/// Whether `/api/v1/namespaces/x/<rest>` is a part of the namespace itself.
fn is_own_subresource(rest: &[&str]) -> bool {
    matches!(rest, ["status" | "finalize"])
}

fn verb(method: &Method, name: &str, query: &Query) -> Result<Verb, Failure> {
    let collection = name.is_empty();
    Ok(match *method {
        Method::GET if collection && query.flag("watch") => Verb::Watch,
        Method::GET if collection => Verb::List,
        Method::GET if query.flag("watch") => Verb::Watch,
        Method::GET => Verb::Get,
        Method::POST => Verb::Create,
        Method::PUT if !collection => Verb::Update,
        Method::PATCH if !collection => Verb::Patch,
        Method::DELETE if collection => Verb::DeleteCollection,
        Method::DELETE => Verb::Delete,
        _ => return Err(Failure::method_not_allowed()),
    })
}

/// Percent-decoding; a `+` is a blank in queries only.
fn decode(text: &str, form: bool) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let hex = bytes.get(at + 1..at + 3).and_then(|two| std::str::from_utf8(two).ok());
        match (byte, hex.and_then(|two| u8::from_str_radix(two, 16).ok())) {
            (b'%', Some(value)) => {
                out.push(value);
                at += 3;
                continue;
            }
            (b'+', _) if form => out.push(b' '),
            _ => out.push(byte),
        }
        at += 1;
    }
    String::from_utf8_lossy(&out).into_owned()
}
