//! Data of a backup, and where they go: the argument for it.

use std::collections::BTreeMap;
use std::path::PathBuf;

/// Reads `ITEM=PATH`.
pub(super) fn placed(text: &str) -> Result<(String, PathBuf), String> {
    match text.split_once('=') {
        Some((item, path)) if !item.is_empty() && !path.is_empty() => Ok((item.to_owned(), PathBuf::from(path))),
        _ => Err("expected ITEM=PATH, such as sqlite/notes=/srv/notes/notes.db".to_owned()),
    }
}

/// The places, by item.
pub(super) fn places(data: &[(String, PathBuf)]) -> BTreeMap<String, PathBuf> {
    data.iter().cloned().collect()
}

/// Reads `FROM=TO`.
pub(super) fn mapped(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((from, to)) if !from.is_empty() && !to.is_empty() => Ok((from.to_owned(), to.to_owned())),
        _ => Err("expected FROM=TO".to_owned()),
    }
}
