//! Compares reading and printing with the real Go libraries, on generated documents and on recorded files.
//!
//! The truth comes from `yaml-oracle` of the testbed. Without it these tests say so and pass; with
//! `WINDLASS_REQUIRE_PEERS=1` they fail. They generate the same 10,000 documents each way on every run;
//! with `WINDLASS_CASES` as many new ones.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![expect(clippy::print_stderr, reason = "tests say what they found and what they skipped")]

mod corpus;
mod oracle;
mod printing;
mod reading;
mod texts;
mod values;
