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
        "{what} cannot be held: only Deployments, StatefulSets, DaemonSets, CronJobs, Jobs and ReplicationControllers can"
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
