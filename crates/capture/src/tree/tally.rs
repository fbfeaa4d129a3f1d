use std::path::Path;

use serde_json::json;

use crate::Facts;

/// How many warnings are kept; the rest is counted.
const MAX_WARNINGS: usize = 50;

/// What has been seen of a tree.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) files: u64,
    pub(super) directories: u64,
    pub(super) links: u64,
    pub(super) databases: u64,
    pub(super) bytes: u64,
    warnings: Vec<String>,
    unsaid: u64,
}

impl Tally {
    pub(super) fn warn(&mut self, path: &Path, what: &str) {
        if self.warnings.len() < MAX_WARNINGS {
            self.warnings.push(format!("{}: {what}", path.display()));
        } else {
            self.unsaid += 1;
        }
    }

    pub(super) fn warnings(&self) -> Vec<String> {
        let more = (self.unsaid > 0).then(|| format!("and {} more", self.unsaid));
        self.warnings.iter().cloned().chain(more).collect()
    }

    pub(super) fn facts(&self) -> Facts {
        let counts = [
            ("files", self.files),
            ("directories", self.directories),
            ("links", self.links),
            ("databases", self.databases),
            ("bytes", self.bytes),
        ];
        let mut facts: Facts = counts.into_iter().map(|(name, count)| (name.to_owned(), count.into())).collect();
        if !self.warnings.is_empty() {
            facts.insert("warnings".into(), json!(self.warnings()));
        }
        facts
    }
}
