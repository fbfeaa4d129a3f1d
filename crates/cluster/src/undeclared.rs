//! Fields of built-in kinds that their schema does not know.
//!
//! Server-side apply refuses them. Flux never sends them: it passes built-in objects through their Go types, which drops
//! what they do not have. A repository with such a field works with Flux, so it has to work here: the server is asked,
//! and what it names is left out.

use kube::core::Status;
use serde_json::Value;
use windlass_manifest::Gvk;

/// How the server says it, behind the path of the field.
const NOT_DECLARED: &str = ": field not declared in schema";

/// How the server begins when an object does not fit its schema. The status is 500, without a reason.
pub(crate) const BAD_PATCH: &str = "failed to create typed patch object (";

/// The groups whose types Flux knows (the scheme of client-go).
const GROUPS: [&str; 21] = [
    "",
    "admissionregistration.k8s.io",
    "apps",
    "authentication.k8s.io",
    "authorization.k8s.io",
    "autoscaling",
    "batch",
    "certificates.k8s.io",
    "coordination.k8s.io",
    "discovery.k8s.io",
    "events.k8s.io",
    "extensions",
    "flowcontrol.apiserver.k8s.io",
    "internal.apiserver.k8s.io",
    "networking.k8s.io",
    "node.k8s.io",
    "policy",
    "rbac.authorization.k8s.io",
    "resource.k8s.io",
    "scheduling.k8s.io",
    "storage.k8s.io",
];

/// Removes from `object` the fields that `refusal` calls undeclared, and returns their paths; none where the refusal is
/// about something else, or the kind is one that Flux sends as it is.
pub(crate) fn remove(object: &mut Value, gvk: &Gvk, refusal: &Status) -> Vec<String> {
    // Flux exempts these two (fluxcd/kustomize-controller#1041), and a rule must not lose a part of itself.
    let is_role = gvk.group == "rbac.authorization.k8s.io" && gvk.kind.ends_with("Role");
    if is_role || !GROUPS.contains(&gvk.group.as_str()) {
        return Vec::new();
    }
    paths(&refusal.message).filter(|path| remove_at(object, path)).map(str::to_owned).collect()
}

fn paths(message: &str) -> impl Iterator<Item = &str> {
    let errors = message.strip_prefix(BAD_PATCH).and_then(|rest| rest.split_once("): ")).map_or("", |(_, rest)| rest);
    // Several errors stand on lines of their own.
    errors.lines().filter_map(|line| line.trim().strip_suffix(NOT_DECLARED))
}

/// Removes what stands at a path as structured-merge-diff prints it: `.spec.containers[name="app"].image`.
fn remove_at(value: &mut Value, path: &str) -> bool {
    match value {
        Value::Object(fields) => {
            let Some(path) = path.strip_prefix('.') else { return false };
            if fields.shift_remove(path).is_some() {
                return true;
            }
            // A key may hold dots itself; what follows it tells where it ends.
            fields.iter_mut().any(|(key, inner)| {
                path.strip_prefix(key.as_str())
                    .filter(|rest| rest.starts_with(['.', '[']))
                    .is_some_and(|rest| remove_at(inner, rest))
            })
        }
        Value::Array(items) => {
            let Some((selector, rest)) = selector(path) else { return false };
            let item = match selector.parse::<usize>() {
                Ok(index) => items.get_mut(index),
                Err(_) => items.iter_mut().find(|item| is_selected(item, selector)),
            };
            item.is_some_and(|item| remove_at(item, rest))
        }
        _ => false,
    }
}

/// What stands in the brackets that `path` begins with, and what follows them.
fn selector(path: &str) -> Option<(&str, &str)> {
    let inner = path.strip_prefix('[')?;
    let (mut quoted, mut escaped) = (false, false);
    let end = inner.find(|c: char| {
        let closes = c == ']' && !quoted;
        quoted ^= c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        closes
    })?;
    Some((&inner[..end], &inner[end + 1..]))
}

/// Whether an item has the keys of `name="http",port=80`.
fn is_selected(item: &Value, selector: &str) -> bool {
    let mut rest = selector;
    while let Some((key, after)) = rest.split_once('=') {
        let mut values = serde_json::Deserializer::from_str(after).into_iter::<Value>();
        let Some(Ok(value)) = values.next() else { return false };
        if item.get(key) != Some(&value) {
            return false;
        }
        rest = after[values.byte_offset()..].trim_start_matches(',');
    }
    true
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn removed(kind: &str, group: &str, message: &str) -> (Value, Vec<String>) {
        let mut object = json!({
            "metadata": {"annotations": {"a.b/c": "x"}, "a.b": {"c": 1}},
            "spec": {"foo": 1, "ports": [{"name": "a]\"", "port": 80}, {"name": "b", "port": 80, "bar": {"baz": 2}}]},
        });
        let gvk = Gvk { group: group.to_owned(), version: "v1".to_owned(), kind: kind.to_owned() };
        let status = Status { message: message.to_owned(), ..Status::failure("", "") };
        let paths = remove(&mut object, &gvk, &status);
        (object, paths)
    }

    #[test]
    fn what_the_server_names_is_removed() {
        let (object, paths) = removed(
            "Service",
            "",
            "failed to create typed patch object (ns/x; /v1, Kind=Service): errors:\n  .spec.foo: field not declared in \
             schema\n  .spec.ports[name=\"b\",port=80].bar: field not declared in schema\n  .metadata.a.b.c: field not \
             declared in schema\n  .spec.gone: field not declared in schema\n  .spec.ports: expected list, got string",
        );
        assert_eq!(paths, [".spec.foo", ".spec.ports[name=\"b\",port=80].bar", ".metadata.a.b.c"]);
        assert_eq!(
            object,
            json!({
                "metadata": {"annotations": {"a.b/c": "x"}, "a.b": {}},
                "spec": {"ports": [{"name": "a]\"", "port": 80}, {"name": "b", "port": 80}]},
            })
        );
    }

    #[test]
    fn items_are_found_by_odd_keys_and_by_position() {
        let prefix = "failed to create typed patch object (x): ";
        let path = ".spec.ports[name=\"a]\\\"\"].port";
        assert_eq!(removed("Service", "", &format!("{prefix}{path}{NOT_DECLARED}")).1, [path]);
        assert_eq!(
            removed("Service", "", &format!("{prefix}.spec.ports[1].bar{NOT_DECLARED}")).1,
            [".spec.ports[1].bar"]
        );
    }

    #[test]
    fn custom_kinds_and_roles_are_left_alone() {
        let message = format!("failed to create typed patch object (x): .spec.foo{NOT_DECLARED}");
        assert!(removed("Widget", "example.com", &message).1.is_empty());
        assert!(removed("ClusterRole", "rbac.authorization.k8s.io", &message).1.is_empty());
        assert!(removed("Service", "", ".spec.foo: field not declared in schema").1.is_empty());
        assert_eq!(removed("Service", "", &message).1, [".spec.foo"]);
    }
}
