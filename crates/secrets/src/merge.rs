//! Three sides of an encrypted file, merged: decrypted, merged by key, encrypted once.

use std::path::Path;

use serde_json::Value as Json;
use windlass_sops::{Document, Format, Location, Recipient, Recipients, encrypted_values};
use zeroize::Zeroizing;

use crate::Error;
use crate::change::{Hands, fault};
use crate::json_path::wipe;
use crate::line_merge;
use crate::value_merge::{self, Merge};

/// The sides of a merge, as Git hands them over.
#[derive(Debug, Clone, Copy)]
pub struct Sides<'a> {
    /// The common ancestor; empty where both sides made the file.
    pub base: &'a [u8],
    /// What is checked out.
    pub ours: &'a [u8],
    /// What is merged in.
    pub theirs: &'a [u8],
}

/// What came out.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Merged {
    /// An encrypted file with the changes of both sides.
    Clean(Vec<u8>),
    /// Both sides changed the same values, or for whom or how the file is encrypted.
    Conflict {
        /// The text with Git's marks around what differs. It holds no plaintext. What lies between the marks is encrypted with one
        /// data key, and the MAC stands between marks too: whoever takes one side everywhere has a valid file; whoever mixes
        /// them has one whose MAC has to be renewed (`edit --ignore-mac`).
        text: Vec<u8>,
        /// The values at which they differ.
        at: Vec<Location>,
        /// Where it is about more than values.
        reason: Option<&'static str>,
    },
}

/// Merges three sides of an encrypted file.
///
/// Mappings are merged key by key, lists as a whole. Comments and layout are merged by line where that comes to the same
/// values; else they are those of our side. Recipients are merged too: who was added on either side is added, who was
/// removed on either side is removed, and then the data key is a new one.
///
/// # Errors
///
/// Where one of the sides cannot be opened, or the result cannot be written.
pub fn merge(path: &Path, sides: &Sides<'_>, format: Format, hands: &Hands<'_>) -> Result<Merged, Error> {
    let open = |text: &[u8]| hands.open(path, text, format);
    let (mut ours, theirs) = (open(sides.ours)?, open(sides.theirs)?);
    let base = if sides.base.is_empty() { None } else { Some(open(sides.base)?) };
    if ours.metadata().selector != theirs.metadata().selector
        || ours.metadata().mac_only_encrypted != theirs.metadata().mac_only_encrypted
    {
        return Ok(whole_conflict(sides, "the sides select other values to be encrypted"));
    }
    let Some(recipients) = merge_recipients(base.as_ref(), &ours, &theirs) else {
        return Ok(whole_conflict(sides, "both sides changed the key groups"));
    };
    let values = Values::of(base.as_ref(), &ours, &theirs);
    let Some(merges) = values.merge() else {
        return Ok(whole_conflict(sides, "the sides have different numbers of documents"));
    };
    let texts = plaintexts(path, base.as_ref(), &ours, &theirs)?;
    let conflicts: Vec<Location> =
        merges.iter().enumerate().flat_map(|(number, merge)| places(number, merge)).collect();
    ours.set_recipients(recipients);
    if !ours.removed_recipients().is_empty() {
        ours.rotate().map_err(|error| fault(path, error))?;
    }
    let save = |document: &Document| document.save(hands.now).map_err(|error| fault(path, error));
    if conflicts.is_empty() {
        let by_line = line_merge::merge(&texts.base, &texts.ours, &texts.theirs);
        let mut by_key = values.merged(&merges);
        let taken = by_line.is_some_and(|text| takes(&mut ours, &text, &by_key));
        by_key.iter_mut().for_each(wipe);
        if !taken {
            apply(path, &mut ours, &merges)?;
        }
        return save(&ours).map(Merged::Clean);
    }
    apply(path, &mut ours, &merges)?;
    let our_text = save(&ours)?;
    let mut other = open_again(path, &our_text, format, hands)?;
    for (number, merge) in merges.iter().enumerate() {
        for (at, value) in &merge.conflicts {
            match value {
                Some(value) => drop(other.set_in(number, at, value).map_err(|error| fault(path, error))?),
                None => drop(other.unset_in(number, at).map_err(|error| fault(path, error))?),
            }
        }
    }
    let their_text = save(&other)?;
    let text = marked(&our_text, &their_text);
    Ok(Merged::Conflict { text, at: with_lines(conflicts, &our_text, format), reason: None })
}

/// The merged text is opened with the identities again: its data key may be a new one.
fn open_again(path: &Path, text: &[u8], format: Format, hands: &Hands<'_>) -> Result<Document, Error> {
    hands.open(path, text, format)
}

fn marked(ours: &[u8], theirs: &[u8]) -> Vec<u8> {
    let (ours, theirs) = (String::from_utf8_lossy(ours), String::from_utf8_lossy(theirs));
    line_merge::with_marks(&ours, &theirs, "ours", "theirs").into_bytes()
}

fn whole_conflict(sides: &Sides<'_>, reason: &'static str) -> Merged {
    Merged::Conflict { text: marked(sides.ours, sides.theirs), at: Vec::new(), reason: Some(reason) }
}

fn places(document: usize, merge: &Merge) -> impl Iterator<Item = Location> + '_ {
    merge.conflicts.iter().map(move |(path, _)| Location { path: path.clone(), document, line: None })
}

fn with_lines(places: Vec<Location>, text: &[u8], format: Format) -> Vec<Location> {
    let values = encrypted_values(text, format).unwrap_or_default();
    let line = |at: &Location| {
        let found = values.iter().find(|value| value.at.path == at.path && value.at.document == at.document);
        found.and_then(|value| value.at.line)
    };
    places.into_iter().map(|at| Location { line: line(&at), ..at }).collect()
}

/// The values of the three sides; wiped when they are dropped.
struct Values {
    base: Vec<Json>,
    ours: Vec<Json>,
    theirs: Vec<Json>,
}

impl Values {
    fn of(base: Option<&Document>, ours: &Document, theirs: &Document) -> Self {
        let ours = ours.values();
        let base = match base {
            Some(base) => base.values(),
            // Nothing was there: whatever is in both and differs is a conflict.
            None => ours.iter().map(|_| Json::Object(serde_json::Map::new())).collect(),
        };
        Self { base, ours, theirs: theirs.values() }
    }

    fn merge(&self) -> Option<Vec<Merge>> {
        let count = self.ours.len();
        if self.base.len() != count || self.theirs.len() != count {
            return None;
        }
        let sides = self.base.iter().zip(&self.ours).zip(&self.theirs);
        Some(sides.map(|((base, ours), theirs)| value_merge::merge(base, ours, theirs)).collect())
    }

    /// Our side with the changes of theirs.
    fn merged(&self, merges: &[Merge]) -> Vec<Json> {
        let mut merged = self.ours.clone();
        for (document, merge) in merged.iter_mut().zip(merges) {
            merge.set.iter().for_each(|(path, value)| crate::json_path::set_path(document, path, value.clone()));
            merge.unset.iter().for_each(|path| crate::json_path::unset_path(document, path));
        }
        merged
    }
}

impl Drop for Values {
    fn drop(&mut self) {
        for value in self.base.iter_mut().chain(&mut self.ours).chain(&mut self.theirs) {
            wipe(value);
        }
    }
}

/// Takes a text into the document, if its values are the expected ones.
fn takes(document: &mut Document, text: &str, expected: &[Json]) -> bool {
    let before = document.plaintext();
    if document.replace(text.as_bytes()).is_err() {
        return false;
    }
    let mut values = document.values();
    let same = values == expected;
    values.iter_mut().for_each(wipe);
    if !same && let Ok(before) = before {
        // It was read from the document a moment ago.
        let _ = document.replace(&before);
    }
    same
}

fn apply(path: &Path, document: &mut Document, merges: &[Merge]) -> Result<(), Error> {
    for (number, merge) in merges.iter().enumerate() {
        for (at, value) in &merge.set {
            document.set_in(number, at, value).map_err(|error| fault(path, error))?;
        }
        for at in &merge.unset {
            document.unset_in(number, at).map_err(|error| fault(path, error))?;
        }
    }
    Ok(())
}

/// The plaintexts in the layout of their files.
struct Plaintexts {
    base: Zeroizing<String>,
    ours: Zeroizing<String>,
    theirs: Zeroizing<String>,
}

fn plaintexts(path: &Path, base: Option<&Document>, ours: &Document, theirs: &Document) -> Result<Plaintexts, Error> {
    let text = |document: &Document| {
        let bytes = document.plaintext().map_err(|error| fault(path, error))?;
        Ok::<_, Error>(Zeroizing::new(String::from_utf8_lossy(&bytes).into_owned()))
    };
    let base = base.map(text).transpose()?.unwrap_or_default();
    Ok(Plaintexts { base, ours: text(ours)?, theirs: text(theirs)? })
}

/// The recipients of both sides. None where that cannot be said: key groups that both changed.
fn merge_recipients(base: Option<&Document>, ours: &Document, theirs: &Document) -> Option<Recipients> {
    let of = |document: &Document| Recipients::of(document.metadata());
    let (our, their) = (of(ours), of(theirs));
    let base = base.map_or_else(|| our.clone(), of);
    let same = |left: &Recipients, right: &Recipients| left.same_as(right) && left.threshold() == right.threshold();
    if same(&their, &base) || same(&their, &our) {
        return Some(our);
    }
    if same(&our, &base) {
        return Some(their);
    }
    if our.group_count() != 1 || their.group_count() != 1 || base.group_count() != 1 {
        return None;
    }
    let has = |all: &Recipients, one: &Recipient| all.iter().any(|known| known.kind == one.kind && known.id == one.id);
    let mut merged = our.clone();
    merged.add(their.iter().filter(|one| !has(&base, one)).cloned());
    let removed: Vec<Recipient> = base.iter().filter(|one| !has(&their, one)).cloned().collect();
    merged.remove(&removed);
    Some(merged)
}
