//! Name references: once all objects have their final names, the fields that hold names follow.

use std::collections::HashMap;

use serde_json::Value;
use windlass_manifest::Gvk;

use crate::Fault;
use crate::identity::GvkFilter;
use crate::resource::Resource;
use crate::transform::config::{NameReference, TransformerConfig};
use crate::transform::default_name_references;
use crate::transform::field_spec::{Create, FieldSpec, visit};
use crate::transform::referral::{Question, Referrals};
use crate::transform::scalar::{text_of, type_of};

/// Brings every reference up to date. Faults are given with the index of the object that holds the reference.
pub(crate) fn update(resources: &mut [Resource], config: &TransformerConfig) -> Vec<(usize, Fault)> {
    let mut faults: Vec<_> =
        resources.iter().enumerate().filter_map(|(index, resource)| Some((index, blank_subject(resource)?))).collect();
    let mut referrals = Referrals::new(resources.iter());
    if referrals.is_empty() || !faults.is_empty() {
        return faults;
    }
    let rules = Rules::new(config);
    for (index, resource) in resources.iter_mut().enumerate() {
        let result = update_one(index, resource, &rules, &referrals);
        faults.extend(result.err().map(|fault| (index, fault)));
        referrals.renamed(index, resource);
    }
    faults
}

fn update_one(index: usize, resource: &mut Resource, rules: &Rules, referrals: &Referrals) -> Result<(), Fault> {
    let original = resource.original_id().gvk;
    let holder = Holder::new(index, resource);
    for (target, spec) in rules.of(&original) {
        let mut referrer = Referrer { holder: &holder, target, spec, ambiguous: None };
        let result =
            visit(resource.manifest.value_mut(), spec, Create::Nothing, &mut |value| referrer.update(value, referrals));
        result.map_err(|problem| {
            referrer.ambiguous.take().unwrap_or_else(|| Fault::Transform {
                transformer: "nameReference",
                target: holder.id.clone(),
                problem,
            })
        })?;
    }
    Ok(())
}

/// The references by the kind that holds them.
struct Rules {
    by_kind: HashMap<String, Vec<(GvkFilter, FieldSpec)>>,
}

impl Rules {
    fn new(config: &TransformerConfig) -> Self {
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
        Self { by_kind }
    }

    /// The rules for objects that were of this type at first.
    fn of(&self, gvk: &Gvk) -> impl Iterator<Item = (&GvkFilter, &FieldSpec)> {
        let of_kind = |kind: &str| self.by_kind.get(kind).into_iter().flatten();
        let rules = of_kind(&gvk.kind).chain(of_kind("").filter(|_| !gvk.kind.is_empty()));
        let gvk = gvk.clone();
        rules.filter(move |(_, spec)| spec.on.fits_gvk(&gvk)).map(|(target, spec)| (target, spec))
    }
}

/// An object that holds references.
struct Holder {
    index: usize,
    id: String,
    role: Option<GvkFilter>,
    subject_namespaces: Vec<String>,
}

impl Holder {
    fn new(index: usize, resource: &Resource) -> Self {
        Self {
            index,
            id: resource.id().to_string(),
            role: role_of(resource),
            subject_namespaces: subject_namespaces(resource),
        }
    }
}

/// One field of an object, while it is brought up to date.
struct Referrer<'r> {
    holder: &'r Holder,
    target: &'r GvkFilter,
    spec: &'r FieldSpec,
    ambiguous: Option<Fault>,
}

impl Referrer<'_> {
    fn update(&mut self, value: &mut Value, referrals: &Referrals) -> Result<(), String> {
        match value {
            Value::Null => Ok(()),
            Value::Object(_) => self.update_mapping(value, referrals),
            Value::Array(items) => items.iter_mut().try_for_each(|item| match item {
                Value::Null => Ok(()),
                Value::Object(_) => self.update_mapping(item, referrals),
                Value::Array(_) => Err(format!("expected a name or a mapping, found {}", type_of(item))),
                scalar => self.update_scalar(scalar, referrals),
            }),
            scalar => self.update_scalar(scalar, referrals),
        }
    }

    fn update_scalar(&mut self, value: &mut Value, referrals: &Referrals) -> Result<(), String> {
        let name = text_of(value);
        if let Some((new, _)) = self.find(&name, None, false, referrals)?
            && new != name
        {
            *value = Value::from(new);
        }
        Ok(())
    }

    fn update_mapping(&mut self, value: &mut Value, referrals: &Referrals) -> Result<(), String> {
        let Some(fields) = value.as_object_mut() else { return Ok(()) };
        let Some(name) = fields.get("name").map(text_of) else {
            return Err("expected a field `name` here".to_owned());
        };
        let namespace = fields.get("namespace").map(text_of);
        let Some((new, its_namespace)) = self.find(&name, namespace.as_deref(), true, referrals)? else {
            return Ok(());
        };
        fields.insert("name".to_owned(), Value::from(new));
        // An object without a namespace says nothing about the one written here.
        if !its_namespace.is_empty() {
            fields.insert("namespace".to_owned(), Value::from(its_namespace));
        }
        Ok(())
    }

    fn find(
        &mut self,
        name: &str,
        namespace: Option<&str>,
        takes_namespace: bool,
        referrals: &Referrals,
    ) -> Result<Option<(String, String)>, String> {
        let question = Question {
            referrer: self.holder.index,
            target: self.target,
            role: self.holder.role.as_ref().filter(|_| self.spec.path.ends_with("roleRef/name")),
            subject_namespaces: &self.holder.subject_namespaces,
            name,
            namespace,
            takes_namespace,
        };
        match referrals.find(&question) {
            Ok(found) => Ok(found.map(|candidate| (candidate.id.name.clone(), candidate.namespace.clone()))),
            Err(candidates) => {
                self.ambiguous = Some(Fault::AmbiguousReference {
                    referrer: self.holder.id.clone(),
                    field: self.spec.path.clone().into_owned(),
                    name: name.to_owned(),
                    candidates,
                });
                Err("ambiguous".to_owned())
            }
        }
    }
}

/// Group and kind of a role binding's role, where both are stated.
fn role_of(resource: &Resource) -> Option<GvkFilter> {
    let role = resource.manifest.get(&["roleRef"])?;
    let text = |key| role.get(key).filter(|value| !value.is_null()).map(|value| text_of(value).into());
    Some(GvkFilter { group: text("apiGroup")?, kind: text("kind")?, ..GvkFilter::default() })
}

fn subject_namespaces(resource: &Resource) -> Vec<String> {
    accounts(resource).filter_map(|account| account.get("namespace").map(text_of)).collect()
}

/// The service accounts that a role binding names.
fn accounts(resource: &Resource) -> impl Iterator<Item = &Value> {
    let binding = Some(&resource.manifest).filter(|manifest| manifest.kind() == "RoleBinding");
    let subjects = binding.and_then(|manifest| manifest.get(&["subjects"])).and_then(Value::as_array);
    subjects.into_iter().flatten().filter(|subject| subject["kind"] == "ServiceAccount")
}

fn blank_subject(resource: &Resource) -> Option<Fault> {
    let blank = accounts(resource).any(|account| account.get("namespace").is_some_and(|text| !text.is_string()));
    blank.then(|| Fault::Transform {
        transformer: "nameReference",
        target: resource.id().to_string(),
        problem: "the namespace of a subject is no text: give one, or take the field away".to_owned(),
    })
}
