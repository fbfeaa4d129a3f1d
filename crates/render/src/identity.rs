//! Who an object is, and who it was: ids, and the history that name references and patches are matched against.

use std::borrow::Cow;
use std::fmt;

use windlass_manifest::Gvk;

use crate::kustomize_schema_1_21::{Scope, scope};
use crate::patch::read::PatchSource;
use crate::schema::Schema;
use crate::transform::aliases::Aliases;

/// What kustomize takes for the namespace of objects that certainly have none.
pub(crate) const NOT_A_NAMESPACE: &str = "_non_namespaceable_";

/// An object's identity for kustomize: unlike the cluster's it includes the version, and `default` is the same
/// namespace as none.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct ResId {
    pub(crate) gvk: Gvk,
    pub(crate) name: String,
    /// The namespace as kustomize compares it: `default` for none, [`NOT_A_NAMESPACE`] for cluster-scoped kinds.
    pub(crate) namespace: String,
}

impl ResId {
    pub(crate) fn new(gvk: Gvk, name: &str, namespace: Option<&str>) -> Self {
        let namespace = effective_namespace([&gvk.group, &gvk.version, &gvk.kind], namespace);
        Self { name: name.to_owned(), namespace: namespace.to_owned(), gvk }
    }

    /// The same id, where a schema of the build may say that its type has no namespace.
    pub(crate) fn scoped_by(mut self, schema: Option<&Schema>) -> Self {
        let Gvk { group, version, kind } = &self.gvk;
        if schema.is_some_and(|schema| schema.is_cluster_scoped(group, version, kind)) {
            NOT_A_NAMESPACE.clone_into(&mut self.namespace);
        }
        self
    }

    pub(crate) fn is_cluster_scoped(&self) -> bool {
        self.namespace == NOT_A_NAMESPACE
    }

    pub(crate) fn parts(&self) -> IdParts<'_> {
        [&self.gvk.group, &self.gvk.version, &self.gvk.kind, &self.name, &self.namespace]
    }
}

/// A [`ResId`] without copies: group, version, kind, name, and the namespace as it counts.
pub(crate) type IdParts<'r> = [&'r str; 5];

/// The namespace as kustomize compares it.
pub(crate) fn effective_namespace<'n>([group, version, kind]: [&str; 3], namespace: Option<&'n str>) -> &'n str {
    match namespace {
        _ if scope(group, version, kind) == Some(Scope::Cluster) => NOT_A_NAMESPACE,
        None | Some("") => "default",
        Some(namespace) => namespace,
    }
}

impl fmt::Display for ResId {
    /// `apps/v1 Deployment web in namespace shop`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A manifest without apiVersion has neither group nor version to tell.
        match self.gvk.version.as_str() {
            "" => write!(f, "{} {}", self.gvk.kind, self.name)?,
            _ => write!(f, "{} {}", self.gvk, self.name)?,
        }
        match self.namespace.as_str() {
            NOT_A_NAMESPACE | "default" => Ok(()),
            namespace => write!(f, " in namespace {namespace}"),
        }
    }
}

/// Whether objects of this type certainly have no namespace. Unknown types count as namespaced.
pub(crate) fn is_cluster_scoped(gvk: &Gvk) -> bool {
    scope(&gvk.group, &gvk.version, &gvk.kind) == Some(Scope::Cluster)
}

/// Which types are meant: an empty field fits all.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct GvkFilter {
    pub(crate) group: Cow<'static, str>,
    pub(crate) version: Cow<'static, str>,
    pub(crate) kind: Cow<'static, str>,
}

impl GvkFilter {
    pub(crate) fn fits(&self, group: &str, version: &str, kind: &str) -> bool {
        let fits = |wanted: &str, is: &str| wanted.is_empty() || wanted == is;
        fits(&self.group, group) && fits(&self.version, version) && fits(&self.kind, kind)
    }

    pub(crate) fn fits_gvk(&self, gvk: &Gvk) -> bool {
        self.fits(&gvk.group, &gvk.version, &gvk.kind)
    }
}

/// A kind, namespace and name that an object had before a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Previous {
    pub(crate) kind: String,
    pub(crate) name: String,
    /// As [`ResId::namespace`].
    pub(crate) namespace: String,
}

/// What a generator asks for where an object of its id exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Behavior {
    #[default]
    Create,
    Replace,
    Merge,
}

/// What happened to an object during the build.
///
/// kustomize keeps this in annotations; the order of the entries is that of the changes.
#[derive(Debug, Clone, Default)]
pub(crate) struct History {
    pub(crate) previous: Vec<Previous>,
    pub(crate) prefixes: Vec<String>,
    pub(crate) suffixes: Vec<String>,
    pub(crate) behavior: Behavior,
    pub(crate) generated: bool,
    pub(crate) needs_hash: bool,
    /// Labels and annotations that change together.
    pub(crate) aliases: Vec<Aliases>,
    /// `config.kubernetes.io/origin`, where it is asked for.
    pub(crate) origin: Option<String>,
    /// The entries of `alpha.config.kubernetes.io/transformations`.
    pub(crate) transformations: Vec<String>,
    /// Scalars that a replacement made, by JSON pointer, with their texts: until vars are put in they have no type.
    pub(crate) untyped: Vec<(String, String)>,
    /// The strategic merge patches that went into it, for how they are written.
    pub(crate) merged: Vec<PatchSource>,
    /// It was printed and read again, so that nothing is written as it was in its file.
    pub(crate) printed: bool,
    /// The vars whose values come from it.
    pub(crate) vars: Vec<String>,
}

impl History {
    /// Whether kustomize would hold any of this in annotations.
    pub(crate) fn is_empty(&self) -> bool {
        self.previous.is_empty()
            && self.prefixes.is_empty()
            && self.suffixes.is_empty()
            && self.origin.is_none()
            && !self.generated
            && !self.needs_hash
            && self.vars.is_empty()
    }

    /// Forgets what kustomize keeps in annotations.
    pub(crate) fn forget(&mut self) {
        *self = Self {
            aliases: std::mem::take(&mut self.aliases),
            untyped: std::mem::take(&mut self.untyped),
            merged: std::mem::take(&mut self.merged),
            printed: self.printed,
            generated: self.generated,
            vars: std::mem::take(&mut self.vars),
            ..Self::default()
        };
    }
}

/// Whether two objects were renamed alike: one list of prefixes, or of suffixes, ends with the other.
pub(crate) fn renamed_alike([ours, theirs]: [&[String]; 2], empty_fits: bool) -> bool {
    (empty_fits && (ours.is_empty() || theirs.is_empty())) || same_ending(ours, theirs)
}

fn same_ending(a: &[String], b: &[String]) -> bool {
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    if short.is_empty() { long.is_empty() } else { long.ends_with(short) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(api_version: &str, kind: &str, namespace: Option<&str>) -> ResId {
        ResId::new(Gvk::from_api_version(api_version, kind), "x", namespace)
    }

    #[test]
    fn no_namespace_is_the_default_one_and_cluster_scope_has_none() {
        assert_eq!(id("apps/v1", "Deployment", None), id("apps/v1", "Deployment", Some("default")));
        assert_eq!(id("v1", "Node", Some("a")), id("v1", "Node", None));
        assert_ne!(id("example.com/v1", "Node", Some("a")), id("example.com/v1", "Node", None));
    }

    #[test]
    fn endings_are_compared() {
        let list = |text: &str| text.chars().map(String::from).collect::<Vec<_>>();
        assert!(same_ending(&list("abc"), &list("bc")));
        assert!(!same_ending(&list("abc"), &list("ab")));
        assert!(!same_ending(&list(""), &list("a")));
        assert!(same_ending(&list(""), &list("")));
    }
}
