use windlass_manifest::TreePath;

use crate::ignore::name_pattern::NamePattern;

/// One line of a `.sourceignore`, as Flux reads it.
#[derive(Debug, Clone)]
pub(crate) struct Pattern {
    /// The names of the directories that it counts in.
    domain: Vec<String>,
    shape: Shape,
    brings_back: bool,
    directories_only: bool,
}

#[derive(Debug, Clone)]
enum Shape {
    /// Without a slash: any name on the way.
    Name(NamePattern),
    /// With one: the way from the domain.
    Way(Vec<Step>),
}

#[derive(Debug, Clone)]
enum Step {
    /// What stands before a slash at the start, or between two.
    Empty,
    /// `**`.
    AnyDepth,
    Name(NamePattern),
}

/// What a pattern says of a path that it matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Ignore,
    Keep,
}

impl Pattern {
    /// The patterns of a file in the directory `domain`: comments and blank lines are none.
    pub(crate) fn read(text: &str, domain: &TreePath) -> Vec<Self> {
        let lines = text.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty());
        lines.map(|line| Self::parse(line, domain)).collect()
    }

    pub(crate) fn parse(text: &str, domain: &TreePath) -> Self {
        let (brings_back, text) = text.strip_prefix('!').map_or((false, text), |rest| (true, rest));
        let text = if text.ends_with("\\ ") { text } else { text.trim_end_matches(' ') };
        let (directories_only, text) = text.strip_suffix('/').map_or((false, text), |rest| (true, rest));
        let shape = if text.contains('/') {
            Shape::Way(text.split('/').map(Step::parse).collect())
        } else {
            Shape::Name(NamePattern::parse(text))
        };
        let domain = domain.parts().map(str::to_owned).collect();
        Self { domain, shape, brings_back, directories_only }
    }

    /// Whether it starts with `!`.
    pub(crate) fn brings_back(&self) -> bool {
        self.brings_back
    }

    /// What it says of a path; `None` where it says nothing.
    pub(crate) fn judge(&self, path: &[&str], is_directory: bool) -> Option<Verdict> {
        let rest = path.get(self.domain.len()..).filter(|rest| !rest.is_empty())?;
        let inside = self.domain.iter().zip(path).all(|(own, part)| own == part);
        let matched = match &self.shape {
            Shape::Name(name) => self.matches_name(name, rest, is_directory),
            Shape::Way(steps) => self.matches_way(steps, rest, is_directory),
        };
        let verdict = if self.brings_back { Verdict::Keep } else { Verdict::Ignore };
        (inside && matched).then_some(verdict)
    }

    fn matches_name(&self, name: &NamePattern, path: &[&str], is_directory: bool) -> bool {
        let found = path.iter().position(|part| name.matches(part));
        found.is_some_and(|at| !self.directories_only || is_directory || at + 1 < path.len())
    }

    /// Matches the path, or a directory above it. After `**` the first name that fits is taken, as Flux does: there is
    /// no second try, so `**/a/b` does not match `a/a/b`.
    fn matches_way(&self, steps: &[Step], path: &[&str], is_directory: bool) -> bool {
        let mut rest = path;
        let (mut matched, mut any_depth) = (false, false);
        for (index, step) in steps.iter().enumerate() {
            match step {
                Step::Empty => any_depth = false,
                Step::AnyDepth if index + 1 == steps.len() => break,
                Step::AnyDepth => any_depth = true,
                Step::Name(name) => {
                    let skipped = if any_depth { rest.iter().position(|part| name.matches(part)) } else { Some(0) };
                    any_depth = false;
                    match skipped.and_then(|skipped| Some((skipped, rest.get(skipped)?))) {
                        Some((skipped, part)) if name.matches(part) => {
                            rest = &rest[skipped + 1..];
                            matched = true;
                        }
                        _ => return false,
                    }
                }
            }
        }
        matched && !(self.directories_only && !is_directory && rest.is_empty())
    }
}

impl Step {
    fn parse(text: &str) -> Self {
        match text {
            "" => Self::Empty,
            "**" => Self::AnyDepth,
            // Flux lets two stars beside other letters match nothing.
            text if text.contains("**") => Self::Name(NamePattern::nothing()),
            text => Self::Name(NamePattern::parse(text)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `tests/fixtures/sourceignore.txt` holds what Flux's own library answered.
    #[test]
    fn every_recorded_answer_of_flux_is_given() {
        let recorded = include_str!("../../tests/fixtures/sourceignore.txt");
        let mut patterns: Vec<Pattern> = Vec::new();
        let (mut asked, mut reading) = (0, false);
        for line in recorded.lines().filter(|line| !line.starts_with("# ")) {
            if let Some(text) = line.strip_prefix('>').and_then(|rest| rest.strip_suffix('<')) {
                if !reading {
                    patterns.clear();
                }
                reading = true;
                patterns.extend(Pattern::read(text, &TreePath::root()));
                continue;
            }
            reading = false;
            let [kind, path, verdict] = line.splitn(3, ' ').collect::<Vec<_>>().try_into().unwrap();
            let parts: Vec<&str> = path.split('/').collect();
            let judged = patterns.iter().rev().find_map(|pattern| pattern.judge(&parts, kind == "directory"));
            assert_eq!(judged == Some(Verdict::Ignore), verdict == "ignored", "{line} under {patterns:?}");
            asked += 1;
        }
        assert_eq!(asked, 3000);
    }
}
