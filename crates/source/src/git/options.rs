use std::time::Duration;

/// Choices of a [`GitSource`](crate::GitSource) that have a sensible default.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct GitOptions {
    /// How long one poll may take, fetch included. Default: 60 seconds, as Flux's `spec.timeout`.
    pub timeout: Duration,
    /// How many bytes one fetch may receive. Default: 512 MiB.
    pub max_pack_bytes: u64,
    /// How large a single object may be that is unpacked while a fetch is checked. Default: 256 MiB.
    pub max_object_bytes: u64,
    /// How large a file may be that is read from a snapshot. Default: 32 MiB.
    pub max_file_bytes: u64,
    /// How many fetches pile up before the store is fetched afresh and the old objects are dropped. Default: 24.
    pub max_packs: usize,
    /// Fetch the commit with all of its history, as a backup of the repository needs it. Default: the commit alone.
    pub full_history: bool,
}

impl Default for GitOptions {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(60),
            max_pack_bytes: 512 << 20,
            max_object_bytes: 256 << 20,
            max_file_bytes: 32 << 20,
            max_packs: 24,
            full_history: false,
        }
    }
}

impl GitOptions {
    /// The same with another [`timeout`](Self::timeout).
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// The same with another [`max_pack_bytes`](Self::max_pack_bytes).
    #[must_use]
    pub fn with_max_pack_bytes(mut self, bytes: u64) -> Self {
        self.max_pack_bytes = bytes;
        self
    }

    /// The same with another [`max_object_bytes`](Self::max_object_bytes).
    #[must_use]
    pub fn with_max_object_bytes(mut self, bytes: u64) -> Self {
        self.max_object_bytes = bytes;
        self
    }

    /// The same with another [`max_file_bytes`](Self::max_file_bytes).
    #[must_use]
    pub fn with_max_file_bytes(mut self, bytes: u64) -> Self {
        self.max_file_bytes = bytes;
        self
    }

    /// The same with another [`max_packs`](Self::max_packs); at least one is kept.
    #[must_use]
    pub fn with_max_packs(mut self, packs: usize) -> Self {
        self.max_packs = packs.max(1);
        self
    }

    /// The same with another choice of [`full_history`](Self::full_history).
    #[must_use]
    pub fn with_full_history(mut self, full: bool) -> Self {
        self.full_history = full;
        self
    }
}
