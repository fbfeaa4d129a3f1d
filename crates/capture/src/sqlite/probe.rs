use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::config::DbConfig;

use crate::Error;
use crate::sqlite::open;

/// Refuses where anybody has the database open.
///
/// Two ways, since neither sees all: its locks (a connection in WAL mode holds one for as long as it is open; one with
/// a rollback journal only while it reads or writes), and the open files of every process that this one may look at.
pub(crate) fn refuse_in_use(path: &Path) -> Result<(), Error> {
    let locked = (|| {
        let connection = Connection::open_with_flags(path, open::shared_flags())?;
        connection.busy_timeout(Duration::from_millis(500))?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
        connection.execute_batch("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; ROLLBACK")
    })();
    if let Err(error) = locked {
        match open::explain(path, Duration::ZERO, "lock", error) {
            Error::Busy { path, .. } => return Err(Error::InUse { path, by: "somebody who holds its lock".into() }),
            // Damaged, or no database at all: nobody works with it, and it is to be replaced.
            Error::Corrupt { .. } | Error::NotADatabase { .. } => {}
            error => return Err(error),
        }
    }
    match holder(path) {
        Some(by) => Err(Error::InUse { path: path.to_owned(), by }),
        None => Ok(()),
    }
}

/// A process that has the file open, as far as `/proc` tells.
fn holder(path: &Path) -> Option<String> {
    let wanted = fs::metadata(path).ok()?;
    let is_it = |entry: &fs::DirEntry| {
        fs::metadata(entry.path()).is_ok_and(|found| (found.dev(), found.ino()) == (wanted.dev(), wanted.ino()))
    };
    fs::read_dir("/proc").ok()?.flatten().find_map(|process| {
        let id: u32 = process.file_name().to_str()?.parse().ok()?;
        fs::read_dir(process.path().join("fd")).ok()?.flatten().find(is_it)?;
        let name = fs::read_to_string(process.path().join("comm")).unwrap_or_default();
        Some(format!("process {id} ({})", name.trim_end()))
    })
}
