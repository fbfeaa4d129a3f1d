//! The replacements of a kustomization, those in files of their own included.

use serde_json::Value;
use windlass_manifest::{FieldPath, Origin};
use windlass_yaml::{ReadOptions, read_document};

use crate::Fault;
use crate::decode::{At, Cursor, Decode, Fields};
use crate::kustomization::replacement_fields::{Replacement, ReplacementEntry, Target};
use crate::loader::Encrypted;
use crate::patch::target::Target as Pattern;
use crate::place::Place;
use crate::session::{Failed, Session};

/// A replacement, ready to be carried out.
pub(crate) struct Loaded {
    pub(crate) at: FieldPath,
    pub(crate) replacement: Replacement,
    pub(crate) targets: Vec<LoadedTarget>,
    /// The file it stands in, where that is not the kustomization.
    pub(crate) file: Option<Origin>,
}

/// A target with its patterns.
pub(crate) struct LoadedTarget {
    pub(crate) target: Target,
    pub(crate) select: Pattern,
    pub(crate) reject: Vec<Pattern>,
}

impl Session<'_> {
    /// Loads all replacements of a list.
    pub(crate) fn load_replacements(&mut self, place: &Place, entries: &[At<ReplacementEntry>]) -> Vec<Loaded> {
        let mut loaded = Vec::new();
        for entry in entries {
            let (path, inline) = (&entry.value.path, &entry.value.replacement);
            // Each is tried, so that all their faults are told.
            let _: Result<(), Failed> = match (path.is_empty(), inline.is_empty()) {
                (true, _) => self.load_replacement(place, entry.at.clone(), inline.clone(), None, &mut loaded),
                (false, true) => self.load_file(place, &entry.at.field("path"), path, &mut loaded),
                (false, false) => {
                    let problem = "give either `path` or a replacement, not both".to_owned();
                    let fault = Fault::InvalidValue { field: entry.at.to_string(), problem };
                    Err(self.fail(place.error(&entry.at, fault)))
                }
            };
        }
        loaded
    }

    fn load_file(&mut self, place: &Place, at: &FieldPath, path: &str, into: &mut Vec<Loaded>) -> Result<(), Failed> {
        let loaded = self.loader.file(&place.directory, path, Encrypted::Keep);
        let loaded = loaded.map_err(|fault| self.fail(place.error(at, fault)))?;
        let origin = Origin::new(loaded.path.as_str(), 0);
        let value = loaded.text().and_then(|text| read_document(text, &ReadOptions::config()).map_err(Fault::Yaml));
        let value = value.map_err(|fault| {
            let line = if let Fault::Yaml(error) = &fault { error.position().line } else { 0 };
            self.fail(place.error_in(origin.at_line(line), fault))
        })?;
        let file = place.in_file(loaded.path.clone(), loaded.text().unwrap_or_default());
        let mut problems = Vec::new();
        let list: Vec<At<Replacement>> = match &value {
            Value::Array(_) => Decode::decode(Cursor::root(&value), &mut problems),
            Value::Object(_) => vec![Decode::decode(Cursor::root(&value), &mut problems)],
            _ => {
                Fields::of(Cursor::root(&value), &mut problems).finish();
                let problem = "expected a replacement or a list of them".to_owned();
                return Err(self.fail(file.error_in(origin, Fault::InvalidValue { field: path.to_owned(), problem })));
            }
        };
        self.note(&file, problems, "kustomize ignores it in a file of replacements")?;
        for At { value, at } in list {
            self.load_replacement(&file, at.clone(), value, Some(file.find(&at).0), into)?;
        }
        Ok(())
    }

    fn load_replacement(
        &mut self,
        place: &Place,
        at: FieldPath,
        replacement: Replacement,
        file: Option<Origin>,
        into: &mut Vec<Loaded>,
    ) -> Result<(), Failed> {
        let problem = match (&replacement.source, &replacement.source_value, &replacement.targets) {
            (Some(_), Some(_), _) => Some("give either `source` or `sourceValue`, not both"),
            (None, None, _) | (_, _, None) => Some("give it a source and targets"),
            _ => None,
        };
        if let Some(problem) = problem {
            let fault = Fault::InvalidValue { field: at.to_string(), problem: problem.to_owned() };
            return Err(self.fail(place.error(&at, fault)));
        }
        let mut targets = Vec::new();
        for target in replacement.targets.iter().flatten() {
            targets.push(self.load_target(place, target)?);
        }
        into.push(Loaded { at, replacement, targets, file });
        Ok(())
    }

    fn load_target(&mut self, place: &Place, target: &At<Target>) -> Result<LoadedTarget, Failed> {
        let At { value, at } = target;
        let Some(select) = &value.select else {
            let problem = "say with `select` which objects are meant".to_owned();
            return Err(self.fail(place.error(at, Fault::InvalidValue { field: at.to_string(), problem })));
        };
        let mut pattern = |selector, at: FieldPath| {
            Pattern::new(selector).map_err(|(field, problem)| {
                let at = at.field(field);
                self.fail(place.error(&at, Fault::InvalidValue { field: at.to_string(), problem }))
            })
        };
        let select = pattern(select, at.field("select"))?;
        let reject = value.reject.iter().map(|reject| pattern(&reject.value, reject.at.clone()));
        let reject = reject.collect::<Result<_, Failed>>()?;
        Ok(LoadedTarget { target: value.clone(), select, reject })
    }
}
