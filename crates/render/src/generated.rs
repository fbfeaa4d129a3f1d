//! The kustomization that Flux generates for a directory that has none.

use windlass_manifest::{EntryKind, FieldPath, Origin, TreePath};

use crate::decode::At;
use crate::kustomization::Kustomization;
use crate::place::Place;
use crate::session::Session;

/// What Flux writes for a namespace where there is nothing else to write. With no object it never shows.
const PLACEHOLDER: &str = "_placeholder";

impl Session<'_> {
    /// Lists every YAML file below the directory; a directory with a kustomization file is one entry.
    pub(crate) fn generate_kustomization(&mut self, place: &Place) -> Kustomization {
        let mut entries = Vec::new();
        self.walk(place, &place.directory, &mut entries);
        let resources: Vec<_> = entries
            .into_iter()
            .map(|path| At { value: path.relative_to(&place.directory), at: FieldPath::root() })
            .collect();
        let namespace = if resources.is_empty() { PLACEHOLDER } else { "" };
        let namespace = At { value: namespace.to_owned(), at: FieldPath::root() };
        Kustomization { resources, namespace, ..Kustomization::default() }
    }

    fn walk(&mut self, place: &Place, directory: &TreePath, entries: &mut Vec<TreePath>) {
        let listed = match self.loader.list(directory) {
            Ok(listed) => listed,
            Err(fault) => {
                self.fail(place.error_in(Origin::new(directory.to_string(), 0), fault));
                return;
            }
        };
        for entry in listed {
            let Ok(path) = directory.join(&entry.name) else { continue };
            match entry.kind {
                EntryKind::Directory => self.walk_directory(place, path, entries),
                // Flux reads each first, to say which one is no Kubernetes YAML; the build says the same.
                EntryKind::File if is_yaml(&entry.name) => entries.push(path),
                EntryKind::File => {}
            }
        }
    }

    fn walk_directory(&mut self, place: &Place, path: TreePath, entries: &mut Vec<TreePath>) {
        // Linked directories are not walked, by Flux neither; a link back up would have no end.
        if self.loader.resolve(&path).is_ok_and(|resolved| resolved.path != path) {
            return;
        }
        match self.kustomization_file(&path) {
            Ok(None) => self.walk(place, &path, entries),
            _ => entries.push(path),
        }
    }
}

fn is_yaml(name: &str) -> bool {
    name.ends_with(".yaml") || name.ends_with(".yml")
}
