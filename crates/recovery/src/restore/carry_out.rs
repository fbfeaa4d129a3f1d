use std::time::Duration;

use futures::{StreamExt as _, stream};
use serde_json::Value;
use tokio::time::{Instant, sleep};
use windlass_cluster::{Cluster, Error as ClusterError, Target, WaitOptions, wait};
use windlass_manifest::{Manifest, ObjectId};

use super::hold::{Held, Hold, hold_in_manifest};
use super::owners::resolve;
use super::plan::{
    CONCURRENCY, How, Note, RestorePlan, Step, as_replacement, give_up, kinds_of, message, without_owners,
};
use super::waves::Wave;

/// What a restore did.
#[derive(Debug, Default)]
pub struct Restored {
    /// The objects that were written, and what was done: `created`, `configured`.
    pub written: Vec<(ObjectId, &'static str)>,
    /// How many were right, or were left alone because they are there.
    pub untouched: usize,
    /// What is not as it was saved, and why.
    pub notes: Vec<Note>,
    /// What could not be restored, and why.
    pub failures: Vec<Note>,
    /// The workloads that were made without replicas, where the plan asked for it.
    pub hold: Hold,
}

/// Carries a plan out, wave by wave; `progress` is told of each object that was written.
///
/// What fails does not keep the rest from being restored. An object that appeared since the plan was made is left alone.
/// Doing it again continues where it ended.
pub async fn restore(
    cluster: &Cluster,
    plan: RestorePlan,
    mut progress: impl FnMut(&ObjectId, &'static str),
) -> Restored {
    let RestorePlan { plan: actions, notes, failures, steps, options } = plan;
    let untouched = actions.actions.iter().filter(|action| !action.verb.is_change()).count();
    let mut restored = Restored { notes, failures, untouched, ..Restored::default() };
    let mut steps = steps.into_iter().peekable();
    while let Some(wave) = steps.peek().map(|step| step.wave) {
        let mut of_wave = Vec::new();
        while let Some(step) = steps.next_if(|step| step.wave == wave) {
            of_wave.push(step);
        }
        let awaited: Vec<Manifest> =
            of_wave.iter().filter(|_| wave.is_awaited()).map(|step| step.manifest.clone()).collect();
        let writes = of_wave.into_iter().map(|step| write(cluster, step, options.hold));
        let mut written = stream::iter(writes).buffered(CONCURRENCY);
        while let Some(one) = written.next().await {
            restored.notes.extend(one.notes);
            match one.result {
                Ok(Some(done)) => {
                    progress(&one.id, done);
                    restored.written.push((one.id, done));
                }
                Ok(None) => restored.untouched += 1,
                Err(reason) => restored.failures.push(Note::new(&one.id, reason)),
            }
            restored.hold.add(one.held);
        }
        restored.failures.extend(settle(cluster, wave, &awaited, options.wait).await);
    }
    restored
}

struct Written {
    id: ObjectId,
    result: Result<Option<&'static str>, String>,
    notes: Vec<Note>,
    held: Option<Held>,
}

async fn write(cluster: &Cluster, step: Step, hold: bool) -> Written {
    let id = step.manifest.id();
    let mut notes = Vec::new();
    let mut manifest = step.manifest;
    let held = if hold && step.wave == Wave::Workloads { hold_in_manifest(&mut manifest) } else { None };
    if let Some(Held::Later(_)) = held {
        return Written { id, result: Ok(None), notes, held };
    }
    let result = match step.how {
        How::Create => create(cluster, &mut manifest, &mut notes).await,
        How::Update => cluster.put_fields(&without_owners(&manifest), false).await.map(|_| Some("configured")),
        How::Replace => replace(cluster, &manifest).await,
    };
    let is_written = matches!(result, Ok(Some(_)));
    Written { id, result: result.map_err(|error| message(&error)), notes, held: held.filter(|_| is_written) }
}

async fn create(
    cluster: &Cluster,
    manifest: &mut Manifest,
    notes: &mut Vec<Note>,
) -> Result<Option<&'static str>, ClusterError> {
    for owner in resolve(cluster, manifest).await? {
        let message = format!("its owner {owner} is not there: restored without it");
        notes.push(Note::new(&manifest.id(), message));
    }
    loop {
        match cluster.create(manifest, false).await {
            Ok(Some(_)) => return Ok(Some("created")),
            Ok(None) => {
                notes.push(Note::new(&manifest.id(), "appeared in the meantime: left alone"));
                return Ok(None);
            }
            Err(refused) => match give_up(manifest, &refused) {
                Some(note) => notes.push(note),
                None => return Err(refused),
            },
        }
    }
}

/// Puts the object in the place of the one that is there now. Where somebody writes at the same time, looks again.
async fn replace(cluster: &Cluster, manifest: &Manifest) -> Result<Option<&'static str>, ClusterError> {
    const ATTEMPTS: usize = 4;
    let mut attempt = 1;
    loop {
        let live = cluster.get(&manifest.gvk(), manifest.namespace(), manifest.name()).await?;
        let Some(live) = live else {
            return cluster.create(&without_owners(manifest), false).await.map(|made| made.map(|_| "created"));
        };
        match cluster.replace(&as_replacement(manifest, &live), &live, false).await {
            Err(ClusterError::Rejected { code: 409, .. }) if attempt < ATTEMPTS => attempt += 1,
            result => return result.map(|_| Some("configured")),
        }
    }
}

/// Waits until what the next waves need is ready.
async fn settle(cluster: &Cluster, wave: Wave, manifests: &[Manifest], limit: Duration) -> Vec<Note> {
    if manifests.is_empty() {
        return Vec::new();
    }
    let targets: Vec<Target> = manifests.iter().map(|manifest| Target::new(manifest.gvk(), manifest.id())).collect();
    let end = Instant::now() + limit;
    let options = WaitOptions { timeout: limit, ..WaitOptions::default() };
    let unready = wait(cluster, &targets, &options).await.err();
    let mut notes: Vec<Note> = unready
        .into_iter()
        .flat_map(|unready| unready.objects)
        .map(|(id, health)| Note::new(&id, format!("not ready after {}s: {health}", limit.as_secs())))
        .collect();
    if wave == Wave::Definitions {
        // A CRD is established a moment before it is served.
        for manifest in manifests {
            let group = manifest.value()["spec"]["group"].as_str().unwrap_or_default();
            cluster.forget_kinds(group);
            for gvk in kinds_of(manifest.value()) {
                while !matches!(cluster.kind(&gvk).await, Ok(Some(_))) {
                    if Instant::now() > end {
                        notes.push(Note::new(&manifest.id(), format!("{gvk} is not served")));
                        break;
                    }
                    sleep(Duration::from_millis(100)).await;
                    cluster.forget_kinds(group);
                }
            }
        }
    }
    notes
}

impl Restored {
    /// Whether everything was restored.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.failures.is_empty()
    }

    /// What was done, for other programs.
    #[must_use]
    pub fn summary(&self) -> Value {
        serde_json::json!({
            "written": self.written.iter().map(|(id, done)| serde_json::json!({"object": id.to_string(), "action": done}))
                .collect::<Vec<_>>(),
            "untouched": self.untouched,
            "notes": self.notes,
            "failures": self.failures,
        })
    }
}
