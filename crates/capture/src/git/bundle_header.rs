use std::collections::BTreeMap;
use std::io::BufRead;
use std::io::Read;

use gix_hash::{Kind, ObjectId};
use gix_ref::FullName;

use crate::Error;

/// What stands before the pack in a bundle: see `gitformat-bundle(5)`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct BundleHeader {
    pub(super) hash: Kind,
    pub(super) references: BTreeMap<String, ObjectId>,
    /// The branch to check out.
    pub(super) head: Option<String>,
}

/// Lines are short, and no repository has this many references.
const MAX_LINE: u64 = 4096;
const MAX_LINES: usize = 1_000_000;

impl BundleHeader {
    pub(super) fn text(&self) -> String {
        let mut text = match self.hash {
            // What every Git opens.
            Kind::Sha1 => "# v2 git bundle\n".to_owned(),
            _ => format!("# v3 git bundle\n@object-format={}\n", self.hash),
        };
        for (name, id) in &self.references {
            text.push_str(&format!("{id} {name}\n"));
        }
        if let Some(id) = self.head.as_ref().and_then(|head| self.references.get(head)) {
            text.push_str(&format!("{id} HEAD\n"));
        }
        text.push('\n');
        text
    }

    /// Reads up to the empty line before the pack.
    pub(super) fn read(reader: &mut impl BufRead) -> Result<Self, Error> {
        let version = line(reader)?;
        let is_third = version == "# v3 git bundle";
        if !is_third && version != "# v2 git bundle" {
            return Err(refuse("it is no Git bundle of version 2 or 3"));
        }
        let mut hash = Kind::Sha1;
        let mut references = BTreeMap::new();
        let mut detached = None;
        for _ in 0..MAX_LINES {
            let line = line(reader)?;
            if line.is_empty() {
                if references.is_empty() {
                    return Err(refuse("it has no branch"));
                }
                let head = detached.and_then(|id| usual_branch(&references, |found| found == id));
                return Ok(Self { hash, references, head });
            }
            match line.as_str() {
                "@object-format=sha1" if is_third => {}
                "@object-format=sha256" if is_third => hash = Kind::Sha256,
                other if other.starts_with('@') => return Err(refuse(format!("it asks for {other:?}"))),
                other if other.starts_with('-') => {
                    return Err(refuse("it holds only what was added to commits that it does not hold"));
                }
                other => {
                    let (id, name) = other.split_once(' ').ok_or_else(|| refuse("a line that is none"))?;
                    let id = ObjectId::from_hex(id.as_bytes()).map_err(|_| refuse("an id that is none"))?;
                    if id.kind() != hash {
                        return Err(refuse("an id of another kind"));
                    }
                    if name == "HEAD" {
                        detached = Some(id);
                    } else if references.insert(self::name(name)?, id).is_some() {
                        return Err(refuse(format!("{name} is given twice")));
                    }
                }
            }
        }
        Err(refuse("it has too many references"))
    }
}

/// The branch among those that `fits` which Git would take for `HEAD`: `main` or `master`, or else the first.
pub(super) fn usual_branch(references: &BTreeMap<String, ObjectId>, fits: impl Fn(ObjectId) -> bool) -> Option<String> {
    let usual = ["refs/heads/main", "refs/heads/master"].into_iter();
    let names = usual.chain(references.keys().map(String::as_str).filter(|name| name.starts_with("refs/heads/")));
    names.map(str::to_owned).find(|name| references.get(name).is_some_and(|id| fits(*id)))
}

/// A name that is safe as a file below a repository.
pub(super) fn name(text: &str) -> Result<String, Error> {
    let valid = FullName::try_from(text).map_err(|_| refuse(format!("{text:?} is no name of a reference")))?;
    if !text.starts_with("refs/heads/") && !text.starts_with("refs/tags/") {
        return Err(refuse(format!("{text:?} is neither branch nor tag")));
    }
    Ok(valid.as_bstr().to_string())
}

fn line(reader: &mut impl BufRead) -> Result<String, Error> {
    let mut line = Vec::new();
    let read = reader.by_ref().take(MAX_LINE).read_until(b'\n', &mut line);
    read.map_err(|error| Error::of_reader(error, "read", "the bundle"))?;
    if line.pop() != Some(b'\n') {
        return Err(refuse("its header is cut short, or has a line that is too long"));
    }
    String::from_utf8(line).map_err(|_| refuse("its header is no text"))
}

pub(super) fn refuse(problem: impl Into<String>) -> Error {
    Error::Bundle { problem: problem.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_read_back() {
        for (hash, digits) in [(Kind::Sha1, 40), (Kind::Sha256, 64)] {
            let id = |digit: &str| ObjectId::from_hex(digit.repeat(digits).as_bytes()).unwrap();
            let references = [("refs/heads/a", "1"), ("refs/heads/main", "1"), ("refs/tags/v1", "2")];
            let references = references.map(|(name, digit)| (name.to_owned(), id(digit))).into();
            let header = BundleHeader { hash, references, head: Some("refs/heads/main".into()) };
            assert_eq!(BundleHeader::read(&mut header.text().as_bytes()).unwrap(), header);
        }
    }

    #[test]
    fn what_cannot_be_unpacked_is_refused() {
        let id = "1".repeat(40);
        for (text, problem) in [
            ("PACK", "cut short"),
            ("# v4 git bundle\n", "no Git bundle"),
            ("# v2 git bundle\n\n", "no branch"),
            (&format!("# v2 git bundle\n-{id} x\n{id} refs/heads/main\n\n"), "does not hold"),
            (&format!("# v3 git bundle\n@filter=blob:none\n{id} refs/heads/main\n\n"), "asks for"),
            (&format!("# v2 git bundle\n{id} refs/heads/../../x\n\n"), "no name"),
            (&format!("# v2 git bundle\n{id} config\n\n"), "no name"),
            (&format!("# v2 git bundle\n{id} refs/notes/x\n\n"), "neither"),
            (&format!("# v2 git bundle\n{id} refs/heads/a\n{id} refs/heads/a\n\n"), "twice"),
            (&format!("# v3 git bundle\n@object-format=sha256\n{id} refs/heads/a\n\n"), "another kind"),
            (&format!("# v2 git bundle\n{}", "x".repeat(9000)), "too long"),
        ] {
            let error = BundleHeader::read(&mut text.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(problem), "{text:?}: {error}");
        }
    }
}
