//! What a build knows of types when it merges: kustomize's own table, or the document that `openapi` names.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use serde_json::Value;

use crate::kustomize_schema_1_21::{self as built_in, Shape};

/// Types that were given to a build.
#[derive(Debug, Clone, Default)]
pub(crate) struct Schema {
    definitions: HashMap<String, Value>,
    by_type: HashMap<(String, String, String), Definition>,
    /// Types whose objects have no namespace.
    cluster_scoped: HashSet<(String, String, String)>,
    /// The given types are all there are: kustomize's table is out of use.
    replaces_built_in: bool,
}

#[derive(Debug, Clone)]
struct Definition {
    schema: Value,
    rules: Rules,
}

/// Which marks of a schema count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rules {
    /// `x-kubernetes-patch-strategy` and what goes with it, as in OpenAPI documents.
    PatchStrategy,
    /// `x-kubernetes-list-type`, as in CustomResourceDefinitions.
    ListType,
}

/// The type of a value, as far as lists that are merged can lie below it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Type<'s> {
    BuiltIn(Shape),
    Given { owner: &'s Schema, schema: &'s Value, rules: GivenRules },
}

/// [`Rules`], which nobody else has to know.
#[derive(Debug, Clone, Copy)]
pub(crate) struct GivenRules(Rules);

/// How a field is merged.
#[derive(Debug, Clone)]
pub(crate) enum Field<'s> {
    /// A mapping.
    Map(Type<'s>),
    /// A list whose items are told apart by these keys.
    Keyed(Cow<'s, [&'s str]>, Type<'s>),
    /// A list of plain values that is united.
    Set,
}

impl Schema {
    /// The types of an OpenAPI document. They replace kustomize's own.
    ///
    /// # Errors
    /// Where it has no definitions.
    pub(crate) fn of_document(document: Value) -> Result<Self, String> {
        let Value::Object(mut document) = document else { return Err("an OpenAPI document is a mapping".to_owned()) };
        let definitions = match document.remove("definitions") {
            Some(Value::Object(definitions)) => definitions,
            None | Some(Value::Null) => serde_json::Map::new(),
            Some(_) => return Err("`definitions` of an OpenAPI document is a mapping".to_owned()),
        };
        let mut schema = Self { replaces_built_in: true, ..Self::default() };
        schema.scopes(document.remove("paths").unwrap_or_default());
        for (name, definition) in definitions {
            for gvk in definition["x-kubernetes-group-version-kind"].as_array().into_iter().flatten() {
                let text = |key: &str| gvk[key].as_str().unwrap_or_default().to_owned();
                let definition = Definition { schema: definition.clone(), rules: Rules::PatchStrategy };
                schema.by_type.insert((text("group"), text("version"), text("kind")), definition);
            }
            schema.definitions.insert(name, definition);
        }
        Ok(schema)
    }

    /// Learns what has no namespace: the types that no path with a namespace in it leads to.
    fn scopes(&mut self, paths: Value) {
        let mut namespaced = HashSet::new();
        for (path, item) in paths.as_object().into_iter().flatten() {
            let gvk = &item["get"]["x-kubernetes-group-version-kind"];
            let text = |key: &str| gvk[key].as_str().unwrap_or_default().to_owned();
            let (group, version, kind) = (text("group"), text("version"), text("kind"));
            if kind.is_empty() {
                continue;
            }
            if path.contains("namespaces/{namespace}") {
                namespaced.insert((group, version, kind));
            } else {
                self.cluster_scoped.insert((group, version, kind));
            }
        }
        self.cluster_scoped.retain(|known| !namespaced.contains(known));
    }

    /// Whether it is known that objects of a type have no namespace.
    pub(crate) fn is_cluster_scoped(&self, group: &str, version: &str, kind: &str) -> bool {
        self.knows_scopes() && self.cluster_scoped.contains(&(group.to_owned(), version.to_owned(), kind.to_owned()))
    }

    /// Whether it says of any type that its objects have no namespace.
    pub(crate) fn knows_scopes(&self) -> bool {
        !self.cluster_scoped.is_empty()
    }

    /// Adds the types of a CustomResourceDefinition; whatever else an object is, it adds nothing.
    pub(crate) fn add_crd(&mut self, crd: &Value) {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let (group, kind) = (text(&crd["spec"]["group"]), text(&crd["spec"]["names"]["kind"]));
        for version in crd["spec"]["versions"].as_array().into_iter().flatten() {
            if crd["spec"]["scope"] == "Cluster" {
                self.cluster_scoped.insert((group.clone(), text(&version["name"]), kind.clone()));
            }
            let schema = &version["schema"]["openAPIV3Schema"];
            if schema.is_object() {
                let definition = Definition { schema: schema.clone(), rules: Rules::ListType };
                self.by_type.insert((group.clone(), text(&version["name"]), kind.clone()), definition);
            }
        }
    }

    /// Adds the types of CustomResourceDefinitions that another one has.
    pub(crate) fn keep_crds(&mut self, other: &Self) {
        self.cluster_scoped.extend(other.cluster_scoped.iter().cloned());
        let crds = other.by_type.iter().filter(|(_, definition)| definition.rules == Rules::ListType);
        for (key, definition) in crds {
            self.by_type.entry(key.clone()).or_insert_with(|| definition.clone());
        }
    }

    fn find(&self, group: &str, version: &str, kind: &str) -> Option<Type<'_>> {
        let definition = self.by_type.get(&(group.to_owned(), version.to_owned(), kind.to_owned()))?;
        let rules = GivenRules(definition.rules);
        Some(Type::Given { owner: self, schema: self.follow(&definition.schema)?, rules })
    }

    /// The schema that a reference leads to, over a few steps at most.
    fn follow<'v>(&'v self, schema: &'v Value) -> Option<&'v Value> {
        let mut schema = schema;
        for _ in 0..16 {
            let Some(reference) = schema["$ref"].as_str().filter(|reference| !reference.is_empty()) else {
                return Some(schema);
            };
            schema = self.definitions.get(reference.rsplit('/').next()?)?;
        }
        None
    }
}

/// The type of an object; `None` where nothing is known of it.
pub(crate) fn type_of<'s>(given: Option<&'s Schema>, group: &str, version: &str, kind: &str) -> Option<Type<'s>> {
    match given {
        Some(schema) if schema.replaces_built_in => schema.find(group, version, kind),
        given => {
            let found = given.and_then(|schema| schema.find(group, version, kind));
            found.or_else(|| Shape::of(group, version, kind).map(Type::BuiltIn))
        }
    }
}

impl<'s> Type<'s> {
    /// A type of which nothing is merged.
    pub(crate) const LEAF: Self = Self::BuiltIn(Shape::Leaf);

    /// The field `name` of a value of this type.
    pub(crate) fn field(self, name: &str) -> Option<Field<'s>> {
        match self {
            Self::BuiltIn(shape) => Some(match shape.field(name)? {
                built_in::Field::Map(shape) => Field::Map(Self::BuiltIn(shape)),
                built_in::Field::Keyed(keys, shape) => Field::Keyed(Cow::Borrowed(keys), Self::BuiltIn(shape)),
                built_in::Field::Set => Field::Set,
            }),
            Self::Given { owner, schema, rules } => {
                let field = schema["properties"].get(name).or_else(|| Some(&schema["additionalProperties"]));
                let field = field.filter(|field| field.is_object()).and_then(|field| owner.follow(field))?;
                Some(owner.field(field, rules))
            }
        }
    }
}

impl Schema {
    fn field<'v>(&'v self, field: &'v Value, rules: GivenRules) -> Field<'v> {
        let text = |key: &str| field[key].as_str();
        let listed = |key: &str| field[key].as_array().map(|keys| keys.iter().filter_map(Value::as_str).collect());
        let (merges, keys): (bool, Vec<&str>) = match rules.0 {
            Rules::PatchStrategy => {
                let strategy = text("x-kubernetes-patch-strategy").unwrap_or_default();
                let keys = listed("x-kubernetes-list-map-keys");
                let keys = keys.unwrap_or_else(|| text("x-kubernetes-patch-merge-key").into_iter().collect());
                (strategy.contains("merge"), keys)
            }
            Rules::ListType => match text("x-kubernetes-list-type") {
                Some("map") => (true, listed("x-kubernetes-list-map-keys").unwrap_or_default()),
                list_type => (list_type == Some("set"), Vec::new()),
            },
        };
        let given = |schema| Type::Given { owner: self, schema, rules };
        if !merges {
            return Field::Map(given(field));
        }
        if keys.is_empty() {
            return Field::Set;
        }
        Field::Keyed(Cow::Owned(keys), self.follow(&field["items"]).map_or(Type::LEAF, given))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn documents_replace_the_table_and_definitions_add_to_it() {
        let document = Schema::of_document(json!({"definitions": {
            "A": {"x-kubernetes-group-version-kind": [{"group": "g", "version": "v", "kind": "A"}],
                "properties": {"spec": {"$ref": "#/definitions/Spec"}}},
            "Spec": {"properties": {"l": {"type": "array", "items": {}, "x-kubernetes-patch-strategy": "merge",
                "x-kubernetes-patch-merge-key": "k"}}, "$comment": "x"}}}));
        let document = document.unwrap();
        let spec = match type_of(Some(&document), "g", "v", "A").and_then(|found| found.field("spec")) {
            Some(Field::Map(spec)) => spec,
            other => panic!("{other:?}"),
        };
        assert!(matches!(spec.field("l"), Some(Field::Keyed(keys, _)) if *keys == ["k"]));
        assert!(type_of(Some(&document), "", "v1", "Pod").is_none());

        let mut crds = Schema::default();
        crds.add_crd(&json!({"spec": {"group": "g", "names": {"kind": "A"}, "versions": [{"name": "v", "schema":
            {"openAPIV3Schema": {"properties": {"l": {"type": "array", "x-kubernetes-list-type": "map",
                "x-kubernetes-list-map-keys": ["k"]}}}}}]}}));
        let found = type_of(Some(&crds), "g", "v", "A").and_then(|found| found.field("l"));
        assert!(matches!(found, Some(Field::Keyed(keys, _)) if *keys == ["k"]));
        assert!(type_of(Some(&crds), "", "v1", "Pod").is_some());
    }
}
