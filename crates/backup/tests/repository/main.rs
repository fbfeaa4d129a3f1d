//! The repository as its users see it: one program, since linking several takes longer than running them.

#![expect(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

mod budgets;
mod fault_list;
mod fault_server;
mod folders;
mod hostile;
mod killed;
mod life;
mod locks;
mod memory_store;
mod prefixes;
mod real_servers;
mod s3_faults;
mod sources;
mod stock_tools;
mod support;
mod tls;
mod trust;
