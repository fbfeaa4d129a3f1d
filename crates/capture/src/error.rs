use std::path::PathBuf;

/// Why something could not be captured or put back.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file or folder could not be read or written.
    #[error("cannot {doing} {}", path.display())]
    File {
        /// What was tried: `read`, `write`, `create`.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: std::io::Error,
    },
}
