//! Folders into archives and back: the same to the byte, the same to GNU tar, and no way out.
#![expect(clippy::unwrap_used, reason = "in a test a failure is meant to end it")]

mod capture;
mod databases;
mod hostile;
mod put_back;
mod round_trip;
mod sketch;
