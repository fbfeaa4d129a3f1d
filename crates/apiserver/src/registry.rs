use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, LazyLock};

use windlass_schema::{KindSchema, Schema};

use crate::custom::CustomVersion;

/// One resource in one version: what its path is, and what stands there.
#[derive(Debug)]
pub(crate) struct Resource {
    pub(crate) group: Arc<str>,
    pub(crate) version: Arc<str>,
    /// The plural, as in paths.
    pub(crate) plural: Arc<str>,
    pub(crate) kind: Arc<str>,
    pub(crate) list_kind: String,
    pub(crate) namespaced: bool,
    pub(crate) singular: String,
    pub(crate) verbs: Vec<String>,
    pub(crate) short_names: Vec<String>,
    pub(crate) categories: Vec<String>,
    pub(crate) subresources: Vec<Subresource>,
    /// What a definition says of it; `None` for kinds of the server itself.
    pub(crate) custom: Option<Arc<CustomVersion>>,
}

/// A path below an object.
#[derive(Debug, Clone)]
pub(crate) struct Subresource {
    pub(crate) name: String,
    pub(crate) group_version: String,
    pub(crate) kind: String,
    pub(crate) verbs: Vec<String>,
}

/// The key under which objects of a resource are kept, in whatever version they are asked for.
pub(crate) type GroupResource = (Arc<str>, Arc<str>);

impl Resource {
    pub(crate) fn key(&self) -> GroupResource {
        (self.group.clone(), self.plural.clone())
    }

    pub(crate) fn api_version(&self) -> String {
        api_version(&self.group, &self.version)
    }

    pub(crate) fn is(&self, group: &str, plural: &str) -> bool {
        &*self.group == group && &*self.plural == plural
    }

    pub(crate) fn subresource(&self, name: &str) -> Option<&Subresource> {
        self.subresources.iter().find(|one| one.name == name)
    }

    pub(crate) fn has_status(&self) -> bool {
        self.subresource("status").is_some()
    }

    pub(crate) fn schema<'a>(&self, schema: &'a Schema) -> Option<KindSchema<'a>> {
        schema.kind(&self.group, &self.version, &self.kind)
    }
}

pub(crate) fn api_version(group: &str, version: &str) -> String {
    if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") }
}

/// The verbs of an ordinary resource, in the order in which discovery lists them.
pub(crate) const ALL_VERBS: [&str; 8] =
    ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];

static BUILTIN: LazyLock<Vec<Arc<Resource>>> = LazyLock::new(|| read(include_str!("resources.txt")));

/// Group, version and plural.
type Path = (&'static str, &'static str, &'static str);

static BY_PATH: LazyLock<HashMap<Path, &Arc<Resource>>> =
    LazyLock::new(|| BUILTIN.iter().map(|one| ((&*one.group, &*one.version, &*one.plural), one)).collect());

static BUILTIN_VERSIONS: LazyLock<HashSet<(&str, &str)>> =
    LazyLock::new(|| BUILTIN.iter().map(|one| (&*one.group, &*one.version)).collect());

/// Every resource that is served: those of the table, then custom ones.
#[derive(Debug, Clone, Default)]
pub(crate) struct Registry {
    /// By the name of the definition: its generation, and what it serves.
    custom: BTreeMap<String, (i64, Vec<Arc<Resource>>)>,
}

impl Registry {
    pub(crate) fn all(&self) -> impl Iterator<Item = &Arc<Resource>> {
        BUILTIN.iter().chain(self.custom.values().flat_map(|one| &one.1))
    }

    pub(crate) fn find(&self, group: &str, version: &str, plural: &str) -> Option<Arc<Resource>> {
        if let Some(found) = BY_PATH.get(&(group, version, plural)) {
            return Some((*found).clone());
        }
        let fits = |one: &&Arc<Resource>| *one.plural == *plural && *one.group == *group && *one.version == *version;
        self.custom.values().flat_map(|one| &one.1).find(fits).cloned()
    }

    pub(crate) fn find_kind(&self, group: &str, version: &str, kind: &str) -> Option<Arc<Resource>> {
        let fits = |one: &&Arc<Resource>| *one.kind == *kind && *one.group == *group && *one.version == *version;
        BUILTIN.iter().find(fits).or_else(|| self.custom.values().flat_map(|one| &one.1).find(fits)).cloned()
    }

    pub(crate) fn has_group_version(&self, group: &str, version: &str) -> bool {
        BUILTIN_VERSIONS.contains(&(group, version))
            || self.custom.values().flat_map(|one| &one.1).any(|one| *one.group == *group && *one.version == *version)
    }

    /// Puts what a definition named `name` serves in the place of what it served before.
    pub(crate) fn set_custom(&mut self, name: &str, generation: i64, resources: Vec<Resource>) {
        self.custom.insert(name.to_owned(), (generation, resources.into_iter().map(Arc::new).collect()));
    }

    /// The generation of the definition that is served.
    pub(crate) fn custom_generation(&self, name: &str) -> Option<i64> {
        self.custom.get(name).map(|one| one.0)
    }

    pub(crate) fn custom_names(&self) -> impl Iterator<Item = &str> {
        self.custom.keys().map(String::as_str)
    }

    pub(crate) fn remove_custom(&mut self, name: &str) {
        self.custom.remove(name);
    }

    /// The groups in the order of the documents, each with its versions.
    pub(crate) fn groups(&self) -> Vec<(Arc<str>, Vec<Arc<str>>)> {
        let mut groups: Vec<(Arc<str>, Vec<Arc<str>>)> = Vec::new();
        for one in self.all() {
            let at = groups.iter().position(|(group, _)| *group == one.group).unwrap_or_else(|| {
                groups.push((one.group.clone(), Vec::new()));
                groups.len() - 1
            });
            if let Some((_, versions)) = groups.get_mut(at)
                && !versions.contains(&one.version)
            {
                versions.push(one.version.clone());
            }
        }
        groups
    }
}

fn read(table: &str) -> Vec<Arc<Resource>> {
    let (mut group, mut version) = (Arc::<str>::from(""), Arc::<str>::from("v1"));
    let mut found: Vec<Resource> = Vec::new();
    for line in table.lines().filter(|line| !line.starts_with('#')) {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            ["group", name, named] => {
                group = if *name == "core" { "".into() } else { (*name).into() };
                version = (*named).into();
            }
            [name, group_version, kind, listed] if line.starts_with("  ") => {
                if let Some(owner) = found.last_mut() {
                    owner.subresources.push(Subresource {
                        name: (*name).to_owned(),
                        group_version: if *group_version == "-" { String::new() } else { (*group_version).to_owned() },
                        kind: (*kind).to_owned(),
                        verbs: verbs(listed),
                    });
                }
            }
            [plural, kind, scope, singular, listed, rest @ ..] => {
                let tagged = |tag: &str| {
                    let list = rest.iter().find_map(|word| word.strip_prefix(tag)).unwrap_or_default();
                    list.split(',').filter(|word| !word.is_empty()).map(str::to_owned).collect()
                };
                found.push(Resource {
                    group: group.clone(),
                    version: version.clone(),
                    plural: (*plural).into(),
                    kind: (*kind).into(),
                    list_kind: format!("{kind}List"),
                    namespaced: *scope == "N",
                    singular: if *singular == "-" { String::new() } else { (*singular).to_owned() },
                    verbs: verbs(listed),
                    short_names: tagged("short="),
                    categories: tagged("in="),
                    subresources: Vec::new(),
                    custom: None,
                });
            }
            _ => {}
        }
    }
    found.into_iter().map(Arc::new).collect()
}

fn verbs(listed: &str) -> Vec<String> {
    if listed == "*" {
        return ALL_VERBS.map(str::to_owned).to_vec();
    }
    listed.split(',').map(str::to_owned).collect()
}
