//! Which directories of a repository a cluster may follow.

use std::collections::BTreeSet;
use std::sync::Arc;

use windlass_flux::well_known::KUSTOMIZE_GROUP;
use windlass_manifest::{EntryKind, FileTree, TreeError, TreePath, read_manifests};

use crate::Error;

/// The names of files that kustomize builds a directory by.
const KUSTOMIZATION_FILES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// The only directory that a cluster may follow: the one that holds a Kustomization of Flux for itself; without Flux
/// objects the root, if kustomize can build it.
pub(crate) fn only(files: &Arc<dyn FileTree>) -> Result<TreePath, Error> {
    let mut paths = BTreeSet::new();
    collect(files, &TreePath::root(), &mut paths)?;
    let mut paths: Vec<TreePath> = paths.into_iter().collect();
    match (paths.len(), paths.pop()) {
        (1, Some(path)) => Ok(path),
        (_, Some(last)) => {
            paths.push(last);
            Err(Error::ManyRoots { paths })
        }
        (_, None) => {
            let is_built =
                KUSTOMIZATION_FILES.iter().any(|name| TreePath::new(name).is_ok_and(|path| files.is_file(&path)));
            if is_built { Ok(TreePath::root()) } else { Err(Error::NoRoot) }
        }
    }
}

fn collect(files: &Arc<dyn FileTree>, directory: &TreePath, paths: &mut BTreeSet<TreePath>) -> Result<(), TreeError> {
    for entry in files.list(directory)? {
        let Ok(path) = directory.join(&entry.name) else { continue };
        match entry.kind {
            // A link may lead back up; what it shows is looked at where it really is.
            EntryKind::Directory if files.resolve(&path)?.path == path => collect(files, &path, paths)?,
            EntryKind::File if entry.name.ends_with(".yaml") || entry.name.ends_with(".yml") => {
                paths.extend(roots_in(files, directory, &path));
            }
            _ => {}
        }
    }
    Ok(())
}

/// The paths of the Kustomizations in a file that are about a directory which the file itself lies in. What cannot be read
/// is none: templates and charts lie in repositories too.
fn roots_in(files: &Arc<dyn FileTree>, directory: &TreePath, file: &TreePath) -> Vec<TreePath> {
    let Ok(text) = files.read_text(file) else { return Vec::new() };
    if !text.contains(KUSTOMIZE_GROUP) {
        return Vec::new();
    }
    let manifests = read_manifests(&text, file.as_str()).unwrap_or_default();
    let kustomizations =
        manifests.iter().filter(|one| one.kind() == "Kustomization" && one.gvk().group == KUSTOMIZE_GROUP);
    let paths = kustomizations.filter_map(|one| {
        let path = one.get(&["spec", "path"]).and_then(|path| path.as_str()).unwrap_or_default();
        TreePath::new(path.trim_start_matches('/')).ok()
    });
    paths.filter(|path| path == directory || directory.is_in(path)).collect()
}

#[cfg(test)]
mod tests {
    use windlass_manifest::MemoryTree;

    use super::*;

    fn kustomization(path: &str) -> String {
        format!(
            "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {{name: x, namespace: y}}\nspec: \
             {{path: {path}}}\n"
        )
    }

    fn only_of(paths: &[(&str, &str)]) -> Result<TreePath, Error> {
        let texts = paths.iter().map(|(file, path)| (*file, kustomization(path)));
        only(&(Arc::new(MemoryTree::from_iter(texts)) as Arc<dyn FileTree>))
    }

    #[test]
    fn a_directory_that_holds_its_own_kustomization_is_a_root() {
        let home = ("clusters/home/flux-system/gotk-sync.yaml", "./clusters/home");
        let child = ("clusters/home/apps.yaml", "./apps");
        assert_eq!(only_of(&[home, child]).unwrap().as_str(), "clusters/home");
        let other = ("clusters/away/sync.yaml", "clusters/away");
        let many = only_of(&[home, child, other]).unwrap_err().to_string();
        assert_eq!(many, "the repository is for several clusters: name one of clusters/away, clusters/home");
        assert!(matches!(only_of(&[child]), Err(Error::NoRoot)));
    }

    #[test]
    fn what_kustomize_builds_at_the_root_needs_no_flux() {
        let tree = MemoryTree::from_iter([("kustomization.yaml", "resources: []\n"), ("broken.yaml", "a: [")]);
        assert!(only(&(Arc::new(tree) as Arc<dyn FileTree>)).unwrap().is_root());
    }
}
