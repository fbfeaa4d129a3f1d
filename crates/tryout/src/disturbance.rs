use std::time::{Duration, Instant};

use kube::Api;
use kube::api::{DynamicObject, Patch, PatchParams};
use serde_json::{Value, json};
use windlass_cluster::{ApplyOptions, Owner, plan};
use windlass_drift::Plan;
use windlass_engine::{NamespacedName, requests};
use windlass_fieldset::{Entries, PathElement};
use windlass_flux::Kustomization;
use windlass_manifest::{FieldPath, Manifest, ObjectId, Step};

use crate::{Error, Tryout};

/// A field of a live object that somebody changed behind Git's back.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Drift {
    /// The Kustomization that the object belongs to.
    pub owner: NamespacedName,
    /// The object.
    pub id: ObjectId,
    /// The field.
    pub field: FieldPath,
    /// What differs, as the reconciler's planner sees it, and where the manifest stands.
    pub plan: Plan,
    /// Who changed the field last, by the object's own record.
    pub culprit: Option<Culprit>,
    manifest: Manifest,
}

/// Who wrote a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Culprit {
    /// The field manager.
    pub manager: String,
    /// When it wrote last, in RFC 3339.
    pub time: Option<String>,
}

/// How a drift was put right.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Repair {
    /// Whether the field is as Git has it again.
    pub is_repaired: bool,
    /// How long the reconciler took, from being asked to its answer.
    pub took: Duration,
}

/// The stranger's name.
const STRANGER: &str = "somebody";

/// How long the reconciler may take to answer.
const ANSWER: Duration = Duration::from_secs(60);

impl Tryout {
    /// Changes a field that Git owns on a live object, as another program or person would, and looks for what differs now.
    ///
    /// The image of a workload is changed if there is a workload, else a value of a ConfigMap, else a label. `None` where the
    /// repository has made nothing to be changed.
    ///
    /// # Errors
    /// [`Error::Disturbance`].
    pub async fn disturb(&self) -> Result<Option<Drift>, Error> {
        let Some((owner, manifest, field)) = self.victim() else { return Ok(None) };
        let id = manifest.id();
        let fail = |doing| {
            let id = Box::new(id.clone());
            move |source: Box<dyn std::error::Error + Send + Sync>| Error::Disturbance { doing, id, source }
        };
        self.change(&manifest, &field).await.map_err(fail("change"))?;
        let live = self.live(&manifest).await.map_err(fail("read"))?;
        let options = ApplyOptions::default().owned_by(Owner::flux(&owner.name, &owner.namespace));
        let planned = plan(&self.cluster, std::slice::from_ref(&manifest), None, &options).await;
        let plan = planned.map_err(|error| fail("compare")(Box::new(error)))?;
        let culprit = culprit(&live, &field);
        Ok(Some(Drift { owner, id, field, plan, culprit, manifest }))
    }

    /// Asks the reconciler to look at the Kustomization now, instead of at its next interval, and sees whether it put the
    /// field right.
    ///
    /// # Errors
    /// [`Error::NoAnswer`] and [`Error::Disturbance`].
    pub async fn repair(&self, drift: &Drift) -> Result<Repair, Error> {
        let start = Instant::now();
        let answer = requests::reconcile::<Kustomization>(&self.client, &drift.owner, ANSWER).await;
        answer.map_err(|error| Error::NoAnswer { name: drift.owner.clone(), source: Box::new(error) })?;
        let took = start.elapsed();
        let live = self.live(&drift.manifest).await;
        let live =
            live.map_err(|source| Error::Disturbance { doing: "read", id: Box::new(drift.id.clone()), source })?;
        let is_repaired = drift.field.find(&live) == drift.field.find(drift.manifest.value());
        Ok(Repair { is_repaired, took })
    }

    /// The object that is changed, its Kustomization, and the field.
    fn victim(&self) -> Option<(NamespacedName, Manifest, FieldPath)> {
        let made: Vec<ObjectId> = self.overview().objects().map(|one| one.id.clone()).collect();
        let built = self.preview.units.iter().filter_map(|unit| Some((&unit.name, unit.desired.as_ref().ok()?)));
        let manifests = built.flat_map(|(name, desired)| desired.manifests.iter().map(move |one| (name, one)));
        let candidates = manifests.filter(|(_, one)| made.contains(&one.id()) && !one.is_sensitive());
        let candidates: Vec<_> = candidates.filter(|(_, one)| !one.gvk().group.ends_with("fluxcd.io")).collect();
        [image, config, label].iter().find_map(|choose| {
            candidates.iter().find_map(|(name, one)| Some(((*name).clone(), (*one).clone(), choose(one)?)))
        })
    }

    async fn live(&self, manifest: &Manifest) -> Result<Value, Box<dyn std::error::Error + Send + Sync>> {
        let found = self.cluster.get(&manifest.gvk(), manifest.namespace(), manifest.name()).await?;
        found.ok_or_else(|| "it is not there".into())
    }

    async fn change(
        &self,
        manifest: &Manifest,
        field: &FieldPath,
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        let live = self.live(manifest).await?;
        let kind = self.cluster.kind(&manifest.gvk()).await?.ok_or("its kind is not served")?;
        let pointer = field.pointer(&live).ok_or_else(|| format!("it has no field {field}"))?;
        let client = self.client.clone();
        let api: Api<DynamicObject> = match manifest.namespace() {
            Some(namespace) => Api::namespaced_with(client, namespace, &kind.resource),
            None => Api::all_with(client, &kind.resource),
        };
        let strange = match field.find(&live).and_then(Value::as_str) {
            Some(image) if pointer.ends_with("/image") => {
                format!("{}:stranger", image.split([':', '@']).next().unwrap_or(image))
            }
            _ => "changed by a stranger".to_owned(),
        };
        let strange = if pointer.contains("/labels/") { "stranger".to_owned() } else { strange };
        let patch = serde_json::from_value(json!([{"op": "replace", "path": pointer, "value": strange}]))?;
        let params = PatchParams { field_manager: Some(STRANGER.to_owned()), ..PatchParams::default() };
        api.patch(manifest.name(), &params, &Patch::<DynamicObject>::Json(patch)).await?;
        Ok(())
    }
}

/// The image of a workload's first container.
fn image(manifest: &Manifest) -> Option<FieldPath> {
    if !["Deployment", "StatefulSet", "DaemonSet"].contains(&manifest.kind()) {
        return None;
    }
    let container = manifest.value().pointer("/spec/template/spec/containers/0")?;
    container.get("image")?;
    let name = container.get("name")?.as_str()?.to_owned();
    let template = FieldPath::root().field("spec").field("template").field("spec");
    Some(template.field("containers").step(Step::Item(vec![("name".to_owned(), name)])).field("image"))
}

/// The first value of a ConfigMap.
fn config(manifest: &Manifest) -> Option<FieldPath> {
    let data = manifest.get(&["data"]).filter(|_| manifest.kind() == "ConfigMap")?;
    let key = data.as_object()?.keys().next()?;
    Some(FieldPath::root().field("data").field(key))
}

/// The first label that is not ours.
fn label(manifest: &Manifest) -> Option<FieldPath> {
    let labels = manifest.get(&["metadata", "labels"])?.as_object()?;
    let key = labels.keys().find(|key| !key.contains("toolkit.fluxcd.io"))?;
    Some(FieldPath::root().field("metadata").field("labels").field(key))
}

/// Who owns a field of a live object, except for ourselves.
fn culprit(live: &Value, field: &FieldPath) -> Option<Culprit> {
    let path: Vec<PathElement> = field.steps().iter().map(element).collect();
    let entries = Entries::of(live).ok()?;
    let entry = entries.last_owner_of(&path)?;
    Some(Culprit { manager: entry.manager.clone(), time: entry.time.clone() })
}

fn element(step: &Step) -> PathElement {
    match step {
        Step::Field(name) => PathElement::field(name.as_str()),
        Step::Index(index) => PathElement::Index(i64::try_from(*index).unwrap_or(i64::MAX)),
        Step::Item(keys) => {
            PathElement::key(keys.iter().map(|(key, value)| (key.as_str(), Value::from(value.as_str()))))
        }
    }
}
