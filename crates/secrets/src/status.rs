//! Every secret of a repository: for whom it is encrypted, and how old each value is.

use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use windlass_sops::{Format, Identities, Metadata, Recipient};

use crate::history::{DatedValue, date_values};
use crate::repository::Kind;
use crate::{Error, Repository};

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
    /// The values.
    pub values: Vec<DatedValue>,
}

/// The encrypted files of a repository, in the order of their paths.
///
/// # Errors
///
/// Where the repository cannot be read, or `git` fails.
pub fn status(repository: &Repository, identities: &Identities) -> Result<Vec<SecretFile>, Error> {
    let files = repository.texts(Kind::Encrypted)?;
    let dated = date_values(repository, &files, identities)?;
    let files = files.iter().zip(dated).map(|(file, values)| {
        let path = repository.shown(&file.path).to_owned();
        match Metadata::read(&file.text, Format::of_path(&file.path)) {
            Ok(metadata) => {
                let recipients = metadata.recipients().cloned().collect();
                SecretFile { path, recipients, fault: None, values }
            }
            Err(error) => SecretFile { path, recipients: Vec::new(), fault: Some(error.to_string()), values },
        }
    });
    Ok(files.collect())
}

impl DatedValue {
    /// How long the value has been what it is. None where nothing dates it.
    pub fn age(&self, now: SystemTime) -> Option<Duration> {
        let since = UNIX_EPOCH.checked_add(Duration::from_secs(self.since?))?;
        // A clock that was set back makes nothing older than new.
        Some(now.duration_since(since).unwrap_or_default())
    }
}

/// The status as metrics, in the text format of Prometheus: `windlass_secret_value_age_seconds` for every value that can be
/// dated, `windlass_secret_file_recipients` for every file, and `windlass_secret_files` and `windlass_secret_values` in all.
pub fn metrics(files: &[SecretFile], now: SystemTime) -> String {
    let mut text = String::new();
    let mut family = |name: &str, help: &str, samples: Vec<String>| {
        text += &format!("# HELP {name} {help}\n# TYPE {name} gauge\n");
        samples.iter().for_each(|sample| text += &format!("{name}{sample}\n"));
    };
    let values = || files.iter().flat_map(|file| file.values.iter().map(move |value| (file, value)));
    let age = |(file, value): (&SecretFile, &DatedValue)| {
        let age = value.age(now)?.as_secs();
        let at = windlass_sops::Location { line: None, ..value.at.clone() };
        Some(format!("{{file=\"{}\",value=\"{}\"}} {age}", label(&file.path.to_string_lossy()), label(&at.to_string())))
    };
    let recipients =
        |file: &SecretFile| format!("{{file=\"{}\"}} {}", label(&file.path.to_string_lossy()), file.recipients.len());
    family("windlass_secret_files", "Encrypted files in the repository.", vec![format!(" {}", files.len())]);
    family("windlass_secret_values", "Encrypted values in the repository.", vec![format!(" {}", values().count())]);
    family(
        "windlass_secret_file_recipients",
        "Recipients who can open a file.",
        files.iter().map(recipients).collect(),
    );
    family(
        "windlass_secret_value_age_seconds",
        "Time since a value was last changed, by the history of the repository.",
        values().filter_map(age).collect(),
    );
    text
}

fn label(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
