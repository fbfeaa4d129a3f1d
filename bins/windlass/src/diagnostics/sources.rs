//! The files that messages are about.

use std::path::{Path, PathBuf};

use windlass_manifest::{FileTree, TreePath};
use windlass_sops::{Format, is_encrypted};

/// A tree, and how its paths are written for whoever reads the messages: relative to the directory they are in.
pub(crate) struct Sources<'t> {
    tree: &'t dyn FileTree,
    root: PathBuf,
    here: Option<TreePath>,
}

impl<'t> Sources<'t> {
    /// `root` is where the tree lies on this machine, absolute and without symbolic links.
    pub(crate) fn new(tree: &'t dyn FileTree, root: &Path) -> Self {
        let here = std::env::current_dir().ok().and_then(|here| from_root(&here));
        Self { tree, root: root.to_owned(), here }
    }

    /// A path of the tree, as somebody in the current directory would write it.
    pub(crate) fn shown(&self, path: &str) -> String {
        // What was fetched is called by its URL.
        if path.contains("://") || path.split_once(':').is_some_and(|(host, _)| host.contains('@')) {
            return path.to_owned();
        }
        let absolute = self.root.join(path);
        let (Some(here), Some(target)) = (&self.here, from_root(&absolute)) else {
            return absolute.display().to_string();
        };
        let relative = target.relative_to(here);
        let absolute = format!("/{}", target.as_str());
        if relative.len() <= absolute.len() { relative } else { absolute }
    }

    /// The text of a file; `None` where it cannot be read as text, or where it is encrypted.
    pub(super) fn text(&self, path: &str) -> Option<String> {
        let text = self.tree.read_text(&TreePath::new(path).ok()?).ok()?;
        let encrypted = is_encrypted(text.as_bytes(), Format::of_path(path));
        (!encrypted).then_some(text)
    }
}

fn from_root(path: &Path) -> Option<TreePath> {
    TreePath::new(path.to_str()?.trim_start_matches('/')).ok()
}

#[cfg(test)]
mod tests {
    use windlass_manifest::MemoryTree;

    use super::*;

    #[test]
    fn paths_are_written_from_where_the_reader_is() {
        let tree = MemoryTree::default();
        let mut sources = Sources::new(&tree, Path::new("/srv/repo"));
        sources.here = TreePath::new("srv/repo").ok();
        assert_eq!(sources.shown("apps/web.yaml"), "apps/web.yaml");
        assert_eq!(sources.shown(""), ".");
        sources.here = TreePath::new("srv/repo/clusters/home").ok();
        assert_eq!(sources.shown("apps"), "../../apps");
        sources.here = TreePath::new("home/somebody/else/deep").ok();
        assert_eq!(sources.shown("apps"), "/srv/repo/apps");
    }
}
