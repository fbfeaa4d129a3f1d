//! What the snapshots of a repository hold: told by whoever has a key that opens them, since names are encrypted too.

use windlass_backup::{Identities, Repository};

use super::own::Measured;
use super::tools::Tools;
use super::{Cover, CoverageOptions};
use crate::facts::Fault;
use crate::rebuild::CLAIM;
use crate::{CLUSTER_OBJECTS, Error};

/// What is saved of this cluster, and by which snapshot.
#[derive(Debug, Default)]
pub(super) struct Saved {
    /// Its objects.
    pub(super) objects: Option<Cover>,
    /// Claims, by `shop/data`; the same one perhaps several times.
    claims: Vec<(String, Cover)>,
}

impl Saved {
    /// Opens the newest snapshot of each host. Nothing is concluded where several hosts hold objects of clusters: which of
    /// them this one is, nobody says. What cannot be opened is told among the faults.
    pub(super) async fn read(
        repository: &Repository,
        identities: &Identities,
        measured: &Measured,
        tools: &mut Tools,
        options: &CoverageOptions,
    ) -> Result<Self, Error> {
        let listed = repository.snapshots().await?;
        let (mut saved, mut clusters) = (Self::default(), 0);
        for point in repository.recovery_points().await? {
            let newest = listed.snapshots.iter().find(|snapshot| snapshot.id == point.newest);
            let complete =
                listed.snapshots.iter().find(|snapshot| Some(&snapshot.id) == point.newest_complete.as_ref());
            let newest = newest.filter(|snapshot| snapshot.suspicious.is_none()).or(complete);
            let Some(snapshot) = newest else { continue };
            let manifest = match repository.manifest(snapshot, identities).await {
                Ok(manifest) => manifest,
                Err(error) => {
                    let (what, message) = (format!("snapshot {}", snapshot.id), crate::error::chain(&error));
                    tools.faults.push(Fault { what, message });
                    continue;
                }
            };
            for (item, described) in &manifest.items {
                // What was saved is what was there when the run began.
                let last = described.stale.as_ref().map_or(snapshot.started, |stale| stale.since);
                let cover = Cover {
                    tool: "windlass",
                    object: format!("{item} of host {}", point.host),
                    last: Some(last.min(options.now)),
                    restore: measured.last_drill(&point.host),
                    trouble: described.stale.as_ref().map(|stale| stale.reason.clone()),
                    ..Cover::default()
                };
                if item == CLUSTER_OBJECTS {
                    clusters += 1;
                    saved.objects = Some(cover);
                } else if let Some(claim) = described.meta.get(CLAIM).and_then(|claim| claim.as_str()) {
                    saved.claims.push((claim.to_owned(), cover));
                }
            }
        }
        Ok(if clusters > 1 { Self::default() } else { saved })
    }

    /// Who saves a claim.
    pub(super) fn of_claim(&self, claim: &str) -> impl Iterator<Item = Cover> {
        self.claims.iter().filter(move |(name, _)| name == claim).map(|(_, cover)| cover.clone())
    }
}
