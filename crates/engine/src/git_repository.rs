//! The loop of one GitRepository: poll, keep the snapshot, report.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use kube::Api;
use tokio::sync::watch;
use windlass_flux::{
    Artifact, Condition, ConditionStatus, GitRepository, GitRepositoryStatus, READY, RECONCILING, STALLED, reason,
    well_known,
};
use windlass_source::{Cancel, GitSource, IgnoreRules, Poll, Snapshot};

use crate::board::SourceState;
use crate::clock::now;
use crate::context::Context;
use crate::git_remote::GitSettings;
use crate::own_status::OwnStatus;
use crate::supervisor::Seen;
use crate::trigger::Trigger;
use crate::{Error, LocalSource, Lookup, NamespacedName};

const FETCH_FAILED: &str = "FetchFailed";
const ARTIFACT_IN_STORAGE: &str = "ArtifactInStorage";

/// Runs until the object is gone or the engine stops.
pub(crate) async fn run(context: Arc<Context>, name: NamespacedName, mut seen: Seen<GitRepository>) {
    let Some(first) = seen.borrow().clone() else { return };
    let api = Api::namespaced(context.client.clone(), &name.namespace);
    let stop = context.stop();
    let mut poller =
        Poller { context, name, api, status: OwnStatus::of(&*first, first.status.clone()), open: None, failures: 0 };
    loop {
        let Some(object) = seen.borrow_and_update().clone() else { break };
        let next = poller.turn(&object).await;
        if !sleep(next, &Trigger::of(&*object), &mut seen, stop.clone()).await {
            break;
        }
    }
    if seen.borrow().is_none() {
        poller.context.board.publish_source(&poller.name, SourceState::Missing);
        poller.context.metrics.forget("GitRepository", &poller.name);
    }
}

/// Sleeps for `next` (for ever where there is none), or until the object changes; `false` where it is gone or the
/// engine stops.
async fn sleep(
    next: Option<Duration>,
    trigger: &Trigger,
    seen: &mut Seen<GitRepository>,
    mut stop: watch::Receiver<bool>,
) -> bool {
    let differs =
        |object: &Option<Arc<GitRepository>>| object.as_ref().is_none_or(|object| Trigger::of(&**object) != *trigger);
    tokio::select! {
        changed = seen.wait_for(differs) => changed.is_ok_and(|object| object.is_some()),
        () = tokio::time::sleep(next.unwrap_or_default()), if next.is_some() => true,
        _ = stop.wait_for(|stop| *stop) => false,
    }
}

struct Poller {
    context: Arc<Context>,
    name: NamespacedName,
    api: Api<GitRepository>,
    status: OwnStatus<GitRepositoryStatus>,
    open: Option<Open>,
    failures: u32,
}

/// An open source, and the settings that it was opened with.
struct Open {
    settings: GitSettings,
    source: Arc<GitSource>,
}

impl Poller {
    /// One turn; the time until the next one, `None` where only a change of the object can help.
    async fn turn(&mut self, object: &GitRepository) -> Option<Duration> {
        self.status.see(object, object.status.clone());
        if object.metadata.deletion_timestamp.is_some() {
            return self.finalize(object).await;
        }
        if object.spec.suspend {
            // What was fetched before stays in use.
            if self.open.is_none() {
                let _ = self.open(object).await;
            }
            return None;
        }
        let started = Instant::now();
        let interval = object.spec.interval.get();
        let result = self.attempt(object).await;
        self.context.metrics.turned("GitRepository", &self.name, result.is_ok(), started.elapsed());
        let (status, next) = match result {
            Ok(snapshot) => {
                self.failures = 0;
                (self.succeeded(object, &snapshot), Some(self.context.jitter(interval)))
            }
            Err(error) => {
                self.failures += 1;
                tracing::error!(source = %self.name, "{}", error.chain());
                self.context.events.warning(object, failure_reason(&error), &error.chain()).await;
                let next = (!error.is_terminal()).then(|| self.context.backoff(self.failures, interval));
                (self.failed(object, &error), next)
            }
        };
        match self.write(object, status).await {
            Ok(()) => next,
            Err(error) => {
                tracing::error!(source = %self.name, "{}", error.chain());
                Some(self.context.backoff(self.failures + 1, interval))
            }
        }
    }

    async fn attempt(&mut self, object: &GitRepository) -> Result<Snapshot, Error> {
        self.ensure_finalizer(object).await?;
        if let Some(local) = self.context.options.local_sources.get(&self.name).cloned() {
            return self.read(object, local).await;
        }
        let source = self.open(object).await?;
        let known = source.last().map(|snapshot| snapshot.revision);
        let poll = {
            let source = Arc::clone(&source);
            let known = known.clone();
            let cancel = Cancel::new();
            let _cancel_on_drop = CancelOnDrop(cancel.clone());
            let poll = tokio::task::spawn_blocking(move || source.poll(known.as_ref(), &cancel));
            poll.await.map_err(|_| Error::Interrupted { doing: "fetching" })?
        };
        let snapshot = match poll? {
            Poll::Unchanged => {
                self.context.metrics.polled("unchanged");
                source.last().ok_or(Error::Interrupted { doing: "reading the last snapshot" })?
            }
            Poll::Changed(snapshot) => {
                self.announce(object, &snapshot).await;
                snapshot
            }
        };
        self.publish(object, &snapshot)?;
        Ok(snapshot)
    }

    /// The files that stand in for the repository.
    async fn read(&mut self, object: &GitRepository, local: LocalSource) -> Result<Snapshot, Error> {
        let read = tokio::task::spawn_blocking(move || local.snapshot()).await;
        let snapshot = read.map_err(|_| Error::Interrupted { doing: "reading the local files" })??;
        let known = self.status.get().and_then(|status| status.artifact.as_ref());
        if known.is_some_and(|known| self.is_of(known, &snapshot)) {
            self.context.metrics.polled("unchanged");
        } else {
            self.announce(object, &snapshot).await;
        }
        self.publish(object, &snapshot)?;
        Ok(snapshot)
    }

    /// Tells of a new revision.
    async fn announce(&self, object: &GitRepository, snapshot: &Snapshot) {
        self.context.metrics.polled("changed");
        tracing::info!(source = %self.name, revision = %snapshot.revision, "new revision");
        let message = format!("stored artifact for revision '{}'", snapshot.revision);
        self.context.events.normal(object, reason::NEW_ARTIFACT, &message).await;
    }

    /// The source with the object's present settings; opened anew where they changed.
    ///
    /// The last snapshot of an earlier process is published at once, so that a host which is down stops nothing.
    async fn open(&mut self, object: &GitRepository) -> Result<Arc<GitSource>, Error> {
        let lookup = Lookup::cluster(self.context.cluster.clone());
        let settings = GitSettings::of(object, &lookup).await?;
        if let Some(open) = self.open.as_ref().filter(|open| open.settings == settings) {
            return Ok(Arc::clone(&open.source));
        }
        // The store belongs to one source at a time.
        self.open = None;
        let (remote, options) = settings.remote()?;
        let directory = self.store();
        let opened = tokio::task::spawn_blocking(move || GitSource::open(directory, remote, options)).await;
        let source = Arc::new(opened.map_err(|_| Error::Interrupted { doing: "opening the store" })??);
        if let Some(last) = source.last() {
            self.publish(object, &last)?;
        }
        self.open = Some(Open { settings, source: Arc::clone(&source) });
        Ok(source)
    }

    /// Shows a snapshot, less the files that are to be ignored, to the Kustomizations.
    fn publish(&self, object: &GitRepository, snapshot: &Snapshot) -> Result<(), Error> {
        let seen = snapshot.ignoring(&ignore_rules(object)).map_err(Error::IgnoreRules)?;
        self.context.board.publish_source(&self.name, SourceState::Ready(Arc::new(seen)));
        Ok(())
    }

    fn store(&self) -> PathBuf {
        self.context.options.store.join("gitrepository").join(&self.name.namespace).join(&self.name.name)
    }

    fn succeeded(&self, object: &GitRepository, snapshot: &Snapshot) -> GitRepositoryStatus {
        let mut status = self.begin(object);
        let revision = snapshot.revision.to_string();
        if status.artifact.as_ref().is_none_or(|known| !self.is_of(known, snapshot)) {
            status.artifact = Some(artifact(&self.name, object, snapshot));
        }
        let generation = object.metadata.generation;
        let message = format!("stored artifact for revision '{revision}'");
        for condition in [RECONCILING, STALLED, FETCH_FAILED] {
            status.conditions.remove(condition);
        }
        for condition in [READY, ARTIFACT_IN_STORAGE] {
            let holds = ConditionStatus::True;
            status.conditions.set(Condition::new(condition, holds, reason::SUCCEEDED, &message, generation, now()));
        }
        status.observed_generation = generation;
        status.observed_ignore = object.spec.ignore.clone();
        status
    }

    fn failed(&self, object: &GitRepository, error: &Error) -> GitRepositoryStatus {
        let mut status = self.begin(object);
        let (generation, message, why) = (object.metadata.generation, error.chain(), failure_reason(error));
        if error.is_terminal() {
            status.conditions.set_stalled(why, &message, generation, now());
            status.observed_generation = generation;
        } else {
            let retrying = "Trying again after a failure";
            status.conditions.set_reconciling(reason::PROGRESSING_WITH_RETRY, retrying, generation, now());
        }
        for (condition, holds) in [(READY, ConditionStatus::False), (FETCH_FAILED, ConditionStatus::True)] {
            status.conditions.set(Condition::new(condition, holds, why, &message, generation, now()));
        }
        status
    }

    /// Whether `known`, which may be from Flux's own controller, is of this snapshot: of the same commit. A directory is
    /// edited without a commit, and is known by its content too.
    fn is_of(&self, known: &Artifact, snapshot: &Snapshot) -> bool {
        let is_local = self.context.options.local_sources.contains_key(&self.name);
        known.revision == snapshot.revision.to_string()
            && (!is_local || known.digest.as_deref() == Some(&*snapshot.digest))
    }

    fn begin(&self, object: &GitRepository) -> GitRepositoryStatus {
        let mut status = self.status.get().cloned().unwrap_or_default();
        if let Some(requested) = Trigger::of(object).requested {
            status.last_handled_reconcile_at = Some(requested);
        }
        status
    }

    async fn write(&mut self, object: &GitRepository, status: GitRepositoryStatus) -> Result<(), Error> {
        self.status.write(&self.api, object, well_known::SOURCE_STATUS_MANAGER, status).await
    }

    async fn ensure_finalizer(&self, object: &GitRepository) -> Result<(), Error> {
        crate::finalizer::ensure(&self.api, object).await
    }

    /// Drops the store and lets the object go.
    async fn finalize(&mut self, object: &GitRepository) -> Option<Duration> {
        self.open = None;
        let directory = self.store();
        let removed = tokio::task::spawn_blocking(move || std::fs::remove_dir_all(directory)).await;
        if let Ok(Err(error)) = removed
            && error.kind() != std::io::ErrorKind::NotFound
        {
            tracing::warn!(source = %self.name, "cannot remove the store: {error}");
        }
        match crate::finalizer::remove(&self.api, object).await {
            Ok(()) => None,
            Err(error) => {
                tracing::error!(source = %self.name, "{}", error.chain());
                Some(self.context.backoff(1, object.spec.interval.get()))
            }
        }
    }
}

/// What Flux calls the artifact. There is no tarball and nobody serves one: `url` names the repository itself. A
/// source-controller that takes over finds no such file in its storage and fetches again.
fn artifact(name: &NamespacedName, object: &GitRepository, snapshot: &Snapshot) -> Artifact {
    let path = format!("gitrepository/{}/{}/{}", name.namespace, name.name, snapshot.revision.hash());
    let url = object.spec.url.parse::<windlass_source::GitUrl>();
    Artifact {
        path,
        url: url.map_or_else(|_| String::new(), |url| url.to_string()),
        revision: snapshot.revision.to_string(),
        digest: Some(snapshot.digest.clone()),
        last_update_time: now(),
        size: None,
        metadata: BTreeMap::new(),
    }
}

fn failure_reason(error: &Error) -> &'static str {
    match error {
        Error::Source(error) => error.reason().as_str(),
        Error::ReferenceMissing { .. } => reason::AUTHENTICATION_FAILED,
        _ => reason::GIT_OPERATION_FAILED,
    }
}

/// The files that are left out.
pub(crate) fn ignore_rules(object: &GitRepository) -> IgnoreRules {
    object.spec.ignore.as_deref().map_or_else(IgnoreRules::default, IgnoreRules::with_spec)
}

/// Ends a fetch whose turn was dropped.
pub(crate) struct CancelOnDrop(pub(crate) Cancel);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.cancel();
    }
}
