use std::fmt;
use std::str::FromStr;

use semver::Version;

/// A range of versions as Flux writes it (the grammar of Masterminds/semver): `>=1.2.0 <2.0.0`, `^1.2`, `~1.2.3`,
/// `1.x`, `1.2 - 1.4`, alternatives with `||`.
///
/// A pre-release is admitted only where the comparators of its alternative name one, as in `>=1.0.0-0`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SemverRange {
    text: String,
    alternatives: Vec<Vec<Bounds>>,
}

/// Versions from `low` (inclusive) up to `high` (exclusive unless said); `without` turns it around.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Bounds {
    low: Option<(Version, bool)>,
    high: Option<(Version, bool)>,
    without: bool,
    names_prerelease: bool,
}

impl SemverRange {
    pub(crate) fn admits(&self, version: &Version) -> bool {
        self.alternatives.iter().any(|all| {
            let prerelease_allowed = version.pre.is_empty() || all.iter().any(|bounds| bounds.names_prerelease);
            prerelease_allowed && all.iter().all(|bounds| bounds.admit(version))
        })
    }

    /// The version that a tag name states: strict semver with an optional `v` before it.
    pub(crate) fn version_of_tag(tag: &str) -> Option<Version> {
        Version::parse(tag.strip_prefix('v').unwrap_or(tag)).ok()
    }
}

impl Bounds {
    fn admit(&self, version: &Version) -> bool {
        let above = self.low.as_ref().is_none_or(|(low, inclusive)| version > low || (*inclusive && version == low));
        let below =
            self.high.as_ref().is_none_or(|(high, inclusive)| version < high || (*inclusive && version == high));
        (above && below) != self.without
    }
}

impl fmt::Display for SemverRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for SemverRange {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let alternatives = text.split("||").map(alternative).collect::<Result<_, _>>()?;
        Ok(Self { text: text.to_owned(), alternatives })
    }
}

fn alternative(text: &str) -> Result<Vec<Bounds>, &'static str> {
    if let Some((low, high)) = text.split_once(" - ") {
        return Ok(vec![bounds(">=", low.trim())?, bounds("<=", high.trim())?]);
    }
    let mut all = Vec::new();
    let mut rest = text.trim_start_matches([' ', ',']);
    while !rest.is_empty() {
        let digits = rest.find(|c| !"<>=!~^".contains(c)).unwrap_or(rest.len());
        let (operator, tail) = rest.split_at(digits);
        let tail = tail.trim_start();
        let (version, tail) = tail.split_at(tail.find([' ', ',']).unwrap_or(tail.len()));
        all.push(bounds(operator, version)?);
        rest = tail.trim_start_matches([' ', ',']);
    }
    if all.is_empty() { Err("it is empty") } else { Ok(all) }
}

/// A version with trailing parts left out or written as `x`, `X` or `*`.
struct Partial {
    /// Missing parts are zero.
    version: Version,
    /// How many of major, minor and patch were given.
    given: usize,
}

fn partial(text: &str) -> Result<Partial, &'static str> {
    let text = text.strip_prefix('v').unwrap_or(text);
    let core_end = text.find(['-', '+']).unwrap_or(text.len());
    let parts: Vec<&str> = text[..core_end].split('.').collect();
    let given = parts.iter().take_while(|part| !matches!(**part, "x" | "X" | "*")).count();
    if parts.len() > 3 || (given < 3 && core_end < text.len()) {
        return Err("a version in it has not the form 1, 1.2 or 1.2.3");
    }
    let mut numbers = [0; 3];
    for (number, part) in numbers.iter_mut().zip(parts.iter().take(given)) {
        *number = part.parse().map_err(|_| "a version in it is no number")?;
    }
    let [major, minor, patch] = numbers;
    let version = Version::parse(&format!("{major}.{minor}.{patch}{}", &text[core_end..]))
        .map_err(|_| "a pre-release in it is malformed")?;
    Ok(Partial { version, given })
}

fn bounds(operator: &str, text: &str) -> Result<Bounds, &'static str> {
    let Partial { version, given } = partial(text)?;
    let names_prerelease = !version.pre.is_empty();
    // The first version after all that start with the given parts.
    let after = |parts: usize| match parts {
        0 => None,
        1 => Some((Version::new(version.major.saturating_add(1), 0, 0), false)),
        2 => Some((Version::new(version.major, version.minor.saturating_add(1), 0), false)),
        _ => Some((version.clone(), true)),
    };
    let from = Some((version.clone(), true));
    let caret = match (version.major, version.minor, given) {
        (0, _, 1) | (1.., ..) => 1,
        (0, 0, 3..) => 3,
        _ => 2,
    };
    let (low, high, without) = match operator {
        "" | "=" | "==" => (from, after(given), false),
        "!=" => (from, after(given), true),
        ">=" | "=>" => (from, None, false),
        "<" => (None, Some((version.clone(), false)), false),
        "<=" | "=<" => (None, after(given), false),
        ">" if given == 3 => (Some((version.clone(), false)), None, false),
        ">" => (after(given), None, given == 0),
        "~" | "~>" => (from, after(given.min(2)), false),
        "^" if given == 0 => (from, None, false),
        "^" => (from, after(caret).map(|(high, exact)| (high, exact && given == 3)), false),
        _ => return Err("it holds an operator that is none of = != > < >= <= ~ ^"),
    };
    // `>1` and `>1.2` start at the next version, which they include.
    let low = if operator == ">" && given < 3 { low.map(|(version, _)| (version, true)) } else { low };
    Ok(Bounds { low, high, without, names_prerelease })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_admit_what_masterminds_admits() {
        for (range, version, admitted) in [
            ("1.2.3", "1.2.3", true),
            ("1.2.3", "1.2.4", false),
            ("1.2", "1.2.9", true),
            ("1.x", "1.9.0", true),
            ("1.x", "2.0.0", false),
            ("*", "0.0.1", true),
            ("*", "1.0.0-rc.1", false),
            (">=1.0.0-0", "1.1.0-rc.1", true),
            (">=1.0.0", "1.1.0-rc.1", false),
            (">= 1.0, < 2.0.0", "1.5.0", true),
            (">=1.0.0 <2.0.0", "2.0.0", false),
            ("^1.2.3", "1.9.0", true),
            ("^0.2.3", "0.2.9", true),
            ("^0.2.3", "0.3.0", false),
            ("^0.0.3", "0.0.4", false),
            ("^0.0.3", "0.0.3", true),
            ("~1.2.3", "1.2.9", true),
            ("~1", "1.9.0", true),
            ("~1.2.3", "1.3.0", false),
            ("1.2 - 1.4", "1.4.9", true),
            ("1.2 - 1.4.1", "1.4.2", false),
            ("!=1.2.3", "1.2.3", false),
            ("<1.0.0 || >=2.0.0", "2.1.0", true),
            ("<1.0.0 || >=2.0.0", "1.1.0", false),
            (">1", "1.5.0", false),
            (">1", "2.0.0", true),
            ("<=1.2", "1.2.5", true),
        ] {
            let range: SemverRange = range.parse().unwrap();
            assert_eq!(range.admits(&Version::parse(version).unwrap()), admitted, "{range} {version}");
        }
    }

    #[test]
    fn what_is_no_range_is_refused() {
        for text in ["", "a.b", ">>1.0.0", "1.2.3.4", "1.2-rc", "||"] {
            assert!(text.parse::<SemverRange>().is_err(), "{text:?}");
        }
    }
}
