use serde::de::DeserializeOwned;
use serde_json::Value;
use windlass_apiserver::ApiServer;
use windlass_engine::NamespacedName;
use windlass_engine::requests::Reconciled;
use windlass_flux::well_known::{KUSTOMIZE_GROUP, SOURCE_GROUP};
use windlass_flux::{ConditionStatus, Conditions, GitRepository, Kustomization, READY, reason};

/// A Flux object, and how it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// `GitRepository` or `Kustomization`.
    pub kind: &'static str,
    /// Its name.
    pub name: NamespacedName,
    /// How it stands.
    pub standing: Standing,
    /// What its `Ready` condition says.
    pub message: String,
    /// How many objects it has made; none for a GitRepository.
    pub objects: usize,
}

/// How a Flux object stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It is what its spec asks for.
    Ready,
    /// It is at work.
    Working,
    /// It waits for its source or for what it depends on.
    Waiting,
    /// It failed. It will be tried again, and something else may have to happen first.
    Failed,
    /// Nobody looks after it: its spec says so.
    Suspended,
}

/// All Flux objects of a server that are reconciled, read behind its back.
pub(crate) fn all(server: &ApiServer) -> Vec<Owner> {
    let sources = read::<GitRepository>(server, SOURCE_GROUP, "GitRepository").into_iter().map(|read| match read {
        Ok(source) => of("GitRepository", &source, 0),
        Err(broken) => broken.owner("GitRepository"),
    });
    let kustomizations =
        read::<Kustomization>(server, KUSTOMIZE_GROUP, "Kustomization").into_iter().map(|read| match read {
            Ok(kustomization) => {
                let inventory = kustomization.status.as_ref().and_then(|status| status.inventory.as_ref());
                let objects = inventory.map_or(0, |inventory| inventory.entries.len());
                of("Kustomization", &kustomization, objects)
            }
            Err(broken) => broken.owner("Kustomization"),
        });
    sources.chain(kustomizations).collect()
}

/// The Kustomizations of a server, those that can be read.
pub(crate) fn kustomizations(server: &ApiServer) -> Vec<Kustomization> {
    read::<Kustomization>(server, KUSTOMIZE_GROUP, "Kustomization").into_iter().filter_map(Result::ok).collect()
}

/// An object that does not fit its type: the reconciler leaves it alone.
struct Broken {
    name: NamespacedName,
    why: String,
}

impl Broken {
    fn owner(self, kind: &'static str) -> Owner {
        let message = format!("cannot be read: {}", self.why);
        Owner { kind, name: self.name, standing: Standing::Failed, message, objects: 0 }
    }
}

fn read<K: DeserializeOwned>(server: &ApiServer, group: &str, kind: &str) -> Vec<Result<K, Broken>> {
    let objects = server.objects().list(&format!("{group}/v1"), kind);
    let typed = objects.into_iter().map(|object| {
        let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        let name = NamespacedName::new(text("/metadata/namespace"), text("/metadata/name"));
        serde_json::from_value(object).map_err(|error| Broken { name, why: error.to_string() })
    });
    typed.collect()
}

fn of<K: Reconciled>(kind: &'static str, object: &K, objects: usize) -> Owner {
    let ready = object.conditions().and_then(|conditions| conditions.get(READY));
    let message = ready.map_or("", |ready| ready.message.as_str()).to_owned();
    let standing = if object.is_suspended() { Standing::Suspended } else { standing(object) };
    Owner { kind, name: NamespacedName::of(object), standing, message, objects }
}

fn standing<K: Reconciled>(object: &K) -> Standing {
    let ready = object.conditions().and_then(|conditions: &Conditions| conditions.get(READY));
    let Some(ready) = ready else { return Standing::Working };
    match ready.status {
        ConditionStatus::True if ready.observed_generation == object.meta().generation => Standing::Ready,
        ConditionStatus::False if ready.reason == reason::DEPENDENCY_NOT_READY => Standing::Waiting,
        ConditionStatus::False if ready.message.starts_with(NO_ARTIFACT) => Standing::Waiting,
        ConditionStatus::False => Standing::Failed,
        _ => Standing::Working,
    }
}

/// What a Kustomization says, in Flux's words, while its source has nothing yet.
const NO_ARTIFACT: &str = "Source artifact not found";
