//! How long rebuilds took: the recovery time that nobody has to estimate.

use kube::Client;
use windlass_backup::{Evidence, EvidenceKind, Repository, WriterKey};
use windlass_cluster::Cluster;

use super::memory::{Memory, forget};
use crate::Error;
use crate::coverage::RestoreTime;
use crate::restore::restoring;

/// Keeps in the repository, signed, how long the rebuild of a cluster took. Who rebuilds has a key that opens and seldom one
/// that signs: so the cluster remembers it until somebody comes who has, such as windlassd after its next backup.
///
/// `None` where there was no rebuild, it is at work still, it was from another repository, or it was kept already.
///
/// # Errors
/// Where the cluster or the repository does not answer.
pub async fn keep_rebuild_time(
    client: Client,
    repository: &Repository,
    writer: &WriterKey,
) -> Result<Option<Evidence>, Error> {
    let cluster = restoring(client);
    let memory = match Memory::read(&cluster).await {
        // Who may not see it did not rebuild, and backs up one namespace.
        Err(Error::Api { source, .. }) if matches!(&*source, kube::Error::Api(status) if status.code == 403) => None,
        memory => memory?,
    };
    let Some(memory) = memory.filter(|memory| memory.repository == repository.id()) else { return Ok(None) };
    let Some(findings) = memory.findings() else { return Ok(None) };
    let kept = repository.keep_evidence(writer, EvidenceKind::Rebuild, findings).await?;
    forget(&cluster).await?;
    Ok(Some(kept))
}

/// A rebuild that is not kept in the repository yet: of which host, and how long it took.
pub(crate) async fn last_rebuild(cluster: &Cluster) -> Option<(String, RestoreTime)> {
    // Who may not look for it, or finds nothing that can be read, knows of none.
    let memory = Memory::read(cluster).await.ok()??;
    let (seconds, at) = (memory.took()?, memory.ended.as_ref()?.at);
    let how = format!("rebuild from {}", memory.snapshot);
    Some((memory.host, RestoreTime { seconds, at: Some(at), how }))
}
