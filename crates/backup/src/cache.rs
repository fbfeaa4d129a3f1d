//! Signed documents seen before, so that an unchanged run asks for little.
//!
//! Nothing here is believed because it is here: signatures are checked again. What cannot be written is left out, since a
//! cache that is missing costs two requests.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use ring::digest;

use crate::identifier::{Ulid, hex};
use crate::snapshot::Snapshot;

#[derive(Debug, Default)]
pub(crate) struct Cache {
    folder: Option<PathBuf>,
    snapshots: Mutex<BTreeMap<String, Arc<Snapshot>>>,
    /// Changes of the marker, as they came.
    markers: Mutex<BTreeMap<String, Vec<u8>>>,
}

impl Cache {
    /// The cache of the repository at `place`.
    pub(crate) fn new(folder: Option<&Path>, place: &str) -> Self {
        let own = hex(&digest::digest(&digest::SHA256, place.as_bytes()).as_ref()[..16]);
        Self { folder: folder.map(|folder| folder.join(own)), ..Self::default() }
    }

    pub(crate) fn snapshot(&self, id: &str) -> Option<Arc<Snapshot>> {
        self.snapshots.lock().unwrap_or_else(PoisonError::into_inner).get(id).cloned()
    }

    pub(crate) fn keep(&self, snapshot: Arc<Snapshot>) {
        self.snapshots.lock().unwrap_or_else(PoisonError::into_inner).insert(snapshot.id.clone(), snapshot);
    }

    pub(crate) fn forget(&self, id: &str) {
        self.snapshots.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
        if let Some(folder) = &self.folder {
            let _ = fs::remove_file(folder.join("commits").join(format!("{id}.json")));
        }
    }

    /// The ids of all snapshots seen before, oldest first.
    pub(crate) fn known(&self) -> Vec<String> {
        let mut ids: Vec<String> =
            self.snapshots.lock().unwrap_or_else(PoisonError::into_inner).keys().cloned().collect();
        let files = self.folder.iter().filter_map(|folder| fs::read_dir(folder.join("commits")).ok()).flatten();
        let named = |file: std::io::Result<fs::DirEntry>| file.ok()?.file_name().into_string().ok();
        ids.extend(files.filter_map(named).filter_map(|name| name.strip_suffix(".json").map(str::to_owned)));
        ids.sort_unstable();
        ids.dedup();
        ids
    }

    pub(crate) fn marker_change(&self, id: &str) -> Option<Vec<u8>> {
        let seen = self.markers.lock().unwrap_or_else(PoisonError::into_inner).get(id).cloned();
        seen.or_else(|| self.read(&format!("markers/{id}.json")))
    }

    pub(crate) fn keep_marker_change(&self, id: &str, bytes: Vec<u8>) {
        self.write(&format!("markers/{id}.json"), &bytes);
        self.markers.lock().unwrap_or_else(PoisonError::into_inner).insert(id.to_owned(), bytes);
    }

    pub(crate) fn read(&self, name: &str) -> Option<Vec<u8>> {
        fs::read(self.folder.as_ref()?.join(name)).ok()
    }

    /// Writes under another name first: a file that is cut off is not found.
    pub(crate) fn write(&self, name: &str, bytes: &[u8]) {
        let Some(folder) = &self.folder else { return };
        let path = folder.join(name);
        let working = path.with_extension(Ulid::now().to_string());
        let written = path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(&working, bytes));
        if let Err(error) = written.and_then(|()| fs::rename(&working, &path)) {
            tracing::debug!(%error, path = %path.display(), "not cached");
        }
    }
}
