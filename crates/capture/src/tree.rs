//! Folders as tar archives, and back.

mod archive;
mod header;
mod links;
mod options;
pub(crate) mod put_back;
mod select;
mod steady;
mod stream;
mod tally;
mod walk;

use std::io::Read;
use std::path::{Path, PathBuf};

pub use archive::{ArchiveEntry, ArchiveLimits, EntryKind, TreeArchive};
pub use options::{Databases, FileOptions};

use crate::tree::select::Selection;
use crate::tree::stream::TreeReader;
use crate::tree::tally::Tally;
use crate::{Error, Facts, Format, Source};

/// A folder and what is in it, as a tar archive that GNU tar and every other tar unpacks.
///
/// Equal trees give equal bytes: entries come in the order of their names, and headers hold only what is said here.
///
/// | kept | not kept |
/// |---|---|
/// | names of any bytes, folders, files, symbolic links, hard links within the tree | sockets, pipes and devices (a warning each) |
/// | permissions, numeric owner and group, time of change in seconds | names of owners, other times, the times of links, extended attributes, ACLs, capabilities |
/// | content; holes of sparse files as the zeros they read as | which parts were holes |
///
/// A SQLite database, known by its first bytes, is **never copied as a file**: see [`Databases`]. Its `-wal`, `-shm` and
/// `-journal` files stay out, since the image in the archive holds what is in them.
///
/// A file that changes while it is read is read again if it is small (4 MiB); where it goes on changing, or is larger,
/// the reader fails and names it. Other file systems mounted inside are left out, their mount points are kept.
///
/// No link is followed on the way, and no name is looked up twice: whoever may write to the tree cannot lead the walk
/// out of it.
#[derive(Debug)]
pub struct FileTree {
    root: PathBuf,
    selection: Selection,
    options: FileOptions,
    tally: Tally,
}

impl FileTree {
    /// The tree below `root`; nothing is read yet.
    ///
    /// # Errors
    /// Where a pattern of the options is none.
    pub fn new(root: impl Into<PathBuf>, options: FileOptions) -> Result<Self, Error> {
        let selection = Selection::new(&options.include, &options.exclude)?;
        Ok(Self { root: root.into(), selection, options, tally: Tally::default() })
    }

    /// Where the tree is.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }
}

impl Source for FileTree {
    fn format(&self) -> Format {
        Format::Tar
    }

    fn open(&mut self) -> Result<Box<dyn Read + Send + '_>, Error> {
        self.tally = Tally::default();
        let reader = TreeReader::new(&self.root, &self.selection, &self.options, &mut self.tally)?;
        Ok(Box::new(reader))
    }

    fn is_repeatable(&self) -> bool {
        true
    }

    /// `files`, `directories`, `links`, `databases`, `bytes` (of content), and where there are any `warnings`.
    fn facts(&self) -> Facts {
        self.tally.facts()
    }
}
