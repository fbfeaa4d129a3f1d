use std::fmt;
use std::str::FromStr;

use gix_hash::ObjectId;

/// What a snapshot is a snapshot of, written as Flux writes it: `main@sha1:<40 hex>`, or `sha1:<40 hex>` without a name.
///
/// Two revisions are equal when name, algorithm and hash are.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Revision {
    name: Option<String>,
    algorithm: Algorithm,
    hex: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Algorithm {
    Sha1,
    Sha256,
}

/// Why a text is no [`Revision`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no revision: {problem}")]
pub struct RevisionError {
    text: String,
    problem: &'static str,
}

impl Revision {
    pub(crate) fn of_object(name: Option<&str>, id: ObjectId) -> Self {
        let algorithm = match id {
            ObjectId::Sha1(_) => Algorithm::Sha1,
            _ => Algorithm::Sha256,
        };
        Self { name: name.map(str::to_owned), algorithm, hex: id.to_string() }
    }

    pub(crate) fn of_content(hex: String) -> Self {
        Self { name: None, algorithm: Algorithm::Sha256, hex }
    }

    /// The branch, tag or full reference name; `None` for a bare commit or a directory without git.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The hash in hexadecimal: the commit's id.
    #[must_use]
    pub fn hash(&self) -> &str {
        &self.hex
    }

    /// `sha1` or `sha256`.
    #[must_use]
    pub fn algorithm(&self) -> &'static str {
        self.algorithm.name()
    }

    pub(crate) fn id(&self) -> Option<ObjectId> {
        ObjectId::from_hex(self.hex.as_bytes()).ok()
    }
}

impl Algorithm {
    fn name(self) -> &'static str {
        match self {
            Self::Sha1 => "sha1",
            Self::Sha256 => "sha256",
        }
    }

    fn hex_length(self) -> usize {
        match self {
            Self::Sha1 => 40,
            Self::Sha256 => 64,
        }
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(name) = &self.name {
            write!(f, "{name}@")?;
        }
        write!(f, "{}:{}", self.algorithm.name(), self.hex)
    }
}

impl FromStr for Revision {
    type Err = RevisionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fail = |problem| RevisionError { text: text.to_owned(), problem };
        // A branch may hold an `@` itself, the hash never does.
        let (name, hash) = match text.rsplit_once('@') {
            Some(("", _)) => return Err(fail("the name before @ is empty")),
            Some((name, hash)) => (Some(name.to_owned()), hash),
            None => (None, text),
        };
        let (algorithm, hex) = hash.split_once(':').ok_or_else(|| fail("it has no algorithm before a colon"))?;
        let algorithm = match algorithm {
            "sha1" => Algorithm::Sha1,
            "sha256" => Algorithm::Sha256,
            _ => return Err(fail("the algorithm is neither sha1 nor sha256")),
        };
        let is_hex = hex.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if !is_hex || hex.len() != algorithm.hex_length() {
            return Err(fail("the hash has not the digits of its algorithm"));
        }
        Ok(Self { name, algorithm, hex: hex.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn revisions_print_as_flux_prints_them() {
        let id = ObjectId::from_hex(b"0123456789abcdef0123456789abcdef01234567").unwrap();
        assert_eq!(
            Revision::of_object(Some("main"), id).to_string(),
            "main@sha1:0123456789abcdef0123456789abcdef01234567"
        );
        assert_eq!(Revision::of_object(None, id).to_string(), "sha1:0123456789abcdef0123456789abcdef01234567");
    }

    #[test]
    fn a_text_that_is_no_revision_is_refused() {
        for text in ["", "main", "main@", "@sha1:00", "main@sha1:00", "main@md5:00", "sha1:ABCDEF", "main/0123"] {
            assert!(text.parse::<Revision>().is_err(), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn printing_and_parsing_are_inverse(
            name in proptest::option::of("[a-z@/.:-]{1,12}"),
            hash in prop_oneof!["sha1:[0-9a-f]{40}", "sha256:[0-9a-f]{64}"],
        ) {
            let text = name.map_or(hash.clone(), |name| format!("{name}@{hash}"));
            let revision: Revision = text.parse().unwrap();
            prop_assert_eq!(revision.to_string(), text);
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,80}") {
            let _ = text.parse::<Revision>();
        }
    }
}
