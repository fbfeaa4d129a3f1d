//! Saving and restoring against the in-process API: in milliseconds, with everything that can go wrong.

#![expect(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

mod bed;
mod choosing;
mod continuing;
mod covering;
mod drilling;
mod holding;
mod placing;
mod pruning;
mod rebuilding;
mod restoring;
mod saving;
mod scheduling;
#[path = "../support/vault.rs"]
mod vault;
