use jiff::SignedDuration;
use serde_json::Value;
use windlass_flux::GoDuration;

use super::CoverageOptions;

/// What says on a claim or a database how old its recovery point may be, or `none`.
const MAX_AGE: &str = "backups.windlass.dev/max-age";

/// How old a recovery point may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Limit {
    Age(SignedDuration),
    /// It need not be saved.
    None,
}

impl Limit {
    /// That of an object. A text that makes no sense is no leave to lose it.
    pub(super) fn of(object: &Value, options: &CoverageOptions) -> Self {
        let said = object["metadata"]["annotations"][MAX_AGE].as_str();
        match said {
            Some("none") => Self::None,
            Some(text) => {
                let age = text.parse::<GoDuration>().ok().and_then(|age| SignedDuration::try_from(age.get()).ok());
                Self::Age(age.unwrap_or(options.max_age))
            }
            None => Self::Age(options.max_age),
        }
    }

    pub(super) fn most(self) -> Option<SignedDuration> {
        match self {
            Self::Age(age) => Some(age),
            Self::None => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_annotation_says_how_old_a_point_may_be() {
        let options = CoverageOptions::default();
        let limit = |text: &str| Limit::of(&json!({"metadata": {"annotations": {MAX_AGE: text}}}), &options).most();
        assert_eq!(limit("168h"), Some(SignedDuration::from_hours(168)));
        assert_eq!(limit("none"), None);
        assert_eq!(limit("whenever"), Some(options.max_age));
        assert_eq!(Limit::of(&json!({}), &options), Limit::Age(options.max_age));
    }
}
