//! Carrying out replacements.

use serde_json::Value;
use windlass_manifest::Step;

use crate::Fault;
use crate::kustomization::replacement_fields::{FieldOptions, Replacement, Source};
use crate::place::Place;
use crate::replacement::assign::{typed_like, untyped};
use crate::replacement::embedded;
use crate::replacement::load::{Loaded, LoadedTarget};
use crate::replacement::lookup::lookup;
use crate::replacement::path::split;
use crate::replacement::select::{Kind, at, select};
use crate::resource::Resource;
use crate::resource_map::ResourceMap;
use crate::session::Session;
use crate::transform::scalar::{size_of, text_of};

/// The field that is meant where none is named.
const DEFAULT_PATH: &str = "metadata.name";

/// A value on its way.
#[derive(Debug, Clone)]
pub(crate) struct Copied {
    pub(crate) value: Value,
    /// The text of a scalar, as it was written; empty for mappings and lists.
    pub(crate) text: String,
}

/// What a replacement copies.
struct Origin {
    copied: Copied,
    sensitive: bool,
    /// The object that it comes from, where it is of one.
    index: Option<usize>,
}

impl Session<'_> {
    /// Carries out replacements, one after the other.
    pub(crate) fn replace(&mut self, place: &Place, replacements: &[Loaded], resources: &mut ResourceMap) {
        for loaded in replacements {
            let mut origin = match self.value_of_source(&loaded.replacement, resources) {
                Ok(origin) => origin,
                Err(problem) => {
                    self.fail_replacement(place, loaded, problem);
                    continue;
                }
            };
            for target in &loaded.targets {
                self.replace_in(place, loaded, target, &mut origin, resources);
            }
        }
        resources.ids_changed();
    }

    fn fail_replacement(&mut self, place: &Place, loaded: &Loaded, problem: String) {
        let fault = Fault::InvalidValue { field: loaded.at.to_string(), problem };
        let error = match &loaded.file {
            Some(origin) => place.error_in(origin.clone(), fault),
            None => place.error(&loaded.at, fault),
        };
        self.fail(error);
    }

    fn value_of_source(&mut self, replacement: &Replacement, resources: &mut ResourceMap) -> Result<Origin, String> {
        if let Some(text) = &replacement.source_value {
            let copied = Copied { value: untyped(text), text: text.clone() };
            return Ok(Origin { copied, sensitive: false, index: None });
        }
        let Some(source) = &replacement.source else { return Err("give it a source".to_owned()) };
        let index = source_of(source, resources)?;
        let resource = &resources.items()[index];
        let copied = self.copied(resource, source)?;
        Ok(Origin { copied, sensitive: resource.manifest.is_sensitive(), index: Some(index) })
    }

    fn copied(&mut self, resource: &Resource, source: &Source) -> Result<Copied, String> {
        let field_path = or_default(&source.field_path);
        let found = lookup(resource.manifest.value(), &split(field_path))?.filter(|found| !is_empty(found.value));
        let found = found.ok_or_else(|| format!("the source, {}, has nothing at {field_path}", resource.id()))?;
        let text = self.text(resource, &found.steps, found.value);
        part_of(Copied { value: found.value.clone(), text }, &source.options)
    }

    /// The text of a scalar as its file has it, where it is still the one of the file.
    fn text(&mut self, resource: &Resource, steps: &[Step], value: &Value) -> String {
        match self.loader.written(resource.origin(), steps) {
            Some((text, false)) if !value.is_string() || text != text_of(value) => match untyped(text) == *value {
                true => text.to_owned(),
                false => text_of(value),
            },
            _ => text_of(value),
        }
    }

    fn replace_in(
        &mut self,
        place: &Place,
        loaded: &Loaded,
        target: &LoadedTarget,
        origin: &mut Origin,
        resources: &mut ResourceMap,
    ) {
        let chosen: Vec<usize> = (0..resources.items().len())
            .filter(|index| {
                let resource = &resources.items()[*index];
                target.select.fits_metadata(resource)
                    && target.select.fits_any_id(resource)
                    && !target.reject.iter().any(|reject| reject.rejects(resource))
            })
            .collect();
        if chosen.is_empty() {
            let message = "a target of this replacement selects no object".to_owned();
            let origin = loaded.file.clone().unwrap_or_else(|| place.find(&loaded.at).0);
            self.warnings.push(crate::Warning { origin, message });
        }
        for index in chosen {
            if origin.sensitive {
                resources.item_mut(index).manifest.mark_sensitive();
            }
            let paths = target.target.field_paths.iter().map(|path| path.value.as_str());
            let paths: Vec<&str> = if paths.len() == 0 { vec![DEFAULT_PATH] } else { paths.collect() };
            // An object that copies from itself copies what it is by then, and so do others after it.
            let source = loaded.replacement.source.as_ref().filter(|source| source.options.delimiter.is_empty());
            let own = source.filter(|_| origin.index == Some(index));
            for path in paths {
                let result = self.write(resources.item_mut(index), path, &target.target.options, (&origin.copied, own));
                if let Err(problem) = result {
                    let id = resources.items()[index].id();
                    self.fail_replacement(place, loaded, format!("cannot write {path} of {id}: {problem}"));
                }
            }
            if let Some(Ok(renewed)) = own.map(|source| self.copied(&resources.items()[index], source)) {
                origin.copied = renewed;
            }
        }
    }

    fn write(
        &mut self,
        resource: &mut Resource,
        path: &str,
        options: &FieldOptions,
        (copied, own): (&Copied, Option<&Source>),
    ) -> Result<(), String> {
        let parts = split(path);
        let create = options.create.then(|| Kind::of(&copied.value));
        if embedded::write(resource.manifest.value_mut(), &parts, create, copied)? {
            return Ok(());
        }
        let places = select(resource.manifest.value_mut(), &parts, create)?;
        if places.is_empty() {
            return Err(
                "there is no such field: make it, or say `create: true` in the options of the target".to_owned()
            );
        }
        for place in places {
            let renewed = own.map(|source| self.copied(resource, source)).transpose()?;
            let copied = renewed.as_ref().unwrap_or(copied);
            let old = lookup_steps(resource.manifest.value(), &place.steps).cloned().unwrap_or_default();
            let text =
                if place.made && old.is_null() { String::new() } else { self.text(resource, &place.steps, &old) };
            let is_text = is_annotation(&place.steps) && !old.is_object() && !old.is_array();
            let old = if is_text { Value::from(text.as_str()) } else { old };
            let made = (place.made || is_untyped(resource, &place.steps, &old)) && !is_annotation(&place.steps);
            let (new, text) = written(&old, made, text, options, copied)?;
            if made {
                let pointer = pointer(&place.steps);
                resource.history.untyped.retain(|(known, _)| *known != pointer);
                resource.history.untyped.push((pointer, text));
            }
            self.copied = self.copied.saturating_add(size_of(&new));
            if self.copied > self.options.limits.total_bytes {
                return Err(
                    "replacements copy more than a build may take: a source seems to hold its own target".to_owned()
                );
            }
            if let Some(value) = at(resource.manifest.value_mut(), &place.steps) {
                *value = new;
            }
            let pointer = pointer(&place.steps);
            for aliases in &mut resource.history.aliases {
                aliases.changed(&pointer, resource.manifest.value_mut());
            }
        }
        Ok(())
    }
}

/// The one object that a source means, by an id it has or had.
fn source_of(source: &Source, resources: &ResourceMap) -> Result<usize, String> {
    let id = &source.id;
    let fits = |wanted: &str, found: &str| wanted.is_empty() || wanted == found;
    let mut found = resources.items().iter().enumerate().filter(|(_, resource)| {
        let (group, version) = resource.group_version();
        let manifest = &resource.manifest;
        // A namespace counts as it is written, also where the kind has none.
        let namespace = manifest.namespace().filter(|namespace| !namespace.is_empty()).unwrap_or("default");
        let now = (manifest.kind(), manifest.name(), namespace);
        let before = resource.history.previous.iter();
        let mut ids = before.map(|was| (was.kind.as_str(), was.name.as_str(), was.namespace.as_str())).chain([now]);
        fits(&id.group, group)
            && fits(&id.version, version)
            && ids.any(|(kind, name, namespace)| {
                fits(&id.kind, kind) && fits(&id.name, name) && fits(&id.namespace, namespace)
            })
    });
    let described = || crate::patch::target::describe(id);
    let Some((index, first)) = found.next() else {
        return Err(format!("the source is no object of the build: {}", described()));
    };
    match found.next() {
        Some((_, second)) => Err(format!("the source could be {} or {}: {}", first.id(), second.id(), described())),
        None => Ok(index),
    }
}

/// Annotations become text in the end, and the text that was written: `0x1F` is no 31 there.
fn is_annotation(steps: &[Step]) -> bool {
    let field = |step: &Step, name: &str| matches!(step, Step::Field(found) if found == name);
    matches!(steps, [first, second, _] if field(first, "metadata") && field(second, "annotations"))
}

/// Whether the scalar there was written by a replacement, so that it has no type that could stay.
fn is_untyped(resource: &Resource, steps: &[Step], value: &Value) -> bool {
    let made = &resource.history.untyped;
    !made.is_empty() && {
        let pointer = pointer(steps);
        made.iter().any(|(known, text)| *known == pointer && untyped(text) == *value)
    }
}

fn or_default(path: &str) -> &str {
    if path.is_empty() { DEFAULT_PATH } else { path }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        _ => false,
    }
}

/// The part of a source that its options ask for.
fn part_of(copied: Copied, options: &FieldOptions) -> Result<Copied, String> {
    if options.delimiter.is_empty() {
        return Ok(copied);
    }
    if copied.value.is_object() || copied.value.is_array() {
        return Err("a delimiter divides text, and the source is a list or a mapping".to_owned());
    }
    let part = usize::try_from(options.index).ok().and_then(|index| copied.text.split(&options.delimiter).nth(index));
    let text = part.ok_or_else(|| {
        let (index, delimiter) = (options.index, &options.delimiter);
        format!("the source has no part {index} between {delimiter:?}")
    })?;
    let value = typed_like(&copied.value, text).unwrap_or_else(|_| Value::from(text));
    Ok(Copied { value, text: text.to_owned() })
}

/// The new value of a field that holds `old`, whose text is `text`, and its text.
fn written(
    old: &Value,
    made: bool,
    text: String,
    options: &FieldOptions,
    copied: &Copied,
) -> Result<(Value, String), String> {
    let is_scalar = !old.is_object() && !old.is_array();
    let mut new = copied.text.clone();
    if !options.delimiter.is_empty() {
        if !is_scalar {
            return Err("a delimiter divides text, and the field is a list or a mapping".to_owned());
        }
        let mut parts: Vec<&str> = text.split(&options.delimiter).collect();
        match usize::try_from(options.index) {
            Err(_) => parts.insert(0, &copied.text),
            Ok(index) if index >= parts.len() => parts.push(&copied.text),
            Ok(index) => parts[index] = &copied.text,
        }
        new = parts.join(&options.delimiter);
    }
    let value = match (is_scalar, made) {
        (true, true) => untyped(&new),
        (true, false) => typed_like(old, &new)?,
        (false, _) => copied.value.clone(),
    };
    Ok((value, new))
}

fn lookup_steps<'v>(object: &'v Value, steps: &[Step]) -> Option<&'v Value> {
    steps.iter().try_fold(object, |value, step| match step {
        Step::Field(name) => value.get(name.as_str()),
        Step::Index(index) => value.get(*index),
        Step::Item(_) => None,
    })
}

fn pointer(steps: &[Step]) -> String {
    let mut pointer = String::new();
    for step in steps {
        match step {
            Step::Field(name) => crate::transform::field_spec::push_name(&mut pointer, name),
            Step::Index(index) => crate::transform::field_spec::push_name(&mut pointer, &index.to_string()),
            Step::Item(_) => {}
        }
    }
    pointer
}
