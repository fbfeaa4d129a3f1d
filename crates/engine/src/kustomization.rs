//! The loop of one Kustomization: wait for something to happen, bring the cluster to what the source says, report.

use std::sync::Arc;
use std::time::{Duration, Instant};

use kube::Api;
use windlass_cluster::{Target, WaitOptions};
use windlass_flux::{Kustomization, KustomizationStatus, reason};
use windlass_source::Snapshot;

use crate::board::{SourceState, Standing, dependencies};
use crate::carry_out::{CarryOut, Written, digest};
use crate::context::Context;
use crate::desired::{Desired, Inputs, desired};
use crate::own_status::OwnStatus;
use crate::supervisor::Seen;
use crate::{Error, Lookup, NamespacedName};

mod finalize;
mod progress;
mod supported;
mod wake;

use progress::Progress;
use wake::{Next, Wake};

/// Runs until the object is gone or the engine stops.
pub(crate) async fn run(context: Arc<Context>, name: NamespacedName, mut seen: Seen<Kustomization>) {
    let Some(first) = seen.borrow().clone() else { return };
    if !context.listed().await {
        return;
    }
    let api = Api::namespaced(context.client.clone(), &name.namespace);
    let mut reconciler = Reconciler {
        context,
        name,
        api,
        status: OwnStatus::of(&*first, first.status.clone()),
        announced: None,
        failures: 0,
    };
    loop {
        let Some(object) = seen.borrow_and_update().clone() else { break };
        let mut wake = Wake::new(&reconciler.context, &object, seen.clone());
        let next = reconciler.turn(&object, &mut wake).await;
        if !wake.wait(next).await {
            break;
        }
    }
    reconciler.context.board.publish_standing(&reconciler.name, None);
}

struct Reconciler {
    context: Arc<Context>,
    name: NamespacedName,
    api: Api<Kustomization>,
    status: OwnStatus<KustomizationStatus>,
    /// The generation and revision whose beginning was announced: a retry is no news.
    announced: Option<(Option<i64>, String)>,
    failures: u32,
}

impl Reconciler {
    /// One turn: from the object as it is now to a status that says how it went.
    async fn turn(&mut self, object: &Kustomization, wake: &mut Wake) -> Next {
        self.status.see(object, object.status.clone());
        if object.metadata.deletion_timestamp.is_some() {
            return self.finalize(object).await;
        }
        if object.spec.suspend {
            tracing::debug!(kustomization = %self.name, "suspended");
            return Next::OnTrigger;
        }
        if let Err(error) = crate::finalizer::ensure(&self.api, object).await {
            return self.retry(object, &error);
        }
        let started = Instant::now();
        let mut progress = Progress::new(self, object);
        let turned = self.attempt(object, wake, &mut progress).await;
        if let Ok(Turn::Done) | Err(_) = &turned {
            self.context.metrics.turned("Kustomization", &self.name, turned.is_ok(), started.elapsed());
        }
        let (status, next) = match turned {
            Ok(Turn::Done) => {
                self.failures = 0;
                progress.succeed();
                (progress.finish(started.elapsed()), Next::After(self.context.jitter(object.spec.interval.get())))
            }
            Ok(Turn::Waiting(next)) => (progress.waiting(), next),
            Ok(Turn::Superseded) => return Next::Now,
            Err(failure) => {
                self.failures += 1;
                let retry = object.spec.retry_interval().get();
                let next = if failure.error.is_terminal() {
                    Next::OnTrigger
                } else if failure.error.is_transient() {
                    Next::After(self.context.backoff(self.failures, retry))
                } else {
                    Next::After(retry)
                };
                self.report_failure(object, &failure).await;
                progress.fail(&failure);
                (progress.finish(started.elapsed()), next)
            }
        };
        match self.write(object, status).await {
            Ok(()) => next,
            Err(error) => self.retry(object, &error),
        }
    }

    async fn attempt(
        &mut self,
        object: &Kustomization,
        wake: &mut Wake,
        progress: &mut Progress,
    ) -> Result<Turn, Failure> {
        supported::check(&object.spec)?;
        let snapshot = match self.source(object, wake)? {
            SourceState::Ready(snapshot) => snapshot,
            SourceState::Pending => return Ok(progress.wait_for_source(object)),
            SourceState::Missing => {
                let kind = object.spec.source_ref.kind.to_string();
                return Err(Error::SourceMissing { kind, name: wake.source_name().clone() }.into());
            }
        };
        let revision = snapshot.revision.to_string();
        if let Some(message) = self.unready_dependency(object, &revision)? {
            return Ok(progress.wait_for_dependency(&message));
        }
        progress.attempt(&revision);
        let turn = Some((object.metadata.generation, revision.clone()));
        let is_news = progress.is_news() && self.announced != turn;
        if is_news {
            self.announced = turn;
            self.write(object, progress.working()).await?;
        }
        let context = Arc::clone(&self.context);
        let permit = context.work.acquire().await;
        let desired = self.desired(object, &snapshot, &revision).await?;
        progress.built(digest(&desired.manifests));
        let carry_out = CarryOut::new(&context.cluster, object);

        // The objects are written down before they are made, so that whatever happens next, what was made can be found.
        let known = progress.inventory();
        let known = match carry_out.ahead(&desired.manifests, &known).await {
            Some(inventory) => {
                progress.set_inventory(inventory.clone());
                self.write(object, progress.working()).await?;
                inventory
            }
            None => known,
        };
        // What was applied when the time is up is on record already.
        let timeout = object.spec.timeout().get();
        let outcome = tokio::time::timeout(timeout, carry_out.run(desired.manifests, &known)).await;
        let outcome = outcome.map_err(|_| Error::TimedOut { doing: "applying", seconds: timeout.as_secs() })?;
        self.report_written(object, &revision, &outcome.written).await;
        for warning in &outcome.warnings {
            tracing::warn!(kustomization = %self.name, "{warning}");
        }
        progress.set_inventory(outcome.inventory);
        if let Some(failure) = outcome.failure {
            return Err(failure);
        }
        drop(permit);
        let targets = crate::health_targets::of(object, outcome.applied, &self.name);
        self.wait_for_health(object, wake, &targets, progress, is_news).await
    }

    /// The state of the source that the spec names.
    fn source(&self, object: &Kustomization, wake: &Wake) -> Result<SourceState, Error> {
        let reference = &object.spec.source_ref;
        let kind = reference.kind.to_string();
        if kind != "GitRepository" {
            return Err(Error::SourceKindUnsupported { kind });
        }
        if wake.source_name().namespace != self.name.namespace && !self.context.options.allow_cross_namespace {
            return Err(Error::CrossNamespace { kind, name: wake.source_name().clone() });
        }
        Ok(wake.source())
    }

    /// Why a dependency is not ready, in Flux's words; `None` where all are.
    ///
    /// Ready means ready at the present generation and, where both are built from the same source, at its present
    /// revision (kustomize-controller's `checkDependencies`).
    fn unready_dependency(&self, object: &Kustomization, revision: &str) -> Result<Option<String>, Error> {
        if let Some(names) = self.context.board.circle(&self.name) {
            return Err(Error::DependencyCircle { names });
        }
        let own = Standing::of(object);
        for name in dependencies(object) {
            let Some(standing) = self.context.board.standing(&name) else {
                return Ok(Some(format!("dependency '{name}' not found")));
            };
            if !standing.ready {
                return Ok(Some(format!("dependency '{name}' is not ready")));
            }
            if standing.source == own.source && standing.applied.as_deref() != Some(revision) {
                return Ok(Some(format!("dependency '{name}' revision is not up to date")));
            }
        }
        Ok(None)
    }

    /// Builds the objects, off the threads that serve everybody else.
    async fn desired(
        &self,
        object: &Kustomization,
        snapshot: &Arc<Snapshot>,
        revision: &str,
    ) -> Result<Desired, Error> {
        let lookup = Lookup::cluster(self.context.cluster.clone());
        let variables = crate::variables::variables(object, &lookup).await?;
        let options = &self.context.options;
        let identities = if options.identities_everywhere {
            crate::identities::identities_at_hand(object, &lookup, &options.identities).await?
        } else {
            crate::identities::identities(object, &lookup, &options.identities).await?
        };
        let (object, files, revision) = (object.clone(), Arc::clone(&snapshot.files), revision.to_owned());
        let strict = options.strict_substitution;
        let build = move || {
            let inputs = Inputs {
                kustomization: &object,
                variables: variables.as_ref(),
                identities: identities.as_ref(),
                strict,
            };
            desired(&inputs, &*files, &revision)
        };
        let interrupted = |_| Error::Interrupted { doing: "building" };
        let desired = tokio::task::spawn_blocking(build).await.map_err(interrupted)??;
        for warning in &desired.warnings {
            tracing::warn!(kustomization = %self.name, "{warning}");
        }
        Ok(desired)
    }

    /// Waits for the health of what was applied, unless something newer comes first.
    async fn wait_for_health(
        &mut self,
        object: &Kustomization,
        wake: &mut Wake,
        targets: &[Target],
        progress: &mut Progress,
        is_news: bool,
    ) -> Result<Turn, Failure> {
        if targets.is_empty() {
            progress.forget_health();
            return Ok(Turn::Done);
        }
        if is_news {
            progress.wait_for_health();
            self.write(object, progress.working()).await?;
        }
        let options = WaitOptions { timeout: object.spec.timeout().get(), ..WaitOptions::default() };
        tokio::select! {
            healthy = windlass_cluster::wait(&self.context.cluster, targets, &options) => match healthy {
                Ok(()) => {
                    progress.healthy();
                    Ok(Turn::Done)
                }
                Err(error) => {
                    Err(Failure { reason: reason::HEALTH_CHECK_FAILED, error: Error::Unhealthy(error) })
                }
            },
            () = wake.superseded() => {
                tracing::info!(kustomization = %self.name, "something newer came while waiting for health");
                Ok(Turn::Superseded)
            }
        }
    }

    /// Tells what was written: in the log, as an event, in the metrics.
    async fn report_written(&self, object: &Kustomization, revision: &str, written: &[Written]) {
        if written.is_empty() {
            return;
        }
        for object in written {
            self.context.metrics.wrote(object.action);
            tracing::info!(kustomization = %self.name, revision, "{object}");
        }
        let text = written.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
        self.context.events.normal(object, reason::PROGRESSING, &text).await;
    }

    async fn report_failure(&self, object: &Kustomization, failure: &Failure) {
        let text = failure.error.chain();
        tracing::error!(kustomization = %self.name, reason = failure.reason, "{text}");
        self.context.events.warning(object, failure.reason, &text).await;
    }

    /// Writes `status` where it differs from what stands there, and tells the others.
    async fn write(&mut self, object: &Kustomization, status: KustomizationStatus) -> Result<(), Error> {
        let manager = windlass_flux::well_known::KUSTOMIZATION_STATUS_MANAGER;
        self.status.write(&self.api, object, manager, status.clone()).await?;
        let mut written = object.clone();
        written.status = Some(status);
        self.context.board.publish_standing(&self.name, Some(Standing::of(&written)));
        Ok(())
    }

    /// What to do when even the status cannot be written: say so in the log, and come back soon.
    fn retry(&mut self, object: &Kustomization, error: &Error) -> Next {
        self.failures += 1;
        tracing::error!(kustomization = %self.name, "{}", error.chain());
        Next::After(self.context.backoff(self.failures, object.spec.retry_interval().get()))
    }
}

/// How a turn ended without failing.
enum Turn {
    /// Everything is as it should be.
    Done,
    /// Something else has to happen first.
    Waiting(Next),
    /// Something newer came: start again at once.
    Superseded,
}

/// A failure, and the reason that the condition gives for it.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) reason: &'static str,
    pub(crate) error: Error,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self { reason: error.reason(), error }
    }
}

/// How soon a waiting Kustomization looks again even if nobody wakes it: a net under the wake-ups.
const SAFETY_NET: Duration = Duration::from_secs(300);
