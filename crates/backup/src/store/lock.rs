use jiff::SignedDuration;

/// That what is written to a bucket is locked for a time: nobody deletes or changes it, whatever credentials he has.
///
/// Every snapshot is locked for at least this long from when it is made, with all that it needs. What it uses of former
/// snapshots is locked anew where that is needed; so that this is not needed at each run, locks are set for a quarter
/// longer than promised, and for a day at least.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ObjectLock {
    /// For how many days.
    pub days: u32,
    /// How firmly.
    pub mode: LockMode,
}

/// How firmly objects are locked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum LockMode {
    /// Whoever has a special permission can still delete.
    #[default]
    Governance,
    /// Nobody can delete, the owner of the account included.
    Compliance,
}

/// How long locks last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LockPeriod {
    /// So long a snapshot is locked at least.
    pub least: SignedDuration,
    /// For so long locks are set.
    pub set: SignedDuration,
}

impl ObjectLock {
    /// A lock for so many days that a special permission overrides.
    #[must_use]
    pub fn days(days: u32) -> Self {
        Self { days, mode: LockMode::default() }
    }

    pub(crate) fn period(self) -> LockPeriod {
        let days = |days: u32| SignedDuration::from_hours(24 * i64::from(days));
        LockPeriod { least: days(self.days), set: days(self.days.saturating_add((self.days / 4).max(1))) }
    }
}
