use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jiff::Timestamp;

/// The time that the server writes into objects: the machine's, or one that only a test moves.
///
/// Under a virtual clock behaviours and timestamps stand still until [`advance`](crate::ApiServer::advance) is called, so a test
/// of an hour's wait takes no time. Injected latency is always real.
#[derive(Debug, Default)]
pub struct Clock {
    /// Seconds since the epoch; zero means the machine's clock.
    fixed: AtomicI64,
}

impl Clock {
    pub(crate) fn at(start: Timestamp) -> Self {
        Self { fixed: AtomicI64::new(start.as_second().max(1)) }
    }

    /// What the time is, to the second.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        match self.fixed.load(Ordering::Relaxed) {
            0 => Timestamp::now(),
            fixed => Timestamp::from_second(fixed).unwrap_or(Timestamp::UNIX_EPOCH),
        }
    }

    /// Whether only a test moves it.
    #[must_use]
    pub fn is_virtual(&self) -> bool {
        self.fixed.load(Ordering::Relaxed) != 0
    }

    /// Moves a virtual clock forward; does nothing to the machine's.
    pub(crate) fn advance(&self, by: Duration) {
        if self.is_virtual() {
            self.fixed.fetch_add(i64::try_from(by.as_secs()).unwrap_or(0), Ordering::Relaxed);
        }
    }

    /// The time as `metav1.Time` writes it.
    pub(crate) fn text(&self) -> String {
        self.now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
    }
}
