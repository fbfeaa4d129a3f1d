//! The Go side.

use proptest::test_runner::TestRunner;
use windlass_testbed::{Oracle as Peer, Tool, peers_or_skip};

/// `yaml-oracle`, which answers what the Go libraries make of a text.
pub(crate) struct Oracle(Peer);

pub(crate) type Answer = Result<String, String>;

impl Oracle {
    /// Starts the oracle, or says that the test is skipped.
    pub(crate) fn start() -> Option<Self> {
        let testbed = peers_or_skip(&[Tool::YamlOracle])?;
        Some(Self(Peer::start(&testbed, Tool::YamlOracle).unwrap()))
    }

    pub(crate) fn ask(&self, op: &str, text: &str) -> Answer {
        self.0.ask(op, text).unwrap().map_err(|refusal| refusal.message().to_owned())
    }
}

/// How many documents to generate in all, for each direction.
pub(crate) fn cases() -> usize {
    asked_cases().unwrap_or(10_000)
}

/// The same documents on every run, unless somebody goes looking for new ones with `WINDLASS_CASES`.
pub(crate) fn runner() -> TestRunner {
    if asked_cases().is_some() { TestRunner::default() } else { TestRunner::deterministic() }
}

fn asked_cases() -> Option<usize> {
    std::env::var("WINDLASS_CASES").ok()?.parse().ok()
}
