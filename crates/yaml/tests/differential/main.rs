//! Compares reading and printing with the real Go libraries, on generated documents and on recorded files.
//!
//! The truth comes from `yaml-oracle` of the testbed. Without it these tests say so and pass; with
//! `WINDLASS_REQUIRE_PEERS=1` they fail. `WINDLASS_CASES` sets the number of generated documents, 10,000 each way otherwise.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![expect(clippy::print_stderr, reason = "tests say what they found and what they skipped")]

mod corpus;
mod oracle;
mod printing;
mod reading;
mod texts;
mod values;
