//! The keys that a cluster decrypts with: those of the Secrets that Kustomizations name.

use std::collections::BTreeSet;
use std::path::PathBuf;

use kube::api::ListParams;
use kube::{Api, ResourceExt as _};
use windlass_flux::Kustomization;
use windlass_secrets::{CheckFinding, Kind, Repository, Severity, access};
use windlass_sops::{Identities, IdentityError};
use zeroize::Zeroizing;

use crate::kubeconfig::ClusterArgs;
use crate::secrets::settings::Settings;

/// The keys of one Secret.
pub(crate) struct ClusterKeys {
    /// Its namespace and name.
    pub(crate) secret: String,
    /// What it holds; none where there is no such Secret.
    pub(crate) identities: Option<Identities>,
}

/// Reads the Secrets that the Kustomizations of a cluster name for decryption.
pub(crate) async fn read(args: &ClusterArgs) -> anyhow::Result<Vec<ClusterKeys>> {
    let connection = args.connect().await?;
    let kustomizations: Api<Kustomization> = Api::all(connection.client.clone());
    let listed = kustomizations.list(&ListParams::default()).await;
    let listed = listed.map_err(|error| connection.trouble("list the Kustomizations", error))?;
    let named: BTreeSet<(String, String)> = listed
        .iter()
        .filter_map(|one| {
            let secret = one.spec.decryption.as_ref()?.secret_ref.as_ref()?.name.clone();
            Some((one.namespace().unwrap_or_default(), secret))
        })
        .collect();
    let mut all = Vec::new();
    for (namespace, name) in named {
        let secrets: Api<k8s_openapi::api::core::v1::Secret> = Api::namespaced(connection.client.clone(), &namespace);
        let secret = secrets.get_opt(&name).await.map_err(|error| connection.trouble("read a Secret", error))?;
        let identities = secret.map(|secret| {
            let data: Vec<(String, Zeroizing<Vec<u8>>)> = secret
                .data
                .unwrap_or_default()
                .into_iter()
                .map(|(key, bytes)| (key, Zeroizing::new(bytes.0)))
                .collect();
            Identities::from_secret_data(data.iter().map(|(key, bytes)| (key.as_str(), bytes.as_slice())))
        });
        all.push(ClusterKeys { secret: format!("{namespace}/{name}"), identities });
    }
    Ok(all)
}

/// Keys that open nothing, Secrets that are missing, and files that no key of the cluster opens.
pub(crate) fn findings(
    keys: &[ClusterKeys],
    repository: &Repository,
    settings: &Settings<'_>,
) -> anyhow::Result<Vec<CheckFinding>> {
    let files = &repository.texts(Kind::Encrypted)?;
    let mut findings = Vec::new();
    let mut all = Identities::new();
    for ClusterKeys { secret, identities } in keys {
        let place = PathBuf::from(format!("Secret/{secret}"));
        let mut add_as = |severity, code, message| {
            findings.push(CheckFinding::new(severity, code, place.clone(), message));
        };
        let Some(identities) = identities else {
            let message = "a Kustomization decrypts with it, and it is not there".to_owned();
            add_as(Severity::Fault, "missing-key-secret", message);
            continue;
        };
        for warning in identities.warnings() {
            // What nobody reads does no harm, and may be there for something else.
            let is_foreign = matches!(warning, IdentityError::Ignored { .. } | IdentityError::NoService { .. });
            let severity = if is_foreign { Severity::Risk } else { Severity::Fault };
            add_as(severity, "ignored-key", warning.to_string());
        }
        let access = settings.with_work("opening", |work| access(files, identities, work));
        for own in access.identities.iter().filter(|own| own.files == 0) {
            let message = format!("its key {} opens no file of this repository", own.identity.recipient);
            add_as(Severity::Fault, "useless-key", message);
        }
        all.extend(identities.clone());
    }
    if !keys.is_empty() {
        let access = settings.with_work("opening", |work| access(files, &all, work));
        for file in access.files.iter().filter(|file| file.fault.is_some()) {
            let message = format!("no key of the cluster opens it: {}", file.fault.as_deref().unwrap_or_default());
            let path = repository.shown(&file.path).to_owned();
            findings.push(CheckFinding::new(Severity::Fault, "closed-to-cluster", path, message));
        }
    }
    Ok(findings)
}
