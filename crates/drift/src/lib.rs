//! What separates a cluster from its repository: changes between two states of an object, plans over many, and how
//! both are shown.
//!
//! Everything here is a pure function: live and predicted state come in, a [`Plan`] comes out. Who asks the cluster
//! and who carries the plan out is somebody else's business; `windlass diff` and `windlassd` share this one plan.
//!
//! ```
//! use serde_json::json;
//! use windlass_drift::changes;
//!
//! let live = json!({"kind": "Deployment", "metadata": {"name": "web", "resourceVersion": "7"},
//!     "spec": {"replicas": 5, "containers": [{"name": "app", "image": "web:1"}]}, "status": {"ready": 5}});
//! let predicted = json!({"kind": "Deployment", "metadata": {"name": "web", "resourceVersion": "8"},
//!     "spec": {"replicas": 2, "containers": [{"name": "app", "image": "web:2"}]}});
//!
//! let changes = changes(&live, &predicted, false);
//! assert_eq!(changes[0].to_string(), "spec.replicas: 5 → 2");
//! assert_eq!(changes[1].to_string(), r#"spec.containers[name=app].image: "web:1" → "web:2""#);
//! assert_eq!(changes.len(), 2);
//! ```
//!
//! # Invariants
//! * No value of a Secret, or of an object marked sensitive, is ever inside a [`Change`]: it is replaced by
//!   [`REDACTED`] when the change is found, not when it is printed.
//! * No change means: applying the manifest would leave labels, annotations, finalizers, owners and everything
//!   outside `metadata` and `status` as they are, list order included.

mod change;
mod compare;
mod plan;
mod redact;
mod report;

pub use change::Change;
pub use compare::changes;
pub use plan::{Action, Plan, SkipReason, Summary, Verb};
pub use redact::REDACTED;
pub use report::{Detail, Report};
