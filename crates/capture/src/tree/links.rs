use std::path::{Component, Path};

/// Whether a symbolic link at `link`, relative to the root of a tree, stays inside of that tree, whatever other links
/// are on its way.
///
/// It must climb only at its beginning, where the folders above are known to be real ones: after a name, `..` may be
/// the parent of wherever another link leads.
pub(super) fn stays_inside(link: &Path, target: &Path) -> bool {
    let depth = link.components().count().saturating_sub(1);
    let mut climbed = 0;
    let mut named = false;
    for component in target.components() {
        match component {
            Component::Normal(_) => named = true,
            Component::CurDir => {}
            Component::ParentDir if named => return false,
            Component::ParentDir => climbed += 1,
            Component::RootDir | Component::Prefix(_) => return false,
        }
    }
    climbed <= depth
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_may_climb_to_the_root_and_no_further() {
        let inside = |link: &str, target: &str| stays_inside(Path::new(link), Path::new(target));
        assert!(inside("a", "b") && inside("a", "b/c") && inside("d/a", "../b") && inside("d/e/a", "./../../b"));
        assert!(!inside("a", "..") && !inside("a", "/b") && !inside("d/a", "../../b"));
        // `s/t` may be a link to the root, whose parent is outside.
        assert!(!inside("a", "s/t/../.."));
    }
}
