//! Every secret of a repository: for whom it is encrypted, how old each value is, and which should be renewed.

use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use windlass_sops::{Format, Identities, Metadata, Recipient};

use crate::age_limits::{AgeLimits, FileLimits};
use crate::history::{DatedFile, DatedValue, date_values};
use crate::repository::Kind;
use crate::{Error, Repository, RuleFiles};

/// An encrypted file.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SecretFile {
    /// Its path, relative to the repository.
    pub path: PathBuf,
    /// For whom it is encrypted.
    pub recipients: Vec<Recipient>,
    /// Why it could not be read, where that is so. Then there is nothing else.
    pub fault: Option<String>,
    /// Its values and its data key with their dates.
    pub dated: DatedFile,
    /// How old they may become.
    pub limits: FileLimits,
}

/// The encrypted files of a repository, in the order of their paths.
///
/// # Errors
///
/// Where the repository or a file of rules cannot be read, or `git` fails.
pub fn status(
    repository: &Repository,
    identities: &Identities,
    limits: &AgeLimits,
    rules: &mut RuleFiles,
) -> Result<Vec<SecretFile>, Error> {
    let files = repository.texts(Kind::Encrypted)?;
    let dated = date_values(repository, &files, identities)?;
    let files = files.iter().zip(dated).map(|(file, dated)| {
        let path = repository.shown(&file.path).to_owned();
        let limits = limits.of(&path, &file.path, rules)?;
        let (recipients, fault) = match Metadata::read(&file.text, Format::of_path(&file.path)) {
            Ok(metadata) => (metadata.recipients().cloned().collect(), None),
            Err(error) => (Vec::new(), Some(error.to_string())),
        };
        Ok(SecretFile { path, recipients, fault, dated, limits })
    });
    files.collect()
}

impl SecretFile {
    /// Whether a value of the file is older than it may be.
    pub fn is_old(&self, value: &DatedValue, now: SystemTime) -> bool {
        exceeds(value.age(now), self.limits.value)
    }

    /// Whether its data key is.
    pub fn is_key_old(&self, now: SystemTime) -> bool {
        exceeds(self.dated.key_age(now), self.limits.data_key)
    }
}

fn exceeds(age: Option<Duration>, limit: Option<Duration>) -> bool {
    age.zip(limit).is_some_and(|(age, limit)| age > limit)
}

impl DatedValue {
    /// How long the value has been what it is. None where nothing dates it.
    pub fn age(&self, now: SystemTime) -> Option<Duration> {
        age(self.since, now)
    }
}

impl DatedFile {
    /// How long the data key has been in use. None where nothing dates it.
    pub fn key_age(&self, now: SystemTime) -> Option<Duration> {
        age(self.key_since, now)
    }
}

fn age(since: Option<u64>, now: SystemTime) -> Option<Duration> {
    let since = UNIX_EPOCH.checked_add(Duration::from_secs(since?))?;
    // A clock that was set back makes nothing older than new.
    Some(now.duration_since(since).unwrap_or_default())
}

/// The status as metrics, in the text format of Prometheus: `windlass_secret_value_age_seconds` for every value that can be
/// dated and `windlass_secret_data_key_age_seconds` for every such data key, each with its limit, where there is one, as
/// `…_max_age_seconds`; `windlass_secret_file_recipients` for every file; `windlass_secret_files`, `windlass_secret_values` and
/// `windlass_secret_too_old` in all.
pub fn metrics(files: &[SecretFile], now: SystemTime) -> String {
    let mut text = String::new();
    let mut family = |name: &str, help: &str, samples: Vec<String>| {
        text += &format!("# HELP {name} {help}\n# TYPE {name} gauge\n");
        samples.iter().for_each(|sample| text += &format!("{name}{sample}\n"));
    };
    let values = || files.iter().flat_map(|file| file.dated.values.iter().map(move |value| (file, value)));
    let of_value = |file: &SecretFile, value: &DatedValue, time: Option<Duration>| {
        let at = windlass_sops::Location { line: None, ..value.at.clone() };
        Some(format!("{{{},value=\"{}\"}} {}", of_file(file), label(&at.to_string()), time?.as_secs()))
    };
    let of_key = |file: &SecretFile, time: Option<Duration>| Some(format!("{{{}}} {}", of_file(file), time?.as_secs()));
    let recipients = |file: &SecretFile| format!("{{{}}} {}", of_file(file), file.recipients.len());
    let too_old = values().filter(|(file, value)| file.is_old(value, now)).count();
    let keys_too_old = files.iter().filter(|file| file.is_key_old(now)).count();
    family("windlass_secret_files", "Encrypted files in the repository.", vec![format!(" {}", files.len())]);
    family("windlass_secret_values", "Encrypted values in the repository.", vec![format!(" {}", values().count())]);
    family(
        "windlass_secret_too_old",
        "Values and data keys that are older than they may be.",
        vec![format!("{{what=\"value\"}} {too_old}"), format!("{{what=\"data_key\"}} {keys_too_old}")],
    );
    family(
        "windlass_secret_file_recipients",
        "Recipients who can open a file.",
        files.iter().map(recipients).collect(),
    );
    family(
        "windlass_secret_value_age_seconds",
        "Time since a value was last changed, by the history of the repository.",
        values().filter_map(|(file, value)| of_value(file, value, value.age(now))).collect(),
    );
    family(
        "windlass_secret_value_max_age_seconds",
        "How old a value may become.",
        values().filter_map(|(file, value)| of_value(file, value, file.limits.value)).collect(),
    );
    family(
        "windlass_secret_data_key_age_seconds",
        "Time since a file got its data key, by the history of the repository.",
        files.iter().filter_map(|file| of_key(file, file.dated.key_age(now))).collect(),
    );
    family(
        "windlass_secret_data_key_max_age_seconds",
        "How old a data key may become.",
        files.iter().filter_map(|file| of_key(file, file.limits.data_key)).collect(),
    );
    text
}

fn of_file(file: &SecretFile) -> String {
    format!("file=\"{}\"", label(&file.path.to_string_lossy()))
}

fn label(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
