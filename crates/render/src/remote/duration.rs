//! Durations as Go writes them: `1m30s`.

use std::time::Duration;

const UNITS: [(&str, f64); 7] =
    [("ns", 1e-9), ("us", 1e-6), ("µs", 1e-6), ("ms", 1e-3), ("s", 1.0), ("m", 60.0), ("h", 3600.0)];

/// A duration of more than nothing.
pub(crate) fn parse(text: &str) -> Option<Duration> {
    let mut rest = text.strip_prefix('+').unwrap_or(text);
    let mut seconds = 0.0;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !(c.is_ascii_digit() || c == '.'))?;
        let number: f64 = rest[..end].parse().ok()?;
        // Longer units first, lest `ms` be minutes.
        let unit = UNITS.iter().filter(|(unit, _)| rest[end..].starts_with(unit)).max_by_key(|(unit, _)| unit.len())?;
        seconds += number * unit.1;
        rest = &rest[end + unit.0.len()..];
    }
    Duration::try_from_secs_f64(seconds).ok().filter(|duration| !duration.is_zero())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_add_up() {
        assert_eq!(parse("1m1s"), Some(Duration::from_secs(61)));
        assert_eq!(parse("1500ms"), Some(Duration::from_millis(1500)));
        for none in ["", "0s", "jiffy", "1", "1x", "-1s"] {
            assert_eq!(parse(none), None, "{none}");
        }
    }
}
