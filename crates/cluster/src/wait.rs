use std::fmt;
use std::time::{Duration, SystemTime};

use serde_json::Value;
use tokio::time::{Instant, sleep};
use windlass_manifest::{Gvk, ObjectId, Origin};

use crate::cluster::{Cluster, Handle, is_secret};
use crate::error::{Error, Failures};
use crate::health::{Health, status};

/// An object that is waited for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Its type.
    pub gvk: Gvk,
    /// The object.
    pub id: ObjectId,
    /// Whether it is well when it is gone: a Job with `ttlSecondsAfterFinished` that has done its work.
    pub gone_is_well: bool,
}

impl Target {
    /// An object that must be there.
    #[must_use]
    pub fn new(gvk: Gvk, id: ObjectId) -> Self {
        Self { gvk, id, gone_is_well: false }
    }
}

/// What says how an object is; `None` leaves it to [`status`].
pub type HealthReader = dyn Fn(&Value) -> Option<Health> + Sync;

/// How to wait.
#[derive(Clone, Copy)]
pub struct WaitOptions<'a> {
    /// For how long at most; a minute by default.
    pub timeout: Duration,
    /// Whether to stop at the first object that has failed; `true` by default.
    pub fail_fast: bool,
    /// What says how an object is, where it is not for [`status`] to say: CEL rules of the user. It answers `None` for
    /// objects that it has no rule for.
    pub reader: Option<&'a HealthReader>,
}

impl Default for WaitOptions<'_> {
    fn default() -> Self {
        Self { timeout: Duration::from_secs(60), fail_fast: true, reader: None }
    }
}

impl fmt::Debug for WaitOptions<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WaitOptions")
            .field("timeout", &self.timeout)
            .field("fail_fast", &self.fail_fast)
            .field("reader", &self.reader.is_some())
            .finish()
    }
}

/// The objects that did not become what they should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unhealthy {
    /// The objects, and what they are instead.
    pub objects: Vec<(ObjectId, Health)>,
    /// Whether the time was up; otherwise an object failed.
    pub timed_out: bool,
}

impl fmt::Display for Unhealthy {
    /// `timeout waiting for: Deployment/shop/web: in progress: Ready: 0/1`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.timed_out { "timeout waiting for: " } else { "failed: " })?;
        for (position, (id, health)) in self.objects.iter().enumerate() {
            if position > 0 {
                f.write_str(", ")?;
            }
            write!(f, "{id}: {health}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Unhealthy {}

/// The first pause between two looks; it grows up to Flux's five seconds.
pub(crate) const POLL: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Waits until all of `targets` are well.
///
/// An object that has been well once is not looked at again. A server that does not answer is asked again until the time
/// is up. Dropping the future ends the waiting.
///
/// # Errors
/// The objects that are not well when the time is up; or those that have failed, as soon as one has (with
/// `fail_fast`), or when all others are well.
pub async fn wait(cluster: &Cluster, targets: &[Target], options: &WaitOptions<'_>) -> Result<(), Unhealthy> {
    let end = Instant::now() + options.timeout;
    let mut pending: Vec<&Target> = targets.iter().collect();
    let mut pause = POLL;
    loop {
        let looks = pending.iter().map(|target| cluster.health(target, options));
        let found: Vec<Health> = cluster.ask_all(looks.collect()).await;
        let (mut ill, failed): (Vec<_>, usize) = ill(&pending, &found);
        if ill.is_empty() {
            return Ok(());
        }
        let timed_out = Instant::now() + pause > end;
        let failed_now = failed > 0 && options.fail_fast;
        if timed_out || failed_now || failed == ill.len() {
            if failed_now {
                ill.retain(|(_, health)| matches!(health, Health::Failed(_)));
            }
            let objects = ill.into_iter().map(|(target, health)| (target.id.clone(), health)).collect();
            return Err(Unhealthy { objects, timed_out: timed_out && !failed_now && failed == 0 });
        }
        pending = ill.into_iter().map(|(target, _)| target).collect();
        sleep(pause).await;
        pause = (pause * 3 / 2).min(LONGEST_PAUSE);
    }
}

/// The targets that are not well, and how many of them have failed.
fn ill<'t>(pending: &[&'t Target], found: &[Health]) -> (Vec<(&'t Target, Health)>, usize) {
    let is_well = |target: &Target, health: &Health| match health {
        Health::Current => true,
        Health::NotFound => target.gone_is_well,
        _ => false,
    };
    let ill: Vec<_> = pending
        .iter()
        .zip(found)
        .filter(|(target, health)| !is_well(target, health))
        .map(|(target, health)| (*target, health.clone()))
        .collect();
    let failed = ill.iter().filter(|(_, health)| matches!(health, Health::Failed(_))).count();
    (ill, failed)
}

/// Waits until none of `targets` is there.
///
/// # Errors
/// The objects that are still there when the time is up.
pub async fn wait_gone(cluster: &Cluster, targets: &[Target], timeout: Duration) -> Result<(), Failures> {
    let end = Instant::now() + timeout;
    let origin = Origin::unknown();
    let mut failures = Vec::new();
    for target in targets {
        let result = async {
            let Some((kind, _)) = cluster.read(&target.gvk, &target.id).await? else {
                return Ok(());
            };
            let handle = Handle { kind: &kind, id: &target.id, origin: &origin, sensitive: is_secret(&target.id) };
            let left = end.saturating_duration_since(Instant::now());
            cluster.wait_until_gone(&handle, None, left).await
        };
        if let Err(error) = result.await {
            failures.push(error);
        }
    }
    Failures::check(failures)
}

impl Cluster {
    async fn health(&self, target: &Target, options: &WaitOptions<'_>) -> Health {
        match self.read(&target.gvk, &target.id).await {
            Ok(Some((_, object))) => {
                if let Some(health) = options.reader.and_then(|reader| reader(&object)) {
                    return health;
                }
                let health = status(&object, SystemTime::now());
                if !matches!(health, Health::InProgress(_)) {
                    return health;
                }
                self.failed_pods(&target.gvk, &target.id, &object).await.unwrap_or(health)
            }
            Ok(None) => Health::NotFound,
            Err(error) => Health::Unknown(unknown(&error)),
        }
    }
}

fn unknown(error: &Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
