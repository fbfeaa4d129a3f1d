//! `vars`: values of fields that other fields mention as `$(NAME)`.

use std::collections::BTreeMap;

use serde_json::Value;
use windlass_manifest::Origin;

use crate::Fault;
use crate::accumulate::Accumulator;
use crate::decode::At;
use crate::identity::ResId;
use crate::kustomization::var_fields::Var;
use crate::place::Place;
use crate::replacement::lookup::lookup;
use crate::resource::Resource;
use crate::session::Session;
use crate::transform::config::TransformerConfig;
use crate::transform::field_spec::{Create, visit_with_pointer};
use crate::transform::var_references;

pub(crate) mod expand;

use expand::Values;

/// A var and the place of its definition.
#[derive(Debug, Clone)]
pub(crate) struct DefinedVar {
    pub(crate) var: Var,
    pub(crate) origin: Origin,
}

impl Session<'_> {
    /// Ties the vars of a kustomization to their objects, which later get other names.
    pub(crate) fn define_vars(&mut self, place: &Place, vars: &[At<Var>], accumulated: &mut Accumulator) {
        for At { value: var, at } in vars {
            let gvk = var.object.gvk();
            let namespace = Some(var.object.namespace.as_str());
            let id = ResId::new(gvk, &var.object.name, namespace).scoped_by(self.schema.as_deref());
            let any_namespace = var.object.namespace.is_empty() && !id.is_cluster_scoped();
            let fits = |other: &ResId| {
                other.gvk == id.gvk && other.name == id.name && (any_namespace || other.namespace == id.namespace)
            };
            let resources = &mut accumulated.resources;
            let items = resources.items().iter().enumerate();
            let found: Vec<usize> = items
                .filter(|(_, resource)| resource.previous_ids().chain([resource.id()]).any(|other| fits(&other)))
                .map(|(index, _)| index)
                .collect();
            match found.as_slice() {
                [] => {}
                [index] => {
                    let resource = resources.item_mut(*index);
                    resource.history.vars.push(var.name.clone());
                    resource.annotations_written();
                }
                several => {
                    let found = several.iter().map(|index| resources.items()[*index].id().to_string());
                    let found = found.collect::<Vec<_>>().join(" or ");
                    let problem = format!("its object could be {found}: give objref a namespace");
                    let fault = Fault::InvalidValue { field: format!("the var {}", var.name), problem };
                    self.fail(place.error(at, fault));
                }
            }
            let var = DefinedVar { var: var.clone(), origin: place.find(at).0 };
            if let Err((origin, fault)) = accumulated.define(var) {
                self.fail(place.error_in(origin, fault));
            }
        }
    }

    /// Puts the values of vars in the places of their names.
    pub(crate) fn resolve_vars(
        &mut self,
        place: &Place,
        vars: &[DefinedVar],
        config: &TransformerConfig,
        resources: &mut [Resource],
    ) {
        let mut values = Values::default();
        for DefinedVar { var, origin } in vars {
            match value_of(var, resources) {
                Ok(value) => values.define(&var.name, value),
                Err(problem) => {
                    let fault = Fault::InvalidValue { field: format!("the var {}", var.name), problem };
                    self.fail(place.error_in(origin.clone(), fault));
                }
            }
        }
        if vars.is_empty() || !self.errors.is_empty() {
            return;
        }
        let mut specs = config.var_references.clone();
        for spec in var_references::built_in() {
            // Only what `create` says could contradict, and it means nothing here.
            let _: Result<(), Fault> = specs.merge(&spec);
        }
        for resource in resources {
            let gvk = resource.gvk();
            let target = resource.id().to_string();
            for spec in specs.iter().filter(|spec| spec.on.fits_gvk(&gvk)) {
                let object = resource.manifest.value_mut();
                let made = &resource.history.untyped;
                let expanded = visit_with_pointer(object, spec, Create::Nothing, &mut |pointer, value| {
                    make_text(made, pointer, value);
                    values.expand_in(value)
                });
                if let Err(problem) = expanded {
                    let fault = Fault::Transform { transformer: "vars", target: target.clone(), problem };
                    self.errors.push(place.error_in(resource.origin().clone(), fault));
                }
            }
        }
        for DefinedVar { var, origin } in vars.iter().filter(|defined| !values.was_used(&defined.var.name)) {
            let message = format!("the var {} is mentioned nowhere", var.name);
            self.warnings.push(crate::Warning { origin: origin.clone(), message });
        }
    }
}

/// Makes text of what has no type yet, as kustomize does with every field that it looks for vars in.
fn make_text(made: &[(String, String)], pointer: &str, value: &mut Value) {
    for (place, text) in made {
        let below = place.strip_prefix(pointer).filter(|rest| rest.is_empty() || rest.starts_with('/'));
        if let Some(below) = below {
            crate::replacement::assign::make_text(value, below, text);
        }
    }
}

impl Accumulator {
    /// Takes over a var.
    ///
    /// # Errors
    /// Where there is one of its name.
    pub(crate) fn define(&mut self, var: DefinedVar) -> Result<(), (Origin, Fault)> {
        if let Some(known) = self.vars.iter().find(|known| known.var.name == var.var.name) {
            let id = format!("the var {}", var.var.name);
            return Err((var.origin, Fault::Conflict { id, other: known.origin.clone() }));
        }
        self.vars.push(var);
        Ok(())
    }
}

fn value_of(var: &Var, resources: &[Resource]) -> Result<Value, String> {
    let resource = resources.iter().find(|resource| resource.history.vars.contains(&var.name));
    let resource =
        resource.ok_or("its object is not in the build: give objref apiVersion, kind and name as they are")?;
    let path = with_positions(&var.field_path);
    match lookup(resource.manifest.value(), &path)? {
        Some(found) => Ok(found.value.clone()),
        None => Err(format!("{} has no field {}", resource.id(), var.field_path)),
    }
}

/// The parts of a path; `ports[0]` is two of them.
fn with_positions(path: &str) -> Vec<String> {
    let mut parts = Vec::new();
    for part in crate::replacement::path::split(path) {
        let indexed = part.strip_suffix(']').and_then(|part| part.rsplit_once('['));
        match indexed.filter(|(_, index)| !index.is_empty() && index.bytes().all(|byte| byte.is_ascii_digit())) {
            Some((name, index)) => parts.extend([name.to_owned(), index.to_owned()]),
            None => parts.push(part),
        }
    }
    parts.retain(|part| !part.is_empty());
    parts
}

/// The values by name; used ones are marked.
pub(crate) type Defined = BTreeMap<String, (Value, bool)>;
