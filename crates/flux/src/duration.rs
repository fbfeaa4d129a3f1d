use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A duration as Go writes it: `1h30m`, `500ms`; never negative, since no field of a Flux object may be.
///
/// Reading follows Go's `time.ParseDuration`, printing `Duration.String`: `90m` reads and prints as `1h30m0s`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct GoDuration(Duration);

/// Why a text is no duration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a duration such as 1h30m or 500ms: {problem}")]
pub struct GoDurationError {
    /// The text.
    pub text: String,
    /// What is wrong.
    pub problem: &'static str,
}

/// The longest duration that Go can hold: 2^63 - 1 nanoseconds, about 292 years.
const MAX: Duration = Duration::from_nanos(i64::MAX as u64);

impl GoDuration {
    /// The duration of `seconds` whole seconds.
    #[must_use]
    pub const fn from_secs(seconds: u64) -> Self {
        Self(Duration::from_secs(seconds))
    }

    /// As the standard library has it.
    #[must_use]
    pub const fn get(self) -> Duration {
        self.0
    }
}

impl From<Duration> for GoDuration {
    /// Cut at the longest duration that Go can hold, 292 years.
    fn from(duration: Duration) -> Self {
        Self(duration.min(MAX))
    }
}

impl From<GoDuration> for Duration {
    fn from(duration: GoDuration) -> Self {
        duration.0
    }
}

impl FromStr for GoDuration {
    type Err = GoDurationError;

    fn from_str(text: &str) -> Result<Self, GoDurationError> {
        parse(text).map_err(|problem| GoDurationError { text: text.to_owned(), problem })
    }
}

fn parse(text: &str) -> Result<GoDuration, &'static str> {
    if text.starts_with('-') {
        return Err("it is negative");
    }
    let mut rest = text.strip_prefix('+').unwrap_or(text);
    if rest == "0" {
        return Ok(GoDuration::default());
    }
    if rest.is_empty() {
        return Err("it is empty");
    }
    let mut total: u64 = 0;
    while !rest.is_empty() {
        let (nanoseconds, after) = element(rest)?;
        total = total.checked_add(nanoseconds).filter(|sum| *sum <= i64::MAX as u64).ok_or(TOO_LONG)?;
        rest = after;
    }
    Ok(GoDuration(Duration::from_nanos(total)))
}

const TOO_LONG: &str = "it is longer than 292 years";

/// One number and its unit: the nanoseconds, and what follows.
fn element(text: &str) -> Result<(u64, &str), &'static str> {
    let (whole, rest) = split_digits(text);
    let (fraction, rest) = match rest.strip_prefix('.') {
        Some(rest) => split_digits(rest),
        None => ("", rest),
    };
    if whole.is_empty() && fraction.is_empty() {
        return Err("a number is missing");
    }
    let end = rest.find(|c: char| c == '.' || c.is_ascii_digit()).unwrap_or(rest.len());
    let (unit, rest) = rest.split_at(end);
    let unit = nanoseconds(unit)?;
    let whole: u64 = if whole.is_empty() { 0 } else { whole.parse().map_err(|_| TOO_LONG)? };
    let nanoseconds = whole.checked_mul(unit).and_then(|n| n.checked_add(part_of(fraction, unit))).ok_or(TOO_LONG)?;
    Ok((nanoseconds, rest))
}

fn split_digits(text: &str) -> (&str, &str) {
    text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()))
}

/// `0.<fraction>` of `unit`, as Go computes it: digits that do not fit are ignored, the rest is floating point.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "Go computes it this way, and the results must be the same"
)]
fn part_of(fraction: &str, unit: u64) -> u64 {
    const LIMIT: u64 = 1 << 63;
    let (mut value, mut scale) = (0_u64, 1.0_f64);
    for digit in fraction.bytes().map(|digit| u64::from(digit - b'0')) {
        if value > (LIMIT - 1) / 10 || value * 10 + digit > LIMIT {
            break;
        }
        value = value * 10 + digit;
        scale *= 10.0;
    }
    (value as f64 * (unit as f64 / scale)) as u64
}

fn nanoseconds(unit: &str) -> Result<u64, &'static str> {
    match unit {
        "ns" => Ok(1),
        // The micro sign and the Greek letter are two characters.
        "us" | "\u{b5}s" | "\u{3bc}s" => Ok(1_000),
        "ms" => Ok(1_000_000),
        "s" => Ok(1_000_000_000),
        "m" => Ok(60_000_000_000),
        "h" => Ok(3_600_000_000_000),
        "" => Err("a unit is missing (ms, s, m, h)"),
        _ => Err("a unit is unknown (ms, s, m, h are known)"),
    }
}

impl fmt::Display for GoDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nanoseconds = self.0.as_nanos();
        match nanoseconds {
            0 => f.write_str("0s"),
            1..1_000 => write!(f, "{nanoseconds}ns"),
            1_000..1_000_000 => write!(f, "{}\u{b5}s", Decimal(nanoseconds, 3)),
            1_000_000..1_000_000_000 => write!(f, "{}ms", Decimal(nanoseconds, 6)),
            _ => {
                let seconds = self.0.as_secs();
                let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
                if hours > 0 {
                    write!(f, "{hours}h")?;
                }
                if seconds >= 60 {
                    write!(f, "{minutes}m")?;
                }
                write!(f, "{}s", Decimal(nanoseconds % 60_000_000_000, 9))
            }
        }
    }
}

/// A number with so many places behind the point, printed without trailing zeros.
struct Decimal(u128, u32);

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scale = 10_u128.pow(self.1);
        let (whole, fraction) = (self.0 / scale, self.0 % scale);
        if fraction == 0 {
            return write!(f, "{whole}");
        }
        let digits = format!("{fraction:0width$}", width = self.1 as usize);
        write!(f, "{whole}.{}", digits.trim_end_matches('0'))
    }
}

impl Serialize for GoDuration {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for GoDuration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        std::borrow::Cow::<'de, str>::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

impl schemars::JsonSchema for GoDuration {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "GoDuration".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "string"})
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn printed(text: &str) -> String {
        text.parse::<GoDuration>().unwrap().to_string()
    }

    /// Outputs of Go 1.26's `time.ParseDuration(x).String()`.
    #[test]
    fn prints_as_go_does() {
        for (text, expected) in [
            ("0", "0s"),
            ("0s", "0s"),
            ("+5s", "5s"),
            ("60s", "1m0s"),
            ("90m", "1h30m0s"),
            ("1h", "1h0m0s"),
            ("24h", "24h0m0s"),
            ("1.5h", "1h30m0s"),
            (".5m", "30s"),
            ("1.s", "1s"),
            ("500ms", "500ms"),
            ("1500ms", "1.5s"),
            ("1ms1us", "1.001ms"),
            ("1us", "1\u{b5}s"),
            ("1.000000001s", "1.000000001s"),
            ("1h1ms", "1h0m0.001s"),
            ("1m30s1m", "2m30s"),
            ("0.3333333333333333333h", "20m0s"),
            ("0.830103483285477580700h", "49m48.372539827s"),
            ("0.1s1.7ns", "100.000001ms"),
            ("9223372036.854775807s", "2562047h47m16.854775807s"),
        ] {
            assert_eq!(printed(text), expected, "{text}");
        }
    }

    #[test]
    fn refuses_what_go_refuses_and_negatives() {
        let problem = |text: &str| text.parse::<GoDuration>().unwrap_err().to_string();
        assert_eq!(problem(""), "\"\" is not a duration such as 1h30m or 500ms: it is empty");
        for text in ["3", "1d", ".s", "1h-5m", "s", " 1s", "-1s", "1e3s", "9223372036.854775808s", "99999999999h"] {
            assert!(text.parse::<GoDuration>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_printed_reads_back(nanoseconds in prop_oneof![0..=i64::MAX as u64, 0..2_000_000_000_u64]) {
            let duration = GoDuration::from(Duration::from_nanos(nanoseconds));
            prop_assert_eq!(duration.to_string().parse::<GoDuration>().unwrap(), duration);
        }

        #[test]
        fn no_text_panics(text in "[0-9.hmsnuµ+-]{0,24}") {
            let _ = text.parse::<GoDuration>();
        }
    }
}
