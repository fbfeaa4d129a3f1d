use std::fmt;

/// A path inside a [`FileTree`](crate::FileTree): relative, normalised, and never above the root.
///
/// The root itself is the empty path and prints as `.`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct TreePath(String);

/// Why a text is no path inside a tree.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TreePathError {
    /// The path starts with `/`.
    #[error("{0:?} is an absolute path: paths are relative to the file that names them")]
    Absolute(String),
    /// The path climbs above the root with `..`.
    #[error("{path:?} leads out of the tree (from {base:?})")]
    Escapes {
        /// The path as written.
        path: String,
        /// The directory that it was relative to; `.` is the root.
        base: String,
    },
    /// The path holds a NUL byte, which no file system takes.
    #[error("{0:?} holds a NUL byte")]
    Nul(String),
}

impl TreePath {
    /// The root of the tree.
    #[must_use]
    pub fn root() -> Self {
        Self::default()
    }

    /// A path relative to the root. `./a//b/../c` is `a/c`.
    ///
    /// # Errors
    /// See [`TreePathError`].
    pub fn new(path: &str) -> Result<Self, TreePathError> {
        Self::root().join(path)
    }

    /// `path` relative to this directory; it may climb with `..`, but not above the root.
    ///
    /// # Errors
    /// See [`TreePathError`].
    pub fn join(&self, path: &str) -> Result<Self, TreePathError> {
        if path.starts_with('/') {
            return Err(TreePathError::Absolute(path.to_owned()));
        }
        if path.contains('\0') {
            return Err(TreePathError::Nul(path.to_owned()));
        }
        let mut parts: Vec<&str> = self.parts().collect();
        for part in path.split('/') {
            match part {
                "" | "." => {}
                ".." if parts.pop().is_none() => {
                    return Err(TreePathError::Escapes { path: path.to_owned(), base: self.to_string() });
                }
                ".." => {}
                part => parts.push(part),
            }
        }
        Ok(Self(parts.join("/")))
    }

    /// The text of the path; empty for the root.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is the root.
    #[must_use]
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// The names on the way from the root.
    pub fn parts(&self) -> impl Iterator<Item = &str> {
        self.0.split('/').filter(|part| !part.is_empty())
    }

    /// The last name; `None` for the root.
    #[must_use]
    pub fn file_name(&self) -> Option<&str> {
        self.parts().last()
    }

    /// The directory that holds this path; `None` for the root.
    #[must_use]
    pub fn parent(&self) -> Option<Self> {
        if self.is_root() {
            return None;
        }
        Some(Self(self.0.rsplit_once('/').map_or_else(String::new, |(parent, _)| parent.to_owned())))
    }

    /// Whether this path is `directory` or lies below it.
    #[must_use]
    pub fn is_in(&self, directory: &Self) -> bool {
        directory.is_root()
            || self.0.strip_prefix(&directory.0).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// This path as it is written from `directory`, with `..` where needed: the inverse of [`join`](Self::join).
    #[must_use]
    pub fn relative_to(&self, directory: &Self) -> String {
        let (ours, theirs): (Vec<_>, Vec<_>) = (self.parts().collect(), directory.parts().collect());
        let shared = ours.iter().zip(&theirs).take_while(|(a, b)| a == b).count();
        let mut parts = vec![".."; theirs.len() - shared];
        parts.extend(&ours[shared..]);
        if parts.is_empty() { ".".to_owned() } else { parts.join("/") }
    }
}

impl fmt::Display for TreePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_root() { "." } else { &self.0 })
    }
}

impl fmt::Debug for TreePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TreePath({self})")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn path(text: &str) -> TreePath {
        TreePath::new(text).unwrap()
    }

    #[test]
    fn paths_are_normalised() {
        assert_eq!(path("./a//b/../c/").as_str(), "a/c");
        assert_eq!(path(".").to_string(), ".");
        assert_eq!(path("a/b").join("../../c").unwrap(), path("c"));
    }

    #[test]
    fn nothing_climbs_above_the_root() {
        let error = path("a").join("../../etc/passwd").unwrap_err();
        assert_eq!(error.to_string(), "\"../../etc/passwd\" leads out of the tree (from \"a\")");
        assert!(matches!(TreePath::new("/etc"), Err(TreePathError::Absolute(_))));
        assert!(matches!(TreePath::new("a\0b"), Err(TreePathError::Nul(_))));
    }

    #[test]
    fn a_sibling_with_the_same_beginning_is_not_inside() {
        assert!(path("a/b").is_in(&path("a")));
        assert!(path("a").is_in(&path("a")));
        assert!(!path("ab").is_in(&path("a")));
        assert!(path("ab").is_in(&TreePath::root()));
    }

    proptest! {
        #[test]
        fn relative_to_is_the_inverse_of_join(a in "([abc]/){0,4}", b in "([abc]/){0,4}") {
            let (a, b) = (path(&a), path(&b));
            prop_assert_eq!(a.join(&b.relative_to(&a)).unwrap(), b);
        }

        #[test]
        fn no_text_escapes(base in "([ab]/){0,3}", text in "([ab.]{0,3}/){0,6}") {
            if let Ok(joined) = path(&base).join(&text) {
                prop_assert!(joined.parts().all(|part| part != ".." && part != "."));
            }
        }
    }
}
