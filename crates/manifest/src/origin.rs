use std::fmt;
use std::sync::Arc;

/// Where an object came from: a file of a tree and a line in it.
///
/// Cheap to clone: objects of one file share the file's name.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct Origin {
    file: Option<Arc<str>>,
    line: usize,
}

impl Origin {
    /// An origin in `file`; lines count from 1, and 0 means that the line is not known.
    pub fn new(file: impl Into<Arc<str>>, line: usize) -> Self {
        Self { file: Some(file.into()), line }
    }

    /// The origin of what came from no file, such as an object read from a cluster.
    #[must_use]
    pub fn unknown() -> Self {
        Self::default()
    }

    /// The file, relative to the root of its tree.
    #[must_use]
    pub fn file(&self) -> Option<&str> {
        self.file.as_deref()
    }

    /// The line, from 1; `None` where it is not known.
    #[must_use]
    pub fn line(&self) -> Option<usize> {
        (self.line > 0).then_some(self.line)
    }

    /// The same file at another line.
    #[must_use]
    pub fn at_line(&self, line: usize) -> Self {
        Self { file: self.file.clone(), line }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.file(), self.line()) {
            (Some(file), Some(line)) => write!(f, "{file}:{line}"),
            (Some(file), None) => f.write_str(file),
            (None, _) => f.write_str("<unknown origin>"),
        }
    }
}

impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Origin({self})")
    }
}
