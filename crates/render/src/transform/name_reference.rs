//! Name references: once all objects have their final names, the fields that hold names follow.

use serde_json::Value;

use crate::Fault;
use crate::identity::GvkFilter;
use crate::resource::Resource;
use crate::transform::config::TransformerConfig;
use crate::transform::reference_rules::{ReferenceRule, ReferenceRules};
use crate::transform::referral::{Question, Referrals};
use crate::transform::scalar::{text_of, type_of};

/// Brings every reference up to date. Faults are given with the index of the object that holds the reference.
pub(crate) fn update(resources: &mut [Resource], config: &TransformerConfig) -> Vec<(usize, Fault)> {
    let mut faults: Vec<_> =
        resources.iter().enumerate().filter_map(|(index, resource)| Some((index, blank_subject(resource)?))).collect();
    if !faults.is_empty() {
        return faults;
    }
    let mut referrals = Referrals::new(resources.iter());
    let mut rules = ReferenceRules::new(config);
    for (index, resource) in resources.iter_mut().enumerate() {
        let result = update_one(index, resource, &mut rules, &referrals);
        faults.extend(result.err().map(|fault| (index, fault)));
        referrals.renamed(index, resource);
    }
    faults
}

fn update_one(
    index: usize,
    resource: &mut Resource,
    rules: &mut ReferenceRules,
    referrals: &Referrals,
) -> Result<(), Fault> {
    let fields = rules.of(resource.original_gvk());
    let mut holder = Holder {
        index,
        role: role_of(resource),
        subject_namespaces: subject_namespaces(resource),
        referrals,
        ambiguous: None,
    };
    fields.visit(resource.manifest.value_mut(), &mut |rule, value| holder.update(rule, value)).map_err(|problem| {
        holder.ambiguous.take().unwrap_or_else(|| Fault::Transform {
            transformer: "nameReference",
            target: referrals.id(index).to_string(),
            problem,
        })
    })
}

/// An object that holds references, while they are brought up to date.
struct Holder<'r> {
    index: usize,
    role: Option<GvkFilter>,
    subject_namespaces: Vec<String>,
    referrals: &'r Referrals,
    ambiguous: Option<Fault>,
}

impl Holder<'_> {
    fn update(&mut self, rule: &ReferenceRule, value: &mut Value) -> Result<(), String> {
        match value {
            Value::Null => Ok(()),
            Value::Object(_) => self.update_mapping(rule, value),
            Value::Array(items) => items.iter_mut().try_for_each(|item| match item {
                Value::Null => Ok(()),
                Value::Object(_) => self.update_mapping(rule, item),
                Value::Array(_) => Err(format!("expected a name or a mapping, found {}", type_of(item))),
                scalar => self.update_scalar(rule, scalar),
            }),
            scalar => self.update_scalar(rule, scalar),
        }
    }

    fn update_scalar(&mut self, rule: &ReferenceRule, value: &mut Value) -> Result<(), String> {
        let found = match &*value {
            Value::String(name) => self.find(rule, name, None, false)?.filter(|(new, _)| new != name),
            other => {
                let name = text_of(other);
                self.find(rule, &name, None, false)?.filter(|(new, _)| *new != name)
            }
        };
        if let Some((new, _)) = found {
            *value = Value::from(new);
        }
        Ok(())
    }

    fn update_mapping(&mut self, rule: &ReferenceRule, value: &mut Value) -> Result<(), String> {
        let Some(fields) = value.as_object_mut() else { return Ok(()) };
        let Some(name) = fields.get("name").map(text_of) else {
            return Err("expected a field `name` here".to_owned());
        };
        let namespace = fields.get("namespace").map(text_of);
        let Some((new, its_namespace)) = self.find(rule, &name, namespace.as_deref(), true)? else {
            return Ok(());
        };
        let (new, its_namespace) = (Value::from(new), its_namespace.to_owned());
        fields.insert("name".to_owned(), new);
        // An object without a namespace says nothing about the one written here.
        if !its_namespace.is_empty() {
            fields.insert("namespace".to_owned(), Value::from(its_namespace));
        }
        Ok(())
    }

    fn find(
        &mut self,
        rule: &ReferenceRule,
        name: &str,
        namespace: Option<&str>,
        takes_namespace: bool,
    ) -> Result<Option<(&str, &str)>, String> {
        let question = Question {
            referrer: self.index,
            target: &rule.target,
            role: self.role.as_ref().filter(|_| rule.path.ends_with("roleRef/name")),
            subject_namespaces: &self.subject_namespaces,
            name,
            namespace,
            takes_namespace,
        };
        match self.referrals.find(&question) {
            Ok(found) => Ok(found.map(|candidate| (candidate.id.name.as_str(), candidate.namespace.as_str()))),
            Err(candidates) => {
                self.ambiguous = Some(Fault::AmbiguousReference {
                    referrer: self.referrals.id(self.index).to_string(),
                    field: rule.path.clone(),
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
