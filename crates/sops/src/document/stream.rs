//! The documents of a YAML stream behind the first, which the paths of sops do not reach.

use serde_json::Value as Json;

use super::Document;
use crate::{PathStep, WriteError, tree_edit, values};

impl Document {
    /// The values of all documents, in their order: one but for a YAML stream. The caller has to wipe them.
    pub fn values(&self) -> Vec<Json> {
        self.plain.iter().map(|document| values::to_json(document, self.format)).collect()
    }

    /// Sets the value at a path of a document of the stream, by its position from 0, as [`set`](Self::set) does of the first.
    ///
    /// # Errors
    ///
    /// As for [`set`](Self::set). Where there is no such document nothing is changed.
    pub fn set_in(&mut self, document: usize, path: &[PathStep], value: &Json) -> Result<bool, WriteError> {
        self.check_path(path)?;
        self.check_way(document, path)?;
        let node = values::node_from_json(value, path.len())?;
        let before = self.plain.clone();
        if let Some(document) = self.plain.get_mut(document) {
            tree_edit::set(document, path, node.value);
        }
        Ok(self.mark(&before))
    }

    /// Removes the value at a path of a document of the stream. Says whether there was one.
    ///
    /// # Errors
    ///
    /// As for [`set`](Self::set).
    pub fn unset_in(&mut self, document: usize, path: &[PathStep]) -> Result<bool, WriteError> {
        self.check_path(path)?;
        let found = self.plain.get_mut(document).is_some_and(|document| tree_edit::unset(document, path));
        self.changed |= found;
        Ok(found)
    }
}
