//! Finds the `.sops.yaml` that is for a file.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use windlass_sops::{CreationRule, CreationRules, SopsConfig, StoresConfig};

use crate::Error;

/// The rules of one `.sops.yaml`.
#[derive(Debug, Clone)]
pub struct RuleFile {
    /// Its path.
    pub path: PathBuf,
    /// Its rules.
    pub rules: CreationRules,
    /// How it wants formats to be printed.
    pub stores: StoresConfig,
}

impl RuleFile {
    /// Reads a file.
    ///
    /// # Errors
    ///
    /// Where it cannot be read, or its rules cannot be used.
    pub fn load(path: impl Into<PathBuf>) -> Result<Self, Error> {
        let path = path.into();
        let text = std::fs::read_to_string(&path).map_err(|source| Error::Read { path: path.clone(), source })?;
        match SopsConfig::parse(&text) {
            Ok(config) => Ok(Self { path, rules: config.rules, stores: config.stores }),
            Err(source) => Err(Error::Rules { path, source }),
        }
    }

    /// The rule for a file, by its path relative to the folder of the rules; by its whole path where it lies elsewhere.
    pub fn rule_for(&self, file: &Path) -> Option<&CreationRule> {
        self.rules.rule_for(&self.name_of(file))
    }

    /// The name by which the rules know a file.
    pub fn name_of(&self, file: &Path) -> String {
        let folder = self.path.parent().unwrap_or(Path::new(""));
        SopsConfig::path_of(folder, file)
    }
}

/// Finds rules, and reads each file of them once.
///
/// The nearest `.sops.yaml` at or above the folder of a file is for it. sops looks from the working directory instead: its
/// answer depends on where it is called. That one is taken here where the other way finds none.
#[derive(Debug, Default)]
pub struct RuleFiles {
    named: Option<Arc<RuleFile>>,
    fallback: Option<PathBuf>,
    known: BTreeMap<PathBuf, Option<Arc<RuleFile>>>,
}

/// As sops, no further up.
const LEVELS: usize = 100;

impl RuleFiles {
    /// Looks above each file, and then above `working_directory`.
    pub fn above(working_directory: Option<PathBuf>) -> Self {
        Self { fallback: working_directory, ..Self::default() }
    }

    /// Takes one file of rules for all files, as `sops --config` does.
    pub fn named(rules: RuleFile) -> Self {
        Self { named: Some(Arc::new(rules)), ..Self::default() }
    }

    /// The rules for a file, whose path must be absolute.
    ///
    /// # Errors
    ///
    /// Where a `.sops.yaml` is found that cannot be read or used.
    pub fn for_file(&mut self, file: &Path) -> Result<Option<Arc<RuleFile>>, Error> {
        if let Some(named) = &self.named {
            return Ok(Some(named.clone()));
        }
        let found = self.above_folder(file.parent().unwrap_or(Path::new("/")), LEVELS)?;
        match (found, self.fallback.clone()) {
            (None, Some(folder)) => self.above_folder(&folder, LEVELS),
            (found, _) => Ok(found),
        }
    }

    fn above_folder(&mut self, folder: &Path, levels: usize) -> Result<Option<Arc<RuleFile>>, Error> {
        if let Some(known) = self.known.get(folder) {
            return Ok(known.clone());
        }
        let path = folder.join(CreationRules::FILE_NAME);
        let found = match RuleFile::load(path) {
            Ok(rules) => Some(Arc::new(rules)),
            Err(Error::Read { source, .. }) if is_absent(&source) => match folder.parent() {
                Some(above) if levels > 0 => self.above_folder(above, levels - 1)?,
                _ => None,
            },
            Err(error) => return Err(error),
        };
        self.known.insert(folder.to_owned(), found.clone());
        Ok(found)
    }
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_rules_count_and_the_working_directory_comes_last() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        for path in ["a/b", "c", "work"] {
            std::fs::create_dir_all(root.join(path)).unwrap();
        }
        std::fs::write(root.join("a/.sops.yaml"), "creation_rules: [{path_regex: ^b/}]").unwrap();
        std::fs::write(root.join("work/.sops.yaml"), "creation_rules: [{}, {}]").unwrap();
        let mut files = RuleFiles::above(Some(root.join("work")));
        let mut rules = |path: &str| files.for_file(&root.join(path)).unwrap().unwrap();
        assert_eq!(rules("a/b/x.yaml").path, root.join("a/.sops.yaml"));
        assert!(rules("a/b/x.yaml").rule_for(&root.join("a/b/x.yaml")).is_some());
        assert!(rules("a/b/x.yaml").rule_for(&root.join("a/x.yaml")).is_none());
        assert_eq!(rules("c/x.yaml").path, root.join("work/.sops.yaml"));
    }
}
