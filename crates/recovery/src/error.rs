use windlass_manifest::ObjectId;

/// Why something of a cluster could not be saved or brought back.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A request to the API failed.
    #[error("cannot {doing}")]
    Api {
        /// What was being done.
        doing: String,
        /// What the API said.
        source: Box<kube::Error>,
    },
    /// An archive of objects could not be written or read at all.
    #[error("the archive of objects is broken")]
    Archive {
        /// What is wrong.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A file of an archive is not as this crate writes it.
    #[error("{path} of the archive is not taken: {reason}")]
    BadArchive {
        /// The path of the file.
        path: String,
        /// What is wrong with it, without its content.
        reason: String,
    },
    /// A later version of Windlass wrote the archive.
    #[error(
        "the archive has the format {format}, and this version reads up to {}: use a newer windlass",
        crate::facts::FORMAT
    )]
    NewerFormat {
        /// The archive's format.
        format: u64,
    },
    /// Two objects would become one.
    #[error("{id} would be restored twice: two namespaces are mapped to one")]
    Collision {
        /// The object.
        id: ObjectId,
    },
    /// A thing that was to be held is no workload.
    #[error(
        "{what} cannot be held: only Deployments, StatefulSets, DaemonSets, CronJobs, Jobs, ReplicationControllers and bare \
         Pods can"
    )]
    NotHoldable {
        /// What was named.
        what: String,
    },
    /// A workload that was to be held does not exist.
    #[error("{what} is not there, so it cannot be held")]
    NothingToHold {
        /// The workload.
        what: String,
    },
    /// A Pod that was to be held is not one that stands by itself.
    #[error("{what} cannot be held: {reason}")]
    PodNotHoldable {
        /// The Pod.
        what: String,
        /// Why not, and what to hold.
        reason: String,
    },
    /// Pods use the data that are to be put into place.
    #[error("nothing is put into place under what runs: {}", users.join("; "))]
    InUse {
        /// The Pods, what they mount, and what to do about it.
        users: Vec<String>,
    },
    /// Pods of a held workload did not end in time.
    #[error("Pods of {namespace} do not end, and may still write: {}", pods.join(", "))]
    PodsRemain {
        /// The namespace.
        namespace: String,
        /// The Pods.
        pods: Vec<String>,
    },
    /// The patches that were given cannot be applied.
    #[error("the patches cannot be applied:\n{reason}")]
    Patch {
        /// What is wrong, each fault on a line.
        reason: String,
    },
    /// A kind could not be asked for.
    #[error("cannot ask whether {what} is served")]
    Asking {
        /// The kind.
        what: String,
        /// What the API said.
        source: std::sync::Arc<kube::Error>,
    },
    /// The cluster no longer has the kind of an object.
    #[error("the cluster does not serve {gvk}")]
    NoKind {
        /// The kind.
        gvk: windlass_manifest::Gvk,
    },
    /// Data could not be put into place.
    #[error("cannot put {item} into place at {}", path.display())]
    Data {
        /// The item.
        item: String,
        /// Its place.
        path: std::path::PathBuf,
        /// Why not.
        source: Box<windlass_capture::Error>,
    },
    /// A file or folder could not be written.
    #[error("cannot write {}", path.display())]
    Io {
        /// The file.
        path: std::path::PathBuf,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// Something could not be captured.
    #[error(transparent)]
    Capture(windlass_capture::Error),
    /// A Git repository could not be fetched to be saved.
    #[error("GitRepository/{name} cannot be saved: {reason}")]
    GitNotSaved {
        /// Its namespace and name.
        name: String,
        /// Why not.
        reason: String,
    },
    /// Work on another thread ended early.
    #[error("could not {doing}: the program is shutting down")]
    Interrupted {
        /// What was being done.
        doing: &'static str,
    },
    /// No snapshot can be used.
    #[error("no snapshot can be restored: {reason}")]
    NoSnapshot {
        /// Why, for each that was looked at.
        reason: String,
    },
    /// The repository holds backups of more than one cluster, and none was named.
    #[error("the repository holds backups of several clusters ({}): say which one is meant", hosts.join(", "))]
    SeveralClusters {
        /// What they are called in it.
        hosts: Vec<String>,
    },
    /// The cluster is not empty.
    #[error(
        "the cluster is not empty: {found} has an inventory of what it applied. A rebuild is for an empty cluster; \
         `windlass restore` brings back what is missing from this one, and --continue takes up a rebuild that was cut off"
    )]
    NotEmpty {
        /// The Kustomization that was found.
        found: String,
    },
    /// A rebuild of this cluster was begun and did not end.
    #[error(
        "a rebuild of this cluster from snapshot {snapshot} was begun at {began} and did not end: --continue takes it up. To \
         begin anew, delete the ConfigMap kube-system/windlass-rebuild first"
    )]
    Unfinished {
        /// The snapshot.
        snapshot: String,
        /// When it was begun.
        began: jiff::Timestamp,
    },
    /// What a rebuild wrote down about itself cannot be read.
    #[error(
        "the ConfigMap kube-system/windlass-rebuild, in which a rebuild noted how far it was, cannot be read: delete it"
    )]
    Memory {
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// In the place of data is something that the rebuild that is continued did not put there.
    #[error(
        "{item} cannot be put into place: {} holds something else than this rebuild put there. Look at it, then move it \
         away, or have it moved aside with --replace",
        path.display()
    )]
    OtherData {
        /// The item.
        item: String,
        /// Its place.
        path: std::path::PathBuf,
    },
    /// A namespace that a drill was to make is there.
    #[error("the namespace {namespace} is there already: another drill may be running; delete it if not")]
    ScratchExists {
        /// The namespace.
        namespace: String,
    },
    /// An object of the backup does not fit its type.
    #[error("{object} of the backup cannot be read")]
    FluxObject {
        /// The object.
        object: String,
        /// What does not fit.
        source: serde_json::Error,
    },
    /// Neither the Git host nor the backup has the repository.
    #[error("{name}: neither {url} nor the backup gives its files: {reason}")]
    NoGit {
        /// The GitRepository.
        name: String,
        /// Its address.
        url: String,
        /// Why.
        reason: String,
    },
    /// The backup repository could not be opened.
    #[error("the backup repository cannot be opened: {reason}")]
    NotOpen {
        /// Why not.
        reason: String,
    },
    /// The backup repository failed.
    #[error(transparent)]
    Repository(#[from] windlass_backup::Error),
    /// Building or applying failed.
    #[error(transparent)]
    Engine(#[from] windlass_engine::Error),
    /// The cluster refused something, or could not be reached.
    #[error(transparent)]
    Cluster(#[from] windlass_cluster::Error),
}

impl Error {
    /// The error for a failed request.
    pub(crate) fn api(doing: impl Into<String>) -> impl FnOnce(kube::Error) -> Self {
        let doing = doing.into();
        move |source| Self::Api { doing, source: Box::new(source) }
    }
}

/// An error and its causes on one line; a cause that the text before it already repeats is left out.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let message = error.to_string();
        if !text.contains(&message) {
            text = format!("{text}: {message}");
        }
        cause = error.source();
    }
    text
}
