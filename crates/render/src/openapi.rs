//! `openapi`: the document of types that merging goes by.
//!
//! kustomize keeps it for the whole process; here it belongs to one build. As there, what the built kustomization says
//! wins, and else the first base that says anything, for whatever is built after it.

use std::collections::BTreeMap;
use std::sync::Arc;

use windlass_yaml::{ReadOptions, read_document};

use crate::Fault;
use crate::kustomization::Kustomization;
use crate::loader::Encrypted;
use crate::pipeline::top;
use crate::place::Place;
use crate::schema::Schema;
use crate::session::{Failed, Session};

/// The one document that kustomize has built in.
const BUILT_IN: &str = "v1.21.2";

impl Session<'_> {
    /// Takes up the `openapi` field of a kustomization, unless another was first.
    pub(crate) fn open_api(&mut self, place: &Place, kustomization: &Kustomization) -> Result<(), Failed> {
        let fields: &BTreeMap<String, String> = &kustomization.open_api;
        let given = |name: &str| fields.get(name).filter(|text| !text.is_empty());
        let at = top("openapi");
        let document = match given("path") {
            Some(path) => {
                let at = at.field("path");
                let loaded = self.loader.file(&place.directory, path, Encrypted::Keep);
                Some(loaded.map_err(|fault| self.fail(place.error(&at, fault)))?)
            }
            None => None,
        };
        if self.schema_is_set {
            return Ok(());
        }
        let invalid = |problem: &str| Fault::InvalidValue { field: at.to_string(), problem: problem.to_owned() };
        match (document, given("version")) {
            (None, None) => Ok(()),
            (Some(_), Some(_)) => {
                Err(self.fail(place.error(&at, invalid("give either `path` or `version`, not both"))))
            }
            (None, Some(version)) if version == BUILT_IN => {
                self.schema_is_set = true;
                Ok(())
            }
            (None, Some(_)) => {
                let problem = format!("the only version that is built in is {BUILT_IN}");
                Err(self.fail(place.error(&at, invalid(&problem))))
            }
            (Some(loaded), None) => {
                let read =
                    loaded.text().and_then(|text| read_document(text, &ReadOptions::config()).map_err(Fault::Yaml));
                let schema = read.and_then(|value| Schema::of_document(value).map_err(|problem| invalid(&problem)));
                let mut schema = schema.map_err(|fault| self.fail(place.error(&at, fault)))?;
                if let Some(known) = &self.schema {
                    schema.keep_crds(known);
                }
                self.schema = Some(Arc::new(schema));
                self.schema_is_set = true;
                Ok(())
            }
        }
    }
}
