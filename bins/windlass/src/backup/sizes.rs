//! Bytes and times for people.

use jiff::{SpanRound, Timestamp, Unit};

/// A number of bytes in the unit that fits: `0 B`, `999 B`, `1.5 kB`, `12 MB`.
pub(crate) fn bytes(count: u64) -> String {
    const UNITS: [&str; 5] = ["kB", "MB", "GB", "TB", "PB"];
    if count < 1000 {
        return format!("{count} B");
    }
    let (mut value, mut unit) = (count as f64 / 1000.0, 0);
    while value >= 999.5 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    if value < 9.95 { format!("{value:.1} {}", UNITS[unit]) } else { format!("{value:.0} {}", UNITS[unit]) }
}

/// So many of what has this plural: `1 table`, `2 tables`.
pub(crate) fn count(count: u64, plural: &str) -> String {
    let name = if count == 1 { plural.strip_suffix('s').unwrap_or(plural) } else { plural };
    format!("{count} {name}")
}

/// How long ago, in the one unit that counts: `40s`, `3h`, `12d`.
pub(crate) fn age(then: Timestamp, now: Timestamp) -> String {
    let seconds = now.duration_since(then).as_secs().max(0);
    match seconds {
        0..=119 => format!("{seconds}s"),
        120..=7_199 => format!("{}m", seconds / 60),
        7_200..=172_799 => format!("{}h", seconds / 3600),
        _ => format!("{}d", seconds / 86_400),
    }
}

/// A moment, to the second, in UTC: snapshots are compared across machines.
pub(crate) fn moment(when: Timestamp) -> String {
    when.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// How long something took.
pub(crate) fn took(from: Timestamp, to: Timestamp) -> String {
    let span = to.since(from).ok();
    let rounded = span.and_then(|span| span.round(SpanRound::new().largest(Unit::Hour).smallest(Unit::Second)).ok());
    rounded.map_or_else(|| "some time".to_owned(), |span| format!("{span:#}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_fit() {
        let shown = [0, 999, 1000, 1549, 9_949, 9_951, 999_499, 999_500, 12_000_000, 3_400_000_000].map(bytes);
        let wanted = ["0 B", "999 B", "1.0 kB", "1.5 kB", "9.9 kB", "10 kB", "999 kB", "1.0 MB", "12 MB", "3.4 GB"];
        assert_eq!(shown, wanted);
        assert_eq!([count(0, "rows"), count(1, "rows")], ["0 rows", "1 row"]);
        let now = Timestamp::UNIX_EPOCH;
        let shown =
            [0, 119, 7_199, 100_000, 864_000].map(|seconds| age(now, now + jiff::SignedDuration::from_secs(seconds)));
        assert_eq!(shown, ["0s", "119s", "119m", "27h", "10d"]);
    }
}
