use std::collections::HashSet;

use futures::{StreamExt as _, stream};
use serde::Serialize;
use serde_json::Value;
use windlass_cluster::{Cluster, Error as ClusterError};
use windlass_drift::{Action, Plan, SkipReason, Verb, changes};
use windlass_manifest::{Gvk, Manifest, ObjectId};

use super::adapt::{Taken, loosen_claim};
use super::options::{Mode, RestoreOptions, Wanted};
use super::patches::patched;
use super::waves::Wave;
use crate::Error;
use crate::archive::SavedCluster;
use crate::error::chain;

/// How many objects are compared or written at a time.
pub(crate) const CONCURRENCY: usize = 4;

/// What a restore would do, and what it cannot do.
#[derive(Debug, Default)]
pub struct RestorePlan {
    /// The objects, in the order in which they would be written, those that are left alone included.
    pub plan: Plan,
    /// What is not restored as it was saved, and why.
    pub notes: Vec<Note>,
    /// What cannot be restored, and why.
    pub failures: Vec<Note>,
    pub(crate) steps: Vec<Step>,
    pub(crate) options: RestoreOptions,
}

/// A remark about one object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Note {
    /// The object, `Service/shop/web`.
    pub object: String,
    /// What is to be said.
    pub message: String,
}

impl RestorePlan {
    /// Takes the objects of some waves out, as a plan of its own.
    pub(crate) fn split_off(&mut self, is_later: impl Fn(Wave) -> bool) -> Self {
        let (later, now) = std::mem::take(&mut self.steps).into_iter().partition(|step| is_later(step.wave));
        self.steps = now;
        Self { steps: later, options: self.options.clone(), ..Self::default() }
    }
}

/// One object that would be written.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) wave: Wave,
    pub(crate) manifest: Manifest,
    pub(crate) how: How,
}

/// How an object is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum How {
    Create,
    Update,
    Replace,
}

impl Note {
    pub(crate) fn new(object: &ObjectId, message: impl Into<String>) -> Self {
        Self { object: object.to_string(), message: message.into() }
    }
}

/// Compares what was saved with a cluster: one GET and one dry run for each object. Nothing is written.
///
/// # Errors
/// Where the mapping makes two objects one, a patch cannot be applied, or the cluster does not answer. What cannot be
/// restored besides is told in the plan.
pub async fn plan_restore(
    cluster: &Cluster,
    saved: &SavedCluster,
    options: &RestoreOptions,
) -> Result<RestorePlan, Error> {
    let mut items = chosen(saved, options)?;
    items.sort_by_cached_key(|item| (Wave::of(&item.manifest), item.manifest.id()));
    let surroundings = Surroundings::of(cluster, &items, options.mode).await?;
    let planning = Planning { cluster, options, surroundings };
    let looks = items.into_iter().map(|item| planning.look(item));
    let looks: Vec<Result<Look, Error>> = stream::iter(looks).buffered(CONCURRENCY).collect().await;
    let mut plan = RestorePlan { options: options.clone(), ..RestorePlan::default() };
    let unmatched = options.wanted.unmatched(saved).into_iter();
    plan.failures
        .extend(unmatched.map(|object| Note { object, message: "nothing in the backup is called so".to_owned() }));
    for look in looks {
        let look = look?;
        plan.notes.extend(look.notes);
        plan.failures.extend(look.failure);
        plan.plan.actions.extend(look.action);
        plan.steps.extend(look.step);
    }
    Ok(plan)
}

/// An object that is to be restored.
struct Item {
    manifest: Manifest,
    /// Whether it is only made where it is missing.
    is_prerequisite: bool,
}

/// The objects that are wanted and what they need, mapped and patched.
fn chosen(saved: &SavedCluster, options: &RestoreOptions) -> Result<Vec<Item>, Error> {
    let prerequisites: HashSet<&str> = saved.facts.prerequisites.iter().map(String::as_str).collect();
    let needs = Needs::of(saved, &options.wanted);
    let (mut manifests, mut marks) = (Vec::new(), Vec::new());
    for (path, manifest) in &saved.objects {
        let is_wanted = options.wanted.takes(resource(path), manifest);
        if is_wanted || needs.hold(manifest) {
            manifests.push(manifest.clone());
            marks.push(!is_wanted || prerequisites.contains(path.as_str()));
        }
    }
    manifests.iter_mut().for_each(|manifest| options.mapping.apply(manifest));
    let mut manifests = patched(manifests, &options.mapping.patches)?;
    let volumes: HashSet<String> =
        manifests.iter().filter(|m| m.kind() == "PersistentVolume").map(|m| m.name().to_owned()).collect();
    manifests.iter_mut().for_each(|manifest| loosen_claim(manifest, &volumes));
    let mut seen = HashSet::new();
    for manifest in &manifests {
        let id = manifest.id();
        // Two namespaces that become one are one.
        if !seen.insert(id.clone()) && id.kind != "Namespace" {
            return Err(Error::Collision { id });
        }
    }
    let mut seen = HashSet::new();
    let items = manifests.into_iter().zip(marks).map(|(manifest, is_prerequisite)| Item { manifest, is_prerequisite });
    Ok(items.filter(|item| seen.insert(item.manifest.id())).collect())
}

/// `resources/<this>/…`
fn resource(path: &str) -> &str {
    path.split('/').nth(1).unwrap_or_default()
}

/// The Namespaces and CRDs that wanted objects need.
struct Needs {
    namespaces: HashSet<String>,
    definitions: HashSet<String>,
}

impl Needs {
    fn of(saved: &SavedCluster, wanted: &Wanted) -> Self {
        let taken = || saved.objects.iter().filter(|(path, manifest)| wanted.takes(resource(path), manifest));
        Self {
            namespaces: taken().filter_map(|(_, manifest)| manifest.namespace().map(str::to_owned)).collect(),
            definitions: taken().map(|(path, _)| resource(path).to_owned()).collect(),
        }
    }

    fn hold(&self, manifest: &Manifest) -> bool {
        match manifest.kind() {
            "Namespace" => self.namespaces.contains(manifest.name()),
            "CustomResourceDefinition" => self.definitions.contains(manifest.name()),
            _ => false,
        }
    }
}

/// What will be there by the time an object is restored, though it is not yet.
struct Surroundings {
    namespaces: HashSet<String>,
    /// The kinds that are defined on the way.
    defined: HashSet<Gvk>,
}

impl Surroundings {
    async fn of(cluster: &Cluster, items: &[Item], mode: Mode) -> Result<Self, Error> {
        let (mut namespaces, mut defined) = (HashSet::new(), HashSet::new());
        for item in items {
            let manifest = &item.manifest;
            let is_definition = manifest.kind() == "CustomResourceDefinition";
            if !is_definition && manifest.kind() != "Namespace" {
                continue;
            }
            let is_missing = cluster.get(&manifest.gvk(), None, manifest.name()).await?.is_none();
            if !is_definition && is_missing {
                namespaces.insert(manifest.name().to_owned());
            }
            // A definition that is left alone defines what it does now.
            if is_definition && (is_missing || (mode != Mode::Skip && !item.is_prerequisite)) {
                defined.extend(kinds_of(manifest.value()));
            }
        }
        Ok(Self { namespaces, defined })
    }
}

/// The kinds that a CRD serves.
pub(crate) fn kinds_of(crd: &Value) -> impl Iterator<Item = Gvk> + '_ {
    let text = |pointer: &str| crd.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (group, kind) = (text("/spec/group"), text("/spec/names/kind"));
    let versions = crd.pointer("/spec/versions").and_then(Value::as_array).into_iter().flatten();
    versions.filter(|version| version["served"] == true).map(move |version| Gvk {
        group: group.clone(),
        version: version["name"].as_str().unwrap_or_default().to_owned(),
        kind: kind.clone(),
    })
}

/// What is known of an item after a look at the cluster.
#[derive(Default)]
struct Look {
    action: Option<Action>,
    step: Option<Step>,
    notes: Vec<Note>,
    failure: Option<Note>,
}

struct Planning<'a> {
    cluster: &'a Cluster,
    options: &'a RestoreOptions,
    surroundings: Surroundings,
}

impl Planning<'_> {
    async fn look(&self, mut item: Item) -> Result<Look, Error> {
        let mut look = Look::default();
        let served = self.served(&mut item.manifest, &mut look).await?;
        let Some(is_served) = served else { return Ok(look) };
        let manifest = &mut item.manifest;
        let in_new_namespace = manifest.namespace().is_some_and(|name| self.surroundings.namespaces.contains(name));
        let compared = if is_served && !in_new_namespace {
            match self.compare(manifest, item.is_prerequisite, &mut look).await {
                Ok(compared) => compared,
                Err(error @ ClusterError::Unavailable { .. }) => return Err(error.into()),
                Err(error) => {
                    look.failure = Some(Note::new(&manifest.id(), message(&error)));
                    return Ok(look);
                }
            }
        } else {
            (Verb::Create, Some(How::Create))
        };
        let (verb, how) = compared;
        look.action = Some(Action {
            id: manifest.id(),
            gvk: manifest.gvk(),
            origin: manifest.origin().clone(),
            sensitive: manifest.is_sensitive(),
            verb,
        });
        look.step = how.map(|how| Step { wave: Wave::of(&item.manifest), manifest: item.manifest, how });
        Ok(look)
    }

    /// Whether the kind is served now; `Some(false)` where it will be, `None` where it will not.
    async fn served(&self, manifest: &mut Manifest, look: &mut Look) -> Result<Option<bool>, Error> {
        let gvk = manifest.gvk();
        let failed = |source| Error::Asking { what: gvk.to_string(), source };
        if self.cluster.kind(&gvk).await.map_err(failed)?.is_some() {
            return Ok(Some(true));
        }
        if self.surroundings.defined.contains(&gvk) {
            return Ok(Some(false));
        }
        let other = self.cluster.kind_in_any_version(&gvk).await.map_err(failed)?;
        let id = manifest.id();
        let Some(other) = other else {
            let reason =
                format!("the cluster does not serve {gvk}, and its CRD is not in the backup: install it first");
            look.failure = Some(Note::new(&id, reason));
            return Ok(None);
        };
        let version = other.resource.api_version;
        if self.options.use_served_versions {
            look.notes.push(Note::new(&id, format!("saved as {}, sent as {version}", gvk.api_version())));
            manifest.value_mut()["apiVersion"] = version.into();
            return Ok(Some(true));
        }
        let reason = format!(
            "the cluster no longer serves {}: it serves {version}; send it in that version, or patch it",
            gvk.api_version()
        );
        look.failure = Some(Note::new(&id, reason));
        Ok(None)
    }

    async fn compare(
        &self,
        manifest: &mut Manifest,
        is_prerequisite: bool,
        look: &mut Look,
    ) -> Result<(Verb, Option<How>), ClusterError> {
        let live = self.cluster.get(&manifest.gvk(), manifest.namespace(), manifest.name()).await?;
        let Some(live) = live else {
            self.try_create(manifest, look).await?;
            return Ok((Verb::Create, Some(How::Create)));
        };
        if is_prerequisite || self.options.mode == Mode::Skip {
            return Ok((Verb::Skip(SkipReason::Exists), None));
        }
        let (predicted, how) = match self.options.mode {
            Mode::Replace => {
                let replacing = as_replacement(manifest, &live);
                (self.cluster.replace(&replacing, &live, true).await?, How::Replace)
            }
            _ => (self.cluster.put_fields(&without_owners(manifest), true).await?, How::Update),
        };
        let changes = changes(&live, &predicted, manifest.is_sensitive());
        Ok(if changes.is_empty() { (Verb::Unchanged, None) } else { (Verb::Configure(changes), Some(how)) })
    }

    /// Asks whether the object could be made. Addresses and ports that it cannot have are given up.
    async fn try_create(&self, manifest: &mut Manifest, look: &mut Look) -> Result<(), ClusterError> {
        loop {
            let refused = match self.cluster.create(&without_owners(manifest), true).await {
                Ok(_) => return Ok(()),
                Err(error) => error,
            };
            match give_up(manifest, &refused) {
                Some(note) => look.notes.push(note),
                None => return Err(refused),
            }
        }
    }
}

/// Takes out of a Service what it was refused for; `None` where that cannot help.
pub(crate) fn give_up(manifest: &mut Manifest, refused: &ClusterError) -> Option<Note> {
    let ClusterError::Rejected { message, .. } = refused else { return None };
    if manifest.kind() != "Service" {
        return None;
    }
    let note = Taken::of(message)?.give_up(manifest)?;
    Some(Note::new(&manifest.id(), note))
}

/// The object without its owners: their uids are known when it is written.
pub(crate) fn without_owners(manifest: &Manifest) -> Manifest {
    let mut manifest = manifest.clone();
    if let Some(metadata) = manifest.value_mut()["metadata"].as_object_mut() {
        metadata.shift_remove("ownerReferences");
    }
    manifest
}

/// The object as it takes the place of `live`: with the owners and finalizers that it has now, and with what the server
/// chose once and never changes.
pub(crate) fn as_replacement(manifest: &Manifest, live: &Value) -> Manifest {
    let mut manifest = without_owners(manifest);
    for field in ["ownerReferences", "finalizers"] {
        if let Some(kept) = live["metadata"].get(field) {
            manifest.value_mut()["metadata"][field] = kept.clone();
        }
    }
    let chosen: &[&str] = match manifest.kind() {
        "Service" => &["clusterIP", "clusterIPs"],
        "PersistentVolumeClaim" => &["volumeName"],
        _ => &[],
    };
    for field in chosen {
        if let Some(kept) = live["spec"].get(*field) {
            manifest.value_mut()["spec"][*field] = kept.clone();
        }
    }
    manifest
}

/// What is wrong, without the object, which is named beside it.
pub(crate) fn message(error: &ClusterError) -> String {
    let text = chain(error);
    match error.subject() {
        Some(subject) => text.strip_prefix(&format!("{subject}: ")).map_or(text.clone(), str::to_owned),
        None => text,
    }
}
