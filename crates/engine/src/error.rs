use windlass_cluster::Subject;
use windlass_flux::reason;
use windlass_manifest::Manifest;
use windlass_render::BuildErrors;

use crate::{ConfigKind, NamespacedName};

/// Why a source or a Kustomization could not be reconciled.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The source that a Kustomization names does not exist.
    #[error("the source {kind}/{name} does not exist")]
    SourceMissing {
        /// The kind of the source.
        kind: String,
        /// Its namespace and name.
        name: NamespacedName,
    },
    /// The source is of a kind that Windlass does not fetch yet.
    #[error("sources of kind {kind} are not supported yet: only GitRepository is")]
    SourceKindUnsupported {
        /// The kind.
        kind: String,
    },
    /// A field of the spec asks for what Windlass cannot do yet.
    #[error("spec.{field} is not supported yet{hint}")]
    FieldUnsupported {
        /// The field.
        field: &'static str,
        /// What to do instead, starting with `: `; may be empty.
        hint: &'static str,
    },
    /// A reference leads into another namespace, which this installation does not allow.
    #[error("cannot use {kind}/{name}: references into other namespaces are not allowed here")]
    CrossNamespace {
        /// The kind of the object referred to.
        kind: String,
        /// Its namespace and name.
        name: NamespacedName,
    },
    /// The path of a Kustomization is not in its source.
    #[error("spec.path {path:?} is no directory of the source at {revision}")]
    PathMissing {
        /// The path as written.
        path: String,
        /// The revision of the source.
        revision: String,
    },
    /// The build found faults; each names its file and line.
    #[error("{}", each(.0))]
    Build(BuildErrors),
    /// The variables of `postBuild` could not be substituted; every object's faults are there.
    #[error("{}", lines(errors))]
    Substitute {
        /// The faults.
        errors: Vec<windlass_render::substitute::SubstituteError>,
    },
    /// A variable of `postBuild` has a name that cannot be used.
    #[error("the variables of {from} cannot be used")]
    VariableName {
        /// Where the variable comes from.
        from: String,
        /// The name.
        source: windlass_render::substitute::InvalidName,
    },
    /// A ConfigMap or Secret that is named by the spec does not exist.
    #[error("{what} names {kind}/{name}, which does not exist{hint}")]
    ReferenceMissing {
        /// The field that names it.
        what: &'static str,
        /// Its kind.
        kind: ConfigKind,
        /// Its namespace and name.
        name: NamespacedName,
        /// What to do; may be empty.
        hint: &'static str,
    },
    /// A built object is still encrypted.
    #[error(
        "{subject} is encrypted with SOPS, and no key is at hand: name one in spec.decryption of the Kustomization, or \
         give it to the command line"
    )]
    StillEncrypted {
        /// The object, and where it stands.
        subject: Box<Subject>,
    },
    /// Fetching failed.
    #[error(transparent)]
    Source(#[from] windlass_source::Error),
    /// The rules for files to leave out could not be read from the source.
    #[error("cannot read the .sourceignore files")]
    IgnoreRules(#[source] windlass_manifest::TreeError),
    /// The cluster refused something, or could not be reached.
    #[error(transparent)]
    Cluster(#[from] windlass_cluster::Error),
    /// Objects could not be applied; each failure names its object.
    #[error(transparent)]
    Apply(windlass_cluster::Failures),
    /// Objects that left the repository could not be deleted.
    #[error("cannot prune {}", listed(errors))]
    Prune {
        /// Why, for each object.
        errors: Vec<windlass_cluster::Error>,
    },
    /// Objects did not become healthy.
    #[error("health check failed: {0}")]
    Unhealthy(windlass_cluster::Unhealthy),
    /// A request to the API for one of our own objects failed.
    #[error("cannot {doing}")]
    Api {
        /// What was being done.
        doing: String,
        /// What the API said.
        source: Box<kube::Error>,
    },
    /// A value that has to be unique or ordered is not: dependencies lead in a circle.
    #[error("dependsOn leads in a circle: {}", circle(names))]
    DependencyCircle {
        /// The Kustomizations on the circle, each depending on the next and the last on the first.
        names: Vec<NamespacedName>,
    },
    /// A manifest of a Flux object does not fit its type.
    #[error("{subject} cannot be read")]
    FluxObject {
        /// The object, and where it stands.
        subject: Box<Subject>,
        /// What does not fit.
        source: serde_json::Error,
    },
    /// The record of what `windlass apply` applied cannot be read or made.
    #[error("the record ConfigMap/{name} is not as it was written")]
    Record {
        /// Its name.
        name: String,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// The object is suspended, and nobody will answer a request.
    #[error("{kind}/{name} is suspended: resume it first")]
    Suspended {
        /// Its kind.
        kind: String,
        /// Its namespace and name.
        name: NamespacedName,
    },
    /// Nobody answered a request.
    #[error("{kind}/{name} did not answer within {seconds}s: is windlassd running?")]
    NoAnswer {
        /// The kind of the object.
        kind: String,
        /// Its namespace and name.
        name: NamespacedName,
        /// How long was waited.
        seconds: u64,
    },
    /// The time that the spec allows was up.
    #[error("{doing} took longer than the {seconds}s that spec.timeout allows")]
    TimedOut {
        /// What was being done.
        doing: &'static str,
        /// How long it was allowed to take.
        seconds: u64,
    },
    /// Work on another thread ended early.
    #[error("{doing} was given up: the program is shutting down")]
    Interrupted {
        /// What was being done.
        doing: &'static str,
    },
}

impl From<BuildErrors> for Error {
    fn from(errors: BuildErrors) -> Self {
        Self::Build(errors)
    }
}

impl Error {
    /// The error for a failed request about one of our own objects.
    pub(crate) fn api(doing: impl Into<String>) -> impl FnOnce(kube::Error) -> Self {
        let doing = doing.into();
        move |source| Self::Api { doing, source: Box::new(source) }
    }

    /// The subject of an error about `manifest`.
    pub(crate) fn subject(manifest: &Manifest) -> Box<Subject> {
        Box::new(Subject { id: manifest.id(), origin: manifest.origin().clone() })
    }

    /// The reason that a Kustomization's condition gives for this failure, in Flux's words.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::SourceMissing { .. } | Self::SourceKindUnsupported { .. } | Self::PathMissing { .. } => {
                reason::ARTIFACT_FAILED
            }
            Self::CrossNamespace { .. } => reason::ACCESS_DENIED,
            Self::Unhealthy(_) => reason::HEALTH_CHECK_FAILED,
            Self::Prune { .. } => reason::PRUNE_FAILED,
            Self::Apply(_) | Self::Cluster(_) | Self::Api { .. } | Self::TimedOut { .. } | Self::Interrupted { .. } => {
                reason::RECONCILIATION_FAILED
            }
            Self::DependencyCircle { .. } => reason::DEPENDENCY_NOT_READY,
            _ => reason::BUILD_FAILED,
        }
    }

    /// Whether trying again cannot help until somebody edits the object itself.
    #[must_use]
    pub fn is_terminal(&self) -> bool {
        matches!(self, Self::CrossNamespace { .. } | Self::SourceKindUnsupported { .. } | Self::FieldUnsupported { .. })
    }

    /// Whether the same may succeed soon without anybody changing anything.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Source(error) => error.is_transient(),
            Self::Cluster(error) => error.is_transient(),
            Self::Apply(failures) => failures.is_transient(),
            Self::Prune { errors } => errors.iter().all(windlass_cluster::Error::is_transient),
            Self::Api { source, .. } => !matches!(&**source, kube::Error::Api(status) if status.code < 500),
            Self::Interrupted { .. } => true,
            _ => false,
        }
    }

    /// The error and its causes on one line, for a condition or an event.
    #[must_use]
    pub fn chain(&self) -> String {
        chain(self)
    }
}

/// An error and its causes, joined by colons; a cause that its parent already repeats is left out.
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

fn each(errors: &BuildErrors) -> String {
    errors.iter().map(|error| chain(error)).collect::<Vec<_>>().join("\n")
}

fn lines<E: std::error::Error>(errors: &[E]) -> String {
    errors.iter().map(|error| chain(error)).collect::<Vec<_>>().join("\n")
}

fn listed(errors: &[windlass_cluster::Error]) -> String {
    errors.iter().map(|error| chain(error)).collect::<Vec<_>>().join("; ")
}

fn circle(names: &[NamespacedName]) -> String {
    let names: Vec<String> = names.iter().chain(names.first()).map(ToString::to_string).collect();
    names.join(" → ")
}
