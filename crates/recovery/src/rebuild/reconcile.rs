//! What Git defines: built from the root Kustomizations and applied in the order of dependencies, with the engine.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use serde::de::DeserializeOwned;
use windlass_cluster::Cluster;
use windlass_engine::{
    Lookup, NamespacedName, OneShotOptions, Preview, PreviewOptions, Progress, apply_once, preview_of,
};
use windlass_flux::{GitRepository, Kustomization};
use windlass_manifest::{Gvk, TreePath};
use windlass_source::Snapshot;

use super::files::Files;
use super::{Clock, RebuildOptions, Reconciled};
use crate::Error;
use crate::archive::SavedCluster;
use crate::error::chain;
use crate::restore::{Held, hold_in_manifest};

/// The work, which may be done twice: first with workloads held, then without.
pub(super) struct Reconciling<'a> {
    cluster: &'a Cluster,
    files: Files<'a>,
    options: &'a RebuildOptions,
    /// The files of each repository, and where they came from.
    fetched: BTreeMap<String, (Arc<Snapshot>, &'static str)>,
}

impl<'a> Reconciling<'a> {
    pub(super) fn new(cluster: &'a Cluster, files: Files<'a>, options: &'a RebuildOptions) -> Self {
        Self { cluster, files, options, fetched: BTreeMap::new() }
    }

    /// Reconciles the roots, and whatever they lead to in other repositories.
    pub(super) async fn run(&mut self, saved: &SavedCluster, hold: bool, clock: &mut Clock<'_>) {
        let roots = saved.facts.kustomizations.iter().filter(|kustomization| kustomization.is_root);
        let mut waiting: VecDeque<String> = roots.map(|root| root.name.clone()).collect();
        let mut seen = Vec::new();
        while let Some(name) = waiting.pop_front() {
            if seen.contains(&name) {
                continue;
            }
            seen.push(name.clone());
            match self.reconcile(&name, hold, clock).await {
                Ok(others) => waiting.extend(others),
                Err(error) => clock.failure(format!("Kustomization/{name}"), chain(&error)),
            }
        }
    }

    /// Reconciles one Kustomization and those of the same repository that follow from it; returns those of others.
    async fn reconcile(&mut self, name: &str, hold: bool, clock: &mut Clock<'_>) -> Result<Vec<String>, Error> {
        let kustomization: Kustomization = self.object("kustomize.toolkit.fluxcd.io/v1", "Kustomization", name).await?;
        let namespace = NamespacedName::of(&kustomization).namespace;
        let reference = &kustomization.spec.source_ref;
        if reference.kind != windlass_flux::SourceKind::GitRepository {
            let kind = reference.kind.to_string();
            return Err(windlass_engine::Error::SourceKindUnsupported { kind }.into());
        }
        let source = format!("{}/{}", reference.namespace.as_ref().unwrap_or(&namespace), reference.name);
        let mut lookup = Lookup::cluster(self.cluster.clone());
        let (snapshot, from) = self.fetch(&source, &lookup).await?;
        let revision = snapshot.revision.to_string();
        let options = PreviewOptions {
            path: TreePath::new(".").map_err(|_| Error::Interrupted { doing: "name the root of a repository" })?,
            name: None,
            identities: self.options.sops.clone(),
            strict: true,
            revision: revision.clone(),
        };
        let mut preview = preview_of(kustomization, Arc::clone(&snapshot.files), &options, &mut lookup).await?;
        if hold {
            hold_workloads(&mut preview);
        }
        let others = preview.elsewhere.iter().map(|(name, _)| name.to_string()).collect();
        self.apply(preview, revision, from, hold, clock).await;
        Ok(others)
    }

    async fn apply(&self, preview: Preview, revision: String, from: &'static str, hold: bool, clock: &mut Clock<'_>) {
        let wait = self.options.wait_for_health && !hold;
        let options = OneShotOptions { prune: false, wait, revision: revision.clone() };
        // The second time workloads get their replicas: what was written then was counted before.
        let mut is_counted = false;
        apply_once(self.cluster, preview, &options, |progress| match progress {
            Progress::Unit(name) => {
                let kustomization = name.to_string();
                is_counted = clock.report.reconciled.iter().any(|unit| unit.kustomization == kustomization);
                if !is_counted {
                    let revision = revision.clone();
                    clock.report.reconciled.push(Reconciled { kustomization, revision, files: from, written: 0 });
                }
            }
            Progress::Written(written) => {
                if let Some(unit) = clock.report.reconciled.last_mut().filter(|_| !is_counted) {
                    unit.written += 1;
                }
                clock.done(&written.to_string());
            }
            Progress::Warning(warning) => {
                clock.note(crate::Note { object: "reconciliation".to_owned(), message: warning.to_owned() })
            }
            Progress::Failed(name, error) => clock.failure(format!("Kustomization/{name}"), chain(error)),
            Progress::LeftOut(name, missing) => {
                clock.failure(format!("Kustomization/{name}"), format!("left out, since {missing} failed"));
            }
            _ => {}
        })
        .await;
    }

    /// The files of a repository: fetched once.
    async fn fetch(&mut self, source: &str, lookup: &Lookup) -> Result<(Arc<Snapshot>, &'static str), Error> {
        if let Some(known) = self.fetched.get(source) {
            return Ok(known.clone());
        }
        let object: GitRepository = self.object("source.toolkit.fluxcd.io/v1", "GitRepository", source).await?;
        let (snapshot, from) = self.files.of(&object, lookup).await?;
        let known = (Arc::new(snapshot), from);
        self.fetched.insert(source.to_owned(), known.clone());
        Ok(known)
    }

    /// A Flux object as the cluster has it by now.
    async fn object<T: DeserializeOwned>(&self, api_version: &str, kind: &str, name: &str) -> Result<T, Error> {
        let (namespace, own) = name.split_once('/').unwrap_or_default();
        let object = self.cluster.get(&Gvk::from_api_version(api_version, kind), Some(namespace), own).await?;
        let missing = || Error::NothingToHold { what: format!("{kind}/{name}") };
        let broken = |source| Error::FluxObject { object: format!("{kind}/{name}"), source };
        serde_json::from_value(object.ok_or_else(missing)?).map_err(broken)
    }
}

/// Takes the replicas from all workloads of a preview; bare Pods wait for the second pass.
fn hold_workloads(preview: &mut Preview) {
    for unit in &mut preview.units {
        let Ok(desired) = &mut unit.desired else { continue };
        desired.manifests.retain_mut(|manifest| {
            let is_flux = manifest.gvk().group.ends_with(".toolkit.fluxcd.io");
            is_flux || !matches!(hold_in_manifest(manifest), Some(Held::Later(_)))
        });
    }
}
