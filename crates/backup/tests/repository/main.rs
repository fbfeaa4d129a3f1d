//! The repository as its users see it: one program, since linking several takes longer than running them.

#![expect(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

mod life;
mod support;
