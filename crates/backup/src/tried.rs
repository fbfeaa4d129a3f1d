//! What verifications and drills found out about snapshots.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use crate::evidence::Verified;
use crate::format::{Evidence, EvidenceKind};
use crate::snapshot::Snapshots;
use crate::{Error, Repository};

/// The name of the fact by which a drill says which snapshot it tried, whether it went well or not.
const SNAPSHOT: &str = "snapshot";
/// The name of the fact by which it says how many items it could not open.
const UNOPENED: &str = "unopened";

/// What is known of a snapshot from signed evidence.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Tried {
    /// When all of it was last known to be as it was written: compared, object by object, or drilled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verified: Option<Timestamp>,
    /// The last drill.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drill: Option<PastDrill>,
    /// An object that it needs and that was found damaged or missing when it was last looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub damaged: Option<String>,
}

/// A drill, as its evidence tells of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct PastDrill {
    /// When it was finished.
    pub at: Timestamp,
    /// Whether everything could be restored.
    pub good: bool,
    /// Whether everything could be opened. If so and it is not good, it was the cluster of the drill that refused something.
    pub opened: bool,
    /// How long it took.
    pub seconds: f64,
}

impl Tried {
    /// Whether it was found whole, and nothing bad is known of it since.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.verified.is_some() && self.trouble().is_none()
    }

    /// What is known to be wrong with it.
    #[must_use]
    pub fn trouble(&self) -> Option<String> {
        if let Some(key) = &self.damaged {
            return Some(format!("{key} is damaged or missing, as a verification found"));
        }
        let failed = self.drill.as_ref().filter(|drill| !drill.opened)?;
        Some(format!("the drill of {} could not open all of it", failed.at))
    }
}

impl Repository {
    /// What is known of each of the `listed` snapshots, by id, from the evidence beside them. No private key is needed.
    ///
    /// Evidence that cannot be believed is left out.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn tried(&self, listed: &Snapshots) -> Result<BTreeMap<String, Tried>, Error> {
        let (evidence, _) = self.evidence().await?;
        let verified = Verified::of(&evidence);
        let mut drills = BTreeMap::new();
        for (snapshot, drill) in evidence.iter().flat_map(past_drills) {
            drills.insert(snapshot, drill);
        }
        let of = |snapshot: &crate::Snapshot| Tried {
            verified: verified.good_at(snapshot),
            drill: drills.get(snapshot.id.as_str()).cloned(),
            damaged: snapshot.needs().find(|key| verified.is_damaged(key)).map(str::to_owned),
        };
        Ok(listed.snapshots.iter().map(|snapshot| (snapshot.id.clone(), of(snapshot))).collect())
    }
}

/// The snapshots that evidence of a drill is about. One that went badly names its snapshot among the facts.
fn past_drills(evidence: &Evidence) -> Vec<(&str, PastDrill)> {
    if evidence.what != EvidenceKind::Drill {
        return Vec::new();
    }
    let named = evidence.facts.get(SNAPSHOT).and_then(serde_json::Value::as_str);
    let unopened = evidence.facts.get(UNOPENED).and_then(serde_json::Value::as_u64);
    let opened = unopened.map_or(evidence.good, |count| count == 0);
    let drill = PastDrill { at: evidence.at, good: evidence.good, opened, seconds: evidence.seconds };
    evidence.snapshots.iter().map(String::as_str).chain(named).map(|snapshot| (snapshot, drill.clone())).collect()
}
