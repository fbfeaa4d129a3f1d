use std::cmp::Ordering;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::open_enum::open_enum;

/// The summary: everything was reconciled.
pub const READY: &str = "Ready";
/// Work goes on, or will be tried again. Absent otherwise, never `False`.
pub const RECONCILING: &str = "Reconciling";
/// Trying again cannot help. Absent otherwise, never `False`.
pub const STALLED: &str = "Stalled";
/// The outcome of the last health check. Only there with `wait` or `healthChecks`.
pub const HEALTHY: &str = "Healthy";

/// The longest message that the CRDs allow, in characters.
const LONGEST_MESSAGE: usize = 32768;

open_enum! {
    /// Whether a condition holds.
    ConditionStatus {
        /// It does.
        True = "True",
        /// It does not.
        False = "False",
        /// Nobody can say.
        Unknown = "Unknown",
    }
}

/// One observation about an object.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Condition {
    /// What is observed: [`READY`] and the like.
    #[serde(rename = "type")]
    #[schemars(extend(
        "maxLength" = 316,
        "pattern" = "^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])$"
    ))]
    pub type_: String,
    /// Whether it holds.
    pub status: ConditionStatus,
    /// Why, in one word: see [`reason`](crate::reason).
    #[schemars(extend(
        "minLength" = 1,
        "maxLength" = 1024,
        "pattern" = "^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$"
    ))]
    pub reason: String,
    /// Why, for people.
    #[schemars(extend("maxLength" = 32768))]
    pub message: String,
    /// Since when status, reason and message are what they are.
    pub last_transition_time: Time,
    /// The generation of the object that the observation is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("minimum" = 0))]
    pub observed_generation: Option<i64>,
}

/// The conditions of an object, in the order that Flux keeps: `Stalled`, `Reconciling`, `Ready`, then by name.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Conditions(Vec<Condition>);

impl Conditions {
    /// Sets the condition of `condition`'s type.
    ///
    /// Its `last_transition_time` is taken as the present: it is kept if the condition is new, or if status, reason or
    /// message differ from before; otherwise the earlier time stays, as `conditions.Set` of fluxcd/pkg has it. A message
    /// longer than the CRDs allow is cut.
    pub fn set(&mut self, mut condition: Condition) {
        if let Some((end, _)) = condition.message.char_indices().nth(LONGEST_MESSAGE) {
            condition.message.truncate(end);
        }
        match self.0.iter_mut().find(|known| known.type_ == condition.type_) {
            Some(known) => {
                if known.has_same_state(&condition) {
                    condition.last_transition_time = known.last_transition_time.clone();
                }
                *known = condition;
            }
            None => self.0.push(condition),
        }
        self.0.sort_by(order);
    }

    /// Sets `Reconciling` and removes `Stalled`: the object is being worked on.
    pub fn set_reconciling(&mut self, reason: &str, message: &str, generation: Option<i64>, now: Time) {
        self.remove(STALLED);
        self.set(Condition::new(RECONCILING, ConditionStatus::True, reason, message, generation, now));
    }

    /// Sets `Stalled` and removes `Reconciling`: trying again cannot help.
    pub fn set_stalled(&mut self, reason: &str, message: &str, generation: Option<i64>, now: Time) {
        self.remove(RECONCILING);
        self.set(Condition::new(STALLED, ConditionStatus::True, reason, message, generation, now));
    }

    /// Removes the condition `type_`, if it is there.
    pub fn remove(&mut self, type_: &str) {
        self.0.retain(|condition| condition.type_ != type_);
    }

    /// The condition `type_`.
    #[must_use]
    pub fn get(&self, type_: &str) -> Option<&Condition> {
        self.0.iter().find(|condition| condition.type_ == type_)
    }

    /// Whether the condition `type_` is there and holds.
    #[must_use]
    pub fn is_true(&self, type_: &str) -> bool {
        self.get(type_).is_some_and(|condition| condition.status == ConditionStatus::True)
    }

    /// The conditions, in order.
    pub fn iter(&self) -> impl Iterator<Item = &Condition> {
        self.0.iter()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Condition {
    /// A condition as observed `now`, on the object's `generation`.
    #[must_use]
    pub fn new(
        type_: &str,
        status: ConditionStatus,
        reason: &str,
        message: &str,
        generation: Option<i64>,
        now: Time,
    ) -> Self {
        Self {
            type_: type_.to_owned(),
            status,
            reason: reason.to_owned(),
            message: message.to_owned(),
            last_transition_time: now,
            observed_generation: generation,
        }
    }

    fn has_same_state(&self, other: &Self) -> bool {
        (&self.status, &self.reason, &self.message) == (&other.status, &other.reason, &other.message)
    }
}

fn order(a: &Condition, b: &Condition) -> Ordering {
    let rank = |condition: &Condition| {
        [STALLED, RECONCILING, READY].iter().position(|first| *first == condition.type_).unwrap_or(3)
    };
    rank(a).cmp(&rank(b)).then_with(|| a.type_.cmp(&b.type_))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(second: i64) -> Time {
        Time(k8s_openapi::jiff::Timestamp::from_second(second).unwrap())
    }

    fn ready(message: &str, second: i64) -> Condition {
        Condition::new(READY, ConditionStatus::True, "Succeeded", message, Some(1), time(second))
    }

    #[test]
    fn the_transition_time_stays_while_nothing_changes() {
        let mut conditions = Conditions::default();
        conditions.set(ready("a", 1));
        conditions.set(Condition { observed_generation: Some(2), ..ready("a", 2) });
        assert_eq!(conditions.get(READY).unwrap().last_transition_time, time(1));
        assert_eq!(conditions.get(READY).unwrap().observed_generation, Some(2));
        conditions.set(ready("b", 3));
        assert_eq!(conditions.get(READY).unwrap().last_transition_time, time(3));
    }

    #[test]
    fn conditions_keep_the_order_of_flux() {
        let mut conditions = Conditions::default();
        conditions.set(Condition { type_: HEALTHY.to_owned(), ..ready("", 1) });
        conditions.set(Condition { type_: "ArtifactInStorage".to_owned(), ..ready("", 1) });
        conditions.set(ready("", 1));
        conditions.set_reconciling("Progressing", "", None, time(1));
        let types: Vec<_> = conditions.iter().map(|condition| condition.type_.as_str()).collect();
        assert_eq!(types, [RECONCILING, READY, "ArtifactInStorage", HEALTHY]);
        conditions.set_stalled("AccessDenied", "", None, time(1));
        assert!(conditions.get(RECONCILING).is_none() && conditions.is_true(STALLED));
    }

    #[test]
    fn a_message_fits_the_schema() {
        let mut conditions = Conditions::default();
        conditions.set(ready(&"ü".repeat(LONGEST_MESSAGE + 1), 1));
        assert_eq!(conditions.get(READY).unwrap().message.chars().count(), LONGEST_MESSAGE);
    }
}
