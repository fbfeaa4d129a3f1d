//! What happens to the objects of a Kustomization that is deleted.

use windlass_cluster::Target;
use windlass_flux::{DeletionPolicy, Kustomization, ResourceInventory, reason};

use super::wake::Next;
use super::{Failure, Reconciler};
use crate::Error;
use crate::carry_out::{CarryOut, read};

impl Reconciler {
    /// Deletes what is to be deleted, then lets the object go.
    pub(super) async fn finalize(&mut self, object: &Kustomization) -> Next {
        let inventory = self.status.get().and_then(|status| status.inventory.clone()).unwrap_or_default();
        let policy = object.spec.deletion_policy();
        let deletes = match &policy {
            // A suspended Kustomization touches nothing, not even on its way out.
            _ if object.spec.suspend => false,
            DeletionPolicy::Delete | DeletionPolicy::WaitForTermination => true,
            DeletionPolicy::MirrorPrune => object.spec.prune,
            // Orphan, and whatever a later version may know: keeping is what can be undone.
            _ => false,
        };
        if deletes {
            let waits = policy == DeletionPolicy::WaitForTermination;
            if let Err(failure) = self.delete_all(object, &inventory, waits).await {
                self.context.events.warning(object, failure.reason, &failure.error.chain()).await;
                return self.retry(object, &failure.error);
            }
        }
        match crate::finalizer::remove(&self.api, object).await {
            Ok(()) => {
                self.context.metrics.forget("Kustomization", &self.name);
                Next::OnTrigger
            }
            Err(error) => self.retry(object, &error),
        }
    }

    async fn delete_all(
        &mut self,
        object: &Kustomization,
        inventory: &ResourceInventory,
        waits: bool,
    ) -> Result<(), Failure> {
        let outcome = CarryOut::new(&self.context.cluster, object).delete_all(inventory).await;
        self.report_written(object, "", &outcome.written).await;
        if let Some(failure) = outcome.failure {
            return Err(failure);
        }
        if waits {
            let targets: Vec<_> = read(inventory).iter().map(|entry| Target::new(entry.gvk(), entry.id)).collect();
            let timeout = object.spec.timeout().get();
            if let Err(failures) = windlass_cluster::wait_gone(&self.context.cluster, &targets, timeout).await {
                // As in Flux: it is reported, and the Kustomization goes all the same.
                let error = Error::Apply(failures);
                tracing::warn!(kustomization = %self.name, "{}", error.chain());
                self.context.events.warning(object, reason::PRUNE_FAILED, &error.chain()).await;
            }
        }
        Ok(())
    }
}
