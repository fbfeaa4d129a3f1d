use kube::{CustomResource, CustomResourceExt as _};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use windlass_flux::{Conditions, GoDuration, LocalObjectReference};

use crate::pattern::{Choice, Pattern};
use crate::selection::{Scope, Selection};

/// What to back up of a cluster, when, and where to.
#[derive(CustomResource, Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[kube(
    group = "backups.windlass.dev",
    version = "v1alpha1",
    kind = "BackupSchedule",
    plural = "backupschedules",
    shortname = "bks",
    category = "windlass",
    doc = "What to back up of a cluster, when, and where to.",
    namespaced,
    status = "BackupScheduleStatus",
    derive = "PartialEq",
    printcolumn = r#"{"name":"Schedule","type":"string","jsonPath":".spec.schedule"}"#,
    printcolumn = r#"{"name":"Suspended","type":"boolean","jsonPath":".spec.suspend"}"#,
    printcolumn = r#"{"name":"Last success","type":"date","jsonPath":".status.lastSuccessTime"}"#,
    printcolumn = r#"{"name":"Late","type":"string","jsonPath":".status.conditions[?(@.type==\"Late\")].status"}"#,
    printcolumn = r#"{"name":"Ready","type":"string","jsonPath":".status.conditions[?(@.type==\"Ready\")].status"}"#,
    printcolumn = r#"{"name":"Status","type":"string","jsonPath":".status.conditions[?(@.type==\"Ready\")].message"}"#
)]
pub struct BackupScheduleSpec {
    /// When, in five fields of cron: `0 3 * * *`. A time that was missed is made up for, once.
    pub schedule: String,
    /// The time zone of the schedule, by its IANA name; UTC by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
    /// By how much a run may be late, so that not everything happens at once; nothing by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("pattern" = "^([0-9]+(\\.[0-9]+)?(ms|s|m|h))+$"))]
    pub jitter: Option<GoDuration>,
    /// Whether not to run.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub suspend: bool,
    /// What the cluster is called in snapshots; as windlassd was told by default. Schedules that save different things need
    /// different names: snapshots of one name follow each other.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// The Secret with the repository: `repository` (its address), `writer-key`, and for S3 `access-key-id` and
    /// `secret-access-key`. By default the repository that windlassd was told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repository_secret_ref: Option<LocalObjectReference>,
    /// Which objects of the cluster; those that Git does not define by default. `null` is not taken: leave it out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub objects: Option<ObjectsSpec>,
    /// Whether to leave the objects of the cluster out.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub without_objects: bool,
    /// Whether the Git repositories that the cluster follows, in the namespaces of `objects`, are saved as bundles for the
    /// day on which their host is gone; yes by default.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub git: bool,
    /// Folders, as windlassd sees them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<FilesSpec>,
    /// SQLite databases, as windlassd sees them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sqlite: Vec<SqliteSpec>,
    /// Not run here, and refused: windlassd has none of the programs that dump a database. `windlass backup job
    /// --with-image postgres:17` prints a CronJob that has them, beside the volume.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(
        with = "Vec<serde_json::Map<String, Value>>",
        extend("maxItems" = 64, "x-kubernetes-validations" = [{"rule": "size(self) == 0", "message": NO_DUMPS}])
    )]
    pub dumps: Vec<Value>,
    /// How old the last complete backup may be before the schedule is late; by default until the second time after it at
    /// which a run is due.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("pattern" = "^([0-9]+(\\.[0-9]+)?(ms|s|m|h))+$"))]
    pub max_age: Option<GoDuration>,
    /// Which snapshots of this host are kept; all of them by default. The last that was verified is never let go. After one
    /// that is less than half as large as the one before, nothing is let go until somebody accepts it, by the annotation
    /// `backups.windlass.dev/accept-shrink` with its id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retention: Option<RetentionSpec>,
    /// In how many days all objects of the repository are compared with what was signed: a share each day, after the first
    /// run of that day. Nothing is compared by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub verify_shares: Option<u32>,
}

/// How many snapshots are kept. A snapshot stays when any rule wants it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase")]
pub struct RetentionSpec {
    /// The newest.
    pub last: u32,
    /// The newest of each of so many hours that have one.
    pub hourly: u32,
    /// Of so many days.
    pub daily: u32,
    /// Of so many weeks.
    pub weekly: u32,
    /// Of so many months.
    pub monthly: u32,
    /// Of so many years.
    pub yearly: u32,
    /// All that are not older than this, counted from the newest.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("pattern" = "^([0-9]+(\\.[0-9]+)?(ms|s|m|h))+$"))]
    pub within: Option<GoDuration>,
    /// For how long what was saved before it was pruned stays in the repository that windlassd was told, instead of as
    /// windlassd was told (`--backup-keep-pruned`, 90 days by default). The other rules are not about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("pattern" = "^([0-9]+(\\.[0-9]+)?(ms|s|m|h))+$"))]
    pub pruned: Option<GoDuration>,
}

/// Why a schedule takes no dumps.
pub(crate) const NO_DUMPS: &str = "windlassd runs no commands, and has none of the programs that dump a database: \
     `windlass backup job --with-image` prints a CronJob that has them";

fn is_yes(value: &bool) -> bool {
    *value
}

fn yes() -> bool {
    true
}

/// Which objects are saved.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase")]
pub struct ObjectsSpec {
    /// Whether only what Git does not define is saved, or everything.
    pub scope: ScopeSpec,
    /// The namespaces.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespaces: Option<NamesSpec>,
    /// The kinds, as `Secret`, `secrets` or `issuers.cert-manager.io`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kinds: Option<NamesSpec>,
    /// A label selector.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub labels: Option<String>,
}

/// How far a backup of objects goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub enum ScopeSpec {
    /// What no Git repository brings back.
    #[default]
    Undefined,
    /// All objects of all kinds.
    Everything,
}

/// Names with wildcards, to take and to leave out.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase")]
pub struct NamesSpec {
    /// The names to take; all by default.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub include: Vec<String>,
    /// The names to leave out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub exclude: Vec<String>,
}

/// A folder to save.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FilesSpec {
    /// What it is called in snapshots, behind `files/`.
    pub name: String,
    /// The folder.
    pub path: String,
    /// The claim whose data these are, in the form `namespace/name`, for reports.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub claim: Option<String>,
    /// Patterns of files to take; all by default.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub include: Vec<String>,
    /// Patterns of files to leave out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exclude: Vec<String>,
}

/// A SQLite database to save.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SqliteSpec {
    /// What it is called in snapshots, behind `sqlite/`.
    pub name: String,
    /// The database file.
    pub path: String,
    /// The claim whose data these are, in the form `namespace/name`, for reports.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub claim: Option<String>,
}

/// How the runs went.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase")]
pub struct BackupScheduleStatus {
    /// The generation that was acted on last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// When the last run began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_run_time: Option<windlass_flux::Time>,
    /// When the last run that saved everything was finished.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_success_time: Option<windlass_flux::Time>,
    /// The last snapshot.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_snapshot: Option<String>,
    /// When the next run is due.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_run_time: Option<windlass_flux::Time>,
    /// When a share of the repository was compared last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_verify_time: Option<windlass_flux::Time>,
    /// The share that was compared last, counted from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_verified_share: Option<u32>,
    /// The last request by annotation that was answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_handled_reconcile_at: Option<String>,
    /// Whether backups are as they should be.
    pub conditions: Conditions,
    /// The last runs, newest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub history: Vec<PastRun>,
}

/// A run that is over.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PastRun {
    /// When it began.
    pub started: windlass_flux::Time,
    /// How long it took.
    pub took: GoDuration,
    /// How it went.
    pub result: RunResult,
    /// The snapshot, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<String>,
    /// How many items it has.
    #[serde(default)]
    pub items: u64,
    /// How much was sent, in bytes.
    #[serde(default)]
    pub sent_bytes: u64,
    /// What went wrong.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<String>,
}

/// How a run went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum RunResult {
    /// Everything was saved.
    Complete,
    /// Something could not be saved; the rest was.
    Partial,
    /// There is no snapshot.
    Failed,
}

impl ObjectsSpec {
    pub(crate) fn selection(&self) -> Selection {
        let choice = |choice: &Option<NamesSpec>| {
            let patterns = |names: &[String]| names.iter().map(|name| Pattern::new(name.as_str())).collect();
            let choice = choice.clone().unwrap_or_default();
            Choice { include: patterns(&choice.include), exclude: patterns(&choice.exclude) }
        };
        Selection {
            scope: match self.scope {
                ScopeSpec::Undefined => Scope::Undefined,
                ScopeSpec::Everything => Scope::Everything,
            },
            namespaces: choice(&self.namespaces),
            kinds: choice(&self.kinds),
            labels: self.labels.clone(),
        }
    }
}

/// The CustomResourceDefinition of `BackupSchedule`, made from its type, ready to be applied.
#[must_use]
pub fn schedule_crds() -> Vec<Value> {
    // A derived CRD is plain data: turning it into a value cannot fail.
    let mut crd = serde_json::to_value(BackupSchedule::crd()).unwrap_or_default();
    drop_formats(&mut crd);
    vec![crd]
}

/// Takes out the formats that a Kubernetes schema does not know: kubectl warns of each when it applies them.
fn drop_formats(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            if fields.get("format").and_then(Value::as_str).is_some_and(|format| format.starts_with("uint")) {
                fields.shift_remove("format");
            }
            fields.values_mut().for_each(drop_formats);
        }
        Value::Array(items) => items.iter_mut().for_each(drop_formats),
        _ => {}
    }
}
