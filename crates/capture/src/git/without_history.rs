use std::collections::{BTreeMap, BTreeSet, HashMap};

use gix_hash::ObjectId;
use gix_object::{CommitRefIter, Kind, TagRefIter};

use crate::Error;
use crate::git::repository::Repository;

/// Says in a commit's message which one it stands for.
const TRAILER: &str = "Windlass-Commit: ";

/// Commits that stand for those of a shallow repository, without the parents that are not there.
pub(super) struct Made {
    pub(super) commits: Vec<Vec<u8>>,
    /// Every reference, at the commit that stands for its own.
    pub(super) references: BTreeMap<String, ObjectId>,
}

/// Makes them. Signatures go, since they would not fit; annotated tags become plain ones.
pub(super) fn rewrite(
    repository: &Repository,
    references: &BTreeMap<String, ObjectId>,
    shallow: &BTreeSet<ObjectId>,
) -> Result<Made, Error> {
    let mut made = Made { commits: Vec::new(), references: BTreeMap::new() };
    let mut stands_for = HashMap::new();
    for (name, id) in references {
        let Some(commit) = peel(repository, *id)? else {
            // A tag of something that is no commit has no history to miss.
            made.references.insert(name.clone(), *id);
            continue;
        };
        let mut waiting = vec![commit];
        while let Some(&commit) = waiting.last() {
            if stands_for.contains_key(&commit) {
                waiting.pop();
                continue;
            }
            let mut text = Vec::new();
            repository.read(commit, &mut text)?;
            let is_cut = shallow.contains(&commit);
            let parents: Vec<_> = if is_cut {
                Vec::new()
            } else {
                CommitRefIter::from_bytes(&text, repository.hash).parent_ids().collect()
            };
            let before = waiting.len();
            waiting.extend(parents.iter().filter(|parent| !stands_for.contains_key(*parent)));
            if waiting.len() > before {
                continue;
            }
            waiting.pop();
            let parents: Vec<_> = parents.iter().filter_map(|parent| stands_for.get(parent).copied()).collect();
            let is_changed =
                is_cut || parents != CommitRefIter::from_bytes(&text, repository.hash).parent_ids().collect::<Vec<_>>();
            let id = if is_changed {
                let text = with_parents(&text, &parents, commit);
                let id = gix_object::compute_hash(repository.hash, Kind::Commit, &text)
                    .map_err(|error| repository.fail("pack", error.into()))?;
                made.commits.push(text);
                id
            } else {
                commit
            };
            stands_for.insert(commit, id);
        }
        let id = stands_for.get(&commit).copied().unwrap_or(commit);
        made.references.insert(name.clone(), id);
    }
    Ok(made)
}

/// The commit under tags.
fn peel(repository: &Repository, mut id: ObjectId) -> Result<Option<ObjectId>, Error> {
    let mut buffer = Vec::new();
    loop {
        match repository.read(id, &mut buffer)? {
            Kind::Commit => return Ok(Some(id)),
            Kind::Tag => {
                let target = TagRefIter::from_bytes(&buffer, repository.hash).target_id();
                id = target.map_err(|error| repository.fail("read an object of", error.into()))?;
            }
            Kind::Tree | Kind::Blob => return Ok(None),
        }
    }
}

/// The text of a commit with other parents, and whom it stands for.
fn with_parents(text: &[u8], parents: &[ObjectId], commit: ObjectId) -> Vec<u8> {
    let end = text.windows(2).position(|pair| pair == b"\n\n").map_or(text.len(), |at| at + 1);
    let (header, message) = text.split_at(end);
    let mut out = Vec::with_capacity(text.len() + 64);
    let mut skipping = false;
    for line in header.split_inclusive(|byte| *byte == b'\n') {
        // Further lines of a value begin with a blank.
        if !line.starts_with(b" ") {
            skipping = ["parent ", "gpgsig", "mergetag "].iter().any(|name| line.starts_with(name.as_bytes()));
        }
        if !skipping {
            out.extend_from_slice(line);
        }
        if line.starts_with(b"tree ") {
            parents.iter().for_each(|parent| out.extend_from_slice(format!("parent {parent}\n").as_bytes()));
        }
    }
    out.extend_from_slice(message);
    let blank = if message.ends_with(b"\n") { "" } else { "\n" };
    out.extend_from_slice(format!("{blank}\n{TRAILER}{commit}\n").as_bytes());
    out
}

/// The commit that the commit with this text stands for, if it does so.
pub(super) fn original(text: &[u8]) -> Option<ObjectId> {
    let line = text.strip_suffix(b"\n")?.rsplit(|byte| *byte == b'\n').next()?;
    ObjectId::from_hex(line.strip_prefix(TRAILER.as_bytes())?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parents_and_signatures_go_and_the_rest_stays() {
        let old = ObjectId::from_hex("a".repeat(40).as_bytes()).unwrap();
        let new = ObjectId::from_hex("b".repeat(40).as_bytes()).unwrap();
        let text = b"tree 1\nparent 2\nparent 3\nauthor A <a> 1 +0\ncommitter C <c> 1 +0\n\
            gpgsig -----BEGIN\n x\n -----END\nencoding latin1\n\nsubject\n\ngpgsig in the body\n";
        let made = with_parents(text, &[new], old);
        let wanted = format!(
            "tree 1\nparent {new}\nauthor A <a> 1 +0\ncommitter C <c> 1 +0\nencoding latin1\n\nsubject\n\n\
             gpgsig in the body\n\n{TRAILER}{old}\n"
        );
        assert_eq!(String::from_utf8(made.clone()).unwrap(), wanted);
        assert_eq!(original(&made), Some(old));
        assert_eq!(original(text), None);
    }
}
