use crate::SqliteOptions;

/// What of a tree is kept.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct FileOptions {
    /// Patterns of what is kept; none means everything. A folder that matches is kept whole.
    ///
    /// `*` and `?` match within a name, `**` across folders, `[…]` and `{a,b}` as usual. A pattern with a slash is
    /// matched against the path below the root, one without against the last name at any depth.
    pub include: Vec<String>,
    /// Patterns of what is left out, which outweighs `include`. A folder that matches is left out whole.
    pub exclude: Vec<String>,
    /// File systems mounted inside of the tree stay out. Default: yes.
    pub one_file_system: bool,
    /// What happens to SQLite databases. Default: [`Databases::Refuse`].
    pub databases: Databases,
    /// More content than this is an error. Default: no limit.
    pub max_bytes: u64,
}

/// What happens to the SQLite databases in a tree. None is ever copied as a file: a copy taken beside a writer is
/// corrupt or stale now and then.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Databases {
    /// An error names the database, so that it is saved on its own.
    Refuse,
    /// An image of each is taken as [`SqliteDatabase`](crate::SqliteDatabase) does, and kept under its name with no time
    /// of change, which moves without any change of content. Where one cannot be taken the whole tree fails.
    Snapshot(SqliteOptions),
    /// They stay out, with a warning each; somebody else saves them.
    LeaveOut,
}

impl Default for FileOptions {
    fn default() -> Self {
        Self {
            include: Vec::new(),
            exclude: Vec::new(),
            one_file_system: true,
            databases: Databases::Refuse,
            max_bytes: u64::MAX,
        }
    }
}

impl FileOptions {
    /// The same with more patterns to keep.
    #[must_use]
    pub fn include<S: Into<String>>(mut self, patterns: impl IntoIterator<Item = S>) -> Self {
        self.include.extend(patterns.into_iter().map(Into::into));
        self
    }

    /// The same with more patterns to leave out.
    #[must_use]
    pub fn exclude<S: Into<String>>(mut self, patterns: impl IntoIterator<Item = S>) -> Self {
        self.exclude.extend(patterns.into_iter().map(Into::into));
        self
    }

    /// The same with another [`one_file_system`](Self::one_file_system).
    #[must_use]
    pub fn with_one_file_system(mut self, one: bool) -> Self {
        self.one_file_system = one;
        self
    }

    /// The same with another choice of [`databases`](Self::databases).
    #[must_use]
    pub fn with_databases(mut self, databases: Databases) -> Self {
        self.databases = databases;
        self
    }

    /// The same with another [`max_bytes`](Self::max_bytes).
    #[must_use]
    pub fn with_max_bytes(mut self, bytes: u64) -> Self {
        self.max_bytes = bytes;
        self
    }
}
