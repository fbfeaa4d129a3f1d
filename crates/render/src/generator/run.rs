//! Running the generators of a kustomization.

use windlass_manifest::{FieldPath, Manifest};

use crate::accumulate::Accumulator;
use crate::decode::At;
use crate::generator::make::{self, Kind};
use crate::generator::sources::{self, Pair};
use crate::identity::Behavior;
use crate::kustomization::Kustomization;
use crate::kustomization::generator_fields::{Generator, GeneratorOptions};
use crate::loader::{Encrypted, Loaded};
use crate::place::Place;
use crate::resource::Resource;
use crate::session::{Failed, Session};
use crate::transform::build_metadata;
use crate::{Fault, suggest};

/// A generator and the kustomization it stands in.
pub(crate) struct Run<'r> {
    pub(crate) kind: Kind,
    pub(crate) entry: &'r At<Generator>,
    pub(crate) place: &'r Place,
    /// The origin of what it makes, where that is asked for.
    pub(crate) told: Option<String>,
}

impl Run<'_> {
    fn fault(&self, problem: String) -> Fault {
        Fault::Generator { generator: self.kind.field(), name: self.entry.value.name.clone(), problem }
    }
}

impl Session<'_> {
    /// Runs all generators: first those of ConfigMaps, then those of Secrets.
    pub(crate) fn generators(&mut self, place: &Place, kustomization: &Kustomization, into: &mut Accumulator) {
        let config_maps = kustomization.config_maps.iter().map(|entry| (Kind::ConfigMap, entry));
        let secrets = kustomization.secrets.iter().map(|entry| (Kind::Secret, entry));
        for (kind, entry) in config_maps.chain(secrets) {
            let options = entry.value.options.over(kustomization.generator_options.as_ref());
            let file = place.kustomization_file().filter(|_| self.metadata.tracks);
            let told = file.map(|file| build_metadata::of_plugin(&file, &self.root, kind.plugin()));
            // Each is tried, so that all their faults are told.
            let _: Result<(), Failed> = self.generate(&Run { kind, entry, place, told }, &options, into);
        }
    }

    /// Renders the charts of a kustomization.
    pub(crate) fn charts(&mut self, place: &Place, kustomization: &Kustomization, into: &mut Accumulator) {
        for entry in &kustomization.charts {
            // Each is tried, so that all their faults are told.
            let (globals, namespace) = (&kustomization.chart_globals, kustomization.namespace.value.as_str());
            let _: Result<(), Failed> = self.chart(place, entry, globals, namespace, into);
        }
    }

    pub(crate) fn generate(
        &mut self,
        run: &Run<'_>,
        options: &GeneratorOptions,
        into: &mut Accumulator,
    ) -> Result<(), Failed> {
        let Run { kind, entry, place, .. } = *run;
        let (pairs, decrypted) = self.data(run)?;
        let object = make::make(kind, &entry.value, options, pairs);
        let object = object.map_err(|problem| self.fail_at(run, &entry.at, run.fault(problem)))?;
        let manifest = Manifest::new(object, place.find(&entry.at).0);
        let mut manifest = manifest.map_err(|error| self.fail_at(run, &entry.at, Fault::NotAnObject(error)))?;
        if decrypted {
            manifest.mark_sensitive();
        }
        let mut resource = Resource::new(manifest);
        resource.history.generated = true;
        resource.history.needs_hash = !options.disable_name_suffix_hash;
        resource.history.behavior = entry.value.behavior().unwrap_or_else(|| {
            let At { value, at } = &entry.value.behavior;
            let nearest = suggest::nearest(value, ["create", "replace", "merge"]);
            let meant = nearest.map(|word| format!(": did you mean {word}?")).unwrap_or_default();
            let message =
                format!("behavior {value:?} is none of create, replace, merge, and is taken for create{meant}");
            self.warnings.push(place.warning(at, message));
            Behavior::Create
        });
        resource.history.origin.clone_from(&run.told);
        let absorbed = into.resources.absorb(resource);
        absorbed.map_err(|problem| self.fail_at(run, &entry.at, run.fault(problem)))
    }

    /// The data of a generator: env files, then literals, then files; and whether any of it was encrypted.
    fn data(&mut self, run: &Run<'_>) -> Result<(Vec<Pair>, bool), Failed> {
        let generator = &run.entry.value;
        let (mut pairs, mut decrypted, mut result) = (Vec::new(), false, Ok(()));
        for At { value: path, at } in &generator.envs {
            let Ok(loaded) = self.source(run, at, path) else {
                result = Err(Failed);
                continue;
            };
            decrypted |= loaded.decrypted;
            match sources::env_file(&loaded.bytes) {
                Ok(found) => pairs.extend(found),
                Err(problem) => result = Err(self.fail_at(run, at, run.fault(format!("{path}: {problem}")))),
            }
        }
        for At { value: literal, at } in &generator.literals {
            match sources::literal(literal) {
                Ok(pair) => pairs.push(pair),
                Err(problem) => result = Err(self.fail_at(run, at, run.fault(problem))),
            }
        }
        for At { value: source, at } in &generator.files {
            match sources::file(source) {
                Ok((key, path)) => match self.source(run, at, path) {
                    Ok(loaded) => {
                        decrypted |= loaded.decrypted;
                        pairs.push((key.to_owned(), loaded.bytes));
                    }
                    Err(Failed) => result = Err(Failed),
                },
                Err(problem) => result = Err(self.fail_at(run, at, run.fault(problem))),
            }
        }
        result.map(|()| (pairs, decrypted))
    }

    fn source(&mut self, run: &Run<'_>, at: &FieldPath, path: &str) -> Result<Loaded, Failed> {
        let encrypted = if run.kind == Kind::Secret { Encrypted::Decrypt } else { Encrypted::Keep };
        let loaded = self.loader.file(&run.place.directory, path, encrypted);
        loaded.map_err(|fault| self.fail_at(run, at, fault))
    }

    fn fail_at(&mut self, run: &Run<'_>, at: &FieldPath, fault: Fault) -> Failed {
        self.fail(run.place.error(at, fault))
    }
}
