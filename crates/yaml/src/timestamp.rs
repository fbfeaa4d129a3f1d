//! The dates and times that go-yaml takes for timestamps.
//!
//! Four forms of Go's `time.Parse`: a date; a date and a time after blanks, without a zone; a date, `T` or `t`, a time and a
//! zone. Month, day, hour, minute and second may have one digit. The year has four.

/// The RFC 3339 text of a timestamp (`time.RFC3339Nano`), if the text is one.
pub(crate) fn parse(text: &str) -> Option<String> {
    let mut reader = Reader { rest: text };
    let year = reader.year()?;
    reader.literal('-')?;
    let month = reader.number(1..=12)?;
    reader.literal('-')?;
    let day = reader.number(1..=days_in(year, month))?;
    let date = format!("{year:04}-{month:02}-{day:02}");
    if reader.rest.is_empty() {
        return Some(format!("{date}T00:00:00Z"));
    }
    let zoned = match reader.rest.as_bytes()[0] {
        b'T' | b't' => {
            reader.rest = &reader.rest[1..];
            true
        }
        b' ' => {
            reader.rest = reader.rest.trim_start_matches(' ');
            false
        }
        _ => return None,
    };
    let time = reader.time()?;
    let zone = if zoned { reader.zone()? } else { "Z".to_owned() };
    reader.rest.is_empty().then(|| format!("{date}T{time}{zone}"))
}

struct Reader<'a> {
    rest: &'a str,
}

impl Reader<'_> {
    fn year(&mut self) -> Option<u32> {
        let digits = self.rest.get(..4).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))?;
        self.rest = &self.rest[4..];
        digits.parse().ok()
    }

    fn literal(&mut self, letter: char) -> Option<()> {
        self.rest = self.rest.strip_prefix(letter)?;
        Some(())
    }

    /// One or two digits.
    fn number(&mut self, range: std::ops::RangeInclusive<u32>) -> Option<u32> {
        let count = self.rest.bytes().take(2).take_while(u8::is_ascii_digit).count();
        let value = self.rest[..count].parse().ok()?;
        self.rest = &self.rest[count..];
        range.contains(&value).then_some(value)
    }

    fn time(&mut self) -> Option<String> {
        let hour = self.number(0..=23)?;
        self.literal(':')?;
        let minute = self.number(0..=59)?;
        self.literal(':')?;
        let second = self.number(0..=59)?;
        Some(format!("{hour:02}:{minute:02}:{second:02}{}", self.fraction()))
    }

    /// A fraction to the nanosecond, without trailing zeros. Go takes a comma for the point.
    fn fraction(&mut self) -> String {
        let Some(after) = self.rest.strip_prefix(['.', ',']) else { return String::new() };
        let count = after.bytes().take_while(u8::is_ascii_digit).count();
        if count == 0 {
            return String::new();
        }
        let digits = after[..count.min(9)].trim_end_matches('0');
        self.rest = &after[count..];
        if digits.is_empty() { String::new() } else { format!(".{digits}") }
    }

    fn zone(&mut self) -> Option<String> {
        if let Some(rest) = self.rest.strip_prefix('Z') {
            self.rest = rest;
            return Some("Z".to_owned());
        }
        let bytes = self.rest.as_bytes();
        let [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2, ..] = *bytes else { return None };
        let two = |high: u8, low: u8| {
            (high.is_ascii_digit() && low.is_ascii_digit()).then(|| u32::from(high - b'0') * 10 + u32::from(low - b'0'))
        };
        let (hours, minutes) = (two(h1, h2)?, two(m1, m2)?);
        // Go's bounds, as some write 24 hours or 60 minutes.
        if hours > 24 || minutes > 60 {
            return None;
        }
        self.rest = &self.rest[6..];
        let offset = hours * 60 + minutes;
        if offset == 0 {
            return Some("Z".to_owned());
        }
        Some(format!("{}{:02}:{:02}", char::from(sign), offset / 60, offset % 60))
    }
}

fn days_in(year: u32, month: u32) -> u32 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn forms() {
        for (text, value) in [
            ("2020-01-01", "2020-01-01T00:00:00Z"),
            ("2020-1-2", "2020-01-02T00:00:00Z"),
            ("2020-01-02T03:04:05Z", "2020-01-02T03:04:05Z"),
            ("2020-01-02t3:4:5.1200Z", "2020-01-02T03:04:05.12Z"),
            ("2020-01-02T03:04:05+02:00", "2020-01-02T03:04:05+02:00"),
            ("2020-01-02T03:04:05-00:00", "2020-01-02T03:04:05Z"),
            ("2020-01-02 03:04:05", "2020-01-02T03:04:05Z"),
            ("2020-01-02   03:04:05.000", "2020-01-02T03:04:05Z"),
            ("2024-02-29", "2024-02-29T00:00:00Z"),
        ] {
            assert_eq!(parse(text).as_deref(), Some(value), "{text}");
        }
    }

    #[test]
    fn not_timestamps() {
        for text in [
            "",
            "2020",
            "2020-",
            "2020-13-01",
            "2023-02-29",
            "02020-01-01",
            "2020-01-01 01:02:03 +02:00",
            "2020-01-01 01:02:03Z",
            "2020-01-01T01:02:03",
            "2020-01-01T24:00:00Z",
            "2020-01-01x",
            "2020-01-é",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
