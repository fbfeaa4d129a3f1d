//! Lists whose items are told apart by keys, and lists that are sets.
//!
//! The steps are kustomize's own, one by one, since its order and its treatment of items without the second of two
//! keys follow from them and from nothing else.

use std::collections::HashSet;

use serde_json::Value;
use windlass_manifest::Step;

use crate::patch::strategic_merge::{DIRECTIVE, Directive, Input, Merge};
use crate::schema::{Field, Type};
use crate::transform::scalar::text_of;

/// The items of the object, and those of the patch where there is one.
type Sides = (Vec<Value>, Option<Vec<Value>>);

type Keys<'k, 's> = &'k [&'s str];

impl<'s> Merge<'s> {
    /// Unites two lists of plain values; those of the patch come first.
    pub(crate) fn set(&mut self, object: Input<Vec<Value>>, patch: Input<Vec<Value>>) -> Result<Option<Value>, String> {
        let Some((object, patch)) = self.sides(object, patch)? else { return Ok(None) };
        let mut united: Vec<Value> = Vec::new();
        for value in patch.into_iter().flatten().chain(object) {
            if !united.iter().any(|known| text_of(known) == text_of(&value)) {
                united.push(value);
            }
        }
        Ok(Some(Value::Array(united)))
    }

    /// Merges two lists item by item; `None` removes the list.
    pub(crate) fn keyed_list(
        &mut self,
        object: Input<Vec<Value>>,
        patch: Input<Vec<Value>>,
        keys: Keys<'_, 's>,
        shape: Type<'s>,
    ) -> Result<Option<Value>, String> {
        let given = matches!(object, Input::Given(_));
        if let (false, Input::Given(items)) = (given, &patch)
            && items.iter().any(is_directive)
        {
            return self.new_items(items.clone(), shape).map(Some);
        }
        let Some((object, patch)) = self.sides(object, patch)? else { return Ok(None) };
        let complete = |item: &Value| keys.first().is_none_or(|key| has(item, key));
        match &patch {
            None if !object.iter().all(complete) => return Ok(Some(Value::Array(object))),
            Some(items) if given && !items.iter().all(complete) => {
                self.warnings.push(self.emptied(keys));
                return Ok(Some(Value::Array(Vec::new())));
            }
            _ => {}
        }
        if patch.is_none() && are_distinct(&object, keys) {
            return self.untouched_items(object, keys, shape).map(Some);
        }
        let patched = patch.is_some();
        let mut items = Items::new(object, patch.unwrap_or_default(), keys);
        self.merge_items(&mut items, shape)?;
        items.append_object();
        if patched && given {
            for lost in items.lost() {
                self.warnings.push(format!(
                    "{}: kustomize loses item {lost} of the patch: give all of {} as the object has them, and no \
                     `$patch: replace`",
                    self.here(),
                    keys.join(", ")
                ));
            }
        }
        Ok(Some(Value::Array(items.into_values())))
    }

    /// A list that the patch does not mention; patching its object still cleans it.
    fn untouched_items(&mut self, object: Vec<Value>, keys: Keys<'_, 's>, shape: Type<'s>) -> Result<Value, String> {
        let mut kept = Vec::with_capacity(object.len());
        for item in object {
            self.enter(Step::Item(keys.iter().map(|key| ((*key).to_owned(), key_text(&item, key))).collect()));
            kept.extend(self.value(Some(item), None, Some(Field::Map(shape)))?);
            self.leave();
        }
        Ok(Value::Array(kept))
    }

    /// A list that the object does not have, with a directive in it, which kustomize takes for an item then.
    fn new_items(&mut self, items: Vec<Value>, shape: Type<'s>) -> Result<Value, String> {
        let mut kept = Vec::with_capacity(items.len());
        for (index, item) in items.into_iter().enumerate() {
            if is_directive(&item) {
                kept.push(item);
                continue;
            }
            self.enter(Step::Index(index));
            kept.extend(self.value(None, Some(item), Some(Field::Map(shape)))?);
            self.leave();
        }
        Ok(Value::Array(kept))
    }

    /// Carries out a directive for the whole list; `None` where nothing is left of it.
    fn sides(&self, object: Input<Vec<Value>>, patch: Input<Vec<Value>>) -> Result<Option<Sides>, String> {
        let (object, mut patch) = match (object, patch) {
            (Input::Given(object), Input::Missing) => return Ok(Some((object, None))),
            (Input::Given(object), Input::Given(patch)) => (Some(object), patch),
            (_, Input::Given(patch)) => (None, patch),
            _ => return Ok(None),
        };
        let directive = match patch.iter().find_map(|item| item.get(DIRECTIVE).map(|value| (item, value))) {
            Some((item, value)) if item.as_object().is_some_and(|fields| fields.len() == 1) => self.directive(value)?,
            _ => Directive::Merge,
        };
        patch.retain(|item| !is_directive(item));
        Ok(match (directive, object) {
            (Directive::Delete, _) => None,
            (Directive::Merge, Some(object)) => Some((object, Some(patch))),
            _ => Some((patch.clone(), Some(patch))),
        })
    }

    fn merge_items(&mut self, items: &mut Items<'s>, shape: Type<'s>) -> Result<(), String> {
        for values in items.all_values() {
            let (keys, values) = valid(&items.keys, &values, &items.values);
            let (own_keys, own_values) = valid(&keys, &values, std::slice::from_ref(&values));
            let found = |list: &[usize]| items.find(list, &own_keys, &own_values);
            let (object, patch) = (found(&items.object), found(&items.patch));
            let replaces =
                patch.is_some_and(|id| items.nodes[id].get(DIRECTIVE).is_some_and(|value| value == "replace"));
            let pair = |(key, value): (&&str, &String)| ((*key).to_owned(), value.clone());
            self.enter(Step::Item(own_keys.iter().zip(&own_values).map(pair).collect()));
            let merged = self.value(
                object.map(|id| items.nodes[id].clone()),
                patch.map(|id| items.nodes[id].clone()),
                Some(Field::Map(shape)),
            )?;
            self.leave();
            items.keep(object, patch, merged, replaces, &keys, &values);
        }
        Ok(())
    }

    fn emptied(&self, keys: Keys<'_, '_>) -> String {
        let key = keys.first().unwrap_or(&"key");
        format!(
            "{}: an item of this list has no {key}, by which its items are told apart, and kustomize empties the list \
             over it: give every item a {key}",
            self.here()
        )
    }
}

/// Two lists while they become one. Items are nodes that can stand in several lists, so lists hold their indices.
struct Items<'s> {
    nodes: Vec<Value>,
    object: Vec<usize>,
    patch: Vec<usize>,
    result: Vec<usize>,
    /// Nodes of the patch, and whether they went into a node of the object, stand for themselves, or deleted one.
    used: Vec<Option<usize>>,
    deleted: Vec<usize>,
    keys: Vec<&'s str>,
    values: Vec<Vec<String>>,
}

impl<'s> Items<'s> {
    fn new(object: Vec<Value>, patch: Vec<Value>, keys: Keys<'_, 's>) -> Self {
        let (objects, patches) = (object.len(), patch.len());
        let nodes: Vec<Value> = object.into_iter().chain(patch).collect();
        let values_of = |node: &Value| keys.iter().map(|key| key_text(node, key)).collect::<Vec<_>>();
        let mut values: Vec<Vec<String>> = Vec::new();
        for node in nodes[objects..].iter().chain(&nodes[..objects]) {
            let own = values_of(node);
            if !values.contains(&own) {
                values.push(own);
            }
        }
        if keys.len() > 1 {
            fill_in(&mut values);
        }
        Self {
            nodes,
            object: (0..objects).collect(),
            patch: (objects..objects + patches).collect(),
            result: Vec::new(),
            used: vec![None; patches],
            deleted: Vec::new(),
            keys: keys.to_vec(),
            values,
        }
    }

    fn all_values(&self) -> Vec<Vec<String>> {
        self.values.clone()
    }

    fn find(&self, list: &[usize], keys: &[&str], values: &[String]) -> Option<usize> {
        let fits_all = |id: &usize| keys.iter().zip(values).all(|(key, value)| fits(&self.nodes[*id], key, value));
        list.iter().copied().find(fits_all)
    }

    /// Takes over one merged item.
    fn keep(
        &mut self,
        object: Option<usize>,
        patch: Option<usize>,
        merged: Option<Value>,
        replaces: bool,
        keys: &[&str],
        values: &[String],
    ) {
        let merged = merged.filter(|value| !value.as_object().is_some_and(serde_json::Map::is_empty));
        let Some(mut merged) = merged else {
            self.deleted.extend(patch);
            set_element(&self.nodes, &mut self.object, None, keys, values);
            return;
        };
        if let Some(fields) = merged.as_object_mut() {
            for (key, value) in keys.iter().zip(values).filter(|(_, value)| !value.is_empty()) {
                if !fields.contains_key(*key) {
                    fields.insert((*key).to_owned(), Value::from(value.as_str()));
                }
            }
        }
        // A replacing item is a new one: the item of the object stays as it is, and wins later on.
        let id = match (object, patch) {
            (Some(object), _) if !replaces => object,
            (_, Some(patch)) => patch,
            (Some(object), None) => object,
            (None, None) => return,
        };
        if let Some(patch) = patch {
            let first = self.nodes.len() - self.used.len();
            self.used[patch - first] = Some(id);
        }
        self.nodes[id] = merged;
        set_element(&self.nodes, &mut self.result, Some(id), keys, values);
    }

    /// Puts the items of the object behind those of the patch, or in their places.
    fn append_object(&mut self) {
        let Some(first) = self.values.first() else { return };
        let (keys, _) = valid(&self.keys, first, &self.values);
        for id in self.object.clone() {
            let mut values = Vec::new();
            for key in &keys {
                match self.nodes[id].get(*key) {
                    Some(value) if !value.is_null() => values.push(text_of(value)),
                    _ => self.result.push(id),
                }
            }
            if keys.len() > 1 {
                set_element(&self.nodes, &mut self.result, None, &keys, &values);
            }
            set_element(&self.nodes, &mut self.result, Some(id), &keys, &values);
        }
    }

    /// The items of the patch, from 1, that left no trace.
    fn lost(&self) -> Vec<usize> {
        let first = self.nodes.len() - self.used.len();
        let used = self.used.iter().enumerate();
        used.filter(|(index, used)| {
            !self.deleted.contains(&(first + index)) && used.is_none_or(|id| !self.result.contains(&id))
        })
        .map(|(index, _)| index + 1)
        .collect()
    }

    fn into_values(self) -> Vec<Value> {
        let Self { nodes, result, .. } = self;
        result.into_iter().map(|id| nodes[id].clone()).collect()
    }
}

/// Whether an item of a patch is a directive for its list.
fn is_directive(item: &Value) -> bool {
    item.as_object().is_some_and(|fields| fields.len() == 1 && fields.contains_key(DIRECTIVE))
}

/// Replaces the items of a list that have these values, or appends the item; without one, removes them.
fn set_element(nodes: &[Value], list: &mut Vec<usize>, element: Option<usize>, keys: &[&str], values: &[String]) {
    let mut kept = Vec::new();
    let mut found = false;
    for id in list.drain(..) {
        let node = &nodes[id];
        if node.is_null() || node.as_object().is_some_and(serde_json::Map::is_empty) {
            continue;
        }
        if matches(node, keys, values) {
            found = true;
            kept.extend(element);
        } else if !values.is_empty() {
            kept.push(id);
        }
    }
    *list = kept;
    if !found {
        list.extend(element);
    }
}

/// Whether an item has the values; keys without a value fit where the one before did.
fn matches(node: &Value, keys: &[&str], values: &[String]) -> bool {
    !values.is_empty() && keys.iter().zip(values).all(|(key, value)| fits(node, key, value))
}

/// Whether a field has a value; an empty one fits whatever is there.
fn fits(node: &Value, key: &str, value: &str) -> bool {
    node.get(key).is_some_and(|found| value.is_empty() || text_of(found) == value)
}

/// Whether all items have all keys, and no two have the same.
fn are_distinct(items: &[Value], keys: Keys<'_, '_>) -> bool {
    let mut seen = HashSet::new();
    items.iter().all(|item| {
        let own: Vec<_> = keys.iter().map(|key| key_text(item, key)).collect();
        own.iter().all(|text| !text.is_empty()) && seen.insert(own)
    })
}

fn has(item: &Value, key: &str) -> bool {
    !key_text(item, key).is_empty()
}

fn key_text(item: &Value, key: &str) -> String {
    item.get(key).filter(|value| !value.is_null()).map(text_of).unwrap_or_default()
}

/// Leaves out the keys that no item of `all` has a value for.
fn valid<'s>(keys: &[&'s str], values: &[String], all: &[Vec<String>]) -> (Vec<&'s str>, Vec<String>) {
    let used = |index: usize| all.iter().any(|values| values.get(index).is_some_and(|value| !value.is_empty()));
    let kept: Vec<usize> = (0..keys.len()).filter(|index| used(*index)).collect();
    if kept.is_empty() {
        return (keys.to_vec(), values.to_vec());
    }
    let pick = |index: &usize| values.get(*index).cloned();
    (kept.iter().map(|index| keys[*index]).collect(), kept.iter().filter_map(pick).collect())
}

/// Fills the gaps of values from others that have a value in common and contradict in none.
fn fill_in(all: &mut [Vec<String>]) {
    for one in 0..all.len() {
        for other in 0..all.len() {
            if let Some(filled) = united(&all[one], &all[other]) {
                all[one].clone_from(&filled);
                all[other] = filled;
            }
        }
    }
}

fn united(a: &[String], b: &[String]) -> Option<Vec<String>> {
    let mut common = false;
    let mut filled = Vec::with_capacity(a.len());
    for (a, b) in a.iter().zip(b) {
        common |= a == b;
        if a != b && !a.is_empty() && !b.is_empty() {
            return None;
        }
        filled.push(if a.is_empty() { b.clone() } else { a.clone() });
    }
    common.then_some(filled)
}
