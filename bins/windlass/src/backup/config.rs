//! The file that says where backups go and what is in them. Faults name file and line.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Deserializer, de};
use windlass_backup::{Recipient, Retention, StoreUrl, WriterId};
use windlass_capture::{FileOptions, FileTree};
use windlass_recovery::Selection;
use windlass_yaml::{Dialect, ReadOptions};

use crate::trouble::Trouble;

/// What is read when nobody names a file.
pub(super) const DEFAULT: &str = "windlass-backup.yaml";

/// A configuration, with its text for messages that point into it.
#[derive(Debug)]
pub(super) struct ConfigFile {
    path: PathBuf,
    text: String,
    pub(super) config: Config,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Config {
    /// Where the repository is: `s3://…`, `file:///…`, or a folder.
    pub(super) repository: String,
    /// A file as `~/.aws/credentials`; without it the environment is asked.
    pub(super) credentials: Option<Credentials>,
    /// The file with the writer key.
    pub(super) writer_key: Option<PathBuf>,
    /// Others whose snapshots are believed.
    #[serde(default, deserialize_with = "writers")]
    pub(super) trusted_writers: Vec<WriterId>,
    /// For whom `init` encrypts.
    #[serde(default)]
    pub(super) recipients: Vec<RecipientText>,
    /// The name of this machine or cluster in snapshots. Default: the hostname.
    pub(super) host: Option<String>,
    /// The folder for what must lie on a disk for a moment. Default: the system's for temporary files.
    pub(super) scratch: Option<PathBuf>,
    /// The folder that saves requests.
    pub(super) cache: Option<PathBuf>,
    /// What is saved.
    #[serde(default)]
    pub(super) save: Save,
    /// What `prune` keeps.
    pub(super) retention: Option<Retention>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Credentials {
    pub(super) file: PathBuf,
    #[serde(default = "default_profile")]
    pub(super) profile: String,
}

fn default_profile() -> String {
    "default".to_owned()
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct RecipientText {
    label: String,
    key: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Save {
    /// The objects of the cluster, with filters.
    pub(super) cluster: Option<Selection>,
    #[serde(default)]
    pub(super) files: Vec<Files>,
    #[serde(default)]
    pub(super) sqlite: Vec<Sqlite>,
    #[serde(default)]
    pub(super) dumps: Vec<DumpOf>,
    #[serde(default)]
    pub(super) git: Vec<Git>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Files {
    pub(super) name: String,
    pub(super) path: PathBuf,
    #[serde(default)]
    pub(super) include: Vec<String>,
    #[serde(default)]
    pub(super) exclude: Vec<String>,
    #[serde(default)]
    pub(super) databases: InTree,
    #[serde(default = "yes")]
    pub(super) one_file_system: bool,
    /// The claim whose volume it is, as `shop/data`: for whoever puts it back.
    pub(super) claim: Option<String>,
}

fn yes() -> bool {
    true
}

/// What happens to SQLite databases among files.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum InTree {
    #[default]
    Refuse,
    Snapshot,
    LeaveOut,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Sqlite {
    pub(super) name: String,
    pub(super) path: PathBuf,
    #[serde(default, deserialize_with = "duration")]
    pub(super) busy: Option<Duration>,
    /// The file system is FUSE or a network's, and this machine alone uses the database.
    #[serde(default)]
    pub(super) trust_file_system: bool,
    /// As with files.
    pub(super) claim: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct DumpOf {
    pub(super) name: String,
    /// The program and its arguments.
    #[serde(default)]
    pub(super) command: Vec<String>,
    /// Or a script for `/bin/sh`.
    pub(super) shell: Option<String>,
    #[serde(default)]
    pub(super) env: BTreeMap<String, String>,
    #[serde(default, deserialize_with = "duration")]
    pub(super) timeout: Option<Duration>,
    #[serde(default)]
    pub(super) allow_empty: bool,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Git {
    pub(super) name: String,
    /// A repository on this machine.
    pub(super) path: Option<PathBuf>,
    /// Or one to fetch, with the branch.
    pub(super) url: Option<String>,
    pub(super) branch: Option<String>,
    /// A folder with the files of a Secret for Flux: `username`, `password`, `identity`, `known_hosts`, `ca.crt`.
    pub(super) credentials: Option<PathBuf>,
}

impl ConfigFile {
    pub(super) fn read(path: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(path).map_err(|error| {
            let trouble = Trouble::new(format!("cannot read {}", path.display())).because(error);
            trouble.help("windlass backup init --help shows what such a file says")
        })?;
        let options = ReadOptions { duplicate_keys: ReadOptions::resource().duplicate_keys, ..ReadOptions::config() };
        let value = windlass_yaml::read_document(&text, &options)
            .map_err(|error| Trouble::new(format!("{}:{}: {error}", path.display(), error.position().line)))?;
        let config = serde_path_to_error::deserialize(value).map_err(|error| {
            let steps: Vec<String> = error.path().iter().map(step).collect();
            let steps: Vec<&str> = steps.iter().map(String::as_str).collect();
            Trouble::new(format!("{}: {}", place(path, &text, &steps), error.inner()))
        })?;
        let file = Self { path: path.to_owned(), text, config };
        file.check()?;
        Ok(file)
    }

    /// What a type cannot say.
    fn check(&self) -> anyhow::Result<()> {
        let save = &self.config.save;
        let named: [(&str, Vec<&str>); 4] = [
            ("files", save.files.iter().map(|item| item.name.as_str()).collect()),
            ("sqlite", save.sqlite.iter().map(|item| item.name.as_str()).collect()),
            ("dumps", save.dumps.iter().map(|item| item.name.as_str()).collect()),
            ("git", save.git.iter().map(|item| item.name.as_str()).collect()),
        ];
        for (list, names) in named {
            for (index, name) in names.iter().enumerate() {
                let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
                let is_name = |part: &str| !matches!(part, "" | "." | "..") && part.chars().all(is_plain);
                if !name.split('/').all(is_name) {
                    let what = format!("{name:?} is no name: letters, digits, and -_. between slashes");
                    return Err(self.fault(&["save", list, &index.to_string(), "name"], what));
                }
                if names[..index].contains(name) {
                    return Err(
                        self.fault(&["save", list, &index.to_string(), "name"], format!("{name} is given twice"))
                    );
                }
            }
        }
        StoreUrl::parse(&self.config.repository).map_err(|error| self.fault(&["repository"], error))?;
        for (index, files) in save.files.iter().enumerate() {
            let options = FileOptions::default().include(&files.include).exclude(&files.exclude);
            // Nothing is read yet.
            FileTree::new(&files.path, options)
                .map_err(|error| self.fault(&["save", "files", &index.to_string()], error))?;
        }
        let claims = save.files.iter().map(|item| &item.claim).enumerate().map(|(at, claim)| ("files", at, claim));
        let of_sqlite = save.sqlite.iter().map(|item| &item.claim).enumerate().map(|(at, claim)| ("sqlite", at, claim));
        for (list, index, claim) in claims.chain(of_sqlite) {
            let is_claim = |claim: &str| {
                claim
                    .split_once('/')
                    .is_some_and(|(space, name)| !space.is_empty() && !name.is_empty() && !name.contains('/'))
            };
            if let Some(claim) = claim.as_deref().filter(|claim| !is_claim(claim)) {
                let what = format!("{claim:?} is no claim: expected NAMESPACE/NAME, such as shop/data");
                return Err(self.fault(&["save", list, &index.to_string(), "claim"], what));
            }
        }
        for (index, dump) in save.dumps.iter().enumerate() {
            if dump.command.is_empty() == dump.shell.is_none() {
                let what = format!("{} needs one of `command` and `shell`", dump.name);
                return Err(self.fault(&["save", "dumps", &index.to_string()], what));
            }
        }
        for (index, git) in save.git.iter().enumerate() {
            if git.path.is_some() == git.url.is_some() {
                let what = format!("{} needs one of `path` and `url`", git.name);
                return Err(self.fault(&["save", "git", &index.to_string()], what));
            }
        }
        Ok(())
    }

    pub(super) fn recipients(&self) -> anyhow::Result<Vec<Recipient>> {
        let read = |(index, text): (usize, &RecipientText)| {
            Recipient::new(&text.label, &text.key)
                .map_err(|error| self.fault(&["recipients", &index.to_string(), "key"], error))
        };
        self.config.recipients.iter().enumerate().map(read).collect()
    }

    /// The text of the file.
    pub(super) fn into_text(self) -> String {
        self.text
    }

    /// A path of the file: relative ones are meant from its own folder.
    pub(super) fn path(&self, path: &Path) -> PathBuf {
        self.path.parent().unwrap_or(Path::new("")).join(path)
    }

    /// An error about the value at `steps`.
    pub(super) fn fault(&self, steps: &[&str], what: impl fmt::Display) -> anyhow::Error {
        Trouble::new(format!("{}: {what}", place(&self.path, &self.text, steps))).into()
    }
}

/// File and line of the value at `steps`, or of what is nearest to it.
fn place(path: &Path, text: &str, steps: &[&str]) -> String {
    match windlass_yaml::locate(text, Dialect::Config, 0, steps) {
        Some(span) => format!("{}:{}", path.display(), span.start.line),
        None => path.display().to_string(),
    }
}

fn step(segment: &serde_path_to_error::Segment) -> String {
    use serde_path_to_error::Segment;
    match segment {
        Segment::Seq { index } => index.to_string(),
        Segment::Map { key } => key.clone(),
        Segment::Enum { variant } => variant.clone(),
        Segment::Unknown => String::new(),
    }
}

/// `90s`, `10m`, `1h30m`.
fn duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let duration: jiff::SignedDuration =
        text.parse().map_err(|_| de::Error::custom(format!("{text:?} is no duration, such as 90s or 10m")))?;
    Duration::try_from(duration).map(Some).map_err(|_| de::Error::custom("a duration is not negative"))
}

fn writers<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<WriterId>, D::Error> {
    let texts = Vec::<String>::deserialize(deserializer)?;
    texts.iter().map(|text| text.parse().map_err(de::Error::custom)).collect()
}
