//! What is wrong, or could go wrong, with the secrets of a repository: from paths, texts and rules alone, without a key.

use std::fmt;

use crate::audit_plain;
use crate::finding::{Finding, Problem};
use crate::metadata::Metadata;
use crate::rules::{CreationRule, CreationRules};
use crate::selector_use;
use crate::{Error, Format, Recipients, is_encrypted, stores};

/// A file of a repository. It may hold secrets in clear: its `Debug` shows the path only.
#[derive(Clone, Copy)]
pub struct RepositoryFile<'a> {
    /// Its path relative to the folder of the `.sops.yaml`, with `/` between its parts.
    pub path: &'a str,
    /// Its content.
    pub text: &'a [u8],
}

impl fmt::Debug for RepositoryFile<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RepositoryFile").field("path", &self.path).finish_non_exhaustive()
    }
}

/// Looks through the files of a repository. The findings are in the order of the files, those about the rules last.
///
/// A file is looked at for what its name says it is ([`Format::of_path`]). Found are: secrets in clear, files that are
/// encrypted for others or by another selector than their rule says, that a single recipient opens, or whose metadata are
/// broken; rules that cannot be used, that no file matches, or whose selector picks nothing in any file.
pub fn audit<'a>(files: impl IntoIterator<Item = RepositoryFile<'a>>, rules: &CreationRules) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut seen = vec![Seen::default(); rules.rules.len()];
    for file in files {
        let rule = rules.rule_for(file.path);
        let problems = audit_file(&file, rule);
        if let Some(rule) = rule {
            seen[rule.number].note(&file, rule);
        }
        findings.extend(problems.into_iter().map(|problem| Finding { path: Some(file.path.to_owned()), problem }));
    }
    for (rule, seen) in rules.rules.iter().zip(&seen) {
        findings.extend(seen.problem(rule).map(|problem| Finding { path: None, problem }));
    }
    findings
}

/// Looks at one file. `rule` is the one that is for it.
pub fn audit_file(file: &RepositoryFile<'_>, rule: Option<&CreationRule>) -> Vec<Problem> {
    let format = Format::of_path(file.path);
    if !is_encrypted(file.text, format) && !has_metadata(file.text, format) {
        return audit_plain::problems(file.text, format, rule);
    }
    match Metadata::read(file.text, format) {
        Ok(metadata) => encrypted_problems(file, format, &metadata, rule),
        Err(error) => vec![Problem::Broken { reason: error.to_string() }],
    }
}

/// The exact answer, where the search for a marker says no.
fn has_metadata(text: &[u8], format: Format) -> bool {
    let names_it = text.windows(4).any(|window| window == b"sops");
    names_it
        && !matches!(
            Metadata::read(text, format),
            Err(Error::NotEncrypted | Error::Syntax { .. } | Error::Shape { .. })
        )
}

fn encrypted_problems(
    file: &RepositoryFile<'_>,
    format: Format,
    metadata: &Metadata,
    rule: Option<&CreationRule>,
) -> Vec<Problem> {
    let mut problems = Vec::new();
    let current = Recipients::of(metadata);
    if let Err(Error::Selector { field, .. }) = metadata.selector.compile() {
        problems.push(Problem::BrokenSelector { field });
    } else {
        match selector_use::in_encrypted(file.text, format, metadata) {
            Some(selected) if !selected.clear.is_empty() => problems.push(Problem::ClearValues { at: selected.clear }),
            Some(selected) if selected.count == 0 => problems.push(Problem::NothingEncrypted),
            _ => {}
        }
    }
    if let [group] = &metadata.groups[..]
        && let [only] = &group.recipients[..]
    {
        problems.push(Problem::SingleRecipient { recipient: only.id.clone() });
    }
    let Some(rule) = rule else { return problems };
    if let Ok(wanted) = rule.recipients()
        && !wanted.same_as(&current)
    {
        let lacks = |left: &Recipients, right: &Recipients| -> Vec<String> {
            let is_there = |id: &str| right.iter().any(|other| other.id == id);
            left.iter().filter(|one| !is_there(&one.id)).map(|one| one.id.clone()).collect()
        };
        problems.push(Problem::OtherRecipients { missing: lacks(&wanted, &current), extra: lacks(&current, &wanted) });
    }
    let same_mac = rule.mac_only_encrypted == metadata.mac_only_encrypted;
    if format != Format::Binary && (rule.selector != metadata.selector || !same_mac) {
        problems.push(Problem::OtherSelector);
    }
    problems
}

/// What the files say of a rule.
#[derive(Debug, Clone, Default)]
struct Seen {
    files: usize,
    /// Files whose values could be looked at.
    readable: usize,
    selected: usize,
}

impl Seen {
    fn note(&mut self, file: &RepositoryFile<'_>, rule: &CreationRule) {
        self.files += 1;
        let format = Format::of_path(file.path);
        let Ok(mut documents) = stores::read_plain(file.text, format) else { return };
        for document in &mut documents {
            let _ = stores::take_metadata(document, format);
        }
        if let Some(count) = selector_use::count(&mut documents, &rule.selector) {
            self.readable += 1;
            self.selected += count;
        }
    }

    fn problem(&self, rule: &CreationRule) -> Option<Problem> {
        if let Err(error) = rule.check() {
            return Some(Problem::BrokenRule { rule: rule.number, reason: error.to_string() });
        }
        let rule = rule.number;
        if self.files == 0 {
            Some(Problem::UnusedRule { rule })
        } else if self.readable > 0 && self.selected == 0 {
            Some(Problem::RuleSelectsNothing { rule })
        } else {
            None
        }
    }
}
