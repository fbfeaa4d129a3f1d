//! Which fields of an object may hold names: the rules for one type, put together to a tree.
//!
//! Most rules for a type lead through the same fields, so one walk over an object serves all of them.

use std::borrow::Cow;
use std::collections::HashMap;
use std::rc::Rc;

use serde_json::Value;
use windlass_manifest::Gvk;

use crate::identity::GvkFilter;
use crate::transform::config::{NameReference, TransformerConfig};
use crate::transform::default_name_references;
use crate::transform::field_spec::{FieldSpec, field_mut, split};
use crate::transform::scalar::type_of;

/// One rule: what the names in a field mean.
pub(crate) struct ReferenceRule {
    pub(crate) target: GvkFilter,
    /// The path of the field, for messages.
    pub(crate) path: String,
}

/// All rules, and the trees that were made of them.
pub(crate) struct ReferenceRules {
    by_kind: HashMap<String, Vec<(GvkFilter, FieldSpec)>>,
    trees: HashMap<Gvk, Rc<ReferenceFields>>,
}

impl ReferenceRules {
    pub(crate) fn new(config: &TransformerConfig) -> Self {
        let mut by_kind: HashMap<String, Vec<_>> = HashMap::new();
        let references = default_name_references::built_in().into_iter();
        for NameReference { target, referrers } in references.chain(config.name_references.iter().cloned()) {
            for spec in referrers {
                let rules = by_kind.entry(spec.on.kind.clone().into_owned()).or_default();
                let rule = (target.clone(), spec);
                if !rules.contains(&rule) {
                    rules.push(rule);
                }
            }
        }
        Self { by_kind, trees: HashMap::new() }
    }

    /// The rules for objects that were of this type at first.
    pub(crate) fn of(&mut self, gvk: Gvk) -> Rc<ReferenceFields> {
        if let Some(known) = self.trees.get(&gvk) {
            return Rc::clone(known);
        }
        let of_kind = |kind: &str| self.by_kind.get(kind).into_iter().flatten();
        let rules = of_kind(&gvk.kind).chain(of_kind("").filter(|_| !gvk.kind.is_empty()));
        let mut tree = ReferenceFields::default();
        for (target, spec) in rules.filter(|(_, spec)| spec.on.fits_gvk(&gvk)) {
            tree.add(
                &split(&spec.path),
                ReferenceRule { target: target.clone(), path: spec.path.clone().into_owned() },
            );
        }
        let tree = Rc::new(tree);
        self.trees.insert(gvk, Rc::clone(&tree));
        tree
    }
}

/// Fields that lead to names, and the rules for the names that stand right here.
#[derive(Default)]
pub(crate) struct ReferenceFields {
    rules: Vec<ReferenceRule>,
    below: Vec<(String, ReferenceFields)>,
}

impl ReferenceFields {
    fn add(&mut self, path: &[Cow<'_, str>], rule: ReferenceRule) {
        let Some((name, rest)) = path.split_first() else {
            self.rules.push(rule);
            return;
        };
        let index = self.below.iter().position(|(known, _)| known == name).unwrap_or_else(|| {
            self.below.push((name.clone().into_owned(), Self::default()));
            self.below.len() - 1
        });
        self.below[index].1.add(rest, rule);
    }

    /// Calls `update` with every rule and the value it is for, through all items of the lists on the way.
    ///
    /// # Errors
    /// What `update` says, and where a scalar is in the way.
    pub(crate) fn visit(
        &self,
        value: &mut Value,
        update: &mut dyn FnMut(&ReferenceRule, &mut Value) -> Result<(), String>,
    ) -> Result<(), String> {
        for rule in &self.rules {
            update(rule, value).map_err(|problem| format!("{}: {problem}", rule.path))?;
        }
        if self.below.is_empty() {
            return Ok(());
        }
        match value {
            Value::Null => Ok(()),
            Value::Array(items) => items.iter_mut().try_for_each(|item| self.visit_below(item, update)),
            value => self.visit_below(value, update),
        }
    }

    fn visit_below(
        &self,
        value: &mut Value,
        update: &mut dyn FnMut(&ReferenceRule, &mut Value) -> Result<(), String>,
    ) -> Result<(), String> {
        match value {
            Value::Null => Ok(()),
            Value::Array(items) => items.iter_mut().try_for_each(|item| self.visit_below(item, update)),
            Value::Object(fields) => self.below.iter().try_for_each(|(name, below)| {
                let plain = name.strip_suffix("[]").unwrap_or(name);
                if plain.is_empty() {
                    return Err("the path has an empty name in it".to_owned());
                }
                match field_mut(fields, plain) {
                    Some(field @ Value::Null) if plain.len() < name.len() => {
                        *field = Value::Array(Vec::new());
                        Ok(())
                    }
                    Some(field) => below.visit(field, update),
                    None => Ok(()),
                }
            }),
            other => Err(format!("{}: expected a mapping or a list, found {}", self.first_path(), type_of(other))),
        }
    }

    /// A path that leads through here.
    fn first_path(&self) -> &str {
        match (self.rules.first(), self.below.first()) {
            (Some(rule), _) => &rule.path,
            (None, Some((_, below))) => below.first_path(),
            (None, None) => "",
        }
    }
}
