//! What is wrong, or could go wrong, with the secrets of a repository.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use windlass_sops::{CreationRules, Finding, Format, Location, Problem, RepositoryFile, audit, audit_file};
use zeroize::Zeroizing;

use crate::repository::RepositoryText;
use crate::rule_files::{RuleFile, RuleFiles};
use crate::{Error, Repository, is_no_secret, placeholder};

/// What a check is to look at.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct CheckOptions {
    /// Patterns of files, relative to the repository, that are left out.
    pub exclude: Vec<String>,
    /// Whether all commits are looked through for secrets in clear.
    pub history: bool,
    /// Whether the files are taken from Git's index, as the next commit will hold them, and not from the working directory.
    pub staged: bool,
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Severity {
    /// A secret is readable by everybody who has the repository.
    Leak,
    /// A file is not what the rules say, or does not work.
    Fault,
    /// It works, and could go wrong.
    Risk,
}

/// Something wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CheckFinding {
    /// How bad it is.
    pub severity: Severity,
    /// A word for it that programs can rely on, as in `plain-secret`.
    pub code: &'static str,
    /// The file, relative to the repository; the file with the rules where it is about a rule.
    pub path: PathBuf,
    /// The line, from 1, where it is about one.
    pub line: Option<usize>,
    /// The commit that brought it, where it is about the history.
    pub commit: Option<String>,
    /// What is wrong, without any secret.
    pub message: String,
}

impl CheckFinding {
    /// One about a whole file, or whatever else has a name.
    pub fn new(severity: Severity, code: &'static str, path: PathBuf, message: String) -> Self {
        Self { severity, code, path, line: None, commit: None, message }
    }
}

/// Checks a repository: secrets that lie there in clear, files that are not what their rule says, rules that do nothing or
/// cannot be used, files that one recipient alone can open. No key is needed. The findings are sorted, the worst first.
///
/// A value of a Secret in clear that is nothing but a variable (`${PASSWORD}`), which Flux puts in later, is no finding; nor is
/// an object in clear that a broad rule matches and that is [no Secret](is_no_secret).
///
/// # Errors
///
/// Where the repository cannot be read, a pattern is none, or `git` fails.
pub fn check(
    repository: &Repository,
    rules: &mut RuleFiles,
    options: &CheckOptions,
) -> Result<Vec<CheckFinding>, Error> {
    let excluded = patterns(&options.exclude)?;
    let mut files = if options.staged { repository.staged_texts()? } else { repository.all_texts()? };
    files.retain(|file| !excluded.is_match(repository.shown(&file.path)));
    let mut findings = Vec::new();
    for (rule_file, files) in by_rules(&files, rules, repository, &mut findings) {
        let default = CreationRules::default();
        let creation_rules = rule_file.as_ref().map_or(&default, |file| &file.rules);
        let names: Vec<String> = files
            .iter()
            .map(|file| match &rule_file {
                Some(rules) => rules.name_of(&file.path),
                None => repository.shown(&file.path).to_string_lossy().into_owned(),
            })
            .collect();
        let texts = files.iter().zip(&names).map(|(file, name)| RepositoryFile { path: name, text: &file.text });
        for Finding { path, problem, .. } in audit(texts, creation_rules) {
            let file = path.as_ref().and_then(|path| names.iter().position(|name| name == path)).map(|at| files[at]);
            let at = file.map(|file| file.path.as_path()).or(rule_file.as_ref().map(|rules| rules.path.as_path()));
            let Some(problem) = without_false_alarms(problem, file) else { continue };
            findings.push(finding(repository.shown(at.unwrap_or(repository.root())), &problem));
        }
    }
    if options.history {
        findings.extend(in_history(repository, &files, &excluded)?);
    }
    findings.sort_by(|left, right| {
        (left.severity, &left.path, left.line, &left.message).cmp(&(
            right.severity,
            &right.path,
            right.line,
            &right.message,
        ))
    });
    Ok(findings)
}

fn patterns(patterns: &[String]) -> Result<GlobSet, Error> {
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        let fault = |source| Error::Pattern { pattern: pattern.clone(), source };
        set.add(GlobBuilder::new(pattern).literal_separator(true).build().map_err(fault)?);
    }
    set.build().map_err(|source| Error::Pattern { pattern: patterns.join(" "), source })
}

type Group<'f> = (Option<Arc<RuleFile>>, Vec<&'f RepositoryText>);

/// The files by the rules that are for them. Rules that cannot be used are a finding, and their files have none.
fn by_rules<'f>(
    files: &'f [RepositoryText],
    rules: &mut RuleFiles,
    repository: &Repository,
    findings: &mut Vec<CheckFinding>,
) -> Vec<Group<'f>> {
    let mut groups: BTreeMap<Option<PathBuf>, Group<'f>> = BTreeMap::new();
    let mut told = BTreeSet::new();
    for file in files {
        let rule_file = match rules.for_file(&file.path) {
            Ok(found) => found,
            Err(error) => {
                let message = error.to_string();
                if told.insert(message.clone()) {
                    findings.push(CheckFinding {
                        severity: Severity::Fault,
                        code: "broken-rules",
                        path: match &error {
                            Error::Rules { path, .. } | Error::Read { path, .. } => repository.shown(path).to_owned(),
                            _ => PathBuf::from(CreationRules::FILE_NAME),
                        },
                        line: None,
                        commit: None,
                        message: match error {
                            Error::Rules { source, .. } => source.to_string(),
                            _ => message,
                        },
                    });
                }
                None
            }
        };
        // The rules are no secrets themselves, though one without a path is for every file.
        let is_rules = file.path.file_name().is_some_and(|name| name == CreationRules::FILE_NAME);
        let key = rule_file.as_ref().filter(|_| !is_rules).map(|found| found.path.clone());
        let rule_file = rule_file.filter(|_| !is_rules);
        groups.entry(key).or_insert_with(|| (rule_file, Vec::new())).1.push(file);
    }
    groups.into_values().collect()
}

/// A Secret whose values are all put in later is none in clear; and a rule that is as broad as the folder does not mean every
/// object in it.
fn without_false_alarms(problem: Problem, file: Option<&RepositoryText>) -> Option<Problem> {
    if let (Problem::NotEncrypted { .. }, Some(file)) = (&problem, file)
        && is_no_secret(&file.text, Format::of_path(&file.path))
    {
        return None;
    }
    let (Problem::PlainSecret { at }, Some(file)) = (&problem, file) else { return Some(problem) };
    let left: Vec<Location> = placeholder::without(at.clone(), &file.text);
    (!left.is_empty()).then_some(Problem::PlainSecret { at: left })
}

fn finding(path: &Path, problem: &Problem) -> CheckFinding {
    let (severity, code) = kind(problem);
    let line = match problem {
        Problem::PrivateKey { line, .. } => Some(*line),
        Problem::PlainSecret { at } | Problem::ClearValues { at } => at.first().and_then(|at| at.line),
        _ => None,
    };
    CheckFinding { severity, code, path: path.to_owned(), line, commit: None, message: problem.to_string() }
}

fn kind(problem: &Problem) -> (Severity, &'static str) {
    match problem {
        Problem::PrivateKey { .. } => (Severity::Leak, "private-key"),
        Problem::PlainSecret { .. } => (Severity::Leak, "plain-secret"),
        Problem::NotEncrypted { .. } => (Severity::Leak, "not-encrypted"),
        Problem::ClearValues { .. } => (Severity::Leak, "clear-values"),
        Problem::BrokenSelector { .. } => (Severity::Leak, "broken-selector"),
        Problem::Broken { .. } => (Severity::Fault, "broken"),
        Problem::NothingEncrypted => (Severity::Fault, "nothing-encrypted"),
        Problem::OtherRecipients { .. } => (Severity::Fault, "other-recipients"),
        Problem::BrokenRule { .. } => (Severity::Fault, "broken-rule"),
        Problem::RuleSelectsNothing { .. } => (Severity::Fault, "rule-selects-nothing"),
        Problem::SingleRecipient { .. } => (Severity::Risk, "single-recipient"),
        Problem::OtherSelector => (Severity::Risk, "other-selector"),
        Problem::UnusedRule { .. } => (Severity::Risk, "unused-rule"),
        // A problem that a later windlass-sops knows is one all the same.
        _ => (Severity::Fault, "other"),
    }
}

/// Secrets in clear in any version of any file, but for those that lie in the working directory still.
fn in_history(
    repository: &Repository,
    files: &[RepositoryText],
    excluded: &GlobSet,
) -> Result<Vec<CheckFinding>, Error> {
    let Some(git) = repository.git() else { return Ok(Vec::new()) };
    let listed = git.ask(["rev-list", "--objects", "--all"])?;
    let listed = String::from_utf8_lossy(&listed);
    let named = listed.lines().filter_map(|line| line.split_once(' ')).filter(|(_, path)| !path.is_empty());
    let paths: BTreeMap<String, String> = named
        .filter(|(_, path)| !excluded.is_match(path))
        .map(|(name, path)| (name.to_owned(), path.to_owned()))
        .collect();
    let names: Vec<String> = paths.keys().cloned().collect();
    let mut found = Vec::new();
    git.objects(&names, |name, text| {
        let Some(path) = paths.get(name) else { return };
        let is_here = files.iter().any(|file| *file.text == text);
        // Trees have paths as well, and are no texts.
        if is_here || text.is_empty() || text.contains(&0) {
            return;
        }
        let file = RepositoryText { path: PathBuf::from(path), text: Zeroizing::new(text) };
        let problems = audit_file(&RepositoryFile { path, text: &file.text }, None);
        let leaks = problems.into_iter().filter(|problem| {
            matches!(problem, Problem::PlainSecret { .. } | Problem::PrivateKey { .. }) && !is_template(path)
        });
        let leaks = leaks.filter_map(|problem| without_false_alarms(problem, Some(&file)));
        found.extend(leaks.map(|problem| (name.to_owned(), path.clone(), problem)));
    })?;
    let mut findings = Vec::new();
    for (name, path, problem) in found {
        let by = format!("--find-object={name}");
        let commit = git.ask(["log", "--all", "--reverse", "--format=%h", &by])?;
        let commit = String::from_utf8_lossy(&commit).lines().next().map(str::to_owned);
        let mut finding = finding(Path::new(&path), &problem);
        finding.code = "in-history";
        finding.message = format!(
            "{} (in the history, commit {}): whoever has the repository has it; change it where it comes from",
            finding.message,
            commit.as_deref().unwrap_or("unknown")
        );
        finding.commit = commit;
        findings.push(finding);
    }
    Ok(findings)
}

/// The documents of charts and generators are no Secrets before they are filled in.
fn is_template(path: &str) -> bool {
    Format::of_path(path) == Format::Yaml && path.contains("/templates/")
}
