//! `windlassd` against a real API server and a real Git server: what a push does, and what it does not do.
//!
//! One API server serves all tests; each has a namespace, a repository and a `windlassd` of its own.

#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "a test says what went wrong by panicking")]

mod adoption;
mod cluster;
mod daemon;
mod faults;
mod homelab;
mod kills;
mod repository;
