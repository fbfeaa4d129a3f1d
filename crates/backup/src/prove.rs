//! That a key which lies in a drawer still opens what is encrypted to it.

use serde::Serialize;
use serde_json::Value;

use crate::evidence::Findings;
use crate::format::{Evidence, EvidenceKind};
use crate::{Error, Identities, Recipient, Repository, WriterKey};

/// What a proof showed.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Proof {
    /// The recipients whose keys opened the newest snapshot.
    pub proven: Vec<Recipient>,
    /// The snapshot whose manifest was opened.
    pub snapshot: String,
}

/// When a recipient's key was last seen to open something.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Proven {
    /// The recipient.
    pub recipient: Recipient,
    /// When. `None`: never, as far as the evidence goes.
    pub at: Option<jiff::Timestamp>,
}

impl Repository {
    /// Opens the newest snapshot with each key alone, and keeps evidence of those that did, if a writer is given.
    ///
    /// # Errors
    /// When there is no snapshot, when a key is none of the recipients or opens nothing, or the store does not answer.
    pub async fn prove(&self, identities: &Identities, writer: Option<&WriterKey>) -> Result<Proof, Error> {
        let started = self.inner.now();
        let listed = self.snapshots().await?;
        let newest = listed.find("latest")?;
        let mut proven = Vec::new();
        for identity in identities.each() {
            self.manifest(newest, &identity).await?;
            proven.extend(identity.of(&self.recipients()).into_iter().cloned());
        }
        if let Some(writer) = writer {
            let fingerprints: Vec<Value> = proven.iter().map(|recipient| recipient.fingerprint().into()).collect();
            let findings = Findings {
                good: true,
                started: Some(started),
                facts: serde_json::Map::from_iter([
                    ("recipients".to_owned(), Value::Array(fingerprints)),
                    ("snapshot".to_owned(), newest.id.clone().into()),
                ]),
                ..Findings::default()
            };
            self.keep_evidence(writer, EvidenceKind::Prove, findings).await?;
        }
        Ok(Proof { proven, snapshot: newest.id.clone() })
    }

    /// When each recipient's key was last proven.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn proven(&self) -> Result<Vec<Proven>, Error> {
        let (evidence, _) = self.evidence().await?;
        let last = |recipient: &Recipient| {
            let fingerprint = recipient.fingerprint();
            let proves = |one: &&Evidence| {
                let named = one.facts.get("recipients").and_then(Value::as_array);
                one.what == EvidenceKind::Prove
                    && named.is_some_and(|named| named.iter().any(|name| name == fingerprint.as_str()))
            };
            evidence.iter().rev().find(proves).map(|one| one.at)
        };
        Ok(self.recipients().into_iter().map(|recipient| Proven { at: last(&recipient), recipient }).collect())
    }
}
