//! Databases that are written to, damaged, locked or replaced.
#![expect(clippy::unwrap_used, reason = "in a test a failure is meant to end it")]

mod bank;
mod faults;
mod put_back;
mod same_bytes;
mod trials;
