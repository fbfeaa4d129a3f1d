use std::str::FromStr as _;

use serde::Deserialize;

use crate::format::{
    COMMIT_KIND, Commit, EVIDENCE_KIND, Evidence, MANIFEST_KIND, MARKER_KIND, Manifest, Marker, Signed, TOMBSTONE_KIND,
    Tombstone,
};
use crate::reading::read_manifest;
use crate::{Error, Recipient, Trust, WriterId};

/// A document of a repository, read by itself: a file that somebody has, without the store that it came from.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Document {
    /// A `commit.json`.
    Commit(Box<Commit>),
    /// A manifest that was decrypted and unpacked.
    Manifest(Box<Manifest>),
    /// A marker: for whom is encrypted, and who writes.
    Marker {
        /// The repository.
        repository: String,
        /// For whom is encrypted.
        recipients: Vec<Recipient>,
        /// Who writes.
        writers: Vec<WriterId>,
    },
    /// Evidence of a verification, a drill, or a proof.
    Evidence(Box<Evidence>),
    /// What is going to be deleted.
    Tombstone {
        /// Snapshots.
        snapshots: Vec<String>,
        /// Objects.
        objects: Vec<String>,
    },
}

#[derive(Deserialize)]
struct Kind {
    kind: String,
}

impl Document {
    /// Reads a document of any kind, and checks its signature as `trust` wants it; with [`Trust::OnFirstUse`] the writer
    /// that it names is taken for known. Manifests are not signed: the commit has their hash.
    ///
    /// # Errors
    /// When it is none, is not believed, or makes no sense.
    pub fn read(name: &str, text: &[u8], trust: &Trust) -> Result<Self, Error> {
        let Kind { kind } = serde_json::from_slice(text).map_err(|error| Error::malformed(name, error))?;
        let known = || -> Vec<WriterId> {
            let named = serde_json::from_slice::<serde_json::Value>(text).ok();
            let named = named.and_then(|named| WriterId::from_str(named.get("writer")?.as_str()?).ok());
            named.into_iter().collect()
        };
        match kind.as_str() {
            COMMIT_KIND => {
                let commit: Commit = Signed::read(name, COMMIT_KIND, text, trust, &known())?.document;
                commit.check(&commit.id, &commit.repository)?;
                Ok(Self::Commit(Box::new(commit)))
            }
            EVIDENCE_KIND => {
                let evidence = Signed::read(name, EVIDENCE_KIND, text, trust, &known())?.document;
                Ok(Self::Evidence(Box::new(evidence)))
            }
            MARKER_KIND => {
                let marker: Marker = Signed::read(name, MARKER_KIND, text, trust, &known())?.document;
                let Marker { repository, recipients, writers, .. } = marker;
                Ok(Self::Marker { repository, recipients, writers })
            }
            TOMBSTONE_KIND => {
                let tombstone: Tombstone = Signed::read(name, TOMBSTONE_KIND, text, trust, &known())?.document;
                let Tombstone { snapshots, objects, .. } = tombstone;
                Ok(Self::Tombstone { snapshots, objects })
            }
            MANIFEST_KIND => {
                let manifest: Manifest = serde_json::from_slice(text).map_err(|error| Error::malformed(name, error))?;
                let repository = manifest.repository.clone();
                drop(manifest);
                Ok(Self::Manifest(Box::new(read_manifest(name, text, &repository)?)))
            }
            other => Err(Error::malformed(name, format!("{other:?} is no kind of document"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MANIFEST: &str = r#"{"kind":"windlass-backup manifest","format":1,"repository":"01","items":
        {"a/b":{"id":"00","format":"tar","size":3,"stale":{"since":"2026-01-01T00:00:00Z","snapshot":"x","reason":"y"}}},
        "missing":{"c":"gone"}}"#;

    #[test]
    fn a_manifest_is_read_and_names_that_lead_elsewhere_are_refused() {
        assert!(matches!(Document::read("m", MANIFEST.as_bytes(), &Trust::Any), Ok(Document::Manifest(_))));
        for name in ["../b", "/b", "a//b", "a\\\\b", ""] {
            let hostile = MANIFEST.replace("a/b", name);
            assert!(matches!(Document::read("m", hostile.as_bytes(), &Trust::Any), Err(Error::Name { .. })), "{name}");
        }
        let newer = MANIFEST.replace("\"format\":1", "\"format\":7");
        assert!(matches!(Document::read("m", newer.as_bytes(), &Trust::Any), Err(Error::FutureFormat { .. })));
    }

    proptest! {
        #[test]
        fn any_bytes_are_an_answer_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = Document::read("any", &bytes, &Trust::Any);
        }

        #[test]
        fn any_change_of_a_document_is_an_answer_or_an_error(
            at in 0..MANIFEST.len(),
            with in prop::sample::select(vec!["", "{", "\"", "0", "-1", "null", "1e999", "[[[[", "\u{0}", "9999999999999999999"]),
        ) {
            let changed = format!("{}{with}{}", &MANIFEST[..at], &MANIFEST[(at + 1).min(MANIFEST.len())..]);
            let _ = Document::read("any", changed.as_bytes(), &Trust::Any);
        }
    }
}
