//! The variables of `spec.postBuild`.

use windlass_flux::{Kustomization, SubstituteKind};
use windlass_render::substitute::{InvalidName, Variables};

use crate::{ConfigKind, Error, Lookup, NamespacedName};

/// Collects the variables of a Kustomization: those of `substituteFrom` in order, later ones over earlier ones, and
/// `substitute` over all. `None` where the spec has no `postBuild`.
///
/// They are read once for a whole reconcile; Flux reads them again for every object.
pub(crate) async fn variables(kustomization: &Kustomization, lookup: &Lookup) -> Result<Option<Variables>, Error> {
    let Some(post_build) = &kustomization.spec.post_build else { return Ok(None) };
    let namespace = NamespacedName::of(kustomization).namespace;
    let mut variables = Variables::new();
    for reference in &post_build.substitute_from {
        let kind = match reference.kind {
            SubstituteKind::Secret => ConfigKind::Secret,
            _ => ConfigKind::ConfigMap,
        };
        let name = NamespacedName::new(&namespace, &reference.name);
        let Some(data) = lookup.get(kind, &name).await? else {
            if reference.optional {
                continue;
            }
            let what = "spec.postBuild.substituteFrom";
            let hint = ": create it, or mark the reference as optional";
            return Err(Error::ReferenceMissing { what, kind, name, hint });
        };
        for (key, value) in data.iter() {
            let value = String::from_utf8_lossy(value);
            let inserted = match kind {
                ConfigKind::Secret => variables.insert_secret(key, &value),
                ConfigKind::ConfigMap => variables.insert(key, &value),
            };
            inserted.map_err(|source| Error::VariableName { from: format!("{kind}/{name}"), source })?;
        }
    }
    for (key, value) in &post_build.substitute {
        let from = || "spec.postBuild.substitute".to_owned();
        variables.insert(key, value).map_err(|source: InvalidName| Error::VariableName { from: from(), source })?;
    }
    Ok(Some(variables))
}
