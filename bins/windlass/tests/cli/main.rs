//! Runs of the program as a user sees them: what it prints where, and its exit code.
//!
//! Snapshots lie in `snapshots/`; `INSTA_UPDATE=always cargo test -p windlass` writes them anew.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod api;
mod backup;
mod bad_input;
mod build;
mod cluster;
mod help;
mod holding;
mod manifests;
mod peer;
mod remote;
mod run;
mod secrets;
mod tryout;
mod whole_life;
