use std::path::Path;

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use crate::Error;

/// The patterns of a tree, compiled.
#[derive(Debug)]
pub(super) struct Selection {
    include: Option<GlobSet>,
    exclude: GlobSet,
}

impl Selection {
    pub(super) fn new(include: &[String], exclude: &[String]) -> Result<Self, Error> {
        let include = if include.is_empty() { None } else { Some(compile(include)?) };
        Ok(Self { include, exclude: compile(exclude)? })
    }

    /// Whether `path`, relative to the root, is left out with all that is below it.
    pub(super) fn excludes(&self, path: &Path) -> bool {
        self.exclude.is_match(path)
    }

    /// Whether `path` is asked for by name, and all below it.
    pub(super) fn includes(&self, path: &Path) -> bool {
        self.include.as_ref().is_none_or(|include| include.is_match(path))
    }
}

fn compile(patterns: &[String]) -> Result<GlobSet, Error> {
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        let fail = |problem: &str| Error::Pattern { pattern: pattern.clone(), problem: problem.to_owned() };
        let plain = pattern.trim_end_matches('/').trim_start_matches("./");
        if plain.is_empty() {
            return Err(fail("it names nothing"));
        }
        let anchored =
            if plain.contains('/') { plain.trim_start_matches('/').to_owned() } else { format!("**/{plain}") };
        let glob = GlobBuilder::new(&anchored).literal_separator(true).build();
        set.add(glob.map_err(|error| fail(&error.kind().to_string()))?);
    }
    let fail = |error: globset::Error| Error::Pattern {
        pattern: error.glob().unwrap_or_default().to_owned(),
        problem: error.kind().to_string(),
    };
    set.build().map_err(fail)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn excluded(pattern: &str, path: &str) -> bool {
        Selection::new(&[], &[pattern.to_owned()]).unwrap().excludes(Path::new(path))
    }

    #[test]
    fn patterns_match_names_anywhere_or_paths_from_the_root() {
        assert!(excluded("*.log", "a/b/x.log") && excluded("*.log", "x.log"));
        assert!(excluded("cache/", "a/cache"));
        assert!(excluded("/cache", "cache") && !excluded("/cache", "a/cache"));
        assert!(excluded("a/*/x", "a/b/x") && !excluded("a/*/x", "a/b/c/x"));
        assert!(excluded("a/**/x", "a/b/c/x") && excluded("{one,two}.txt", "d/two.txt"));
        assert!(!excluded("a/b", "c/a/b"));
    }

    #[test]
    fn a_pattern_that_is_none_is_named() {
        let error = Selection::new(&["[".to_owned()], &[]).unwrap_err();
        assert!(error.to_string().contains("\"[\""), "{error}");
        assert!(Selection::new(&["/".to_owned()], &[]).is_err());
    }
}
