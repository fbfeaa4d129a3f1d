use gix_hash::ObjectId;
use gix_protocol::handshake::Ref;

use crate::Revision;
use crate::git::reference::{Reference, Wanted};
use crate::git::semver_range::SemverRange;

/// What a listing of references says a [`Reference`] means.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Target {
    /// What to ask the server for: a commit, or the annotated tag on it.
    pub(crate) want: ObjectId,
    pub(crate) revision: Revision,
}

/// The commit that `reference` means among `refs`; `None` where it is not there.
pub(crate) fn select(reference: &Reference, refs: &[Ref]) -> Option<Target> {
    match &reference.0 {
        Wanted::Head => head(refs),
        Wanted::Branch(name) => named(refs, &format!("refs/heads/{name}"), name),
        Wanted::Tag(name) => named(refs, &format!("refs/tags/{name}"), name),
        Wanted::Name(name) => named(refs, name, name),
        Wanted::Semver(range) => highest(refs, range),
        Wanted::Commit { .. } => pinned(reference),
    }
}

/// The target of a reference that needs no listing.
pub(crate) fn pinned(reference: &Reference) -> Option<Target> {
    match &reference.0 {
        Wanted::Commit { id, branch } => {
            Some(Target { want: *id, revision: Revision::of_object(branch.as_deref(), *id) })
        }
        _ => None,
    }
}

fn named(refs: &[Ref], full: &str, short: &str) -> Option<Target> {
    let found = refs.iter().find(|found| found.unpack().0 == full)?;
    target(found, short)
}

fn target(found: &Ref, name: &str) -> Option<Target> {
    let (_, want, peeled) = found.unpack();
    let want = want?.to_owned();
    let commit = peeled.map_or(want, ToOwned::to_owned);
    Some(Target { want, revision: Revision::of_object(Some(name), commit) })
}

fn head(refs: &[Ref]) -> Option<Target> {
    let head = refs.iter().find(|found| found.unpack().0 == "HEAD")?;
    let name = match head {
        Ref::Symbolic { target, .. } => target.to_string(),
        _ => "HEAD".to_owned(),
    };
    target(head, name.strip_prefix("refs/heads/").unwrap_or(&name))
}

fn highest(refs: &[Ref], range: &SemverRange) -> Option<Target> {
    let tags = refs.iter().filter_map(|found| {
        let name = std::str::from_utf8(found.unpack().0.strip_prefix(b"refs/tags/")?).ok()?;
        let version = SemverRange::version_of_tag(name).filter(|version| range.admits(version))?;
        Some((version, name, found))
    });
    // Of `v1.0.0` and `1.0.0` the choice must not depend on the server's order.
    let (_, name, found) = tags.max_by(|a, b| (&a.0, a.1).cmp(&(&b.0, b.1)))?;
    target(found, name)
}

/// The names among `refs` that somebody who wrote `reference` may have meant, best first, at most three.
pub(crate) fn near(reference: &Reference, refs: &[Ref]) -> Vec<String> {
    let (wanted, prefix) = match &reference.0 {
        Wanted::Branch(name) => (name.as_str(), "refs/heads/"),
        Wanted::Tag(name) => (name.as_str(), "refs/tags/"),
        Wanted::Name(name) => (name.as_str(), ""),
        Wanted::Commit { branch: Some(name), .. } => (name.as_str(), "refs/heads/"),
        Wanted::Head | Wanted::Semver(_) | Wanted::Commit { branch: None, .. } => {
            return Vec::new();
        }
    };
    let mut names: Vec<(usize, &str)> = refs
        .iter()
        .filter_map(|found| std::str::from_utf8(found.unpack().0.strip_prefix(prefix.as_bytes())?).ok())
        .map(|name| (distance(wanted, name), name))
        .filter(|(distance, name)| *distance <= 1 + wanted.len().max(name.len()) / 3 || is_usual_mistake(wanted, name))
        .collect();
    names.sort();
    names.into_iter().take(3).map(|(_, name)| name.to_owned()).collect()
}

/// The old and the new default branch, and a `v` too many or too few.
fn is_usual_mistake(wanted: &str, name: &str) -> bool {
    let defaults = ["main", "master"];
    (defaults.contains(&wanted) && defaults.contains(&name))
        || wanted.strip_prefix('v') == Some(name)
        || name.strip_prefix('v') == Some(wanted)
}

/// How many letters to change, add, drop or swap with the next to get from `a` to `b`.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().take(128).collect(), b.chars().take(128).collect());
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut next = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let mut best = (row[j] + usize::from(x != y)).min(row[j + 1] + 1).min(next[j] + 1);
            if i > 0 && j > 0 && *x == b[j - 1] && a[i - 1] == *y {
                best = best.min(before[j - 1] + 1);
            }
            next.push(best);
        }
        before = std::mem::replace(&mut row, next);
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(digit: char) -> ObjectId {
        ObjectId::from_hex(digit.to_string().repeat(40).as_bytes()).unwrap()
    }

    fn direct(name: &str, digit: char) -> Ref {
        Ref::Direct { full_ref_name: name.into(), object: id(digit) }
    }

    #[test]
    fn an_annotated_tag_means_its_commit() {
        let refs = [Ref::Peeled { full_ref_name: "refs/tags/v1".into(), tag: id('a'), object: id('b') }];
        let target = select(&Reference::tag("v1").unwrap(), &refs).unwrap();
        assert_eq!((target.want, target.revision), (id('a'), Revision::of_object(Some("v1"), id('b'))));
    }

    #[test]
    fn a_branch_is_no_tag_and_no_prefix_of_one() {
        let refs = [direct("refs/heads/main2", 'a'), direct("refs/tags/main", 'b')];
        assert_eq!(select(&Reference::branch("main").unwrap(), &refs), None);
    }

    #[test]
    fn the_highest_version_in_the_range_wins() {
        let refs = ["1.2.0", "v1.10.0", "v2.0.0", "v1.11.0-rc.1", "latest"]
            .map(|tag| direct(&format!("refs/tags/{tag}"), 'a'));
        let target = select(&Reference::semver("1.x").unwrap(), &refs).unwrap();
        assert_eq!(target.revision.name(), Some("v1.10.0"));
    }

    #[test]
    fn near_names_come_best_first() {
        let refs =
            [direct("refs/heads/maintenance", 'a'), direct("refs/heads/main", 'a'), direct("refs/heads/mail", 'a')];
        assert_eq!(near(&Reference::branch("mian").unwrap(), &refs), ["main", "mail"]);
        assert_eq!(near(&Reference::branch("master").unwrap(), &refs), ["main"]);
        let refs = [direct("refs/tags/v1.0.0", 'a'), direct("refs/tags/x", 'a')];
        assert_eq!(near(&Reference::tag("1.0.0").unwrap(), &refs), ["v1.0.0"]);
    }
}
