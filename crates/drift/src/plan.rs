use std::fmt;

use serde::ser::{Serialize, SerializeStruct, Serializer};
use windlass_manifest::{Gvk, ObjectId, Origin};

use crate::Change;

/// What would be done to a cluster, object by object, in the order in which it would be done.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize)]
pub struct Plan {
    /// The actions; objects that stay as they are included.
    pub actions: Vec<Action>,
}

/// What would be done to one object, and why.
#[derive(Debug, Clone, PartialEq)]
pub struct Action {
    /// The object.
    pub id: ObjectId,
    /// Its type, with the version that the manifest asks for.
    pub gvk: Gvk,
    /// Where its manifest stands; unknown for objects that are pruned.
    pub origin: Origin,
    /// Whether its values must not be shown.
    pub sensitive: bool,
    /// What would be done.
    pub verb: Verb,
}

/// What would be done to an object.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Verb {
    /// It does not exist and is made.
    Create,
    /// It exists and these fields are put right.
    Configure(Vec<Change>),
    /// A field that cannot change in place differs, and the object may be deleted and made anew.
    Recreate {
        /// What cannot change, in the server's words.
        reason: String,
        /// The fields that differ.
        changes: Vec<Change>,
    },
    /// It is as the repository wants it.
    Unchanged,
    /// The repository no longer holds it, and it is deleted.
    Prune,
    /// It is left alone.
    Skip(SkipReason),
}

/// Why an object is left alone.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SkipReason {
    /// A label or annotation of the object says so, such as `kustomize.toolkit.fluxcd.io/reconcile: disabled`.
    OptedOut {
        /// The label or annotation, as `key: value`.
        marker: String,
    },
    /// It is to be pruned, but carries another owner's labels.
    ForeignOwner,
    /// It is to be pruned, but is already gone.
    Gone,
    /// It is to be restored, but is there already.
    Exists,
}

impl Verb {
    /// The word for it, in Flux's vocabulary: `created`, `configured`, `unchanged`, `deleted`, `skipped`.
    #[must_use]
    pub fn past(&self) -> &'static str {
        match self {
            Self::Create => "created",
            Self::Configure(_) => "configured",
            Self::Recreate { .. } => "recreated",
            Self::Unchanged => "unchanged",
            Self::Prune => "deleted",
            Self::Skip(_) => "skipped",
        }
    }

    /// The word for it as an intention: `create`, `configure`, `recreate`, `unchanged`, `prune`, `skip`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Configure(_) => "configure",
            Self::Recreate { .. } => "recreate",
            Self::Unchanged => "unchanged",
            Self::Prune => "prune",
            Self::Skip(_) => "skip",
        }
    }

    /// Whether the cluster would be changed.
    #[must_use]
    pub fn is_change(&self) -> bool {
        !matches!(self, Self::Unchanged | Self::Skip(_))
    }

    /// The fields that differ.
    #[must_use]
    pub fn changes(&self) -> &[Change] {
        match self {
            Self::Configure(changes) | Self::Recreate { changes, .. } => changes,
            _ => &[],
        }
    }
}

impl Plan {
    /// Whether anything would change.
    #[must_use]
    pub fn has_changes(&self) -> bool {
        self.actions.iter().any(|action| action.verb.is_change())
    }

    /// How many objects meet which fate.
    #[must_use]
    pub fn summary(&self) -> Summary {
        let mut summary = Summary::default();
        for action in &self.actions {
            *match action.verb {
                Verb::Create => &mut summary.create,
                Verb::Configure(_) => &mut summary.configure,
                Verb::Recreate { .. } => &mut summary.recreate,
                Verb::Unchanged => &mut summary.unchanged,
                Verb::Prune => &mut summary.prune,
                Verb::Skip(_) => &mut summary.skip,
            } += 1;
        }
        summary
    }

    /// Appends the actions of another plan.
    pub fn append(&mut self, mut other: Self) {
        self.actions.append(&mut other.actions);
    }
}

/// Counts over a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct Summary {
    /// Objects to be made.
    pub create: usize,
    /// Objects to be put right in place.
    pub configure: usize,
    /// Objects to be deleted and made anew.
    pub recreate: usize,
    /// Objects to be deleted.
    pub prune: usize,
    /// Objects that are right.
    pub unchanged: usize,
    /// Objects left alone.
    pub skip: usize,
}

impl fmt::Display for Summary {
    /// `2 to create, 1 to configure, 1 to prune, 40 unchanged`; what counts zero is left out, `unchanged` never.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = [
            (self.create, "to create"),
            (self.configure, "to configure"),
            (self.recreate, "to recreate"),
            (self.prune, "to prune"),
            (self.skip, "skipped"),
        ];
        for (count, word) in counts.into_iter().filter(|(count, _)| *count > 0) {
            write!(f, "{count} {word}, ")?;
        }
        write!(f, "{} unchanged", self.unchanged)
    }
}

impl fmt::Display for SkipReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OptedOut { marker } => write!(f, "opted out by {marker}"),
            Self::ForeignOwner => f.write_str("belongs to another owner"),
            Self::Gone => f.write_str("already gone"),
            Self::Exists => f.write_str("already there"),
        }
    }
}

impl Serialize for Action {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut action = serializer.serialize_struct("Action", 8)?;
        action.serialize_field("action", self.verb.name())?;
        action.serialize_field("apiVersion", &self.gvk.api_version())?;
        action.serialize_field("kind", &self.id.kind)?;
        action.serialize_field("namespace", &self.id.namespace)?;
        action.serialize_field("name", &self.id.name)?;
        action.serialize_field("origin", &self.origin.file().map(|_| self.origin.to_string()))?;
        let reason = match &self.verb {
            Verb::Recreate { reason, .. } => Some(reason.clone()),
            Verb::Skip(reason) => Some(reason.to_string()),
            _ => None,
        };
        action.serialize_field("reason", &reason)?;
        action.serialize_field("changes", self.verb.changes())?;
        action.end()
    }
}
