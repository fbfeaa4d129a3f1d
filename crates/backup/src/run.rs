//! Making a snapshot: items first, then the manifest, then the commit.

mod add;
mod commit;
mod options;

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};

use jiff::{SignedDuration, Timestamp};

use crate::format::{Carried, ItemRef, ManifestItem, Stale};
use crate::identifier::hex;
use crate::snapshot::{Fault, Snapshot};
use crate::{Error, Repository, WriterKey};

pub use add::Added;
pub use options::{Phase, Progress, Report, RunOptions};

/// Clocks that differ by more are a fault: nothing is deleted by such a clock.
pub(crate) const SKEW: SignedDuration = SignedDuration::from_mins(5);
/// How many foreign commits are read to find the last of one's own line.
const LOOK_BACK: usize = 50;

/// One backup in the making. Nothing of it is visible until [`commit`](Self::commit); one that is dropped leaves at most
/// items that no snapshot refers to, which a later [`sweep`](Repository::sweep) removes.
#[derive(Debug)]
pub struct Run {
    repository: Repository,
    writer: WriterKey,
    options: RunOptions,
    started: Timestamp,
    seq: u64,
    recipients: Vec<crate::Recipient>,
    previous: Option<Arc<Snapshot>>,
    /// The recipients are those of the previous snapshot, so that its items can be used.
    reusable: bool,
    kept: BTreeMap<String, Kept>,
    missing: BTreeMap<String, String>,
    sent: u64,
    sent_bytes: u64,
    warnings: Vec<Fault>,
}

#[derive(Debug)]
struct Kept {
    stored: ItemRef,
    described: ManifestItem,
}

impl Repository {
    /// Begins a backup: one request, where the last snapshot of this host is cached.
    ///
    /// # Errors
    /// When the store does not answer, when the writer is none of this repository, or when its recipients were named by
    /// somebody whom this writer has no reason to believe.
    pub async fn begin(&self, writer: &WriterKey, options: RunOptions) -> Result<Run, Error> {
        let begun = self.begin_inner(writer, options).await;
        self.note_outcome(begun.as_ref().err());
        begun
    }

    async fn begin_inner(&self, writer: &WriterKey, options: RunOptions) -> Result<Run, Error> {
        let inner = &self.inner;
        let started = inner.now();
        let line = (options.host.clone(), writer.id());
        let mut warnings = Vec::new();
        let cached = self.last_cached(&line.0, writer).await;
        // Somebody slower may have taken a number before ours, so the look goes back a little.
        let from = cached.as_ref().map(|snapshot| snapshot.seq.saturating_sub(2));
        let row = inner.row(from).await?;
        warnings.extend(row.faults);
        inner.marker_is_ours(writer)?;
        let mut previous = None;
        for id in row.ids.iter().rev().take(LOOK_BACK) {
            match inner.snapshot(id).await {
                Ok(snapshot) if snapshot.line() == (line.0.as_str(), line.1) => {
                    previous = Some(snapshot);
                    break;
                }
                Ok(_) => {}
                Err(error @ Error::Store(_)) if error.is_transient() => return Err(error),
                Err(error) => {
                    let what = crate::history::describe(&error);
                    warnings.push(Fault { key: crate::format::commit_key(id), what });
                }
            }
        }
        if let Some(cached) = cached
            && previous.as_ref().is_none_or(|previous| previous.seq < cached.seq)
        {
            // Not listed: an old listing, or somebody took it away. Its own key tells.
            let key = crate::format::commit_key(&cached.id);
            if inner.store.head(&key).await?.is_some() {
                previous = Some(cached);
            } else {
                inner.cache.forget(&cached.id);
                let what = "was there before and is gone: deleted, or the bucket was rolled back".to_owned();
                warnings.push(Fault { key, what });
            }
        }
        if let Some(skew) = inner.store.clock_ahead().filter(|skew| skew.abs() > SKEW) {
            let what =
                format!("its clock and this one differ by {skew:#}; until that is set right, nothing is deleted");
            warnings.push(Fault { key: inner.store.place(), what });
        }
        let highest = row.highest.max(previous.as_ref().map_or(0, |previous| previous.seq));
        let recipients = self.recipients();
        let named: Vec<String> = recipients.iter().map(crate::Recipient::describe).collect();
        let reusable = previous.as_ref().is_some_and(|previous| previous.recipients == named);
        Ok(Run {
            repository: self.clone(),
            writer: writer.clone(),
            options,
            started,
            seq: highest + 1,
            recipients,
            previous,
            reusable,
            kept: BTreeMap::new(),
            missing: BTreeMap::new(),
            sent: 0,
            sent_bytes: 0,
            warnings,
        })
    }

    /// The newest snapshot of a line that was seen before.
    async fn last_cached(&self, host: &str, writer: &WriterKey) -> Option<Arc<Snapshot>> {
        for id in self.inner.cache.known().iter().rev().take(LOOK_BACK) {
            if let Some(snapshot) = self.inner.remembered(id)
                && snapshot.line() == (host, writer.id())
            {
                return Some(snapshot);
            }
        }
        None
    }

    /// A failed run stops deletion until one succeeds.
    fn note_outcome(&self, failure: Option<&Error>) {
        let mut last = self.inner.last_failure.lock().unwrap_or_else(PoisonError::into_inner);
        *last = failure.map(ToString::to_string);
    }
}

impl Run {
    /// Says that something could not be saved. Its last version stands in, marked stale; without one it is missing. The
    /// snapshot is partial.
    ///
    /// # Errors
    /// When the name cannot be used.
    pub fn skip(&mut self, name: &str, reason: impl Into<String>) -> Result<(), Error> {
        let reason = reason.into();
        check_name(name)?;
        let tag = self.tag(name);
        let former = self.previous.as_ref().and_then(|previous| {
            let item = previous.items.iter().find(|item| item.tag == tag)?;
            Some((previous.id.clone(), previous.finished, item.clone()))
        });
        self.kept.remove(name);
        let Some((snapshot, finished, mut stored)) = former else {
            self.missing.insert(name.to_owned(), reason);
            return Ok(());
        };
        let mut carried =
            stored.carried.take().unwrap_or(Carried { snapshot, since: finished, other_recipients: false });
        carried.other_recipients |= !self.reusable;
        let Some(format) = format_of(&stored.key) else {
            self.missing.insert(name.to_owned(), reason);
            return Ok(());
        };
        let stale = Stale { since: carried.since, snapshot: carried.snapshot.clone(), reason };
        let described = ManifestItem {
            id: stored.id.clone(),
            format,
            size: stored.plain_bytes,
            digest: None,
            facts: serde_json::Map::new(),
            meta: serde_json::Map::new(),
            stale: Some(stale),
        };
        stored.carried = Some(carried);
        self.kept.insert(name.to_owned(), Kept { stored, described });
        Ok(())
    }

    /// What is not as it should be in the repository, as far as this run saw it.
    #[must_use]
    pub fn warnings(&self) -> &[Fault] {
        &self.warnings
    }

    /// The snapshot that this one follows.
    #[must_use]
    pub fn previous(&self) -> Option<&Snapshot> {
        self.previous.as_deref()
    }

    /// The keyed name of an item, by which the next run finds it without reading a manifest.
    fn tag(&self, name: &str) -> String {
        hex(&self.writer.name("name", name.as_bytes())[..16])
    }
}

/// Names are used as paths by those who restore, so they are held to that here and when a manifest is read.
pub(crate) fn check_name(name: &str) -> Result<(), Error> {
    let refuse = |reason| Err(Error::Name { name: name.chars().take(80).collect(), reason });
    if name.is_empty() || name.len() > 1024 {
        return refuse("it must have 1 to 1024 bytes");
    }
    if name.chars().any(char::is_control) || name.contains('\\') {
        return refuse("it must have no control characters and no backslash");
    }
    if name.split('/').any(|segment| matches!(segment, "" | "." | "..")) {
        return refuse("it must be a relative path without empty, . and .. segments");
    }
    Ok(())
}

/// The form of an item, from the extension in its key.
pub(crate) fn format_of(key: &str) -> Option<windlass_capture::Format> {
    let extension = key.strip_suffix(".zst.age")?.rsplit('.').next()?;
    serde_json::from_value(serde_json::Value::String(extension.to_owned())).ok()
}
