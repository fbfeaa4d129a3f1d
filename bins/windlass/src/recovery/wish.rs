//! Which snapshot a command is about: the arguments for it.

use windlass_recovery::Wish;

/// Which snapshot
#[derive(Debug, Clone, Default, clap::Args)]
pub(super) struct WishArgs {
    /// The snapshot, by id or number; the newest good one by default
    #[arg(long, value_name = "SNAPSHOT", help_heading = "Which snapshot")]
    snapshot: Option<String>,

    /// The newest that `backup verify` or `drill` found whole, even if there are newer ones that nobody tried
    #[arg(long, conflicts_with = "snapshot", help_heading = "Which snapshot")]
    verified: bool,

    /// Of this host; needed where the repository holds the backups of several clusters
    #[arg(long, value_name = "NAME", help_heading = "Which snapshot")]
    host: Option<String>,
}

impl WishArgs {
    pub(super) fn wish(&self) -> Wish {
        Wish {
            snapshot: self.snapshot.clone(),
            host: self.host.clone(),
            only_verified: self.verified,
            ..Wish::default()
        }
    }
}
