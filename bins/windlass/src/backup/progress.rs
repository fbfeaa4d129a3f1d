//! What a run is doing: a line that is written over on a terminal, a line for each item elsewhere.

use std::io::{IsTerminal, Write, stderr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use windlass_backup::{Progress, Report};

use super::sizes;

/// How often a line is written over.
const PAUSE: Duration = Duration::from_millis(100);

/// The line.
#[derive(Clone)]
pub(super) struct Line {
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
    sending: bool,
}

impl Line {
    pub(super) fn new() -> Self {
        let now = Instant::now();
        let rate = Rate { since: now, name: String::new(), sending: false };
        let state = stderr().is_terminal().then(|| Arc::new(Mutex::new(State { shown: now, rate })));
        Self { state }
    }

    /// For the run, which tells of bytes.
    pub(super) fn progress(&self) -> Option<Progress> {
        let line = self.clone();
        self.state.as_ref().map(|_| Progress::new(move |report| line.show(report)))
    }

    fn show(&self, report: &Report<'_>) {
        let Some(state) = &self.state else { return };
        let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        if state.rate.name != report.name || state.rate.sending != report.sending {
            state.rate = Rate { since: now, name: report.name.to_owned(), sending: report.sending };
        } else if now.duration_since(state.shown) < PAUSE {
            return;
        }
        state.shown = now;
        let seconds = now.duration_since(state.rate.since).as_secs_f64();
        let per_second = if seconds > 0.5 {
            format!(", {}/s", sizes::bytes((report.plain_bytes as f64 / seconds) as u64))
        } else {
            String::new()
        };
        let doing = if report.sending { "sending" } else { "reading" };
        // Where stderr is gone there is nobody left to tell.
        let _ = write!(stderr(), "\r\x1b[K{} {doing} {}{per_second}", report.name, sizes::bytes(report.plain_bytes));
    }

    /// Takes the line away, so that something else can be written.
    pub(super) fn clear(&self) {
        if self.state.is_some() {
            let _ = write!(stderr(), "\r\x1b[K");
        }
    }

    /// Whether nobody sees the line.
    pub(super) fn is_plain(&self) -> bool {
        self.state.is_none()
    }
}
