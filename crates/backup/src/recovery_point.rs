use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::evidence::Verified;
use crate::format::SnapshotStatus;
use crate::snapshot::Snapshot;
use crate::{Error, Repository, WriterId};

/// What of a host would be lost if it burnt now, as far as commits and evidence tell.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct RecoveryPoint {
    /// The host.
    pub host: String,
    /// Who writes its backups.
    pub writer: WriterId,
    /// The newest snapshot.
    pub newest: String,
    /// How old it is: changes since it began would be lost.
    pub age: SignedDuration,
    /// The newest that has everything and is not suspicious.
    pub newest_complete: Option<String>,
    /// How old that is.
    pub complete_age: Option<SignedDuration>,
    /// The longest time between two of the last 30 snapshots.
    pub longest_gap: Option<SignedDuration>,
    /// The newest snapshot that was verified, and when.
    pub verified: Option<(String, Timestamp)>,
    /// How many items of the newest are older ones, and since when the oldest of them is.
    pub stale: u64,
    /// When the oldest of them was saved.
    pub stale_since: Option<Timestamp>,
}

impl Repository {
    /// The recovery point of each host, from commits and evidence; no private key is needed. Snapshots that stand by
    /// themselves have none: nobody is late with those.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn recovery_points(&self) -> Result<Vec<RecoveryPoint>, Error> {
        let listed = self.snapshots().await?;
        let (evidence, _) = self.evidence().await?;
        let verified = Verified::of(&evidence);
        let now = self.inner.now();
        let regular = || listed.snapshots.iter().filter(|snapshot| !snapshot.standalone);
        let lines: BTreeSet<_> = regular().map(|snapshot| snapshot.line()).collect();
        let own = |line| regular().filter(move |snapshot| snapshot.line() == line);
        Ok(lines.into_iter().filter_map(|line| point(&own(line).collect::<Vec<_>>(), &verified, now)).collect())
    }
}

fn point(own: &[&Snapshot], verified: &Verified, now: Timestamp) -> Option<RecoveryPoint> {
    let newest = own.last()?;
    let age = |snapshot: &Snapshot| now.duration_since(snapshot.started);
    let complete = |snapshot: &&&Snapshot| snapshot.status == SnapshotStatus::Complete && snapshot.suspicious.is_none();
    let newest_complete = own.iter().rev().find(complete);
    let recent = &own[own.len().saturating_sub(30)..];
    let gaps = recent.windows(2).map(|pair| pair[1].started.duration_since(pair[0].started));
    let good = own.iter().rev().find_map(|snapshot| Some((snapshot.id.clone(), verified.good_at(snapshot)?)));
    Some(RecoveryPoint {
        host: newest.host.clone(),
        writer: newest.writer,
        newest: newest.id.clone(),
        age: age(newest),
        newest_complete: newest_complete.map(|snapshot| snapshot.id.clone()),
        complete_age: newest_complete.map(|snapshot| age(snapshot)),
        longest_gap: gaps.max(),
        verified: good,
        stale: newest.counts.stale,
        stale_since: newest.items.iter().filter_map(|item| item.carried.as_ref()).map(|carried| carried.since).min(),
    })
}
