//! Comparing what the store holds with what was written. No private key is needed.

use std::collections::BTreeMap;

use futures::{StreamExt as _, stream};
use ring::digest;
use serde::Serialize;

use crate::evidence::Findings;
use crate::format::EvidenceKind;
use crate::history::describe;
use crate::repository::Inner;
use crate::snapshot::{Fault, Snapshot};
use crate::store::StoreFault;
use crate::{Error, Identities, Repository, WriterKey};

const AT_ONCE: usize = 4;

/// How much is compared, and how deeply.
#[derive(Debug, Clone, Default)]
pub struct VerifyOptions {
    /// Only the n-th of t shares of all objects, counted from 1: each object belongs to one share, always the same, so that
    /// a share a day has seen everything after t days. Default: all.
    pub share: Option<(u32, u32)>,
    /// Only what this snapshot needs. Default: all snapshots.
    pub snapshot: Option<String>,
    /// Also open each object with these keys and compare the plain bytes.
    pub identities: Option<Identities>,
    /// Keep signed evidence of what was found.
    pub writer: Option<WriterKey>,
}

/// What a verification found.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Verification {
    /// Objects that are as they were written.
    pub objects: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Objects that were opened too.
    pub opened: u64,
    /// Objects that are damaged or gone, and other faults.
    pub damaged: Vec<Fault>,
    /// Snapshots of which everything was compared and is whole.
    pub whole: Vec<String>,
    /// Snapshots that need something damaged.
    pub broken: Vec<String>,
}

/// An object that some snapshot needs.
struct Needed {
    size: u64,
    sha256: String,
    /// One of the snapshots, to open it with.
    snapshot: Snapshot,
    /// Commits disagree about it.
    disputed: bool,
}

impl Repository {
    /// Compares the ciphertext of every object, or of a share of them, with the hashes in the signed commits.
    ///
    /// # Errors
    /// When the store does not answer. What is damaged is in the result and is no error.
    pub async fn verify(&self, options: VerifyOptions) -> Result<Verification, Error> {
        let started = self.inner.now();
        let listed = self.snapshots().await?;
        let wanted = match &options.snapshot {
            Some(id) => vec![listed.find(id)?.clone()],
            None => listed.snapshots.clone(),
        };
        let mut needed = needed_by(&wanted);
        needed.retain(|key, _| options.share.is_none_or(|share| in_share(key, share)));
        let identities = options.identities.as_ref();
        // Owned, so that the whole can be given to another thread.
        let looked = stream::iter(needed)
            .map(|(key, needed)| async move {
                let compared = self.inner.compare(&key, &needed, identities).await;
                (key, needed.size, compared)
            })
            .buffered(AT_ONCE)
            .collect::<Vec<_>>()
            .await;
        let mut found = Verification { damaged: listed.faults, ..Verification::default() };
        let mut good = Vec::new();
        for (key, size, compared) in looked {
            match compared {
                Ok(opened) => {
                    found.objects += 1;
                    found.bytes += size;
                    found.opened += u64::from(opened);
                    good.push(key.clone());
                }
                // A store that does not answer says nothing about the object.
                Err(Error::Store(error)) if error.fault != StoreFault::NotFound => return Err(error.into()),
                Err(error) => found.damaged.push(Fault { key: key.clone(), what: describe(&error) }),
            }
        }
        for snapshot in &wanted {
            if snapshot.needs().any(|key| found.damaged.iter().any(|fault| fault.key == key)) {
                found.broken.push(snapshot.id.clone());
            } else if options.share.is_none() {
                found.whole.push(snapshot.id.clone());
            }
        }
        if let Some(writer) = &options.writer {
            let findings = Findings {
                good: found.damaged.is_empty(),
                started: Some(started),
                finished: None,
                snapshots: found.whole.clone(),
                objects: good,
                damaged: found.damaged.clone(),
                facts: serde_json::Map::from_iter([
                    ("bytes".to_owned(), found.bytes.into()),
                    ("opened".to_owned(), found.opened.into()),
                ]),
            };
            self.keep_evidence(writer, EvidenceKind::Verify, findings).await?;
        }
        Ok(found)
    }
}

impl Inner {
    /// Compares one object. Says whether it was opened too.
    async fn compare(&self, key: &str, needed: &Needed, identities: Option<&Identities>) -> Result<bool, Error> {
        if needed.disputed {
            return Err(Error::damaged(key, "commits disagree about its bytes"));
        }
        let Some(identities) = identities else {
            self.hash(key, needed.size, &needed.sha256).await?;
            return Ok(false);
        };
        self.open_whole(&needed.snapshot, key, needed.size, &needed.sha256, identities).await.map(|()| true)
    }
}

fn needed_by(snapshots: &[Snapshot]) -> BTreeMap<String, Needed> {
    let mut all: BTreeMap<String, Needed> = BTreeMap::new();
    for snapshot in snapshots {
        let manifest = (&snapshot.manifest.key, snapshot.manifest.size, &snapshot.manifest.sha256);
        let items = snapshot.items.iter().map(|item| (&item.key, item.size, &item.sha256));
        for (key, size, sha256) in items.chain([manifest]) {
            let needed = all.entry(key.clone()).or_insert_with(|| Needed {
                size,
                sha256: sha256.clone(),
                snapshot: snapshot.clone(),
                disputed: false,
            });
            needed.disputed |= needed.size != size || needed.sha256 != *sha256;
        }
    }
    all
}

/// Each key belongs to one share, whatever else there is.
fn in_share(key: &str, (share, of): (u32, u32)) -> bool {
    let hash = digest::digest(&digest::SHA256, key.as_bytes());
    let number = hash.as_ref().iter().take(8).fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
    number % u64::from(of.max(1)) == u64::from(share.saturating_sub(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_object_is_in_one_share() {
        for number in 0..200 {
            let key = format!("items/ab/{number}");
            let shares = (1..=7).filter(|share| in_share(&key, (*share, 7))).count();
            assert_eq!(shares, 1);
        }
        assert!(in_share("any", (1, 1)) && in_share("any", (0, 0)));
    }
}
