//! What would be lost now, and how long bringing it back takes: of objects, claims and databases, whoever saves them.

mod annotation;
mod cloud_native_pg;
mod fields;
mod own;
mod series;
mod snapshots;
mod tools;
mod velero;
mod volsync;

use jiff::{SignedDuration, Timestamp};
use kube::Client;
use serde::Serialize;
use windlass_backup::{Identities, Repository};

use crate::Error;
use crate::facts::Fault;
use annotation::Limit;
use snapshots::Saved;
use tools::Tools;

/// How a cluster is asked.
#[derive(Debug, Clone)]
pub struct CoverageOptions {
    /// How old the last good recovery point may be. Default: 26 hours, a day and a late run. The annotation
    /// `backups.windlass.dev/max-age` of a claim or a database says otherwise: a time such as `168h`, or `none` for what
    /// need not be saved.
    pub max_age: SignedDuration,
    /// The time.
    pub now: Timestamp,
    /// Keys that open the snapshots of the repository: with them it is told which objects and claims those hold, whoever
    /// made them (`windlass backup run`, a Job beside a volume). Default: none.
    pub identities: Option<Identities>,
}

impl Default for CoverageOptions {
    fn default() -> Self {
        Self { max_age: SignedDuration::from_hours(26), now: Timestamp::now(), identities: None }
    }
}

/// What a cluster holds, and who saves it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Coverage {
    /// When it was asked.
    pub at: Timestamp,
    /// The objects of the cluster, databases, claims, and hosts of a repository; each kind by name.
    pub subjects: Vec<Covered>,
    /// The tools that were asked and did not answer.
    pub faults: Vec<Fault>,
}

/// Something that can be lost.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Covered {
    /// What it is.
    pub kind: Subject,
    /// `shop/data`.
    pub name: String,
    /// Its size, as it asks for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<String>,
    /// How it stands.
    pub state: Exposure,
    /// The last good recovery point: what was written since would be lost.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub point: Option<Timestamp>,
    /// How long ago that is, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exposed_seconds: Option<i64>,
    /// How long ago it may be, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit_seconds: Option<i64>,
    /// When it is saved next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<Timestamp>,
    /// How long bringing it back took when that was last done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restore: Option<RestoreTime>,
    /// How long the last rebuild of the cluster took, data included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rebuild: Option<RestoreTime>,
    /// What would be lost if it were lost now, in words.
    pub lost: String,
    /// Who saves it; nobody, where it is empty.
    pub by: Vec<Cover>,
}

/// What can be lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum Subject {
    /// The objects of the cluster that Git does not define.
    Objects,
    /// A database that keeps its own backups.
    Database,
    /// A claim, with what is in its volume.
    Claim,
    /// What a host of the repository saves, which need not be this cluster.
    Host,
}

/// How something stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum Exposure {
    /// Its recovery point is young enough.
    InTime,
    /// Its recovery point is too old.
    Late,
    /// Somebody should save it, and never did.
    Never,
    /// Nobody saves it.
    Unsaved,
    /// It need not be saved.
    NotNeeded,
}

/// Somebody who saves something.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Cover {
    /// `windlass`, `VolSync`, `Velero` or `CloudNativePG`.
    pub tool: &'static str,
    /// The object that says so, `ReplicationSource/shop/data`.
    pub object: String,
    /// The last good recovery point.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last: Option<Timestamp>,
    /// When it is due next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<Timestamp>,
    /// How long bringing it back took when that was last done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restore: Option<RestoreTime>,
    /// What is wrong, in the tool's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
}

/// A restore that was measured.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RestoreTime {
    /// How long it took.
    pub seconds: f64,
    /// When it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// What was done: `drill of 00000007-…`, `rebuild from 00000007-…`, `ReplicationDestination/shop/data`.
    pub how: String,
}

impl Coverage {
    /// Whether everything that is to be saved is saved, and recently.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.subjects.iter().all(|subject| matches!(subject.state, Exposure::InTime | Exposure::NotNeeded))
    }

    /// The same as Prometheus reads it: for a file of the node exporter, or a push.
    #[must_use]
    pub fn series(&self) -> String {
        series::text(self)
    }
}

/// Asks a cluster what it holds, every tool that is there what it saves (one list each), and a repository, if one is
/// given, how old its snapshots are and how long the last drill and the last rebuild took.
///
/// # Errors
/// Where the claims cannot be listed, or the repository does not answer.
pub async fn coverage(
    client: &Client,
    repository: Option<&Repository>,
    options: &CoverageOptions,
) -> Result<Coverage, Error> {
    let mut tools = Tools::ask(client).await?;
    let measured = own::Measured::read(client, repository).await?;
    let drills = &measured.drills;
    let saved = match (repository, &options.identities) {
        (Some(repository), Some(identities)) => {
            Saved::read(repository, identities, &measured, &mut tools, options).await?
        }
        _ => Saved::default(),
    };
    let mut subjects = vec![own::objects(&tools, &measured, saved.objects.as_ref(), options)];
    subjects.extend(cloud_native_pg::databases(&tools, options));
    subjects.extend(tools.of("PersistentVolumeClaim").map(|claim| {
        let mut by: Vec<Cover> = own::covers_of_claim(&tools, claim, drills).collect();
        if by.iter().all(|cover| cover.last.is_none()) {
            by.extend(saved.of_claim(&fields::full_name(claim)));
        }
        by.extend(volsync::covers(&tools, claim));
        by.extend(cloud_native_pg::cover_of_claim(&tools, claim, options));
        by.extend(velero::cover_of_claim(&tools, claim, options));
        let size = fields::optional(claim, "/spec/resources/requests/storage");
        Covered {
            size,
            ..Covered::new(Subject::Claim, fields::full_name(claim), by, &Limit::of(claim, options), options)
        }
    }));
    if let Some(repository) = repository {
        subjects.extend(own::hosts(repository, &measured, options).await?);
    }
    subjects.sort_by(|a, b| (a.kind, &a.name).cmp(&(b.kind, &b.name)));
    Ok(Coverage { at: options.now, subjects, faults: tools.faults })
}

impl Covered {
    fn new(kind: Subject, name: String, by: Vec<Cover>, limit: &Limit, options: &CoverageOptions) -> Self {
        let point = by.iter().filter_map(|cover| cover.last).max();
        let exposed = point.map(|point| options.now.duration_since(point).max(SignedDuration::ZERO));
        let most = limit.most();
        let state = match (most, exposed) {
            (None, _) => Exposure::NotNeeded,
            (Some(most), Some(exposed)) if exposed <= most => Exposure::InTime,
            (Some(_), Some(_)) => Exposure::Late,
            (Some(_), None) if by.is_empty() => Exposure::Unsaved,
            (Some(_), None) => Exposure::Never,
        };
        let lost = match (point, most) {
            (Some(point), _) => format!("what was written since {}", fields::whole_seconds(point)),
            (None, Some(_)) => "all of it".to_owned(),
            (None, None) => "all of it, which is meant".to_owned(),
        };
        Self {
            kind,
            name,
            size: None,
            state,
            point,
            exposed_seconds: exposed.map(|exposed| exposed.as_secs()),
            limit_seconds: most.map(|most| most.as_secs()),
            next: by.iter().filter_map(|cover| cover.next).min(),
            rebuild: None,
            restore: by.iter().filter_map(|cover| cover.restore.clone()).max_by_key(|restore| restore.at),
            lost,
            by,
        }
    }
}
