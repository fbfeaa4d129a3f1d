//! The objects whose health a Kustomization waits for.

use windlass_cluster::Target;
use windlass_flux::{Kustomization, well_known};
use windlass_manifest::{Gvk, ObjectId};

use crate::NamespacedName;

/// Every applied object with `wait`, else those in `healthChecks`. A Kustomization does not wait for itself.
pub(crate) fn of(kustomization: &Kustomization, applied: Vec<(Gvk, ObjectId)>, own: &NamespacedName) -> Vec<Target> {
    let spec = &kustomization.spec;
    if spec.wait {
        let others = applied.into_iter().filter(|(gvk, id)| !is_own(gvk, id, own));
        return others.map(|(gvk, id)| target(gvk, id)).collect();
    }
    let listed = spec.health_checks.iter().map(|check| {
        let gvk = Gvk::from_api_version(check.api_version.as_deref().unwrap_or_default(), &check.kind);
        let id = ObjectId {
            group: gvk.group.clone(),
            kind: gvk.kind.clone(),
            namespace: check.namespace.clone().filter(|namespace| !namespace.is_empty()),
            name: check.name.clone(),
        };
        target(gvk, id)
    });
    listed.collect()
}

fn target(gvk: Gvk, id: ObjectId) -> Target {
    // A Job that cleans up behind itself was well when it went.
    let gone_is_well = gvk.group == "batch" && gvk.kind == "Job";
    Target { gone_is_well, ..Target::new(gvk, id) }
}

fn is_own(gvk: &Gvk, id: &ObjectId, own: &NamespacedName) -> bool {
    gvk.group == well_known::KUSTOMIZE_GROUP
        && gvk.kind == "Kustomization"
        && id.name == own.name
        && id.namespace.as_deref() == Some(&own.namespace)
}
