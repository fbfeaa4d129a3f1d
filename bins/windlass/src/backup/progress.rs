//! What is being done with an item: a line that is written over on a terminal, with a bar where the end is known.

use std::io::{IsTerminal, Write, stderr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use windlass_backup::{Phase, Progress, Report};

use super::sizes;

/// How often a line is written over.
const PAUSE: Duration = Duration::from_millis(100);

/// The line.
#[derive(Clone)]
pub(crate) struct Line {
    /// `None` where nobody looks on.
    state: Option<Arc<Mutex<State>>>,
}

struct State {
    shown: Instant,
    rate: Rate,
}

/// Bytes of the current item at its beginning, to tell how fast it goes.
struct Rate {
    since: Instant,
    name: String,
    phase: Phase,
}

impl Line {
    pub(crate) fn new() -> Self {
        let now = Instant::now();
        let rate = Rate { since: now, name: String::new(), phase: Phase::Reading };
        let state = stderr().is_terminal().then(|| Arc::new(Mutex::new(State { shown: now, rate })));
        Self { state }
    }

    /// For the run, which tells of bytes.
    pub(crate) fn progress(&self) -> Option<Progress> {
        let line = self.clone();
        self.state.as_ref().map(|_| Progress::new(move |report| line.show(report)))
    }

    fn show(&self, report: &Report<'_>) {
        let Some(state) = &self.state else { return };
        let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        if state.rate.name != report.name || state.rate.phase != report.phase {
            state.rate = Rate { since: now, name: report.name.to_owned(), phase: report.phase };
        } else if now.duration_since(state.shown) < PAUSE {
            return;
        }
        state.shown = now;
        let seconds = now.duration_since(state.rate.since).as_secs_f64();
        // Where stderr is gone there is nobody left to tell.
        let _ = write!(stderr(), "\r\x1b[K{}", text(report, seconds));
    }

    /// What is waited for, until the line is taken away.
    pub(crate) fn say(&self, text: &str) {
        if self.state.is_some() {
            let _ = write!(stderr(), "\r\x1b[K{text}");
        }
    }

    /// Takes the line away, so that something else can be written.
    pub(crate) fn clear(&self) {
        if self.state.is_some() {
            let _ = write!(stderr(), "\r\x1b[K");
        }
    }

    /// Whether nobody sees the line.
    pub(crate) fn is_plain(&self) -> bool {
        self.state.is_none()
    }
}

/// How far an item is: `sqlite/home fetching [######--------------] 5.2 MB of 17 MB, 3.1 MB/s`.
fn text(report: &Report<'_>, seconds: f64) -> String {
    const WIDTH: u64 = 20;
    let doing = match report.phase {
        Phase::Sending => "sending",
        Phase::Fetching => "fetching",
        Phase::PuttingBack => "into place",
        _ => "reading",
    };
    let mut text = format!("{} {doing}", report.name);
    let bytes = sizes::bytes(report.bytes);
    match report.of.filter(|of| *of > 0) {
        Some(of) => {
            let done = (u128::from(report.bytes.min(of)) * u128::from(WIDTH) / u128::from(of)) as usize;
            let bar = "#".repeat(done) + &"-".repeat(WIDTH as usize - done);
            text += &format!(" [{bar}] {bytes} of {}", sizes::bytes(of));
        }
        None => text += &format!(" {bytes}"),
    }
    if seconds > 0.5 {
        text += &format!(", {}/s", sizes::bytes((report.bytes as f64 / seconds) as u64));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_shows_how_far_it_is() {
        let of = |phase, bytes, of| text(&Report::new("sqlite/home", phase, bytes, of), 2.0);
        assert_eq!(
            of(Phase::Fetching, 5_000_000, Some(20_000_000)),
            "sqlite/home fetching [#####---------------] 5.0 MB of 20 MB, 2.5 MB/s"
        );
        assert_eq!(
            of(Phase::PuttingBack, 9, Some(9)),
            "sqlite/home into place [####################] 9 B of 9 B, 4 B/s"
        );
        assert_eq!(of(Phase::Reading, 3_000, None), "sqlite/home reading 3.0 kB, 1.5 kB/s");
    }
}
