use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::Error;

/// What SQLite keeps beside a database.
pub(crate) const COMPANIONS: [&str; 3] = ["-wal", "-shm", "-journal"];

/// The file beside `database` with `suffix` added to its name.
pub(crate) fn companion(database: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(database);
    name.push(suffix);
    name.into()
}

/// Opens a database that others use, to read from it.
///
/// Nothing but SQLite may open the file: closing any other descriptor would drop the locks that this process holds on it.
pub(super) fn for_reading(path: &Path, busy: Duration) -> Result<Connection, Error> {
    if fs::metadata(path).map_err(Error::file("read", path))?.len() == 0 {
        // SQLite takes it for a database without tables; a capture would replace a good one by nothing.
        return Err(Error::NotADatabase { path: path.to_owned() });
    }
    let log = fs::metadata(companion(path, "-wal")).ok();
    if log.is_none() && companion(path, "-shm").exists() {
        return Err(Error::WalMissing { path: path.to_owned() });
    }
    let open = || {
        let connection = Connection::open_with_flags(path, shared_flags())?;
        connection.busy_timeout(busy)?;
        connection.pragma_update(None, "query_only", true)?;
        if log.is_some_and(|log| log.len() > 0) {
            // Closing last would checkpoint a log that somebody's crash left; that is its owner's to do.
            connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
        }
        // The first read is what takes locks and meets most faults.
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
        Ok(connection)
    };
    open().map_err(|error| explain(path, busy, "read", error))
}

/// For reading and writing, without making a file and without URI parameters such as `immutable`.
pub(super) fn shared_flags() -> OpenFlags {
    OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_EXRESCODE
}

/// Opens an image that nobody writes to, without making files beside it.
pub(super) fn image(path: &Path) -> Result<Connection, Error> {
    use std::fmt::Write;
    use std::os::unix::ffi::OsStrExt;
    let mut uri = String::from("file:");
    for byte in path.as_os_str().as_bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'_' | b'-' => uri.push(char::from(*byte)),
            // Writing to a string cannot fail.
            _ => drop(write!(uri, "%{byte:02x}")),
        }
    }
    uri.push_str("?immutable=1");
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(uri, flags).map_err(|error| explain(path, Duration::ZERO, "read", error))
}

/// Our error for one of SQLite's.
pub(super) fn explain(path: &Path, waited: Duration, doing: &'static str, error: rusqlite::Error) -> Error {
    let path = path.to_owned();
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Error::Busy { path, waited },
        Some(ErrorCode::NotADatabase) => Error::NotADatabase { path },
        Some(ErrorCode::DatabaseCorrupt) => Error::Corrupt { path, findings: vec![error.to_string()] },
        Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen) => Error::ReadOnly { path },
        _ => Error::Database { doing, path, source: Box::new(error) },
    }
}
