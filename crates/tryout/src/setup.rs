//! What is put into the API before the reconciler starts: what a person does who lets a cluster follow a repository.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use k8s_openapi::api::core::v1::{Namespace, Secret};
use kube::api::{Patch, PatchParams};
use kube::{Api, Client};
use serde_json::{Value, json};
use windlass_apiserver::ApiServer;
use windlass_engine::{LocalSource, NamespacedName, Preview, Unit};
use windlass_flux::{Decryption, DecryptionProvider, GitRepository, Kustomization};
use windlass_manifest::Manifest;
use zeroize::Zeroizing;

use crate::{AgeKeys, Error, definitions};

/// Who sets up: the name under which `flux bootstrap` does. The reconciler takes such fields over.
const MANAGER: &str = "flux";

/// Something that was decided, which a reader wants to know.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Note {
    /// The given keys lie in this Secret, where the repository looks for them.
    Keys {
        /// The Secret.
        secret: NamespacedName,
    },
    /// This Secret is named for the keys of files and is not there: those at hand are tried in its place.
    NoKeys {
        /// The Secret.
        secret: NamespacedName,
    },
    /// Nobody defines this kind: an open definition takes its objects as they are, and nobody looks after them.
    OpenDefinition {
        /// The kind.
        kind: String,
        /// Its group.
        group: String,
    },
    /// The repository holds no Kustomization for the path, and this one stands for it.
    MadeUp {
        /// Its name.
        name: NamespacedName,
    },
    /// A Kustomization is built from another source than the repository.
    Elsewhere {
        /// Its name.
        name: NamespacedName,
        /// The source, as `kind/name`.
        source: String,
    },
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Keys { secret } => write!(f, "the age key is in Secret/{secret}, where spec.decryption looks for it"),
            Self::NoKeys { secret } => write!(
                f,
                "Secret/{secret}, which spec.decryption names, is not in the repository: the keys of this machine are tried"
            ),
            Self::OpenDefinition { kind, group } => {
                write!(
                    f,
                    "nobody defines {kind} of {group}: its objects are taken as they are, and nothing comes of them"
                )
            }
            Self::MadeUp { name } => {
                write!(f, "no Kustomization stands for this path: Kustomization/{name} was made up")
            }
            Self::Elsewhere { name, source } => {
                write!(f, "Kustomization/{name} is built from {source}, which is fetched")
            }
        }
    }
}

/// The objects that have to be there, and what was decided about them.
pub(crate) struct Setup {
    definitions: Vec<Value>,
    namespaces: BTreeSet<String>,
    secrets: BTreeSet<NamespacedName>,
    sources: BTreeMap<NamespacedName, Option<Value>>,
    root: Option<Kustomization>,
    pub(crate) notes: Vec<Note>,
}

impl Setup {
    /// What `preview` needs. `has_others` says that there are keys that go into no Secret.
    pub(crate) fn of(preview: &Preview, keys: &AgeKeys, has_others: bool) -> Self {
        let mut definitions = windlass_flux::crds();
        let open = definitions::missing(preview.manifests().collect::<Vec<_>>().into_iter(), &definitions);
        let mut notes: Vec<Note> = open.iter().map(open_definition).collect();
        definitions.extend(open);
        let root = preview.units.first().map(|unit| root(unit, !keys.is_empty() || has_others));
        if let Some(unit) = preview.units.first().filter(|unit| unit.is_made_up) {
            notes.push(Note::MadeUp { name: unit.name.clone() });
        }
        let elsewhere = preview.elsewhere.iter().cloned();
        notes.extend(elsewhere.map(|(name, source)| Note::Elsewhere { name, source }));
        let mut secrets = missing_secrets(preview);
        if keys.is_empty() {
            let missing = std::mem::take(&mut secrets).into_iter().filter(|_| has_others);
            notes.extend(missing.map(|secret| Note::NoKeys { secret }));
        }
        notes.extend(secrets.iter().cloned().map(|secret| Note::Keys { secret }));
        let sources = sources(preview);
        let names = sources.keys().chain(&secrets).chain(preview.units.first().map(|unit| &unit.name));
        let namespaces = names.map(|name| name.namespace.clone()).collect();
        Self { definitions, namespaces, secrets, sources, root, notes }
    }

    /// The sources that are the repository itself.
    pub(crate) fn local_sources(&self, local: &LocalSource) -> BTreeMap<NamespacedName, LocalSource> {
        self.sources.keys().map(|name| (name.clone(), local.clone())).collect()
    }

    /// Puts everything into the API.
    pub(crate) async fn carry_out(self, server: &ApiServer, client: &Client, keys: &AgeKeys) -> Result<(), Error> {
        for definition in &self.definitions {
            server.objects().create(definition).map_err(|source| {
                let name = definition["metadata"]["name"].as_str().unwrap_or_default().to_owned();
                Error::Definition { name, source }
            })?;
        }
        for name in &self.namespaces {
            let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
            apply::<Namespace>(&Api::all(client.clone()), "Namespace", name, &namespace).await?;
        }
        for name in &self.secrets {
            let text: Zeroizing<String> = keys.file();
            let secret = json!({
                "apiVersion": "v1", "kind": "Secret", "metadata": {"name": name.name, "namespace": name.namespace},
                "stringData": {"age.agekey": text.as_str()},
            });
            apply::<Secret>(&namespaced(client, name), "Secret", &name.name, &secret).await?;
        }
        for (name, source) in &self.sources {
            let source = source.clone().unwrap_or_else(|| stand_in(name));
            apply::<GitRepository>(&namespaced(client, name), "GitRepository", &name.name, &source).await?;
        }
        if let Some(root) = &self.root {
            let name = NamespacedName::of(root);
            let root = json!(root);
            apply::<Kustomization>(&namespaced(client, &name), "Kustomization", &name.name, &root).await?;
        }
        Ok(())
    }
}

fn namespaced<K>(client: &Client, name: &NamespacedName) -> Api<K>
where
    K: kube::Resource<DynamicType = (), Scope = kube::core::NamespaceResourceScope>,
{
    Api::namespaced(client.clone(), &name.namespace)
}

async fn apply<K>(api: &Api<K>, kind: &str, name: &str, object: &Value) -> Result<(), Error>
where
    K: Clone + fmt::Debug + serde::de::DeserializeOwned,
{
    let applied = api.patch(name, &PatchParams::apply(MANAGER), &Patch::Apply(object)).await;
    applied.map(drop).map_err(|error| Error::Setup { what: format!("{kind}/{name}"), source: Box::new(error) })
}

fn open_definition(definition: &Value) -> Note {
    let text = |pointer: &str| definition.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    Note::OpenDefinition { kind: text("/spec/names/kind"), group: text("/spec/group") }
}

/// The root; one that was made up cannot say how its files are opened, and uses the keys at hand.
fn root(unit: &Unit, has_keys: bool) -> Kustomization {
    let mut root = unit.kustomization.clone();
    if unit.is_made_up && has_keys {
        root.spec.decryption =
            Some(Decryption { provider: DecryptionProvider::Sops, secret_ref: None, service_account_name: None });
    }
    root
}

/// The Secrets that `spec.decryption` names and that are not in the repository.
fn missing_secrets(preview: &Preview) -> BTreeSet<NamespacedName> {
    let has = |name: &NamespacedName| preview.manifests().any(|one| is(one, "Secret", name));
    let named = preview.units.iter().filter_map(|unit| {
        let secret = unit.kustomization.spec.decryption.as_ref()?.secret_ref.as_ref()?;
        Some(NamespacedName::new(&unit.name.namespace, &secret.name))
    });
    named.filter(|name| !has(name)).collect()
}

/// The GitRepositories that the Kustomizations are built from, all of which are the repository itself, as it has them.
fn sources(preview: &Preview) -> BTreeMap<NamespacedName, Option<Value>> {
    let names = preview.units.iter().map(|unit| {
        let reference = &unit.kustomization.spec.source_ref;
        NamespacedName::new(reference.namespace.as_ref().unwrap_or(&unit.name.namespace), &reference.name)
    });
    let found = |name: &NamespacedName| {
        preview.manifests().find(|one| is(one, "GitRepository", name)).map(|one| one.value().clone())
    };
    names.map(|name| (name.clone(), found(&name))).collect()
}

fn is(manifest: &Manifest, kind: &str, name: &NamespacedName) -> bool {
    manifest.kind() == kind
        && manifest.name() == name.name
        && manifest.namespace().unwrap_or_default() == name.namespace
}

/// A GitRepository that the repository does not hold.
fn stand_in(name: &NamespacedName) -> Value {
    json!({
        "apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "GitRepository",
        "metadata": {"name": name.name, "namespace": name.namespace},
        "spec": {"url": "https://repository.invalid/tried", "interval": "10s"},
    })
}
