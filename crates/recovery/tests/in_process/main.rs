//! Saving and restoring against the in-process API: in milliseconds, with everything that can go wrong.

#![expect(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

mod bed;
mod holding;
mod restoring;
mod saving;
