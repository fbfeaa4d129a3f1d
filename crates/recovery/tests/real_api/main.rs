//! The whole life of a backup on real servers: a cluster that follows a Git repository is saved, changed, compared,
//! restored, tried, pruned and, when it is gone, rebuilt.

#![expect(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

mod bed;
mod budgets;
mod leftovers;
mod life;

#[path = "../support/vault.rs"]
mod vault;
