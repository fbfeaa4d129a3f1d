//! The Go side.

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
    std::env::var("WINDLASS_CASES").ok().and_then(|count| count.parse().ok()).unwrap_or(10_000)
}
