//! `crds`: files that describe types in a form of kustomize's own, from which transformers learn fields.
//!
//! These are no CustomResourceDefinitions: a file maps names of types to what the OpenAPI generator for Go knows of
//! them.

use serde_json::Value;
use windlass_manifest::Origin;
use windlass_yaml::{ReadOptions, read_document};

use crate::Fault;
use crate::decode::At;
use crate::identity::GvkFilter;
use crate::loader::Encrypted;
use crate::place::Place;
use crate::session::{Failed, Session};
use crate::transform::config::{NameReference, TransformerConfig};
use crate::transform::field_spec::FieldSpec;

/// How deep types may lie in one another; kustomize follows those that hold themselves for ever.
const DEPTH: usize = 32;

/// How many properties are looked at in all.
const PROPERTIES: usize = 100_000;

impl Session<'_> {
    /// Adds what a file of types says.
    pub(crate) fn crds(
        &mut self,
        place: &Place,
        entry: &At<String>,
        config: &mut TransformerConfig,
    ) -> Result<(), Failed> {
        let loaded = self.loader.file(&place.directory, &entry.value, Encrypted::Keep);
        let loaded = loaded.map_err(|fault| self.fail(place.error(&entry.at, fault)))?;
        let value = loaded.text().and_then(|text| read_document(text, &ReadOptions::config()).map_err(Fault::Yaml));
        let result = value.and_then(|value| add(&value, config));
        result.map_err(|fault| {
            let line = if let Fault::Yaml(error) = &fault { error.position().line } else { 0 };
            self.fail(place.error_in(Origin::new(loaded.path.as_str(), line), fault))
        })
    }
}

fn add(types: &Value, config: &mut TransformerConfig) -> Result<(), Fault> {
    let Some(map) = types.as_object() else {
        let problem = "expected a mapping from names of types to their schemas".to_owned();
        return Err(Fault::InvalidValue { field: "crds".to_owned(), problem });
    };
    let mut left = PROPERTIES;
    for (name, definition) in map {
        let properties = &field(definition, "Schema")["properties"];
        if ["kind", "apiVersion", "metadata"].iter().all(|field| properties.get(field).is_some()) {
            let kind = name.rsplit('.').next().unwrap_or(name);
            Walk { types, kind, config, left: &mut left }.properties(properties, &mut Vec::new(), DEPTH)?;
        }
    }
    Ok(())
}

/// A field whatever the case of its name.
fn field<'v>(value: &'v Value, name: &str) -> &'v Value {
    let fields = value.as_object().into_iter().flatten();
    fields.into_iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map_or(&Value::Null, |(_, value)| value)
}

struct Walk<'w> {
    types: &'w Value,
    kind: &'w str,
    config: &'w mut TransformerConfig,
    /// How many properties may still be looked at: types that branch are many soon.
    left: &'w mut usize,
}

impl Walk<'_> {
    fn properties(&mut self, properties: &Value, path: &mut Vec<String>, depth: usize) -> Result<(), Fault> {
        if depth == 0 {
            return Err(Fault::Limit { what: "types in one another", limit: DEPTH as u64 });
        }
        for (name, property) in properties.as_object().into_iter().flatten() {
            *self.left = match self.left.checked_sub(1) {
                Some(left) => left,
                None => return Err(Fault::Limit { what: "properties of types", limit: PROPERTIES as u64 }),
            };
            path.push(name.clone());
            self.property(property, path)?;
            if let Some(reference) = property["$ref"].as_str() {
                let types = self.types;
                self.properties(&field(&types[reference], "Schema")["properties"], path, depth - 1)?;
            }
            path.pop();
        }
        Ok(())
    }

    fn property(&mut self, property: &Value, path: &[String]) -> Result<(), Fault> {
        let mark = |name: &str| field(property, name).as_str();
        if mark("x-kubernetes-annotation").is_some() {
            self.config.common_annotations.merge(&self.spec(path))?;
        }
        if mark("x-kubernetes-label-selector").is_some() {
            self.config.common_labels.merge(&self.spec(path))?;
        }
        if mark("x-kubernetes-identity").is_some() {
            self.config.name_prefix.merge(&self.spec(path))?;
        }
        let version = mark("x-kubernetes-object-ref-api-version");
        if let (Some(version), Some(kind)) = (version, mark("x-kubernetes-object-ref-kind")) {
            let key = mark("x-kubernetes-object-ref-name-key").unwrap_or("name").to_owned();
            let path: Vec<String> = path.iter().cloned().chain([key]).collect();
            let target =
                GvkFilter { version: version.to_owned().into(), kind: kind.to_owned().into(), ..GvkFilter::default() };
            self.config.merge_reference(&NameReference { target, referrers: vec![self.spec(&path)] });
        }
        Ok(())
    }

    fn spec(&self, path: &[String]) -> FieldSpec {
        let on = GvkFilter { kind: self.kind.to_owned().into(), ..GvkFilter::default() };
        FieldSpec { on, path: path.join("/").into(), create: false }
    }
}
