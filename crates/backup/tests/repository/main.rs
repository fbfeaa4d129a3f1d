//! The repository as its users see it: one program, since linking several takes longer than running them.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod life;
mod support;
