//! What a backup does not hold of the cluster that it was made of.

use std::collections::BTreeSet;

use windlass_capture::Format;

use super::RebuildOptions;
use crate::CLUSTER_OBJECTS;
use crate::choose::Chosen;

/// The key under which an item's `meta` says which claim its data belong to, as `shop/data`.
pub(crate) const CLAIM: &str = "claim";

/// Everything that somebody who rebuilt a cluster has to look for elsewhere, one line each.
pub(super) fn not_in_backup(chosen: &Chosen, options: &RebuildOptions) -> Vec<String> {
    let (facts, manifest) = (&chosen.objects.facts, &chosen.manifest);
    let mut lines = Vec::new();
    let claims: BTreeSet<&str> = manifest.items.values().filter_map(|item| item.meta.get(CLAIM)?.as_str()).collect();
    for volume in facts.volumes.iter().filter(|volume| !claims.contains(volume.claim.as_str())) {
        let place = volume.place.as_deref().map_or_else(String::new, |place| format!(": they were at {place}"));
        lines.push(format!("the data of the claim {}{place}", volume.claim));
    }
    for (item, described) in manifest.items.iter().filter(|(item, _)| !options.data.contains_key(*item)) {
        let claim = described.meta.get(CLAIM).and_then(|claim| claim.as_str());
        let claim = claim.map_or_else(String::new, |claim| format!(", data of the claim {claim},"));
        match described.format {
            _ if item == CLUSTER_OBJECTS => {}
            Format::Tar | Format::Sqlite => {
                lines.push(format!(
                    "{item}{claim} is in the backup, and no place was named for it (--data {item}=PATH)"
                ));
            }
            Format::Dump => {
                lines.push(format!("{item}{claim} is in the backup, and has to be loaded by its own program"))
            }
            _ => {}
        }
    }
    for (item, described) in &manifest.items {
        if let Some(stale) = &described.stale {
            lines.push(format!("{item} is older than the snapshot ({}): {}", stale.since, stale.reason));
        }
    }
    lines.extend(manifest.missing.iter().map(|(item, reason)| format!("{item}: {reason}")));
    lines.extend(facts.faults.iter().map(|fault| format!("{}: {}", fault.what, fault.message)));
    lines
}
