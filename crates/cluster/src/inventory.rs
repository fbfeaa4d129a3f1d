use indexmap::IndexMap;
use windlass_manifest::{Gvk, ObjectId};

use crate::Error;

/// The objects that were applied, each with the API version it was applied with, in the order of applying.
///
/// Entries read and print as in `status.inventory` of a Flux Kustomization: the id
/// `<namespace>_<name>_<group>_<kind>` (`object.ObjMetadata` of fluxcd/cli-utils), and the version. Two entries are the
/// same object whatever their versions.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Inventory {
    entries: IndexMap<ObjectId, String>,
}

/// One object of an [`Inventory`].
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct InventoryEntry {
    /// The object.
    pub id: ObjectId,
    /// The version of the API that it was applied with.
    pub version: String,
}

impl InventoryEntry {
    /// The type of the object.
    #[must_use]
    pub fn gvk(&self) -> Gvk {
        Gvk { group: self.id.group.clone(), version: self.version.clone(), kind: self.id.kind.clone() }
    }
}

impl Inventory {
    /// Reads entries of ids and versions.
    ///
    /// # Errors
    /// [`Error::BadInventoryId`] for the first id that is none.
    pub fn read<'a>(entries: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, Error> {
        entries
            .into_iter()
            .map(|(id, version)| Ok((parse(id)?, version.to_owned())))
            .collect::<Result<_, _>>()
            .map(|entries| Self { entries })
    }

    /// The entries as ids and versions.
    pub fn texts(&self) -> impl Iterator<Item = (String, &str)> {
        self.entries.iter().map(|(id, version)| (print(id), version.as_str()))
    }

    /// The objects.
    pub fn iter(&self) -> impl Iterator<Item = InventoryEntry> {
        self.entries.iter().map(|(id, version)| InventoryEntry { id: id.clone(), version: version.clone() })
    }

    /// Whether the object is in it.
    #[must_use]
    pub fn contains(&self, id: &ObjectId) -> bool {
        self.entries.contains_key(id)
    }

    /// How many objects are in it.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether nothing is in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Adds an object; a known one keeps its place and gets the version.
    pub fn insert(&mut self, id: ObjectId, version: impl Into<String>) {
        self.entries.insert(id, version.into());
    }

    /// Adds the objects of another inventory that are not in this one.
    pub fn merge(&mut self, other: Self) {
        for (id, version) in other.entries {
            self.entries.entry(id).or_insert(version);
        }
    }

    /// The objects that are not in `current`: what has left.
    #[must_use]
    pub fn without(&self, current: &Self) -> Self {
        let left = self.entries.iter().filter(|(id, _)| !current.contains(id));
        Self { entries: left.map(|(id, version)| (id.clone(), version.clone())).collect() }
    }
}

impl FromIterator<InventoryEntry> for Inventory {
    fn from_iter<I: IntoIterator<Item = InventoryEntry>>(entries: I) -> Self {
        Self { entries: entries.into_iter().map(|entry| (entry.id, entry.version)).collect() }
    }
}

/// RBAC names may hold a colon, which label values may not; ids were label values once.
fn has_colons(id: &ObjectId) -> bool {
    const KINDS: [&str; 4] = ["Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding"];
    id.group == "rbac.authorization.k8s.io" && KINDS.contains(&id.kind.as_str())
}

fn print(id: &ObjectId) -> String {
    let namespace = id.namespace.as_deref().unwrap_or_default();
    let name = if has_colons(id) { id.name.replace(':', "__") } else { id.name.clone() };
    format!("{namespace}_{name}_{}_{}", id.group, id.kind)
}

fn parse(text: &str) -> Result<ObjectId, Error> {
    let parts = || {
        let (namespace, rest) = text.split_once('_')?;
        let (rest, kind) = rest.rsplit_once('_')?;
        let (name, group) = rest.rsplit_once('_')?;
        Some(ObjectId {
            group: group.to_owned(),
            kind: kind.to_owned(),
            namespace: Some(namespace.to_owned()).filter(|namespace| !namespace.is_empty()),
            name: name.replace("__", ":"),
        })
    };
    parts().ok_or_else(|| Error::BadInventoryId { text: text.to_owned() })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn id(group: &str, kind: &str, namespace: Option<&str>, name: &str) -> ObjectId {
        ObjectId {
            group: group.to_owned(),
            kind: kind.to_owned(),
            namespace: namespace.map(str::to_owned),
            name: name.to_owned(),
        }
    }

    /// From the inventories of real clusters.
    #[test]
    fn ids_are_those_of_flux() {
        for (text, expected) in [
            ("_cert-manager__Namespace", id("", "Namespace", None, "cert-manager")),
            ("shop_web_apps_Deployment", id("apps", "Deployment", Some("shop"), "web")),
            (
                "_system__node_rbac.authorization.k8s.io_ClusterRole",
                id("rbac.authorization.k8s.io", "ClusterRole", None, "system:node"),
            ),
            ("shop_web__Service", id("", "Service", Some("shop"), "web")),
        ] {
            assert_eq!(parse(text).unwrap(), expected);
            assert_eq!(print(&expected), text);
        }
        assert!(matches!(parse("a_b_c"), Err(Error::BadInventoryId { .. })));
        assert!(parse("").is_err());
    }

    #[test]
    fn a_new_version_is_no_new_object() {
        let old = Inventory::read([("a_x_apps_Deployment", "v1beta1"), ("a_y__Service", "v1")]).unwrap();
        let new = Inventory::read([("a_x_apps_Deployment", "v1")]).unwrap();
        let left: Vec<_> = old.without(&new).iter().map(|entry| entry.id.to_string()).collect();
        assert_eq!(left, ["Service/a/y"]);
    }

    proptest! {
        #[test]
        fn what_is_printed_reads_back(
            namespace in proptest::option::of("[a-z]([a-z0-9-]{0,8}[a-z0-9])?"),
            name in "[a-z0-9]([a-z0-9.-]{0,12}[a-z0-9])?",
            rbac in any::<bool>(),
            colon in any::<bool>(),
        ) {
            let name = if rbac && colon { format!("{name}:{name}") } else { name };
            let (group, kind) = if rbac { ("rbac.authorization.k8s.io", "Role") } else { ("apps", "Deployment") };
            let id = id(group, kind, namespace.as_deref(), &name);
            prop_assert_eq!(parse(&print(&id)).unwrap(), id);
        }

        #[test]
        fn no_text_panics(text in "[a-z_:.]{0,24}") {
            let _ = parse(&text);
        }
    }
}
