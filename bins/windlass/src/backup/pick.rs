//! Which snapshot is meant: a number, an id, or `latest`.

use windlass_backup::{Identities, Manifest, Repository, Snapshot, Snapshots};
use windlass_recovery::is_of_pruned;

use crate::trouble::Trouble;

const LATEST: &str = "latest";

/// The snapshot `wanted`. The latest is the newest backup: what windlassd saves before it prunes is a row of its own.
pub(super) fn snapshot<'s>(found: &'s Snapshots, wanted: &str) -> anyhow::Result<&'s Snapshot> {
    if found.snapshots.is_empty() {
        let trouble = Trouble::new("there is no snapshot to take something from");
        let faults: Vec<String> = found.faults.iter().map(|fault| fault.what.clone()).collect();
        return Err(match faults.is_empty() {
            true => trouble.help("`windlass backup run` makes the first").into(),
            false => trouble.because(faults.join("\n")).into(),
        });
    }
    let newest = found.snapshots.iter().rev().find(|snapshot| !is_of_pruned(snapshot));
    match newest.filter(|_| wanted == LATEST) {
        Some(newest) => Ok(newest),
        None => Ok(found.find(wanted)?),
    }
}

/// The snapshot of the same host before `newer`.
pub(super) fn before<'s>(found: &'s Snapshots, newer: &Snapshot) -> anyhow::Result<&'s Snapshot> {
    let older = found.snapshots.iter().rev().find(|one| one.seq < newer.seq && one.host == newer.host);
    older.ok_or_else(|| Trouble::new(format!("snapshot {} of {} has none before it", newer.id, newer.host)).into())
}

/// The snapshot `wanted`, which must hold `item`. The latest is the newest backup of the host that has it.
pub(super) async fn holding(
    repository: &Repository,
    found: &Snapshots,
    wanted: &str,
    item: &str,
    identities: &Identities,
) -> anyhow::Result<(Snapshot, Manifest)> {
    let newest = snapshot(found, wanted)?;
    let mut candidates = vec![newest];
    if wanted == LATEST {
        for snapshot in found.snapshots.iter().rev() {
            if candidates.iter().all(|known| known.host != snapshot.host) {
                candidates.push(snapshot);
            }
        }
    }
    let mut items = Vec::new();
    for snapshot in candidates {
        let manifest = repository.manifest(snapshot, identities).await?;
        if manifest.items.contains_key(item) {
            return Ok((snapshot.clone(), manifest));
        }
        items.extend(manifest.items.into_keys());
    }
    let trouble = Trouble::new(format!("snapshot {} holds no {item}", newest.id));
    Err(trouble.help(format!("there is: {}", items.join(", "))).into())
}
