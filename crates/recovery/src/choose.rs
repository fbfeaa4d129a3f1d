//! Choosing the snapshot that something is restored from.

use std::collections::BTreeMap;

use jiff::Timestamp;
use windlass_backup::{
    Error as BackupError, Identities, Manifest, Repository, Snapshot, SnapshotStatus, Snapshots, Tried,
};

use crate::fetched::fetch_objects;
use crate::pruned::is_of_pruned;
use crate::{CLUSTER_OBJECTS, Error, SavedCluster};

/// Which snapshot is wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wish {
    /// This one, by id or number.
    pub snapshot: Option<String>,
    /// One of this host; needed where the repository holds the backups of several clusters.
    pub host: Option<String>,
    /// Only one that was found whole by a verification or a drill.
    pub only_verified: bool,
    /// One without objects of a cluster will do.
    pub without_objects: bool,
}

/// A snapshot that can be restored: it was believed, brought here and opened.
#[derive(Debug)]
pub struct Chosen {
    /// The snapshot.
    pub snapshot: Snapshot,
    /// What is in it.
    pub manifest: Manifest,
    /// The objects of the cluster; none where the snapshot holds data only.
    pub objects: SavedCluster,
    /// The newer snapshots that cannot be used, and why; what is doubtful about this one.
    pub passed_over: Vec<String>,
    /// What verifications and drills found out about it.
    pub tried: Tried,
}

impl Wish {
    /// A wish for one snapshot, or for the newest good one.
    #[must_use]
    pub fn of(snapshot: Option<&str>) -> Self {
        Self { snapshot: snapshot.map(str::to_owned), ..Self::default() }
    }
}

/// The snapshot that is wished for, or the newest good one: signed by a writer who is trusted, not suspiciously small, not
/// known to be damaged, and one that opens. Where there is none such, the newest of the others that opens is taken, and
/// said to be so in [`Chosen::passed_over`].
///
/// What is said there too, since it is no reason to take an older one: that some of its items are older than itself (they
/// are as old in those before it), and that it was never tried (what happened since would be lost for sure, and every byte
/// is compared with what was signed before it is used).
///
/// # Errors
/// [`Error::NoSnapshot`] with the reason for each that was looked at; that no identity opens them; or
/// [`Error::SeveralClusters`], where the newest is another cluster's than the one before, perhaps.
pub async fn choose(repository: &Repository, identities: &Identities, wish: &Wish) -> Result<Chosen, Error> {
    let listed = repository.snapshots().await?;
    let tried = repository.tried(&listed).await?;
    let mut passed_over: Vec<String> =
        listed.faults.iter().map(|fault| format!("{}: {}", fault.key, fault.what)).collect();
    for snapshot in candidates(&listed, &tried, wish)? {
        let known = known(&tried, snapshot);
        if let Some(doubt) = doubt(snapshot, &known) {
            passed_over.push(format!("{}: {doubt}", snapshot.id));
        }
        match open(repository, identities, snapshot).await {
            Ok((manifest, None)) if !wish.without_objects => {
                drop(manifest);
                passed_over.push(format!("{}: it holds no objects of a cluster", snapshot.id));
            }
            Ok((manifest, objects)) => {
                if !wish.without_objects {
                    only_one_cluster(repository, identities, &listed, snapshot, wish).await?;
                }
                passed_over.extend(left_aside(snapshot, &listed, &tried, wish, &passed_over));
                passed_over.extend(remarks(snapshot, &listed, &tried));
                let (snapshot, objects) = (snapshot.clone(), objects.unwrap_or_default());
                return Ok(Chosen { snapshot, manifest, objects, passed_over, tried: known });
            }
            // The same key opens all or none.
            Err(error @ Error::Repository(BackupError::NoIdentity { .. })) => return Err(error),
            Err(error) => passed_over.push(format!("{}: {}", snapshot.id, crate::error::chain(&error))),
        }
    }
    let reason = match (passed_over.is_empty(), wish.only_verified) {
        (true, true) => "none was ever verified or drilled".to_owned(),
        (true, false) => "the repository has none".to_owned(),
        (false, _) => passed_over.join("; "),
    };
    Err(Error::NoSnapshot { reason })
}

/// The snapshots that come into question, the best first.
///
/// # Errors
/// Where the one that is wished for is not there.
pub(crate) fn candidates<'s>(
    listed: &'s Snapshots,
    tried: &BTreeMap<String, Tried>,
    wish: &Wish,
) -> Result<Vec<&'s Snapshot>, Error> {
    if let Some(wanted) = &wish.snapshot {
        return Ok(vec![listed.find(wanted)?]);
    }
    let is_wanted = |snapshot: &&Snapshot| {
        !is_of_pruned(snapshot)
            && wish.host.as_ref().is_none_or(|host| snapshot.host == *host)
            && (!wish.only_verified || known(tried, snapshot).is_good())
    };
    let backups: Vec<&Snapshot> = listed.snapshots.iter().rev().filter(is_wanted).collect();
    // The good ones first, the newest of them first, then the others in the same order.
    let is_good = |snapshot: &&Snapshot| doubt(snapshot, &known(tried, snapshot)).is_none();
    let (good, others): (Vec<_>, Vec<_>) = backups.into_iter().partition(is_good);
    Ok(good.into_iter().chain(others).collect())
}

pub(crate) fn known(tried: &BTreeMap<String, Tried>, snapshot: &Snapshot) -> Tried {
    tried.get(&snapshot.id).cloned().unwrap_or_default()
}

/// Why an older snapshot may be better.
pub(crate) fn doubt(snapshot: &Snapshot, tried: &Tried) -> Option<String> {
    if snapshot.signed_by.is_none() {
        return Some("nobody who is trusted signed it".to_owned());
    }
    if let Some(suspicious) = &snapshot.suspicious {
        return Some(format!("it is suspiciously small: {suspicious}"));
    }
    tried.trouble()
}

/// The newer ones of the same host that were not even looked at, and why.
fn left_aside(
    snapshot: &Snapshot,
    listed: &Snapshots,
    tried: &BTreeMap<String, Tried>,
    wish: &Wish,
    told: &[String],
) -> Vec<String> {
    if wish.snapshot.is_some() {
        return Vec::new();
    }
    let is_newer = |other: &&Snapshot| other.seq > snapshot.seq && other.host == snapshot.host && !is_of_pruned(other);
    let is_untold = |other: &&Snapshot| !told.iter().any(|line| line.starts_with(&other.id));
    let newer = listed.snapshots.iter().filter(|other| is_newer(other) && is_untold(other));
    let why =
        |other: &Snapshot| doubt(other, &known(tried, other)).unwrap_or_else(|| "it was never verified".to_owned());
    newer.map(|other| format!("{} is newer and was left aside: {}", other.id, why(other))).collect()
}

/// What has to be known of a snapshot though no other is better.
fn remarks(snapshot: &Snapshot, listed: &Snapshots, tried: &BTreeMap<String, Tried>) -> Vec<String> {
    let mut remarks = Vec::new();
    if snapshot.status != SnapshotStatus::Complete {
        let (stale, missing) = (snapshot.counts.stale, snapshot.counts.missing);
        remarks.push(format!("{}: {stale} of its items are older than itself, and {missing} are missing", snapshot.id));
    }
    let own = known(tried, snapshot);
    if let Some(drill) = own.drill.as_ref().filter(|drill| drill.opened && !drill.good) {
        let what = "could open everything, and the cluster that it asked refused something";
        remarks.push(format!("{}: the drill of {} {what}", snapshot.id, shown(drill.at)));
    } else if !own.is_good() && own.trouble().is_none() {
        let good = |other: &&Snapshot| !is_of_pruned(other) && known(tried, other).is_good();
        let other = match listed.snapshots.iter().rev().find(good) {
            Some(other) => format!("the newest that was is {} of {}", other.id, shown(other.finished)),
            None => "none of this repository was".to_owned(),
        };
        remarks.push(format!("{}: it was never verified and never drilled; {other}", snapshot.id));
    }
    remarks
}

/// Refuses to guess between clusters: the newest snapshot of the repository may be another cluster's than the one meant.
async fn only_one_cluster(
    repository: &Repository,
    identities: &Identities,
    listed: &Snapshots,
    chosen: &Snapshot,
    wish: &Wish,
) -> Result<(), Error> {
    if wish.snapshot.is_some() || wish.host.is_some() {
        return Ok(());
    }
    let mut newest: BTreeMap<&str, &Snapshot> = BTreeMap::new();
    for snapshot in listed.snapshots.iter().filter(|snapshot| !is_of_pruned(snapshot) && snapshot.host != chosen.host) {
        newest.insert(&snapshot.host, snapshot);
    }
    for (host, snapshot) in newest {
        // One that does not open cannot be what was meant.
        let Ok(manifest) = repository.manifest(snapshot, identities).await else { continue };
        if manifest.items.contains_key(CLUSTER_OBJECTS) {
            return Err(Error::SeveralClusters { hosts: vec![chosen.host.clone(), host.to_owned()] });
        }
    }
    Ok(())
}

/// A moment for people, to the second.
fn shown(when: Timestamp) -> String {
    when.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// What a snapshot holds, and its objects, if it has any.
pub(crate) async fn open(
    repository: &Repository,
    identities: &Identities,
    snapshot: &Snapshot,
) -> Result<(Manifest, Option<SavedCluster>), Error> {
    let manifest = repository.manifest(snapshot, identities).await?;
    if !manifest.items.contains_key(CLUSTER_OBJECTS) {
        return Ok((manifest, None));
    }
    let objects = fetch_objects(repository, snapshot, CLUSTER_OBJECTS, identities).await?;
    Ok((manifest, Some(objects)))
}
