//! The keys of `spec.decryption`.

use windlass_flux::Kustomization;
use windlass_sops::Identities;

use crate::{ConfigKind, Error, Lookup, NamespacedName};

/// Collects the identities that a Kustomization decrypts with; `None` where it does not ask for decryption.
///
/// Without a `secretRef` these are the `installed` ones, which the whole installation has.
pub(crate) async fn identities(
    kustomization: &Kustomization,
    lookup: &Lookup,
    installed: &Identities,
) -> Result<Option<Identities>, Error> {
    let Some(decryption) = &kustomization.spec.decryption else { return Ok(None) };
    let Some(secret) = &decryption.secret_ref else { return Ok(Some(installed.clone())) };
    let name = NamespacedName::new(NamespacedName::of(kustomization).namespace, &secret.name);
    let Some(identities) = from_secret(&name, lookup, installed).await? else {
        let what = "spec.decryption.secretRef";
        let hint =
            ": create it with an age key under a name that ends with .agekey (PGP: .asc; Vault: sops.vault-token)";
        return Err(Error::ReferenceMissing { what, kind: ConfigKind::Secret, name, hint });
    };
    Ok(Some(identities))
}

/// The same where somebody sits before it: the keys `at_hand` are enough, and a Secret that cannot be had is no error.
pub(crate) async fn identities_at_hand(
    kustomization: &Kustomization,
    lookup: &Lookup,
    at_hand: &Identities,
) -> Result<Option<Identities>, Error> {
    let Some(decryption) = &kustomization.spec.decryption else { return Ok(None) };
    let mut identities = at_hand.clone();
    if let Some(secret) = &decryption.secret_ref {
        let name = NamespacedName::new(NamespacedName::of(kustomization).namespace, &secret.name);
        match from_secret(&name, lookup, at_hand).await {
            Ok(found) => identities.extend(found.unwrap_or_default()),
            Err(error) if identities.is_empty() => return Err(error),
            Err(error) => identities.missed(&format!("Secret {name}"), &error.to_string()),
        }
    }
    Ok(Some(identities))
}

async fn from_secret(name: &NamespacedName, lookup: &Lookup, others: &Identities) -> Result<Option<Identities>, Error> {
    let Some(data) = lookup.get(ConfigKind::Secret, name).await? else { return Ok(None) };
    let identities = others.of_secret_data(data.iter());
    for warning in identities.warnings() {
        tracing::warn!(secret = %name, "{warning}");
    }
    Ok(Some(identities))
}
