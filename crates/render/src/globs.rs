//! Entries of `resources` with `*` and `?`, where the options allow them.

use windlass_manifest::{EntryKind, TreePath};

use crate::Fault;
use crate::decode::At;
use crate::place::Place;
use crate::session::Session;

/// What a directory may call its kustomization. A pattern never means it.
const KUSTOMIZATIONS: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

impl Session<'_> {
    /// The entries, with those that are patterns replaced by what they stand for.
    pub(crate) fn with_globs(&mut self, place: &Place, entries: &[At<String>]) -> Vec<At<String>> {
        let mut all = Vec::with_capacity(entries.len());
        for entry in entries {
            if !self.options.globs || !is_pattern(&entry.value) || crate::remote::is_remote(&entry.value) {
                all.push(entry.clone());
                continue;
            }
            match self.paths_of(&place.directory, &entry.value) {
                Ok(paths) if paths.is_empty() => {
                    let fault = Fault::Missing { path: entry.value.clone(), suggestion: None };
                    self.fail(place.error(&entry.at, fault));
                }
                Ok(paths) => all.extend(paths.into_iter().map(|value| At { value, at: entry.at.clone() })),
                Err(fault) => drop(self.fail(place.error(&entry.at, fault))),
            }
        }
        all
    }

    /// The paths that a pattern stands for, name by name.
    fn paths_of(&mut self, directory: &TreePath, pattern: &str) -> Result<Vec<String>, Fault> {
        let mut found = vec![String::new()];
        let mut names = pattern.split('/').peekable();
        while let Some(name) = names.next() {
            let mut below = Vec::new();
            for above in found {
                let joined = |name: &str| if above.is_empty() { name.to_owned() } else { format!("{above}/{name}") };
                if !is_pattern(name) {
                    below.push(joined(name));
                    continue;
                }
                let (at, _) = self.loader.find(directory, if above.is_empty() { "." } else { &above })?;
                for entry in self.loader.list(&at)? {
                    let leads_on = names.peek().is_none() || entry.kind == EntryKind::Directory;
                    if leads_on && !KUSTOMIZATIONS.contains(&entry.name.as_str()) && fits(name, &entry.name) {
                        below.push(joined(&entry.name));
                    }
                }
            }
            found = below;
        }
        // Names behind the last pattern may be nowhere.
        found.retain(|path| self.loader.find(directory, path).is_ok());
        Ok(found)
    }
}

fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?'])
}

/// Whether a name fits a pattern. Names that start with a dot fit only what starts with one.
fn fits(pattern: &str, name: &str) -> bool {
    if name.starts_with('.') && !pattern.starts_with('.') {
        return false;
    }
    let (pattern, name): (Vec<char>, Vec<char>) = (pattern.chars().collect(), name.chars().collect());
    let (mut at, mut read) = (0, 0);
    // Where the last star stands, and how much it has taken so far.
    let mut star: Option<(usize, usize)> = None;
    while read < name.len() {
        match pattern.get(at) {
            Some('*') => {
                star = Some((at, read));
                at += 1;
            }
            Some(c) if *c == '?' || *c == name[read] => (at, read) = (at + 1, read + 1),
            _ => match &mut star {
                Some((place, taken)) => {
                    *taken += 1;
                    (at, read) = (*place + 1, *taken);
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_and_question_marks_stand_for_characters() {
        for (pattern, name) in [("*.yaml", "a.yaml"), ("a?c", "abc"), ("*", "x"), ("a*b*c", "a1b2b3c"), (".*", ".x")] {
            assert!(fits(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in [("*.yaml", "a.yml"), ("a?c", "ac"), ("*", ".hidden"), ("a*b", "abc")] {
            assert!(!fits(pattern, name), "{pattern} {name}");
        }
    }
}
