//! Fields of a Kustomization that Windlass does not act on yet. They are refused, never passed over.

use windlass_flux::{DecryptionProvider, KustomizationSpec};

use crate::Error;

pub(super) fn check(spec: &KustomizationSpec) -> Result<(), Error> {
    let refuse = |field, hint| Err(Error::FieldUnsupported { field, hint });
    if spec.kube_config.is_some() {
        return refuse("kubeConfig", ": run one windlassd in each cluster");
    }
    if spec.service_account_name.is_some() {
        return refuse("serviceAccountName", ": objects are applied in the name of windlassd itself");
    }
    if !spec.ignore.is_empty() {
        return refuse("ignore", "");
    }
    if !spec.health_check_exprs.is_empty() {
        return refuse("healthCheckExprs", ": name the objects in healthChecks, their Ready condition is read");
    }
    if spec.depends_on.iter().any(|dependency| dependency.ready_expr.is_some()) {
        return refuse("dependsOn.readyExpr", ": a dependency without it is waited for until it is ready");
    }
    if spec.decryption.as_ref().is_some_and(|decryption| decryption.provider != DecryptionProvider::Sops) {
        return refuse("decryption.provider", ": sops is");
    }
    if spec.decryption.as_ref().is_some_and(|decryption| decryption.service_account_name.is_some()) {
        return refuse("decryption.serviceAccountName", ": put an age key into decryption.secretRef");
    }
    Ok(())
}
