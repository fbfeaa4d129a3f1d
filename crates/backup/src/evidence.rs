//! What was tried and seen, kept beside the backups.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::format::{EVIDENCE, EVIDENCE_KIND, Evidence, EvidenceKind, FORMAT, Signed, sign};
use crate::history::describe;
use crate::identifier::Ulid;
use crate::repository::tool;
use crate::snapshot::{Fault, Snapshot};
use crate::store::{PutMode, StoreFault, read_whole};
use crate::{Error, Repository, WriterKey};

const EVIDENCE_LIMIT: u64 = 16 << 20;
const AT_ONCE: usize = 8;

/// What was found, to be kept as [`Evidence`].
#[derive(Debug, Clone, Default)]
pub struct Findings {
    /// Whether everything was as it should be.
    pub good: bool,
    /// When it was begun. Default: now.
    pub started: Option<Timestamp>,
    /// When it was finished. Default: now.
    pub finished: Option<Timestamp>,
    /// Snapshots that were found whole.
    pub snapshots: Vec<String>,
    /// Objects that are as they were written.
    pub objects: Vec<String>,
    /// Objects that are not.
    pub damaged: Vec<Fault>,
    /// More that was seen. No content.
    pub facts: Map<String, Value>,
}

impl Repository {
    /// Signs findings and keeps them.
    ///
    /// # Errors
    /// When the store does not take them.
    pub async fn keep_evidence(
        &self,
        writer: &WriterKey,
        what: EvidenceKind,
        findings: Findings,
    ) -> Result<Evidence, Error> {
        let now = self.inner.now();
        let Findings { good, started, finished, snapshots, objects, damaged, facts } = findings;
        let finished = finished.unwrap_or(now);
        let evidence = Evidence {
            kind: EVIDENCE_KIND.to_owned(),
            format: FORMAT,
            repository: self.inner.id.clone(),
            id: Ulid::at(now)?.to_string(),
            what,
            at: finished,
            seconds: started.map_or(0.0, |started| finished.duration_since(started).as_secs_f64()),
            tool: tool(),
            good,
            snapshots,
            objects,
            damaged,
            facts,
            writer: writer.id(),
        };
        let bytes = sign(&evidence, writer)?;
        let key = evidence_key(&evidence.id);
        self.inner.store.put(&key, Bytes::from(bytes), PutMode::Replace).await?;
        Ok(evidence)
    }

    /// All evidence, oldest first, and what among it cannot be believed.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn evidence(&self) -> Result<(Vec<Evidence>, Vec<Fault>), Error> {
        let inner = &self.inner;
        let entries = inner.store.list(EVIDENCE, None).await?;
        let known = inner.marker().document.writers.clone();
        let known = &known;
        let read = |key: String| async move {
            let cached = inner.cache.read(&key);
            let is_new = cached.is_none();
            let bytes = match cached {
                Some(bytes) => bytes,
                None => match read_whole(inner.store.as_ref(), &key, EVIDENCE_LIMIT).await {
                    Ok(bytes) => bytes,
                    Err(error) if error.fault == StoreFault::NotFound => return Ok(None),
                    Err(error) => return Err(Error::from(error)),
                },
            };
            let read = Signed::<Evidence>::read(&key, EVIDENCE_KIND, &bytes, &inner.trust, known);
            Ok(Some(match read {
                Ok(signed) if signed.document.repository != inner.id || evidence_key(&signed.document.id) != key => {
                    Err(Fault { key, what: "it belongs elsewhere: somebody moved it".to_owned() })
                }
                Ok(signed) => {
                    if is_new {
                        inner.cache.write(&key, &bytes);
                    }
                    Ok(signed.document)
                }
                Err(error) => Err(Fault { what: describe(&error), key }),
            }))
        };
        let keys = entries.into_iter().map(|entry| entry.key);
        let read: Vec<_> = stream::iter(keys).map(read).buffered(AT_ONCE).try_collect().await?;
        let (mut all, mut faults) = (Vec::new(), Vec::new());
        for one in read.into_iter().flatten() {
            match one {
                Ok(evidence) => all.push(evidence),
                Err(fault) => faults.push(fault),
            }
        }
        Ok((all, faults))
    }
}

fn evidence_key(id: &str) -> String {
    format!("{EVIDENCE}{id}.json")
}

/// What is known of snapshots from evidence.
#[derive(Debug, Default)]
pub(crate) struct Verified {
    /// When each object was last compared, and whether it was as it should be.
    objects: BTreeMap<String, (Timestamp, bool)>,
    snapshots: BTreeMap<String, Timestamp>,
}

impl Verified {
    pub(crate) fn of(evidence: &[Evidence]) -> Self {
        let mut verified = Self::default();
        let tells = |one: &&Evidence| matches!(one.what, EvidenceKind::Verify | EvidenceKind::Drill);
        for one in evidence.iter().filter(tells) {
            let good = one.objects.iter().map(|key| (key, true));
            for (key, good) in good.chain(one.damaged.iter().map(|fault| (&fault.key, false))) {
                let last = verified.objects.entry(key.clone()).or_insert((one.at, good));
                if one.at >= last.0 {
                    *last = (one.at, good);
                }
            }
            for id in &one.snapshots {
                verified.snapshots.insert(id.clone(), one.at);
            }
        }
        verified
    }

    /// Whether an object was damaged or missing when it was last looked at.
    pub(crate) fn is_damaged(&self, key: &str) -> bool {
        self.objects.get(key).is_some_and(|(_, good)| !good)
    }

    /// When a snapshot was last known to be whole: at once, or object by object. `None` when some of it was never
    /// compared, or is damaged.
    pub(crate) fn good_at(&self, snapshot: &Snapshot) -> Option<Timestamp> {
        if snapshot.needs().any(|key| self.is_damaged(key)) {
            return None;
        }
        let keys: BTreeSet<&str> = snapshot.needs().collect();
        let by_objects = keys.iter().map(|key| self.objects.get(*key).map(|(at, _)| *at)).min().flatten();
        let all_seen = keys.iter().all(|key| self.objects.contains_key(*key));
        by_objects.filter(|_| all_seen).max(self.snapshots.get(&snapshot.id).copied())
    }
}
