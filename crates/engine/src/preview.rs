//! What a repository wants, seen from a working directory: the root and every Kustomization that follows from it.
//!
//! The reconciler learns of Kustomizations from the cluster, one after the other as they are applied. Before a push
//! there is only the repository; here the same objects are found in what it renders.

use std::collections::VecDeque;
use std::sync::Arc;

use kube::api::ObjectMeta;
use windlass_flux::{GoDuration, Kustomization, KustomizationSpec, SourceKind, SourceRef, well_known};
use windlass_manifest::{FileTree, Manifest, TreePath};
use windlass_sops::Identities;

use crate::board::dependencies;
use crate::desired::{Desired, Inputs, desired};
use crate::{Error, Lookup, NamespacedName};

/// What to preview.
#[derive(Debug)]
pub struct PreviewOptions {
    /// The directory that the cluster is told to follow first, such as `clusters/home`.
    pub path: TreePath,
    /// The Kustomization that stands for that directory. By default the one among its own objects that names the same
    /// path; where there is none, one named after the directory in the namespace `default`.
    pub name: Option<NamespacedName>,
    /// Keys that encrypted files are opened with, besides those in Secrets.
    pub identities: Identities,
    /// Whether a variable without a value is an error.
    pub strict: bool,
    /// What to call the state of the files in messages and in status: a revision.
    pub revision: String,
}

/// One Kustomization and what it wants.
#[derive(Debug)]
pub struct Unit {
    /// The Kustomization's name.
    pub name: NamespacedName,
    /// The Kustomization.
    pub kustomization: Kustomization,
    /// Whether the repository holds it. The root may have been made up.
    pub is_made_up: bool,
    /// The objects, or why there are none.
    pub desired: Result<Desired, Error>,
}

/// Everything that follows from a root directory.
#[derive(Debug)]
pub struct Preview {
    /// The root, then the others in the order of their dependencies.
    pub units: Vec<Unit>,
    /// Kustomizations that are built from another source and are not looked into: their names, and the source's.
    pub elsewhere: Vec<(NamespacedName, String)>,
}

impl Preview {
    /// The objects of all units.
    pub fn manifests(&self) -> impl Iterator<Item = &Manifest> {
        self.units.iter().filter_map(|unit| unit.desired.as_ref().ok()).flat_map(|desired| &desired.manifests)
    }

    /// The errors of the units that could not be built, with their names.
    pub fn errors(&self) -> impl Iterator<Item = (&NamespacedName, &Error)> {
        self.units.iter().filter_map(|unit| Some((&unit.name, unit.desired.as_ref().err()?)))
    }
}

/// Builds the root directory and, recursively, every Kustomization of the same source that is found in what was built.
///
/// ConfigMaps and Secrets that the units refer to are taken from `lookup`, to which the built objects are added.
/// A unit that cannot be built does not keep the others from being built.
///
/// # Errors
/// Where the root cannot be found, or dependencies lead in a circle.
pub async fn preview(
    files: Arc<dyn FileTree>,
    options: &PreviewOptions,
    lookup: &mut Lookup,
) -> Result<Preview, Error> {
    let root = root(&files, options, lookup).await?;
    follow(root, files, options, lookup).await
}

/// Builds `kustomization` and, recursively, every Kustomization of the same source that is found in what was built: as
/// [`preview`], for a root that is known. The path and the name in `options` do not count.
///
/// # Errors
/// Where dependencies lead in a circle.
pub async fn preview_of(
    kustomization: Kustomization,
    files: Arc<dyn FileTree>,
    options: &PreviewOptions,
    lookup: &mut Lookup,
) -> Result<Preview, Error> {
    let root = unit(kustomization, false, &files, options, lookup).await;
    follow(root, files, options, lookup).await
}

async fn follow(
    root: Unit,
    files: Arc<dyn FileTree>,
    options: &PreviewOptions,
    lookup: &mut Lookup,
) -> Result<Preview, Error> {
    let source = root.kustomization.spec.source_ref.clone();
    let mut units = vec![root];
    let mut elsewhere = Vec::new();
    let mut waiting: VecDeque<Kustomization> = VecDeque::new();
    let mut looked_into = 0;
    loop {
        while looked_into < units.len() {
            let found = units[looked_into].children()?;
            looked_into += 1;
            for child in found {
                let name = NamespacedName::of(&child);
                let known = |unit: &Unit| unit.name == name;
                if units.iter().any(known) || waiting.iter().any(|other| NamespacedName::of(other) == name) {
                    continue;
                }
                if same_source(&child, &source, &units[0]) {
                    waiting.push_back(child);
                } else {
                    let reference = &child.spec.source_ref;
                    elsewhere.push((name, format!("{}/{}", reference.kind, reference.name)));
                }
            }
        }
        let Some(next) = next_in_order(&waiting) else { break };
        let Some(kustomization) = waiting.remove(next?) else { break };
        units.push(unit(kustomization, false, &files, options, lookup).await);
    }
    Ok(Preview { units, elsewhere })
}

/// The first waiting Kustomization that depends on none that waits too.
fn next_in_order(waiting: &VecDeque<Kustomization>) -> Option<Result<usize, Error>> {
    let names: Vec<NamespacedName> = waiting.iter().map(NamespacedName::of).collect();
    let is_free = |kustomization| dependencies(kustomization).iter().all(|name| !names.contains(name));
    match waiting.iter().position(is_free) {
        Some(position) => Some(Ok(position)),
        None if waiting.is_empty() => None,
        None => Some(Err(Error::DependencyCircle { names })),
    }
}

/// The root unit: as the Kustomization that the root directory itself holds for it, if it does.
async fn root(files: &Arc<dyn FileTree>, options: &PreviewOptions, lookup: &mut Lookup) -> Result<Unit, Error> {
    let made_up = make_up(options);
    let first = unit(made_up, true, files, options, lookup).await;
    let children = first.children()?;
    let is_root = |child: &Kustomization| match &options.name {
        Some(name) => NamespacedName::of(child) == *name,
        None => stands_for(child, &options.path),
    };
    match children.into_iter().find(is_root) {
        Some(own) => Ok(unit(own, false, files, options, lookup).await),
        None => Ok(first),
    }
}

/// A Kustomization for a directory that has none.
fn make_up(options: &PreviewOptions) -> Kustomization {
    let named_after = options.path.file_name().unwrap_or("root").to_ascii_lowercase();
    let name = options.name.clone().unwrap_or_else(|| NamespacedName::new("default", named_after));
    let source = SourceRef {
        api_version: None,
        kind: SourceKind::GitRepository,
        name: "flux-system".to_owned(),
        namespace: Some("flux-system".to_owned()),
    };
    let mut spec = KustomizationSpec::new(source, GoDuration::from_secs(3600), true);
    spec.path = Some(options.path.to_string());
    Kustomization {
        metadata: ObjectMeta { name: Some(name.name), namespace: Some(name.namespace), ..ObjectMeta::default() },
        spec,
        status: None,
    }
}

/// Whether a Kustomization is about this very directory.
fn stands_for(kustomization: &Kustomization, path: &TreePath) -> bool {
    let own = kustomization.spec.path.as_deref().unwrap_or_default();
    TreePath::new(own.trim_start_matches('/')).is_ok_and(|own| own == *path)
}

/// Whether a Kustomization is built from the source that the root is built from.
///
/// Where the root was made up, every Git repository that the root does not define counts as this one: a cluster's own
/// source is often made by hand, or by a bootstrap, and not found in the repository.
fn same_source(child: &Kustomization, source: &SourceRef, root: &Unit) -> bool {
    let own = &child.spec.source_ref;
    let namespace = |reference: &SourceRef, of: &NamespacedName| {
        reference.namespace.clone().unwrap_or_else(|| of.namespace.clone())
    };
    if own.kind != SourceKind::GitRepository {
        return false;
    }
    let child_name = NamespacedName::of(child);
    let wanted = NamespacedName::new(namespace(own, &child_name), &own.name);
    if !root.is_made_up {
        return source.kind == own.kind && wanted == NamespacedName::new(namespace(source, &root.name), &source.name);
    }
    let Ok(desired) = &root.desired else { return true };
    let sources =
        desired.manifests.iter().filter(|manifest| is_flux(manifest, well_known::SOURCE_GROUP, "GitRepository"));
    let names: Vec<_> = sources.map(|m| NamespacedName::new(m.namespace().unwrap_or_default(), m.name())).collect();
    names.len() == 1 || !names.contains(&wanted)
}

/// Builds one unit, and adds its objects to the lookup.
async fn unit(
    kustomization: Kustomization,
    is_made_up: bool,
    files: &Arc<dyn FileTree>,
    options: &PreviewOptions,
    lookup: &mut Lookup,
) -> Unit {
    let desired = build(&kustomization, is_made_up, files, options, lookup).await;
    if let Ok(desired) = &desired {
        lookup.add(&desired.manifests);
    }
    Unit { name: NamespacedName::of(&kustomization), kustomization, is_made_up, desired }
}

async fn build(
    kustomization: &Kustomization,
    is_made_up: bool,
    files: &Arc<dyn FileTree>,
    options: &PreviewOptions,
    lookup: &Lookup,
) -> Result<Desired, Error> {
    let variables = crate::variables::variables(kustomization, lookup).await?;
    // A root that was made up does not say how it is decrypted; the keys at hand are tried.
    let identities = if is_made_up && !options.identities.is_empty() {
        Some(options.identities.clone())
    } else {
        crate::identities::identities_at_hand(kustomization, lookup, &options.identities).await?
    };
    let inputs = Inputs {
        kustomization,
        variables: variables.as_ref(),
        identities: identities.as_ref(),
        strict: options.strict,
    };
    desired(&inputs, &**files, &options.revision)
}

impl Unit {
    /// The Kustomizations among the objects.
    fn children(&self) -> Result<Vec<Kustomization>, Error> {
        let Ok(desired) = &self.desired else { return Ok(Vec::new()) };
        let flux = desired.manifests.iter().filter(|m| is_flux(m, well_known::KUSTOMIZE_GROUP, "Kustomization"));
        flux.map(|manifest| {
            serde_json::from_value(manifest.value().clone())
                .map_err(|source| Error::FluxObject { subject: Error::subject(manifest), source })
        })
        .collect()
    }
}

fn is_flux(manifest: &Manifest, group: &str, kind: &str) -> bool {
    let gvk = manifest.gvk();
    gvk.group == group && gvk.kind == kind
}
