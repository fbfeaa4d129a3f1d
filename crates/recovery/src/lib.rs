//! What of a Kubernetes cluster is backed up, and how it comes back.
//!
//! Git describes what it describes; [`survey`] reads the rest: the objects that no repository brings back, what they need,
//! and where reconciliation starts. [`ClusterObjects`] is that as one item of a backup. [`plan_restore`] compares what was
//! saved with a cluster and [`restore`] carries the plan out, in the order of dependencies, [held](hold()) where data
//! have to come first.
//!
//! ```
//! use windlass_recovery::{ClusterObjects, RestoreOptions, SavedCluster, Selection, plan_restore, restore, restoring};
//! # use windlass_apiserver::ApiServer;
//! # use windlass_manifest::{Manifest, Origin};
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let (old, new) = (ApiServer::new(), ApiServer::new());
//! # let (client, empty) = (old.client(), new.client());
//! # for object in [
//! #     serde_json::json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}),
//! #     serde_json::json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "token", "namespace": "shop"}}),
//! # ] {
//! #     restoring(old.client()).create(&Manifest::new(object, Origin::unknown())?, false).await?;
//! # }
//! let objects = ClusterObjects::read(&client, &Selection::default()).await?;
//!
//! // Elsewhere, later: an empty cluster.
//! let saved = SavedCluster::read(objects.bytes())?;
//! let cluster = restoring(empty);
//! let plan = plan_restore(&cluster, &saved, &RestoreOptions::default()).await?;
//! assert_eq!(plan.plan.summary().to_string(), "2 to create, 0 unchanged");
//! let done = restore(&cluster, plan, |object, action| println!("{object} {action}")).await;
//! assert!(done.is_complete());
//! # Ok(())
//! # }
//! ```
//!
//! Around that, with a repository of [`windlass_backup`]:
//!
//! | | |
//! |---|---|
//! | [`choose()`] | which snapshot: signed, whole as far as anybody knows, and what is doubtful about it |
//! | [`rebuild()`], [`plan_rebuild()`], [`keep_rebuild_time`] | an empty cluster, a repository and one key: and the cluster is back, Git and data included; and how long that took |
//! | [`drill()`] | everything in a snapshot opened, objects given to an API, rows counted, and all gone again; with or without a cluster in it |
//! | [`PrunedObjects`], [`deleted`], [`undelete()`] | what the reconciler prunes is saved first, and comes back |
//! | [`Schedules`], [`BackupSchedule`], [`back_up`] | backups by a custom resource: cron with time zones, late rather than never |
//! | [`coverage()`] | what would be lost now, and how long bringing it back takes (RPO and RTO): of objects, databases and claims, whether windlass, VolSync, Velero or CloudNativePG saves them |
//! | [`put_data`], [`hold()`], [`held()`], [`refuse_in_use`] | files and databases into place, while workloads have no replicas and no Pod uses them; and those found again that a killed process held |
//!
//! # What is saved
//! By default ([`Scope::Undefined`]) everything but:
//! * what stands in the inventory of a Kustomization, of a HelmRelease, or of `windlass apply`; what a HelmRelease made, by
//!   its labels; and the release records of HelmReleases;
//! * what a controller owns, and what is being deleted;
//! * what the cluster makes by itself: Events, Leases, Nodes, ReplicaSets, controller revisions, mirror Pods, endpoints that
//!   controllers manage (those written by hand are kept), certificate requests, attachments of volumes, metrics, tokens of
//!   service accounts, `kube-root-ca.crt`, default service accounts without changes, RBAC and priorities that the API server
//!   brings, and the own objects of kubeadm, k3s and Talos in `kube-system` and its like (everything else there is kept,
//!   such as the keys of sealed-secrets);
//! * volumes that a provisioner made: their claims are saved, and bind anew.
//!
//! [`Scope::Everything`] leaves nothing out but the note of a [rebuild](rebuild()) about itself. Of each kind the version that its group prefers is saved; the others are noted.
//! Custom resources bring their CRDs, namespaced objects their Namespaces.
//!
//! Objects are saved without status, uid, revision, `managedFields`, `kubectl`'s annotation and what controllers noted for
//! themselves. Owner references are saved by name, and get the uid of the new owner; finalizers stay.
//!
//! # What a restore does not do
//! * It restores no status. What keeps state in there has to find it again.
//! * It adds no label and no annotation, and deletes nothing.
//! * It does not convert between versions: an object whose version is gone is told, and can be patched or sent in another.
//! * Data go to paths that this process can write: of this machine, or of a Pod that mounts the volume (`windlass backup job
//!   --put-back` prints a Job that does). Nothing is streamed into running containers. What is new and made by root belongs
//!   to the owner of its folder.
//! * A bare Pod has no replicas to take away. One that is restored is made when the others are released, by the process that
//!   held them; after a kill it has to be restored again. One that runs is left alone, and nothing is written under it, unless
//!   it is held by name: then it is deleted, kept in a Secret, and made again at the release.
//! * Databases of servers are not loaded: their dumps are put into place as files.
//! * A rebuild reconciles Kustomizations of Git repositories, from their hosts or from bundles in the backup (no `git` program
//!   is needed); HelmReleases and other sources are applied as objects, and left to Flux' controllers.
//! * A drill waits for nothing and starts nothing: that an application works with its data, only the application can tell.
//! * A schedule saves objects, Git, folders and SQLite databases. It takes no dumps by command, and says so: windlassd has
//!   none of the programs that dump a database. `windlass backup job --with-image` prints a CronJob that has them.
//! * References between objects by uid in other fields than owner references are not followed.
//!
//! # Invariants
//! * Secrets are in memory only, in buffers that are wiped; no error, note or plan holds a value of one.
//! * What could not be read is told in [`ClusterFacts::faults`], what could not be restored in [`Restored::failures`]: nothing
//!   is left out in silence.
//! * Nothing is pruned that could not be saved first, where a repository is configured. The last copy of what was pruned
//!   within the bound (90 days by default) is always there; what is older goes by itself.
//! * Workloads do not start before their data are in place; if those are missing, they stay held and say so. What holds them
//!   is written on them, so that it outlives the process; what made them is suspended first, from the outermost inwards.
//! * A snapshot that is known to be damaged is not restored while there is another; that one was never tried is told.
//! * An archive is taken only if each path and its object agree; nothing is applied before all of it was read.

mod archive;
mod choose;
mod clean;
mod cluster_objects;
mod coverage;
mod defined;
mod drill;
mod error;
mod facts;
mod fetched;
mod flux_roots;
mod kinds;
mod list;
mod noise;
mod pattern;
mod pruned;
mod rebuild;
mod restore;
mod schedule;
mod selection;
mod survey;

pub use archive::SavedCluster;
pub use choose::{Chosen, Wish, choose};
pub use cluster_objects::{CLUSTER_OBJECTS, ClusterObjects};
pub use coverage::{Cover, Coverage, CoverageOptions, Covered, Exposure, RestoreTime, Subject, coverage};
pub use drill::{DrillOptions, DrillReport, DrillTarget, drill};
pub use error::Error;
pub use facts::{ClusterFacts, Fault, KindFacts, KustomizationFacts, SourceFacts, VolumeFacts};
pub use fetched::{DataInPlace, PutData, fetch_objects, is_free, put_data};
pub use pattern::{Choice, Pattern};
pub use pruned::{Deleted, KEEP_PRUNED, PrunedObjects, deleted, is_of_pruned, undelete};
pub use rebuild::{
    DataPlan, GitFiles, GitPlan, RebuildOptions, RebuildPlan, RebuildProgress, RebuildReport, Reconciled, StepTime,
    keep_rebuild_time, plan_rebuild, rebuild,
};
pub use restore::{
    DataPlace, FIELD_MANAGER, HELD, Hold, Mapping, Mode, Note, RestoreOptions, RestorePlan, Restored, Target, Wanted,
    held, hold, plan_restore, refuse_in_use, restore, restoring,
};
pub use schedule::{
    BackupMetrics, BackupRun, BackupSchedule, BackupScheduleSpec, BackupScheduleStatus, Cron, CronError, FilesSpec,
    NamesSpec, ObjectsSpec, OpenRepository, PastRun, RetentionSpec, RunPlace, RunResult, Schedules, SchedulesOptions,
    ScopeSpec, SqliteSpec, back_up, schedule_crds,
};
pub use selection::{Scope, Selection};
pub use survey::survey;
