use serde_json::{Value, json};

use crate::call::{Call, Verb};
use crate::failure::{Failure, FieldFault};

/// What a write is asked to do beside writing.
#[derive(Debug, Default)]
pub(crate) struct Options {
    pub(crate) dry_run: bool,
    pub(crate) manager: String,
    pub(crate) force: bool,
    pub(crate) validation: Validation,
    /// Fields that the body gives twice, as they are told.
    pub(crate) duplicates: Vec<String>,
    /// Texts of `Warning` headers, filled on the way.
    pub(crate) warnings: Vec<String>,
}

/// What happens to fields that a kind does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Validation {
    Ignore,
    #[default]
    Warn,
    Strict,
}

impl Options {
    /// Reads the options of a write; `apply` says whether it is a server-side apply.
    pub(crate) fn read(call: &Call, apply: bool) -> Result<Self, Failure> {
        let query = &call.query;
        let mut faults = Vec::new();
        if apply && query.get("fieldManager").is_none() {
            faults.push(FieldFault::required("fieldManager", "is required for apply patch"));
        }
        if !apply && call.verb == Verb::Patch && query.has("force") {
            faults.push(FieldFault::forbidden("force", "may not be specified for non-apply patch"));
        }
        let dry_run = match query.get("dryRun") {
            None => false,
            Some("All") => true,
            Some(other) => {
                faults.push(FieldFault::unsupported("dryRun", &json!([other]), &["\"All\"".to_owned()]));
                false
            }
        };
        let validation = match query.get("fieldValidation") {
            None | Some("Warn") => Validation::Warn,
            Some("Ignore") => Validation::Ignore,
            Some("Strict") => Validation::Strict,
            Some(other) => {
                let allowed = ["", "Ignore", "Strict", "Warn"].map(|one| format!("{one:?}"));
                faults.push(FieldFault::unsupported("fieldValidation", &Value::from(other), &allowed));
                Validation::Warn
            }
        };
        if let Some(manager) = query.get("fieldManager").filter(|manager| manager.len() > 128) {
            let fault = FieldFault {
                field: "fieldManager".to_owned(),
                reason: "FieldValueTooLong",
                message: format!("Too long: may not be more than 128 bytes ({} given)", manager.len()),
            };
            faults.push(fault);
        }
        if !faults.is_empty() {
            let kind = match call.verb {
                Verb::Create => "CreateOptions",
                Verb::Update => "UpdateOptions",
                _ => "PatchOptions",
            };
            return Err(Failure::invalid("meta.k8s.io", kind, "", &faults));
        }
        let manager = query.get("fieldManager").unwrap_or(&call.agent).to_owned();
        let manager = if manager.is_empty() { "unknown".to_owned() } else { manager };
        Ok(Self {
            dry_run,
            manager,
            force: query.flag("force"),
            validation,
            duplicates: Vec::new(),
            warnings: Vec::new(),
        })
    }

    /// Warns of fields that are not known or given twice, or refuses them; `strict` makes the refusal.
    pub(crate) fn judge(
        &mut self,
        unknown: Vec<String>,
        strict: impl FnOnce(String) -> Failure,
    ) -> Result<(), Failure> {
        // What is in a field that is not known is not looked at.
        let inside = |duplicate: &str| {
            let place = duplicate.trim_start_matches("duplicate field \"");
            let places = unknown.iter().filter_map(|one| one.strip_prefix("unknown field \"")?.strip_suffix('"'));
            places.filter_map(|one| place.strip_prefix(one)).any(|rest| rest.starts_with(['.', '[']))
        };
        let mut duplicates = std::mem::take(&mut self.duplicates);
        duplicates.retain(|one| !inside(one));
        let mut unknown = unknown;
        unknown.splice(0..0, duplicates);
        match self.validation {
            Validation::Strict if !unknown.is_empty() => {
                Err(strict(format!("strict decoding error: {}", unknown.join(", "))))
            }
            Validation::Warn => {
                self.warnings.extend(unknown);
                Ok(())
            }
            _ => Ok(()),
        }
    }
}
