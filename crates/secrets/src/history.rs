//! When each encrypted value was last changed, from the history of the repository.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use windlass_sops::{DecryptOptions, EncryptedValue, Format, Identities, Location, Metadata, encrypted_values};
use zeroize::Zeroizing;

use crate::git::Git;
use crate::repository::RepositoryText;
use crate::{Error, Repository};

/// A value, and the time since when it is what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DatedValue {
    /// Where it stands.
    pub at: Location,
    /// The time of the commit that made it what it is, in seconds since 1970. None where it is not committed yet, or the
    /// repository has no history.
    pub since: Option<u64>,
    /// That commit, in short.
    pub commit: Option<String>,
    /// Whether the value may be older: its envelope is as old as this, but at that commit the whole file was encrypted anew,
    /// and no key was at hand to look through it.
    pub may_be_older: bool,
}

/// What the history tells of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct DatedFile {
    /// Its values.
    pub values: Vec<DatedValue>,
    /// The time of the commit that brought its data key, in seconds since 1970. None where it is not committed yet, or the
    /// repository has no history.
    pub key_since: Option<u64>,
    /// That commit, in short.
    pub key_commit: Option<String>,
}

/// Dates the encrypted values of files, and their data keys.
///
/// A value that does not change keeps its envelope, letter by letter, whatever else is edited: the first of the commits in a
/// row that have the envelope dates the value. A commit that made all envelopes of a file anew (a new data key) is looked
/// through by comparing the plaintexts on both sides of it, where `identities` open them. The history is that of the first
/// parents of what is checked out, so that a change counts from the day when it arrived there; renames are not followed.
///
/// A data key is the same as long as one envelope or the key as it is stored for one recipient is: no key is needed to see that.
///
/// # Errors
///
/// Where `git` fails. A version of a file that cannot be read dates nothing.
pub fn date_values(
    repository: &Repository,
    files: &[RepositoryText],
    identities: &Identities,
) -> Result<Vec<DatedFile>, Error> {
    let versions = match repository.git() {
        Some(git) => Versions::read(git, files)?,
        None => Versions::default(),
    };
    let date = |file: &RepositoryText| {
        let versions = versions.of(&file.path);
        let key = date_key(file, versions);
        DatedFile {
            values: date_file(file, versions, identities),
            key_since: key.map(|version| version.time),
            key_commit: key.map(Version::short),
        }
    };
    Ok(files.iter().map(date).collect())
}

/// The versions of files, the latest first.
#[derive(Default)]
struct Versions(BTreeMap<PathBuf, Vec<Version>>);

#[derive(Clone)]
struct Version {
    commit: String,
    time: u64,
    /// None where the file was not there any more.
    text: Option<Vec<u8>>,
}

impl Version {
    fn short(&self) -> String {
        self.commit.chars().take(10).collect()
    }
}

impl Versions {
    fn of(&self, path: &Path) -> &[Version] {
        self.0.get(path).map_or(&[], Vec::as_slice)
    }

    fn read(git: &Git, files: &[RepositoryText]) -> Result<Self, Error> {
        // A repository without a commit has no history to ask for.
        if git.ask(["rev-parse", "--verify", "-q", "HEAD"]).is_err() {
            return Ok(Self::default());
        }
        let wanted: BTreeSet<&Path> = files.iter().map(|file| file.path.as_path()).collect();
        let format = "--format=%x01%H %ct";
        let log = git.ask(["log", "--first-parent", "-m", "--raw", "--no-abbrev", "--no-renames", "-z", format])?;
        let entries = entries(git.root(), &log).into_iter().filter(|entry| wanted.contains(entry.path.as_path()));
        let entries: Vec<Entry> = entries.collect();
        let blobs: BTreeSet<&String> = entries.iter().filter_map(|entry| entry.blob.as_ref()).collect();
        let blobs: Vec<String> = blobs.into_iter().cloned().collect();
        let mut texts = BTreeMap::new();
        git.objects(&blobs, |name, text| drop(texts.insert(name.to_owned(), text)))?;
        let mut versions: BTreeMap<PathBuf, Vec<Version>> = BTreeMap::new();
        for Entry { path, commit, time, blob } in entries {
            let text = blob.and_then(|blob| texts.get(&blob).cloned());
            versions.entry(path).or_default().push(Version { commit, time, text });
        }
        Ok(Self(versions))
    }
}

/// A change of a file by a commit.
struct Entry {
    path: PathBuf,
    commit: String,
    time: u64,
    blob: Option<String>,
}

/// Reads `git log --raw -z`: `\x01COMMIT TIME`, then for each file `:MODE MODE OLD NEW STATUS` and its path.
fn entries(root: &Path, log: &[u8]) -> Vec<Entry> {
    let mut entries = Vec::new();
    let (mut commit, mut time) = (String::new(), 0);
    let mut change: Option<Option<String>> = None;
    for field in log.split(|byte| *byte == 0) {
        let text = String::from_utf8_lossy(field);
        let text = text.trim_start_matches('\n');
        if let Some(blob) = change.take() {
            entries.push(Entry { path: root.join(text), commit: commit.clone(), time, blob });
        } else if let Some((name, seconds)) = text.strip_prefix('\u{1}').and_then(|head| head.split_once(' ')) {
            commit = name.to_owned();
            time = seconds.trim().parse().unwrap_or_default();
        } else if text.starts_with(':') {
            let new = text.split(' ').nth(3).unwrap_or_default();
            change = Some((!new.bytes().all(|digit| digit == b'0')).then(|| new.to_owned()));
        }
    }
    entries
}

/// A value as long as it is followed into the past.
struct Followed {
    envelope: String,
    dated: DatedValue,
    /// Whether the past goes on.
    is_open: bool,
}

fn date_file(file: &RepositoryText, versions: &[Version], identities: &Identities) -> Vec<DatedValue> {
    let format = Format::of_path(&file.path);
    let start = |value: EncryptedValue| {
        let dated = DatedValue { at: value.at, since: None, commit: None, may_be_older: false };
        Followed { envelope: value.envelope, dated, is_open: true }
    };
    let values = encrypted_values(&file.text, format).unwrap_or_default();
    let mut followed: Vec<Followed> = values.into_iter().map(start).collect();
    let mut newer: &[u8] = &file.text;
    for version in versions {
        if !followed.iter().any(|value| value.is_open) {
            break;
        }
        let Some(text) = version.text.as_deref().filter(|text| encrypted_values(text, format).is_ok()) else { break };
        if text != newer {
            step_back(&mut followed, newer, text, format, identities);
        }
        for value in followed.iter_mut().filter(|value| value.is_open) {
            value.dated.since = Some(version.time);
            value.dated.commit = Some(version.short());
        }
        newer = text;
    }
    followed.into_iter().map(|value| value.dated).collect()
}

/// The first of the versions in a row that have the data key of a file.
fn date_key<'v>(file: &RepositoryText, versions: &'v [Version]) -> Option<&'v Version> {
    let format = Format::of_path(&file.path);
    let mut newer: &[u8] = &file.text;
    let mut first = None;
    for version in versions {
        let Some(older) = version.text.as_deref().filter(|older| *older == newer || has_same_key(newer, older, format))
        else {
            break;
        };
        first = Some(version);
        newer = older;
    }
    first
}

fn has_same_key(newer: &[u8], older: &[u8], format: Format) -> bool {
    let (Ok(new), Ok(old)) = (Metadata::read(newer, format), Metadata::read(older, format)) else { return false };
    // Recipients are equal with what is stored for them.
    if new.recipients().any(|recipient| old.recipients().any(|other| other == recipient)) {
        return true;
    }
    let envelopes = |text| encrypted_values(text, format).unwrap_or_default().into_iter().map(|value| value.envelope);
    let old: BTreeSet<String> = envelopes(older).collect();
    envelopes(newer).any(|envelope| old.contains(&envelope))
}

/// Closes the values that are others in the older text, and follows the rest into it.
fn step_back(followed: &mut [Followed], newer: &[u8], older: &[u8], format: Format, identities: &Identities) {
    let old = encrypted_values(older, format).unwrap_or_default();
    let same_place = |value: &Followed| {
        old.iter().find(|old| old.at.path == value.dated.at.path && old.at.document == value.dated.at.document)
    };
    let is_same = |value: &Followed| same_place(value).is_some_and(|old| old.envelope == value.envelope);
    let open = || followed.iter().filter(|value| value.is_open);
    // Only a new data key changes all of them, and one value alone looks the same either way.
    let all_new = open().count() > 0 && !open().any(is_same) && open().any(|value| same_place(value).is_some());
    let plaintexts =
        if all_new { opened(newer, format, identities).zip(opened(older, format, identities)) } else { None };
    let is_rotation = all_new && open().count() > 1;
    for value in followed.iter_mut().filter(|value| value.is_open) {
        let Some(old) = same_place(value) else {
            value.is_open = false;
            continue;
        };
        let kept = old.envelope == value.envelope
            || plaintexts.as_ref().is_some_and(|(new, old)| {
                new.get(&value.dated.at).is_some_and(|new| old.get(&value.dated.at) == Some(new))
            });
        if kept {
            value.envelope.clone_from(&old.envelope);
        } else {
            value.is_open = false;
            value.dated.may_be_older = is_rotation && plaintexts.is_none();
        }
    }
}

/// The plaintexts of a document by their places.
struct Opened(Vec<(Location, Zeroizing<String>)>);

impl Opened {
    fn get(&self, at: &Location) -> Option<&Zeroizing<String>> {
        let found = self.0.iter().find(|(own, _)| own.path == at.path && own.document == at.document);
        found.map(|(_, text)| text)
    }
}

fn opened(text: &[u8], format: Format, identities: &Identities) -> Option<Opened> {
    // One that no key is at hand for is not worth the attempt.
    Metadata::read(text, format).ok()?;
    let options = DecryptOptions::default().ignore_mac();
    let document = windlass_sops::Document::open(text, format, identities, &options).ok()?;
    let mut values = document.values();
    let found = encrypted_values(text, format).ok()?;
    let places = found.into_iter().filter_map(|value| {
        let shown = crate::json_path::get_path(values.get(value.at.document)?, &value.at.path)?.to_string();
        Some((value.at, Zeroizing::new(shown)))
    });
    let opened = Opened(places.collect());
    values.iter_mut().for_each(crate::json_path::wipe);
    Some(opened)
}
