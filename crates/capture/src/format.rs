use std::fmt;

/// In which form captured bytes come, so that a stranger with stock tools knows what to do with them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Format {
    /// A tar archive.
    Tar,
    /// The image of a SQLite database: a file that `sqlite3` opens.
    Sqlite,
    /// What a command wrote to its standard output.
    Dump,
    /// A Git bundle: `git clone FILE` opens it.
    Bundle,
}

impl Format {
    /// The extension that a file of this format is given, without the dot.
    #[must_use]
    pub fn extension(self) -> &'static str {
        match self {
            Self::Tar => "tar",
            Self::Sqlite => "sqlite",
            Self::Dump => "dump",
            Self::Bundle => "bundle",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.extension())
    }
}
