//! `windlassd` against an API server and a Git server: what a push does, and what it does not do.
//!
//! Most tests run twice: at a real kube-apiserver (`real`; one serves all of them, and each has a namespace, a repository and a
//! `windlassd` of its own), and at the API of `windlass-apiserver` in this process (`embedded`), which takes seconds and needs
//! nothing but Git. Only there can faults be ordered and every request be counted (`storms`, `budget`).

#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "a test says what went wrong by panicking")]

mod adoption;
mod backups;
mod budget;
mod daemon;
mod decryption;
mod faults;
mod git_server;
mod homelab;
mod kills;
mod repository;
mod server;
mod storms;
mod waiting;
