//! How old values and data keys may become.

use std::fmt;
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use globset::{GlobBuilder, GlobMatcher};
use windlass_sops::CreationRule;

use crate::{Error, RuleFiles};

/// How old values and data keys may become before they should be renewed: for all files, or for those of a pattern.
///
/// A file without a limit here has the one of its creation rule, in a field that sops passes over:
///
/// ```yaml
/// creation_rules:
///   - path_regex: ^prod/
///     age: age1…
///     windlass: {max_age: 180d, max_key_age: 1y}
/// ```
#[derive(Debug, Clone, Default)]
pub struct AgeLimits {
    /// For values. Of several that fit a file the last one counts.
    pub values: Vec<AgeLimit>,
    /// For data keys, in the same way.
    pub data_keys: Vec<AgeLimit>,
}

/// A limit for the files of a pattern, or for all.
#[derive(Clone)]
pub struct AgeLimit {
    files: Option<GlobMatcher>,
    age: Duration,
}

/// Why a text is no limit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no age such as 90d, 26w or 1y, nor one behind a pattern for files, as in 'prod/**=90d'")]
pub struct AgeLimitError {
    /// The text.
    pub text: String,
}

const DAY: u64 = 24 * 60 * 60;

/// Reads `90d`, `26w` or `1y`.
fn age(text: &str) -> Option<Duration> {
    let unit = text.chars().last()?;
    let days = match unit {
        'd' => 1,
        'w' => 7,
        'y' => 365,
        _ => return None,
    };
    let number: u64 = text.strip_suffix(unit)?.parse().ok()?;
    number.checked_mul(days * DAY).map(Duration::from_secs)
}

/// `180d`, or `prod/**=90d`: a pattern for paths from the root of the repository, where `*` stays within a folder.
impl FromStr for AgeLimit {
    type Err = AgeLimitError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fault = || AgeLimitError { text: text.to_owned() };
        let (pattern, number) = match text.rsplit_once('=') {
            Some((pattern, number)) => (Some(pattern), number),
            None => (None, text),
        };
        let glob = pattern.map(|pattern| GlobBuilder::new(pattern).literal_separator(true).build());
        let files = glob.transpose().map_err(|_| fault())?.map(|glob| glob.compile_matcher());
        Ok(Self { files, age: age(number.trim()).ok_or_else(fault)? })
    }
}

impl fmt::Debug for AgeLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let files = self.files.as_ref().map(|files| files.glob().glob());
        f.debug_struct("AgeLimit").field("files", &files).field("age", &self.age).finish()
    }
}

/// The limits for one file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct FileLimits {
    /// For its values.
    pub value: Option<Duration>,
    /// For its data key.
    pub data_key: Option<Duration>,
}

impl AgeLimits {
    /// Those for a file, which is known by its path from the root of the repository and by its absolute path.
    pub(crate) fn of(&self, shown: &Path, path: &Path, rules: &mut RuleFiles) -> Result<FileLimits, Error> {
        let last = |limits: &[AgeLimit]| {
            let fits = |limit: &&AgeLimit| limit.files.as_ref().is_none_or(|files| files.is_match(shown));
            limits.iter().rev().find(fits).map(|limit| limit.age)
        };
        let (value, data_key) = (last(&self.values), last(&self.data_keys));
        if value.is_some() && data_key.is_some() {
            return Ok(FileLimits { value, data_key });
        }
        let found = rules.for_file(path)?;
        let Some((file, rule)) = found.as_ref().and_then(|file| Some((file, file.rule_for(path)?))) else {
            return Ok(FileLimits { value, data_key });
        };
        let of_rule = |name| of_rule(rule, name).map_err(|source| Error::AgeLimit { path: file.path.clone(), source });
        Ok(FileLimits { value: value.or(of_rule("max_age")?), data_key: data_key.or(of_rule("max_key_age")?) })
    }
}

/// The limit that a creation rule has in our own field.
fn of_rule(rule: &CreationRule, name: &str) -> Result<Option<Duration>, AgeLimitError> {
    let Some(value) = rule.extension("windlass").and_then(|own| own.get(name)) else { return Ok(None) };
    let limit = value.as_str().and_then(age);
    limit
        .map(Some)
        .ok_or_else(|| AgeLimitError { text: value.as_str().map_or_else(|| value.to_string(), str::to_owned) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_read() {
        assert_eq!(age("90d"), Some(Duration::from_secs(90 * DAY)));
        assert_eq!(age("2w"), Some(Duration::from_secs(14 * DAY)));
        for text in ["", "d", "90", "1.5d", "9999999999999999999y", "5é", "x=", "[=1d"] {
            assert!(text.parse::<AgeLimit>().is_err(), "{text}");
        }
    }

    #[test]
    fn the_last_that_fits_counts_and_then_the_rule() {
        let folder = tempfile::tempdir().unwrap();
        let rules = "creation_rules:\n- path_regex: ^prod/\n  windlass: {max_age: 3d, max_key_age: 4d}\n- {}\n";
        std::fs::write(folder.path().join(".sops.yaml"), rules).unwrap();
        let of = |limits: &AgeLimits, name: &str| {
            let limits = limits.of(Path::new(name), &folder.path().join(name), &mut RuleFiles::default()).unwrap();
            [limits.value, limits.data_key].map(|limit| limit.map(|limit| limit.as_secs() / DAY))
        };
        let limit = |text: &str| text.parse::<AgeLimit>().unwrap();
        let own =
            AgeLimits { values: vec![limit("9d"), limit("prod/**=1d"), limit("*.env=2d")], data_keys: Vec::new() };
        assert_eq!(of(&own, "prod/a/b.yaml"), [Some(1), Some(4)]);
        assert_eq!(of(&own, "a.env"), [Some(2), None]);
        assert_eq!(of(&own, "test/a.env"), [Some(9), None], "a star stays within its folder");
        assert_eq!(of(&AgeLimits::default(), "prod/a.yaml"), [Some(3), Some(4)]);
        assert_eq!(of(&AgeLimits::default(), "a.yaml"), [None, None]);
        std::fs::write(folder.path().join(".sops.yaml"), rules.replace("3d", "soon")).unwrap();
        let path = folder.path().join("prod/a");
        let fault = AgeLimits::default().of(Path::new("prod/a"), &path, &mut RuleFiles::default()).unwrap_err();
        assert!(
            fault.to_string().contains(".sops.yaml") && fault.to_string().contains("\"soon\" is no age"),
            "{fault}"
        );
    }
}
