//! Compares reading and printing with the real Go libraries, on generated documents and on recorded files.
//!
//! The truth comes from `yaml-oracle` of the testbed (`fixtures/testbed/go/yaml-oracle`). Without it these tests say so and
//! pass; with `WINDLASS_REQUIRE_PEERS=1` they fail. `WINDLASS_CASES` sets the number of generated documents.

mod corpus;
mod oracle;
mod printing;
mod reading;
mod texts;
mod values;
