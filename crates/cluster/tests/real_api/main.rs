//! Against a real kube-apiserver, with RBAC, admission and garbage collection.
#![expect(clippy::unwrap_used, reason = "a test helper that cannot go on may panic like the tests themselves")]

mod bed;

mod adopting;
mod applying;
mod pruning;
mod recreating;
mod refusals;
mod stages;
mod waiting;
