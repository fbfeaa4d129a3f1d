//! What ends the sleep of a Kustomization's loop.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use windlass_flux::Kustomization;

use crate::board::SourceState;
use crate::config_watch::{ConfigVersions, references};
use crate::context::Context;
use crate::supervisor::Seen;
use crate::trigger::Trigger;
use crate::{ConfigKind, NamespacedName};

/// When to take the next turn. A changed spec, a request and a deletion always end the sleep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// At once.
    Now,
    /// After this time, or when the source or a watched ConfigMap or Secret changes.
    After(Duration),
    /// When the source or another Kustomization changes, at the latest after this time.
    OnDependency(Duration),
    /// When the object itself changes.
    OnTrigger,
}

/// The things that a loop listens to, as they were when its turn began.
pub(crate) struct Wake {
    trigger: Trigger,
    seen: Seen<Kustomization>,
    source_name: NamespacedName,
    source: watch::Receiver<SourceState>,
    others: watch::Receiver<u64>,
    configs: watch::Receiver<ConfigVersions>,
    /// The versions of what the object refers to, as the turn finds them.
    references: Vec<(Reference, Option<String>)>,
    stop: watch::Receiver<bool>,
}

impl Wake {
    pub(crate) fn new(context: &Arc<Context>, object: &Kustomization, seen: Seen<Kustomization>) -> Self {
        let reference = &object.spec.source_ref;
        let own = NamespacedName::of(object).namespace;
        let source_name = NamespacedName::new(reference.namespace.as_deref().unwrap_or(&own), &reference.name);
        let mut others = context.board.changes();
        others.mark_unchanged();
        let configs = context.configs.subscribe();
        let references = {
            let versions = configs.borrow();
            let known = |reference: Reference| (versions.get(&reference).cloned(), reference);
            references(object).into_iter().map(known).map(|(version, reference)| (reference, version)).collect()
        };
        Self {
            trigger: Trigger::of(object),
            seen,
            source: context.board.source(&source_name),
            source_name,
            others,
            configs,
            references,
            stop: context.stop(),
        }
    }

    pub(crate) fn source_name(&self) -> &NamespacedName {
        &self.source_name
    }

    /// The state of the source now; only later changes of it will wake.
    pub(crate) fn source(&self) -> SourceState {
        self.source.borrow().clone()
    }

    /// Sleeps until it is time for the next turn; `false` where there is none.
    pub(crate) async fn wait(self, next: Next) -> bool {
        let (timer, on_source, on_others) = match next {
            Next::Now => return true,
            Next::After(time) => (Some(time), true, false),
            Next::OnDependency(time) => (Some(time), true, true),
            Next::OnTrigger => (None, false, false),
        };
        let Self { trigger, mut seen, mut source, mut others, mut configs, references, mut stop, .. } = self;
        tokio::select! {
            gone = triggered(&mut seen, &trigger) => !gone,
            Ok(()) = source.changed(), if on_source => true,
            Ok(()) = others.changed(), if on_others => true,
            Ok(_) = configs.wait_for(|now| changed(&references, now)), if on_source => true,
            () = tokio::time::sleep(timer.unwrap_or_default()), if timer.is_some() => true,
            _ = stop.wait_for(|stop| *stop) => false,
        }
    }

    /// Returns when what the turn works on is no longer the latest, or the engine stops.
    pub(crate) async fn superseded(&mut self) {
        tokio::select! {
            _ = triggered(&mut self.seen, &self.trigger) => {}
            _ = self.source.changed() => {}
            _ = self.configs.wait_for(|now| changed(&self.references, now)) => {}
            _ = self.stop.wait_for(|stop| *stop) => {}
        }
    }
}

type Reference = (ConfigKind, NamespacedName);

fn changed(references: &[(Reference, Option<String>)], now: &ConfigVersions) -> bool {
    references.iter().any(|(reference, version)| now.get(reference) != version.as_ref())
}

/// Returns when the object differs from `trigger` in what means work; `true` where it is gone.
async fn triggered(seen: &mut Seen<Kustomization>, trigger: &Trigger) -> bool {
    let differs = |object: &Option<Arc<Kustomization>>| match object {
        Some(object) => Trigger::of(&**object) != *trigger,
        None => true,
    };
    match seen.wait_for(differs).await {
        Ok(object) => object.is_none(),
        Err(_) => true,
    }
}
