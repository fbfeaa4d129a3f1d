//! Building one kustomization: its resources and bases, its generators, its components, then its transformations.

use std::sync::Arc;

use windlass_manifest::{EntryKind, FieldPath, Manifest, Origin, Resolved, TreePath};
use windlass_yaml::{ReadOptions, read_document};

use crate::Fault;
use crate::decode::At;
use crate::kustomization::Kustomization;
use crate::loader::{Encrypted, Loaded};
use crate::place::Place;
use crate::remote::{RepositoryUrl, is_file_url, shown};
use crate::resource::Resource;
use crate::resource_map::ResourceMap;
use crate::session::{Failed, Session};
use crate::transform::build_metadata;
use crate::transform::config::TransformerConfig;
use crate::vars::DefinedVar;

/// What a kustomization comes to: its objects, and the configuration that goes up with them.
#[derive(Clone, Default)]
pub(crate) struct Accumulator {
    pub(crate) resources: ResourceMap,
    pub(crate) config: TransformerConfig,
    pub(crate) vars: Vec<DefinedVar>,
}

/// Where an entry leads.
enum Found {
    Local(Resolved),
    Repository(Box<RepositoryUrl>),
}

impl Session<'_> {
    /// Builds a kustomization into `accumulated`: an empty one, or for a component that of its parent.
    pub(crate) fn accumulate(
        &mut self,
        place: &Place,
        kustomization: &Kustomization,
        mut accumulated: Accumulator,
    ) -> Result<Accumulator, Failed> {
        let faults = self.errors.len();
        let mut entries = self.with_globs(place, &kustomization.resources);
        if kustomization.is_faulty {
            // What could not be read is empty, and was told.
            entries.retain(|entry| !entry.value.is_empty());
            self.resources(place, &entries, &mut accumulated);
            return Err(Failed);
        }
        self.resources(place, &entries, &mut accumulated);
        for entry in &kustomization.configurations {
            let _: Result<(), Failed> = self.configuration(place, entry, &mut accumulated.config);
        }
        for entry in &kustomization.crds {
            let _: Result<(), Failed> = self.crds(place, entry, &mut accumulated.config);
        }
        self.generators(place, kustomization, &mut accumulated);
        self.charts(place, kustomization, &mut accumulated);
        self.plugin_generators(place, &kustomization.generators, &mut accumulated);
        let patches = self.load_patches(place, kustomization);
        // What follows works on the objects, so it would only repeat what is wrong with them.
        self.go_on_since(faults)?;
        for entry in &kustomization.components {
            accumulated = self.component(place, entry, accumulated)?;
        }
        self.transform(place, kustomization, patches, &mut accumulated);
        self.validate(place, &kustomization.validators, &mut accumulated.resources);
        self.define_vars(place, &kustomization.vars, &mut accumulated);
        self.go_on_since(faults)?;
        Ok(accumulated)
    }

    fn go_on_since(&self, faults: usize) -> Result<(), Failed> {
        if self.errors.len() == faults { Ok(()) } else { Err(Failed) }
    }

    pub(crate) fn resource(&mut self, place: &Place, entry: &At<String>, into: &mut Accumulator) -> Result<(), Failed> {
        if is_file_url(&entry.value) {
            return self.resource_at_url(place, entry, into);
        }
        let resolved = match self.find_entry(place, entry)? {
            Found::Local(resolved) => resolved,
            Found::Repository(url) => {
                let built = self.remote_base(place, entry, &url)?;
                return self.merge(place, &entry.at, built, into);
            }
        };
        match resolved.kind {
            EntryKind::File => self.file(place, entry, into),
            EntryKind::Directory => {
                let built = self.base(place, entry, resolved.path)?;
                self.merge(place, &entry.at, built, into)
            }
        }
    }

    pub(crate) fn build_base(
        &mut self,
        place: &Place,
        entry: &At<String>,
        directory: TreePath,
    ) -> Result<Accumulator, Failed> {
        let (child, kustomization) = self.enter(place, entry, directory)?;
        if kustomization.is_component {
            return Err(self.fail(place.error(&entry.at, Fault::IsAComponent { path: entry.value.clone() })));
        }
        self.accumulate(&child, &kustomization, Accumulator::default())
    }

    /// Builds a component on what its parent has so far.
    fn component(
        &mut self,
        place: &Place,
        entry: &At<String>,
        accumulated: Accumulator,
    ) -> Result<Accumulator, Failed> {
        let resolved = match self.find_entry(place, entry)? {
            Found::Local(resolved) => resolved,
            Found::Repository(url) => return self.remote_component(place, entry, &url, accumulated),
        };
        if resolved.kind == EntryKind::File {
            return Err(self.fail(place.error(&entry.at, Fault::NotADirectory { path: entry.value.clone() })));
        }
        let (child, kustomization) = self.enter(place, entry, resolved.path)?;
        if !kustomization.is_component {
            return Err(self.fail(place.error(&entry.at, Fault::NotAComponent { path: entry.value.clone() })));
        }
        let mut built = self.accumulate(&child, &kustomization, accumulated)?;
        for (index, fault) in built.resources.conflicts() {
            let origin = built.resources.items()[index].origin().clone();
            self.fail(place.error_in(origin, fault));
        }
        Ok(built)
    }

    fn find_entry(&mut self, place: &Place, entry: &At<String>) -> Result<Found, Failed> {
        let path = &entry.value;
        let url = RepositoryUrl::parse(path);
        let found = match path.is_empty() {
            true => Err(Fault::InvalidValue { field: entry.at.to_string(), problem: "the path is empty".into() }),
            false => self.loader.find(&place.directory, path),
        };
        match (found, url) {
            (Ok((_, resolved)), _) => Ok(Found::Local(resolved)),
            (Err(_), Ok(url)) => Ok(Found::Repository(Box::new(url))),
            (Err(_), Err(_)) if is_file_url(path) => {
                Err(self.fail(place.error(&entry.at, Fault::Remote { url: shown(path) })))
            }
            (Err(fault), Err(_)) => Err(self.fail(place.error(&entry.at, fault))),
        }
    }

    /// Reads the kustomization of a directory that is included.
    fn enter(
        &mut self,
        place: &Place,
        entry: &At<String>,
        directory: TreePath,
    ) -> Result<(Place, Kustomization), Failed> {
        let mut via = place.via.clone();
        if via.iter().any(|visited| visited.is_in(&directory)) {
            return Err(self.fail(place.error(&entry.at, Fault::Cycle { path: entry.value.clone() })));
        }
        let limit = self.options.limits.depth;
        if via.len() >= limit {
            let fault = Fault::Limit { what: "kustomizations in one another", limit: limit as u64 };
            return Err(self.fail(place.error(&entry.at, fault)));
        }
        via.push(directory.clone());
        self.bases.entered.note(&via);
        let file = match self.kustomization_file(&directory) {
            Ok(Some(file)) => file,
            Ok(None) => return Err(self.fail(place.error(&entry.at, Fault::NoKustomization { directory }))),
            Err(fault) => return Err(self.fail(place.error(&entry.at, fault))),
        };
        let (place, kustomization) = self.read_kustomization(directory, file, via)?;
        self.open_api(&place, &kustomization)?;
        Ok((place, kustomization))
    }

    pub(crate) fn merge(
        &mut self,
        place: &Place,
        at: &FieldPath,
        built: Accumulator,
        into: &mut Accumulator,
    ) -> Result<(), Failed> {
        let Accumulator { resources, config, vars } = built;
        if let Err(fault) = into.config.merge(&config) {
            return Err(self.fail(place.error(at, fault)));
        }
        let mut result = Ok(());
        for var in vars {
            if let Err((origin, fault)) = into.define(var) {
                result = Err(self.fail(place.error_in(origin, fault)));
            }
        }
        for resource in resources.into_items() {
            let origin = resource.origin().clone();
            if let Err(fault) = into.resources.append(resource) {
                result = Err(self.fail(place.error_in(origin, fault)));
            }
        }
        result
    }

    fn file(&mut self, place: &Place, entry: &At<String>, into: &mut Accumulator) -> Result<(), Failed> {
        let loaded = self.loader.file(&place.directory, &entry.value, Encrypted::Decrypt);
        let loaded = loaded.map_err(|fault| self.fail(place.error(&entry.at, fault)))?;
        match loaded.manifests() {
            Ok(manifests) => self.add(place, &loaded, manifests, into),
            Err(fault) => Err(self.fail(place.error_in(loaded.origin_of(&fault), fault))),
        }
    }

    /// Adds the objects of a file.
    pub(crate) fn add(
        &mut self,
        place: &Place,
        loaded: &Loaded,
        manifests: Vec<Manifest>,
        into: &mut Accumulator,
    ) -> Result<(), Failed> {
        let mut result = Ok(());
        let scopes = self.schema.clone().filter(|schema| schema.knows_scopes());
        for mut manifest in manifests {
            if loaded.decrypted {
                manifest.mark_sensitive();
            }
            let mut resource = Resource::from_file(manifest);
            resource.scopes.clone_from(&scopes);
            if self.metadata.tracks {
                resource.history.origin = Some(build_metadata::of_file(&loaded.path, &self.root, self.elsewhere()));
            }
            if self.options.know_crds && resource.manifest.kind() == "CustomResourceDefinition" {
                Arc::make_mut(self.schema.get_or_insert_default()).add_crd(resource.manifest.value());
            }
            let origin = resource.origin().clone();
            if let Err(fault) = into.resources.append(resource) {
                result = Err(self.fail(place.error_in(origin, fault)));
            }
        }
        result
    }

    fn configuration(
        &mut self,
        place: &Place,
        entry: &At<String>,
        config: &mut TransformerConfig,
    ) -> Result<(), Failed> {
        let loaded = self.loader.file(&place.directory, &entry.value, Encrypted::Keep);
        let loaded = loaded.map_err(|fault| self.fail(place.error(&entry.at, fault)))?;
        let file = place.in_file(loaded.path.clone(), loaded.text().unwrap_or_default());
        let value = loaded.text().and_then(|text| read_document(text, &ReadOptions::config()).map_err(Fault::Yaml));
        let value = value.map_err(|fault| {
            let line = if let Fault::Yaml(error) = &fault { error.position().line } else { 0 };
            self.fail(place.error_in(Origin::new(loaded.path.as_str(), line), fault))
        })?;
        let mut problems = Vec::new();
        config.merge_file(&value, &mut problems);
        let failed = problems.into_iter().map(|problem| self.fail(file.problem(problem))).last();
        failed.map_or(Ok(()), Err)
    }
}
