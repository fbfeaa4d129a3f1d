//! Reading of a cluster what is to be saved.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use futures::{StreamExt as _, stream};
use kube::Client;
use serde_json::Value;
use windlass_manifest::{Manifest, ObjectId};

use crate::archive::{self, SavedCluster};
use crate::clean::clean;
use crate::defined::Defined;
use crate::facts::{ClusterFacts, FORMAT, Fault, KindFacts, VolumeFacts};
use crate::flux_roots::FluxRoots;
use crate::kinds::{ObjectKind, object_kinds};
use crate::noise::{noise, noise_by_kind};
use crate::rebuild::MEMORY;
use crate::selection::{Scope, Selection};
use crate::{Error, list};

/// How many kinds are listed at a time.
const CONCURRENCY: usize = 4;

/// Reads what `selection` asks for: two requests for the kinds, and one for each kind and 500 objects.
///
/// What cannot be read does not keep the rest from being saved: it is told in [`ClusterFacts::faults`], and whoever saves
/// the result must pass that on.
///
/// # Errors
/// Where the cluster does not say which kinds it has.
pub async fn survey(client: &Client, selection: &Selection) -> Result<SavedCluster, Error> {
    let version = client.apiserver_version().await.map_err(Error::api("ask for the version of the cluster"))?;
    let mut survey = Survey::new(selection);
    survey.found.facts.server_version = version.git_version;
    let mut passes: [Vec<ObjectKind>; 3] = [Vec::new(), Vec::new(), Vec::new()];
    for kind in object_kinds(client).await? {
        let pass = Pass::of(&kind);
        if pass == Pass::Defining && selection.labels.is_some() {
            // Whatever its labels are, it says what Git defines; saved is only what has the labels.
            passes[Pass::Asked as usize].push(kind.clone());
        }
        passes[pass as usize].push(kind);
    }
    for (pass, kinds) in Pass::ALL.into_iter().zip(passes) {
        survey.read(client, pass, kinds).await;
        survey.settle(pass);
    }
    Ok(survey.finish())
}

/// When a kind is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pass {
    /// First what says what Git defines: Flux' objects, and the records of `windlass apply` among the ConfigMaps.
    Defining,
    /// Then what is asked for.
    Asked,
    /// Last what others need: namespaces and CRDs.
    Needed,
}

impl Pass {
    const ALL: [Self; 3] = [Self::Defining, Self::Asked, Self::Needed];

    fn of(kind: &ObjectKind) -> Self {
        if kind.resource.group.ends_with(".toolkit.fluxcd.io") || kind.is("", "configmaps") {
            Self::Defining
        } else if kind.is("", "namespaces") || kind.is("apiextensions.k8s.io", "customresourcedefinitions") {
            Self::Needed
        } else {
            Self::Asked
        }
    }
}

/// What has been seen so far.
struct Survey<'a> {
    selection: &'a Selection,
    found: SavedCluster,
    defined: Defined,
    roots: FluxRoots,
    /// Objects whose fate hangs on what is seen later: the Flux objects and the ConfigMaps.
    undecided: Vec<(ObjectKind, Manifest)>,
    /// Namespaces, CRDs (by group and plural) and volumes that saved objects need.
    namespaces: BTreeSet<String>,
    definitions: BTreeSet<String>,
    counts: BTreeMap<String, KindFacts>,
    claims: Vec<Manifest>,
    volumes: BTreeMap<String, Manifest>,
}

impl<'a> Survey<'a> {
    fn new(selection: &'a Selection) -> Self {
        let facts = ClusterFacts { format: FORMAT, ..ClusterFacts::default() };
        Self {
            selection,
            found: SavedCluster { facts, objects: BTreeMap::new() },
            defined: Defined::default(),
            roots: FluxRoots::default(),
            undecided: Vec::new(),
            namespaces: BTreeSet::new(),
            definitions: BTreeSet::new(),
            counts: BTreeMap::new(),
            claims: Vec::new(),
            volumes: BTreeMap::new(),
        }
    }

    async fn read(&mut self, client: &Client, pass: Pass, kinds: Vec<ObjectKind>) {
        let asked: Vec<ObjectKind> = kinds.into_iter().filter(|kind| self.is_asked_for(pass, kind)).collect();
        let labels = self.selection.labels.as_deref().filter(|_| pass == Pass::Asked);
        // Pages are looked through as they come, so that what is not saved leaves the memory at once.
        let shared = Mutex::new(self);
        let lock = || shared.lock().unwrap_or_else(PoisonError::into_inner);
        let reads = asked.into_iter().map(|kind| {
            let lock = &lock;
            async move {
                let result = list::each(client, &kind, labels, |object| match object {
                    Some(object) => lock().see(pass, &kind, object),
                    None => lock().forget(&kind),
                });
                if let Err(error) = result.await {
                    lock().fault(&kind, &error);
                }
            }
        });
        stream::iter(reads).buffer_unordered(CONCURRENCY).collect::<Vec<()>>().await;
    }

    fn is_asked_for(&self, pass: Pass, kind: &ObjectKind) -> bool {
        if pass != Pass::Asked || kind.is("", "persistentvolumes") || kind.is("", "persistentvolumeclaims") {
            return true;
        }
        let is_noise = self.selection.scope == Scope::Undefined && noise_by_kind(kind).is_some();
        !is_noise && self.selection.takes_kind(kind)
    }

    fn see(&mut self, pass: Pass, kind: &ObjectKind, object: Manifest) {
        if kind.is("", "persistentvolumes") {
            self.volumes.insert(object.name().to_owned(), object.clone());
        } else if kind.is("", "persistentvolumeclaims") {
            self.claims.push(object.clone());
        }
        if pass == Pass::Defining {
            self.defined.add(object.value());
            self.roots.add(object.value());
            if self.selection.labels.is_none() {
                self.undecided.push((kind.clone(), object));
            }
        } else {
            self.decide(pass, kind, object);
        }
    }

    /// A list is begun anew: what was seen of it does not count.
    fn forget(&mut self, kind: &ObjectKind) {
        let folder = format!("resources/{}/", kind.full_name());
        self.found.objects.retain(|path, _| !path.starts_with(&folder));
        self.found.facts.prerequisites.retain(|path| !path.starts_with(&folder));
        self.undecided.retain(|(other, _)| other != kind);
        self.counts.remove(&kind.full_name());
        if kind.is("", "persistentvolumeclaims") {
            self.claims.clear();
        }
    }

    /// Decides on the objects that had to wait.
    fn settle(&mut self, pass: Pass) {
        for (kind, object) in std::mem::take(&mut self.undecided) {
            self.decide(pass, &kind, object);
        }
    }

    fn decide(&mut self, pass: Pass, kind: &ObjectKind, object: Manifest) {
        match self.fate(pass, kind, &object) {
            Fate::Save => self.save(kind, object, false),
            Fate::Need => self.save(kind, object, true),
            Fate::LeaveOut(reason) => *self.found.facts.left_out.entry(reason.to_owned()).or_default() += 1,
            Fate::PassOver => {}
        }
    }

    fn fate(&self, pass: Pass, kind: &ObjectKind, object: &Manifest) -> Fate {
        let is_needed = self.is_needed(kind, object);
        let labels_fit = pass == Pass::Asked || self.selection.labels.is_none();
        let is_taken = self.selection.takes_kind(kind) && self.selection.takes_namespace(object.namespace());
        if !is_taken || !labels_fit {
            return if is_needed { Fate::Need } else { Fate::PassOver };
        }
        if is_note_of_rebuild(kind, object) {
            return Fate::LeaveOut("a rebuild's note about itself");
        }
        if self.selection.scope == Scope::Everything {
            return Fate::Save;
        }
        if let Some(reason) = noise(kind, object.value()) {
            return Fate::LeaveOut(reason);
        }
        if is_provisioned(kind, object.value()) {
            return Fate::LeaveOut("made for a claim by a provisioner");
        }
        match (self.defined.holds(&id(kind, object), object.value()), is_needed) {
            (true, true) => Fate::Need,
            (true, false) => Fate::LeaveOut("defined by Git"),
            _ => Fate::Save,
        }
    }

    /// Whether others need the object, so that it is saved even if it is not asked for or comes back by itself.
    fn is_needed(&self, kind: &ObjectKind, object: &Manifest) -> bool {
        match kind.resource.kind.as_str() {
            "Namespace" if kind.is("", "namespaces") => {
                self.namespaces.contains(object.name()) && noise(kind, object.value()).is_none()
            }
            "CustomResourceDefinition" => self.definitions.contains(object.name()),
            _ => {
                let is_whole = self.selection.labels.is_none();
                let is_taken = self.selection.takes_kind(kind) && self.selection.takes_namespace(object.namespace());
                is_whole && is_taken && self.roots.holds(&id(kind, object))
            }
        }
    }

    fn save(&mut self, kind: &ObjectKind, mut object: Manifest, is_prerequisite: bool) {
        let namespace = object.namespace().filter(|_| kind.namespaced).map(str::to_owned);
        let Some(path) = archive::path_of(&kind.resource, namespace.as_deref(), object.name()) else {
            let message = "its name cannot be a file's".to_owned();
            self.found.facts.faults.push(Fault { what: object.id().to_string(), message });
            return;
        };
        clean(object.value_mut());
        self.namespaces.extend(namespace);
        if !kind.resource.group.is_empty() {
            self.definitions.insert(kind.full_name());
        }
        let facts = || KindFacts {
            resource: kind.full_name(),
            kind: kind.resource.kind.clone(),
            api_version: kind.resource.api_version.clone(),
            served: kind.served.clone(),
            count: 0,
        };
        self.counts.entry(kind.full_name()).or_insert_with(facts).count += 1;
        if is_prerequisite {
            self.found.facts.prerequisites.push(path.clone());
        }
        self.found.objects.insert(path, object);
    }

    fn fault(&mut self, kind: &ObjectKind, error: &kube::Error) {
        let message = match error {
            // A kind that went between discovery and list.
            kube::Error::Api(status) if status.code == 404 => return,
            kube::Error::Api(status) => status.message.clone(),
            error => crate::error::chain(error),
        };
        self.forget(kind);
        self.found.facts.faults.push(Fault { what: kind.full_name(), message });
    }

    fn finish(mut self) -> SavedCluster {
        let facts = &mut self.found.facts;
        facts.kinds = self.counts.into_values().collect();
        facts.prerequisites.sort();
        facts.faults.sort_by(|a, b| a.what.cmp(&b.what));
        (facts.sources, facts.kustomizations) = self.roots.facts();
        facts.volumes = self
            .claims
            .iter()
            .map(|claim| {
                let bound = claim.get(&["spec", "volumeName"]).and_then(Value::as_str);
                VolumeFacts::of(claim.value(), bound.and_then(|name| self.volumes.get(name)).map(Manifest::value))
            })
            .collect();
        facts.volumes.sort_by(|a, b| a.claim.cmp(&b.claim));
        self.found
    }
}

enum Fate {
    Save,
    /// Others need it; a restore makes it only where it is missing.
    Need,
    LeaveOut(&'static str),
    /// Nobody asked for it.
    PassOver,
}

fn id(kind: &ObjectKind, object: &Manifest) -> ObjectId {
    let mut id = object.id();
    id.namespace = id.namespace.filter(|_| kind.namespaced);
    id
}

/// Whether a volume was made for a claim: its data are not in the object, and a restored claim is given a new one.
fn is_note_of_rebuild(kind: &ObjectKind, object: &Manifest) -> bool {
    kind.is("", "configmaps") && object.name() == MEMORY && object.namespace() == Some("kube-system")
}

fn is_provisioned(kind: &ObjectKind, object: &Value) -> bool {
    kind.is("", "persistentvolumes") && !object["metadata"]["annotations"]["pv.kubernetes.io/provisioned-by"].is_null()
}
