//! What a rebuild would do, found out without writing anything.

use std::path::PathBuf;

use jiff::Timestamp;
use kube::Client;
use serde::Serialize;
use windlass_backup::{Identities, Repository, Tried};
use windlass_drift::Verb;

use super::bundle::bundle_of;
use super::memory::{Memory, State};
use super::{CLAIM, GitFiles, RebuildOptions, check_places, missing, remember};
use crate::choose::{Chosen, choose};
use crate::restore::{Note, RestoreOptions, plan_restore, restoring};
use crate::{CLUSTER_OBJECTS, Error};

/// What a rebuild would do.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RebuildPlan {
    /// The snapshot.
    pub snapshot: String,
    /// When it was finished: what changed since is lost.
    pub saved: Timestamp,
    /// Newer snapshots that could not be used, and doubts about this one.
    pub passed_over: Vec<String>,
    /// What verifications and drills found out about it.
    pub tried: Tried,
    /// How many objects the backup holds.
    pub objects: usize,
    /// How many of them would be made; the others are there.
    pub to_create: usize,
    /// The Git repositories that reconciliation needs.
    pub git: Vec<GitPlan>,
    /// The Kustomizations that it starts from.
    pub roots: Vec<String>,
    /// The data in the backup.
    pub data: Vec<DataPlan>,
    /// What the cluster had and the backup does not hold, or this rebuild was not told to put into place.
    pub not_in_backup: Vec<String>,
    /// What would not be restored as it was saved, and why.
    pub notes: Vec<Note>,
    /// What could not be restored, and why.
    pub failures: Vec<Note>,
}

/// A Git repository, and where its files can come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct GitPlan {
    /// `flux-system/homelab`.
    pub name: String,
    /// Its address, which is tried first unless the bundle alone is wanted.
    pub url: String,
    /// The item of the backup that holds it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bundle: Option<String>,
}

/// An item of data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DataPlan {
    /// The item.
    pub item: String,
    /// Its size in bytes, unpacked.
    pub bytes: u64,
    /// Where it would be put.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<PathBuf>,
    /// Whether the rebuild that would be continued put it there already.
    pub in_place: bool,
    /// The claim that it was saved from, as `shop/data`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub claim: Option<String>,
}

/// Finds out what a [rebuild](super::rebuild) with these options would do. Nothing is written; no Git host is asked.
///
/// # Errors
/// As [`rebuild`](super::rebuild); and where Git files are wanted from the backup alone and it does not have them.
pub async fn plan_rebuild(
    client: Client,
    repository: &Repository,
    identities: &Identities,
    options: &RebuildOptions,
) -> Result<RebuildPlan, Error> {
    let cluster = restoring(client);
    let (memory, options) = remember(&cluster, options).await?;
    let options = &options;
    let chosen = choose(repository, identities, &options.wish).await?;
    check_places(&chosen, options)?;
    let memory = memory.filter(|memory| memory.snapshot == chosen.snapshot.id);
    let git = repositories(&chosen, options)?;
    let restoring = plan_restore(&cluster, &chosen.objects, &RestoreOptions::default()).await?;
    let to_create = restoring.plan.actions.iter().filter(|action| action.verb == Verb::Create).count();
    let roots = chosen.objects.facts.kustomizations.iter().filter(|one| one.is_root);
    Ok(RebuildPlan {
        snapshot: chosen.snapshot.id.clone(),
        saved: chosen.snapshot.finished,
        objects: chosen.objects.objects.len(),
        to_create,
        git,
        roots: roots.map(|root| root.name.clone()).collect(),
        data: data(&chosen, options, memory.as_ref()),
        not_in_backup: missing::not_in_backup(&chosen, options),
        notes: restoring.notes,
        failures: restoring.failures,
        passed_over: chosen.passed_over,
        tried: chosen.tried,
    })
}

fn repositories(chosen: &Chosen, options: &RebuildOptions) -> Result<Vec<GitPlan>, Error> {
    let of = |source: &crate::SourceFacts| {
        let bundle = bundle_of(chosen, &source.name, &source.url);
        if bundle.is_none() && options.git == GitFiles::Bundle {
            let (name, url) = (format!("GitRepository/{}", source.name), source.url.clone());
            let reason = "there is no bundle of it in the backup, and the host is not to be asked".to_owned();
            return Err(Error::NoGit { name, url, reason });
        }
        Ok(GitPlan { name: source.name.clone(), url: source.url.clone(), bundle })
    };
    chosen.objects.facts.sources.iter().map(of).collect()
}

fn data(chosen: &Chosen, options: &RebuildOptions, memory: Option<&Memory>) -> Vec<DataPlan> {
    let items = chosen.manifest.items.iter();
    let data = items
        .filter(|(item, described)| *item != CLUSTER_OBJECTS && described.format != windlass_capture::Format::Bundle);
    data.map(|(item, described)| DataPlan {
        item: item.clone(),
        bytes: described.size,
        place: options.data.get(item).cloned(),
        in_place: options
            .data
            .get(item)
            .is_some_and(|path| memory.is_some_and(|memory| matches!(memory.state(item, path), State::Placed(_)))),
        claim: described.meta.get(CLAIM).and_then(|claim| claim.as_str()).map(str::to_owned),
    })
    .collect()
}
