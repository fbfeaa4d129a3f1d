//! Where results and messages go: stdout and stderr, with colours only where somebody can see them.

use std::io::{self, Stderr, Stdout, Write};

use anstream::AutoStream;
use serde::Serialize;

/// The two streams of a run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Console {
    color: anstream::ColorChoice,
}

impl Console {
    pub(crate) fn new(color: clap::ColorChoice) -> Self {
        let color = match color {
            clap::ColorChoice::Auto => anstream::ColorChoice::Auto,
            clap::ColorChoice::Always => anstream::ColorChoice::Always,
            clap::ColorChoice::Never => anstream::ColorChoice::Never,
        };
        Self { color }
    }

    /// For results.
    pub(crate) fn out(&self) -> AutoStream<Stdout> {
        AutoStream::new(io::stdout(), self.color)
    }

    /// For messages.
    pub(crate) fn err(&self) -> AutoStream<Stderr> {
        AutoStream::new(io::stderr(), self.color)
    }

    /// Writes a result that is data: byte for byte, and at once.
    #[expect(clippy::unused_self, reason = "results are written by the console, nowhere else")]
    pub(crate) fn data(&self, bytes: &[u8]) -> io::Result<()> {
        let mut out = io::stdout().lock();
        out.write_all(bytes)?;
        out.flush()
    }

    /// A remark that is no result.
    pub(crate) fn note(&self, text: &str) {
        // Where stderr is gone there is nobody left to tell.
        let _ = writeln!(self.err(), "{text}");
    }
}

/// How a result is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub(crate) enum Output {
    /// For people.
    #[default]
    Table,
    /// For other programs, and for reading all of it.
    Yaml,
    /// For other programs.
    Json,
}

/// A value as YAML, as `kubectl get -o yaml` has it.
pub(crate) fn yaml(value: &impl Serialize) -> anyhow::Result<String> {
    Ok(windlass_yaml::print(&serde_json::to_value(value)?))
}

/// A value as JSON, as `kubectl get -o json` has it.
pub(crate) fn json(value: &impl Serialize) -> anyhow::Result<String> {
    Ok(serde_json::to_string_pretty(value)? + "\n")
}
