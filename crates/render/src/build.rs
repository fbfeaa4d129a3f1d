//! A whole build: the kustomization, then what is done once at its end.

use std::collections::HashMap;

use windlass_manifest::{EntryKind, FileTree, Manifest, Origin, TreeError, TreePath};

use crate::accumulate::Accumulator;
use crate::generator::hash;
use crate::identity::IdParts;
use crate::kustomization::{Kustomization, LegacyOrder};
use crate::order::sort_legacy;
use crate::place::Place;
use crate::resource::Resource;
use crate::session::{Failed, Session};
use crate::transform::build_metadata::BuildMetadata;
use crate::transform::scalar::size_of;
use crate::transform::{annotations, name_reference};
use crate::{BuildErrors, BuildOptions, Closure, Fault, Order, Warning};

/// The result of a build.
#[derive(Debug, Clone)]
pub struct Build {
    /// The objects, in the order asked for.
    pub manifests: Vec<Manifest>,
    /// What kustomize passes over in silence.
    pub warnings: Vec<Warning>,
    /// What was read.
    pub closure: Closure,
}

impl Build {
    /// The objects as YAML, byte for byte as `kustomize build` prints them.
    #[must_use]
    pub fn to_yaml(&self) -> String {
        let half = self.manifests.len() / 2;
        if half < WORTH_A_THREAD || std::thread::available_parallelism().is_ok_and(|cores| cores.get() == 1) {
            return print(&self.manifests);
        }
        let (first, second) = self.manifests.split_at(half);
        std::thread::scope(|scope| {
            let second = scope.spawn(|| print(second));
            let mut text = print(first);
            text.push_str("---\n");
            match second.join() {
                Ok(second) => text.push_str(&second),
                Err(panic) => std::panic::resume_unwind(panic),
            }
            text
        })
    }
}

/// From how many objects on a second thread is faster than none.
const WORTH_A_THREAD: usize = 200;

fn print(manifests: &[Manifest]) -> String {
    windlass_yaml::print_documents(manifests.iter().map(Manifest::value))
}

/// Builds `directory` of `tree`.
///
/// The result depends on the tree, the directory and the options only, and is the same every time.
///
/// # Errors
/// Every fault that can be told independently of the others; no object comes out then.
pub fn build(tree: &dyn FileTree, directory: &TreePath, options: &BuildOptions<'_>) -> Result<Build, BuildErrors> {
    run(Session::new(tree, directory, options), |session| session.build())
}

/// Builds in a session, and tells all that was found on the way.
pub(crate) fn run(
    mut session: Session<'_>,
    build: impl FnOnce(&mut Session<'_>) -> Result<Vec<Resource>, Failed>,
) -> Result<Build, BuildErrors> {
    let built = build(&mut session);
    let Session { loader, options, root, mut errors, mut warnings, .. } = session;
    if options.strict {
        errors.extend(warnings.drain(..).map(|Warning { origin, message }| {
            let fault = Fault::Warned { message };
            crate::BuildError { origin, via: vec![root.clone()], fault }
        }));
    }
    let closure = loader.into_closure();
    match built {
        Ok(resources) if errors.is_empty() => {
            let manifests = resources.into_iter().map(|resource| resource.manifest).collect();
            Ok(Build { manifests, warnings, closure })
        }
        _ => Err(BuildErrors::new(errors, closure)),
    }
}

impl Session<'_> {
    fn build(&mut self) -> Result<Vec<Resource>, Failed> {
        let (place, kustomization) = self.root_kustomization()?;
        self.metadata = BuildMetadata::new(&kustomization.build_metadata, self.options.managed_by_label);
        self.open_api(&place, &kustomization)?;
        let accumulated = self.accumulate(&place, &kustomization, Accumulator::default())?;
        self.finish(&place, &kustomization, accumulated)
    }

    /// The kustomization of the built directory, amended or generated where Flux would do so.
    fn root_kustomization(&mut self) -> Result<(Place, Kustomization), Failed> {
        let root = self.root.clone();
        let resolved = self.loader.resolve(&root);
        let outside = Place::without_file(root.clone(), vec![root.clone()]);
        let origin = Origin::new(root.to_string(), 0);
        let fault = match resolved {
            Ok(resolved) if resolved.kind == EntryKind::Directory => {
                self.root = resolved.path;
                None
            }
            Ok(_) => Some(Fault::NotADirectory { path: root.to_string() }),
            Err(TreeError::NotFound { .. }) => Some(Fault::Missing { path: root.to_string(), suggestion: None }),
            Err(error) => Some(Fault::Tree(error)),
        };
        if let Some(fault) = fault {
            return Err(self.fail(outside.error_in(origin, fault)));
        }
        let directory = self.root.clone();
        let via = vec![directory.clone()];
        let file = self.kustomization_file(&directory).map_err(|fault| {
            let error = outside.error_in(origin.clone(), fault);
            self.fail(error)
        })?;
        let (place, mut kustomization) = match (file, self.options.amendments) {
            (Some(file), _) => self.read_kustomization(directory, file, via)?,
            (None, Some(_)) => {
                let place = Place::without_file(directory, via);
                let kustomization = self.generate_kustomization(&place);
                (place, kustomization)
            }
            (None, None) => return Err(self.fail(outside.error_in(origin, Fault::NoKustomization { directory }))),
        };
        if let Some(amendments) = self.options.amendments {
            self.amend(&place, &mut kustomization, amendments)?;
        }
        Ok((place, kustomization))
    }

    /// What kustomize does once, when all objects are there: hash suffixes, name references, order, metadata.
    pub(crate) fn finish(
        &mut self,
        place: &Place,
        kustomization: &Kustomization,
        accumulated: Accumulator,
    ) -> Result<Vec<Resource>, Failed> {
        let Accumulator { resources, config, vars } = accumulated;
        let mut resources = resources.into_items();
        self.add_hashes(place, &mut resources);
        for (index, fault) in name_reference::update(&mut resources, &config) {
            let origin = resources[index].origin().clone();
            self.fail(place.error_in(origin, fault));
        }
        self.resolve_vars(place, &vars, &config, &mut resources);
        let is_kept = self.check_ids(place, kustomization, &resources);
        if !self.errors.is_empty() {
            return Err(Failed);
        }
        let mut is_kept = is_kept.into_iter();
        resources.retain(|_| is_kept.next().unwrap_or_default());
        let limit = self.options.limits.output_bytes;
        if resources.iter().map(|resource| size_of(resource.manifest.value())).sum::<u64>() > limit {
            let fault = Fault::Limit { what: "bytes for all objects", limit };
            return Err(self.fail(place.error_in(Origin::new(self.root.to_string(), 0), fault)));
        }
        self.sort(kustomization, &mut resources);
        let unwanted = self.metadata.unwanted();
        for resource in &mut resources {
            annotations::tidy(resource, &unwanted);
            self.metadata.write(resource);
        }
        Ok(resources)
    }

    /// Adds the hash suffixes of generated objects.
    pub(crate) fn add_hashes(&mut self, place: &Place, resources: &mut [Resource]) {
        for resource in resources.iter_mut().filter(|resource| resource.history.needs_hash) {
            match hash::of(resource.manifest.value()) {
                Some(hash) => {
                    resource.remember_id();
                    let name = format!("{}-{hash}", resource.manifest.name());
                    resource.set_name(&name);
                }
                None => {
                    let field = format!("{} on a {}", annotations::NEEDS_HASH, resource.manifest.kind());
                    let origin = resource.origin().clone();
                    self.fail(place.error_in(origin, Fault::Unsupported { field }));
                }
            }
        }
    }

    /// Says which objects come out: those that are not there for the build alone. Renaming can make two objects one;
    /// kustomize panics over it.
    fn check_ids(&mut self, place: &Place, kustomization: &Kustomization, resources: &[Resource]) -> Vec<bool> {
        let is_sorted = self.legacy_order(kustomization).is_some();
        let is_local: Vec<bool> = resources.iter().map(annotations::is_local).collect();
        let mut known: HashMap<IdParts<'_>, &Resource> = HashMap::with_capacity(resources.len());
        // kustomize takes out what is local by its id, so that it stays where another object has that id.
        let mut is_kept = vec![true; resources.len()];
        for local in [false, true] {
            for (index, resource) in resources.iter().enumerate().filter(|(index, _)| is_local[*index] == local) {
                let id = resource.id_parts();
                let other = known.get(&id).copied();
                // Sorting puts the list together anew, and refuses what has one id.
                if let Some(other) = other.filter(|other| is_sorted || annotations::is_local(other) == local) {
                    let fault = Fault::Conflict { id: resource.id().to_string(), other: other.origin().clone() };
                    self.errors.push(place.error_in(resource.origin().clone(), fault));
                }
                is_kept[index] = !local || other.is_some();
                known.entry(id).or_insert(resource);
            }
        }
        is_kept
    }

    fn sort(&self, kustomization: &Kustomization, resources: &mut [Resource]) {
        if let Some(order) = self.legacy_order(kustomization) {
            sort_legacy(resources, order);
        }
    }

    /// Which kinds come first and last where objects are sorted by kind; `None` where they are not.
    fn legacy_order<'k>(&self, kustomization: &'k Kustomization) -> Option<Option<&'k LegacyOrder>> {
        match (&kustomization.sort_options, self.options.order) {
            (Some(options), _) if options.value.order == "legacy" => Some(options.value.legacy.as_ref()),
            (None, Order::AsKustomization) => Some(None),
            _ => None,
        }
    }
}
