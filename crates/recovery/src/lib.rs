//! draft
mod archive;
mod clean;
mod cluster_objects;
mod defined;
mod error;
mod facts;
mod flux_roots;
mod kinds;
mod list;
mod noise;
mod pattern;
mod restore;
mod selection;
mod survey;

pub use archive::SavedCluster;
pub use cluster_objects::{CLUSTER_OBJECTS, ClusterObjects};
pub use error::Error;
pub use facts::{ClusterFacts, Fault, KindFacts, KustomizationFacts, SourceFacts, VolumeFacts};
pub use pattern::{Choice, Pattern};
pub use restore::{FIELD_MANAGER, HELD, Hold, Mapping, Mode, Note, RestoreOptions, RestorePlan, Restored, Target, Wanted, hold, plan_restore, restore, restoring};
pub use selection::{Scope, Selection};
pub use survey::survey;
