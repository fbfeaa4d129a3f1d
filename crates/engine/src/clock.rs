//! The time of day, as Kubernetes writes it.

use windlass_flux::Time;

/// Now, in whole seconds.
pub(crate) fn now() -> Time {
    let now = jiff::Timestamp::now();
    Time(jiff::Timestamp::from_second(now.as_second()).unwrap_or(now))
}
