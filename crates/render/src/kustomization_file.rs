//! Finding and reading the kustomization file of a directory.

use windlass_manifest::{EntryKind, Origin, TreeError, TreePath};
use windlass_yaml::{ReadOptions, read_located};

use crate::Fault;
use crate::kustomization::Kustomization;
use crate::loader::Encrypted;
use crate::place::Place;
use crate::session::{Failed, Session};

/// The names that a kustomization file can have.
pub(crate) const NAMES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

impl Session<'_> {
    /// The kustomization file of a directory; `None` where there is none.
    pub(crate) fn kustomization_file(&mut self, directory: &TreePath) -> Result<Option<TreePath>, Fault> {
        let mut found = Vec::new();
        for name in NAMES {
            let Ok(path) = directory.join(name) else { continue };
            match self.loader.resolve(&path) {
                Ok(resolved) if resolved.kind == EntryKind::File => found.push((name, path)),
                Ok(_) | Err(TreeError::NotFound { .. }) => {}
                Err(TreeError::Escapes { .. }) => return Err(Fault::Escapes { path: path.to_string() }),
                Err(error) => return Err(Fault::Tree(error)),
            }
        }
        if found.len() > 1 {
            let names = found.into_iter().map(|(name, _)| name.to_owned()).collect();
            return Err(Fault::ManyKustomizations { directory: directory.clone(), names });
        }
        Ok(found.pop().map(|(_, path)| path))
    }

    /// Reads a kustomization file. Faults of its fields are noted, and the rest of it is of use for finding more of them.
    pub(crate) fn read_kustomization(
        &mut self,
        directory: TreePath,
        file: TreePath,
        via: Vec<TreePath>,
    ) -> Result<(Place, Kustomization), Failed> {
        let origin = Origin::new(file.as_str(), 0);
        let mut place = Place { file: Some(file.clone()), ..Place::without_file(directory, via) };
        let loaded = self.loader.read(file, Encrypted::Keep);
        let value = loaded.and_then(|loaded| {
            loaded.text()?.clone_into(&mut place.text);
            let (value, located) = read_located(&place.text, &ReadOptions::config()).map_err(Fault::Yaml)?;
            place.located = Some(located);
            Ok(value)
        });
        let value = value.map_err(|fault| {
            let line = if let Fault::Yaml(error) = &fault { error.position().line } else { 0 };
            self.fail(place.error_in(origin.at_line(line), fault))
        })?;
        let mut problems = Vec::new();
        let mut kustomization = Kustomization::decode(&value, &mut problems);
        if self.reads_leniently(&place) {
            self.pass_over(&place, &mut problems);
        }
        kustomization.is_faulty = !problems.is_empty();
        self.errors.extend(problems.into_iter().map(|problem| place.problem(problem)));
        Ok((place, kustomization))
    }
}
