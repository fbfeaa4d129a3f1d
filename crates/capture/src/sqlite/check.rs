use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, Error as SqliteError, ErrorCode};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::sqlite::open;
use crate::{Error, Facts};

/// How many findings an error shows.
const SHOWN: usize = 5;

/// Checks the image `copy` of the database `path`, and counts what is in it.
pub(super) fn examine(copy: &Path, path: &Path, quick_check_above: u64) -> Result<Facts, Error> {
    let bytes = fs::metadata(copy).map_err(Error::file("read", copy))?.len();
    let image = open::image(copy)?;
    let explain = |error| open::explain(path, Duration::ZERO, "check", error);
    let mut facts = Facts::new();
    let mut warnings = Vec::new();
    let full = bytes <= quick_check_above;
    let (kind, findings) = match findings(&image, if full { "integrity_check" } else { "quick_check" }) {
        Ok(findings) => (if full { "integrity" } else { "quick" }, findings),
        // An application brings its own order of texts (Plex does). Order can then not be judged, structure can.
        Err(error) if is_unknown_collation(&error) => {
            image.collation_needed(|image, name| image.create_collation(name, str::cmp)).map_err(explain)?;
            warnings.push("the order of its indexes is not checked: it uses a collation of its own".to_owned());
            ("quick", self::findings(&image, "quick_check").map_err(explain)?)
        }
        Err(error) => return Err(explain(error)),
    };
    if !findings.is_empty() {
        return Err(Error::Corrupt { path: path.to_owned(), findings });
    }
    facts.insert("bytes".into(), bytes.into());
    for name in ["page_count", "page_size", "user_version", "application_id"] {
        let value: i64 = image.pragma_query_value(None, name, |row| row.get(0)).map_err(explain)?;
        facts.insert(name.into(), value.into());
    }
    facts.insert("schema_sha256".into(), schema_hash(&image).map_err(explain)?.into());
    facts.insert("rows".into(), Value::Object(rows(&image).map_err(explain)?));
    facts.insert("check".into(), kind.into());
    match violations(&image) {
        Ok(0) => {}
        Ok(count) => {
            facts.insert("foreign_key_violations".into(), count.into());
            warnings.push(format!("{count} rows point at rows that are not there (foreign_key_check)"));
        }
        // A reference to a table without a fitting key: SQLite refuses to check.
        Err(error) => warnings.push(format!("foreign keys are not checked: {error}")),
    }
    if !warnings.is_empty() {
        facts.insert("warnings".into(), json!(warnings));
    }
    Ok(facts)
}

/// The first complaints of one of SQLite's checks; none where all is well.
fn findings(image: &Connection, check: &str) -> Result<Vec<String>, SqliteError> {
    let mut statement = image.prepare(&format!("PRAGMA {check}({SHOWN})"))?;
    let lines = statement.query_map([], |row| row.get::<_, String>(0))?.collect::<Result<Vec<_>, _>>()?;
    Ok(lines.into_iter().filter(|line| line != "ok").collect())
}

fn is_unknown_collation(error: &SqliteError) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::Unknown) && error.to_string().contains("no such collation sequence")
}

/// Of every schema entry in order, so that equal schemas give equal hashes.
fn schema_hash(image: &Connection) -> Result<String, SqliteError> {
    let mut hash = Sha256::new();
    let mut statement =
        image.prepare("SELECT type, name, tbl_name, coalesce(sql, '') FROM sqlite_schema ORDER BY type, name")?;
    let mut entries = statement.query([])?;
    while let Some(entry) = entries.next()? {
        for column in 0..4 {
            hash.update(entry.get_ref(column)?.as_bytes_or_null()?.unwrap_or_default());
            hash.update([0]);
        }
    }
    Ok(hash.finalize().iter().fold(String::new(), |mut hex, byte| {
        // Writing to a string cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    }))
}

/// The number of rows of every table that needs no extension to be read.
fn rows(image: &Connection) -> Result<Map<String, Value>, SqliteError> {
    let mut tables = image.prepare(
        "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type IN ('table', 'shadow') \
         AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name",
    )?;
    let names = tables.query_map([], |row| row.get::<_, String>(0))?.collect::<Result<Vec<_>, _>>()?;
    names
        .into_iter()
        .map(|name| {
            let quoted = name.replace('"', "\"\"");
            let count: i64 = image.query_row(&format!("SELECT count(*) FROM \"{quoted}\""), [], |row| row.get(0))?;
            Ok((name, count.into()))
        })
        .collect()
}

fn violations(image: &Connection) -> Result<u64, SqliteError> {
    let mut statement = image.prepare("PRAGMA foreign_key_check")?;
    let mut rows = statement.query([])?;
    let mut count = 0;
    while rows.next()?.is_some() {
        count += 1;
    }
    Ok(count)
}
