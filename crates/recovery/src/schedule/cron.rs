use std::str::FromStr;

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

/// When something is due: five fields of cron (minute, hour, day of the month, month, day of the week), or `@hourly`,
/// `@daily`, `@weekly`, `@monthly`, `@yearly`.
///
/// Lists (`1,2`), ranges (`1-5`), steps (`*/15`, `8-18/2`) and English names of months and days count; 0 and 7 are Sunday.
/// Where both days are restricted, either is enough, as in Vixie cron. A time that a change of clocks leaves out is late by
/// the hour that is missing rather than skipped, and one that comes twice counts once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cron {
    minutes: u64,
    hours: u64,
    days: u64,
    months: u64,
    weekdays: u64,
    /// Whether one of the two kinds of days is `*`, so that the other alone decides.
    any_day: bool,
    any_weekday: bool,
}

/// Why a text is no schedule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no schedule: {reason}")]
pub struct CronError {
    text: String,
    reason: String,
}

const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
/// A schedule such as 29 February on a Monday is due within this time.
const LONGEST: i32 = 366 * 29;

impl Cron {
    /// The first time after `after` at which the schedule is due, in `zone`; `None` where it never is (30 February).
    #[must_use]
    pub fn next_after(&self, after: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let start = after.to_zoned(zone.clone()).datetime();
        let mut day = start.date();
        for _ in 0..LONGEST {
            if self.falls_on(day)
                && let Some(found) = self.times(day).find_map(|time| {
                    // Compatible: a time in a gap is moved behind it, of one that comes twice the first counts.
                    let due = zone.to_ambiguous_zoned(time).compatible().ok()?.timestamp();
                    (due > after).then_some(due)
                })
            {
                return Some(found);
            }
            day = day.checked_add(1.day()).ok()?;
        }
        None
    }

    fn falls_on(&self, day: Date) -> bool {
        let has = |set: u64, value: i8| value >= 0 && set & (1 << value) != 0;
        let by_day = has(self.days, day.day());
        let by_weekday = has(self.weekdays, day.weekday().to_sunday_zero_offset());
        let fits = if self.any_day || self.any_weekday { by_day && by_weekday } else { by_day || by_weekday };
        has(self.months, day.month()) && fits
    }

    fn times(&self, day: Date) -> impl Iterator<Item = DateTime> + '_ {
        let hours = (0..24i8).filter(|hour| self.hours & (1 << hour) != 0);
        hours.flat_map(move |hour| {
            let minutes = (0..60i8).filter(|minute| self.minutes & (1 << minute) != 0);
            minutes.map(move |minute| day.at(hour, minute, 0, 0))
        })
    }
}

impl FromStr for Cron {
    type Err = CronError;

    fn from_str(text: &str) -> Result<Self, CronError> {
        let refuse = |reason: String| CronError { text: text.to_owned(), reason };
        let expanded = match text.trim() {
            "@hourly" => "0 * * * *",
            "@daily" | "@midnight" => "0 0 * * *",
            "@weekly" => "0 0 * * 0",
            "@monthly" => "0 0 1 * *",
            "@yearly" | "@annually" => "0 0 1 1 *",
            other if other.starts_with('@') => return Err(refuse("there is no such name".to_owned())),
            other => other,
        };
        let fields: Vec<&str> = expanded.split_whitespace().collect();
        let &[minute, hour, day, month, weekday] = fields.as_slice() else {
            return Err(refuse(format!("it has {} fields instead of five", fields.len())));
        };
        let read = |field: &str, name: &str, range: (u32, u32), names: &[&str]| {
            set(field, range, names).map_err(|reason| refuse(format!("{name} {field:?}: {reason}")))
        };
        let weekdays = read(weekday, "day of the week", (0, 7), &WEEKDAYS)?;
        Ok(Self {
            minutes: read(minute, "minute", (0, 59), &[])?,
            hours: read(hour, "hour", (0, 23), &[])?,
            days: read(day, "day", (1, 31), &[])?,
            months: read(month, "month", (1, 12), &MONTHS)?,
            // Sunday has two numbers.
            weekdays: (weekdays | (weekdays >> 7)) & 0x7f,
            any_day: day.starts_with('*'),
            any_weekday: weekday.starts_with('*'),
        })
    }
}

/// The values of a field, as bits.
fn set(field: &str, range: (u32, u32), names: &[&str]) -> Result<u64, String> {
    let mut bits = 0;
    for part in field.split(',') {
        let (values, step) = match part.split_once('/') {
            Some((values, step)) => (values, step.parse().map_err(|_| format!("{step:?} is no step"))?),
            None => (part, 1),
        };
        if step == 0 {
            return Err("a step of 0 leads nowhere".to_owned());
        }
        let (from, to) = match values.split_once('-') {
            _ if values == "*" => range,
            Some((from, to)) => (value(from, range, names)?, value(to, range, names)?),
            // A step after a single value goes on to the end.
            None if part.contains('/') => (value(values, range, names)?, range.1),
            None => (value(values, range, names)?, value(values, range, names)?),
        };
        if from > to {
            return Err(format!("{from} is after {to}"));
        }
        (from..=to).step_by(step).for_each(|value| bits |= 1 << value);
    }
    Ok(bits)
}

fn value(text: &str, (from, to): (u32, u32), names: &[&str]) -> Result<u32, String> {
    let lower = text.to_ascii_lowercase();
    if let Some(at) = names.iter().position(|name| *name == lower) {
        // Months count from 1, weekdays from 0: their ranges say so.
        return Ok(u32::try_from(at).unwrap_or_default() + from);
    }
    let number = text.parse().map_err(|_| format!("{text:?} is no number"))?;
    if (from..=to).contains(&number) { Ok(number) } else { Err(format!("{number} is not between {from} and {to}")) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn next(schedule: &str, zone: &str, after: &str) -> String {
        let zone = TimeZone::get(zone).unwrap();
        let found = schedule.parse::<Cron>().unwrap().next_after(after.parse().unwrap(), &zone);
        found.map_or_else(|| "never".to_owned(), |found| found.to_zoned(zone).datetime().to_string())
    }

    #[test]
    fn fields_mean_what_cron_means() {
        for (schedule, expected) in [
            ("* * * * *", "2026-11-20T07:26:00"),
            ("*/15 * * * *", "2026-11-20T07:30:00"),
            ("0 3 * * *", "2026-11-21T03:00:00"),
            ("30 8-18/2 * * *", "2026-11-20T08:30:00"),
            ("0 0 1 * *", "2026-12-01T00:00:00"),
            ("0 4 * * mon-fri", "2026-11-23T04:00:00"),
            ("0 4 * * 7", "2026-11-22T04:00:00"),
            ("0 4 13 * fri", "2026-11-27T04:00:00"),
            ("0 0 29 2 *", "2028-02-29T00:00:00"),
            ("@daily", "2026-11-21T00:00:00"),
            ("0 0 30 2 *", "never"),
        ] {
            assert_eq!(next(schedule, "UTC", "2026-11-20T07:25:51Z"), expected, "{schedule}");
        }
    }

    /// Clocks in Berlin: 29 March 2026 from 2 to 3, and 25 October 2026 from 3 back to 2.
    #[test]
    fn a_time_that_is_left_out_is_late_and_one_that_comes_twice_counts_once() {
        assert_eq!(next("30 2 * * *", "Europe/Berlin", "2026-03-28T12:00:00Z"), "2026-03-29T03:30:00");
        let first = "2026-10-25T00:30:00Z";
        assert_eq!(next("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z"), "2026-10-25T02:30:00");
        assert_eq!(next("30 2 * * *", "Europe/Berlin", first), "2026-10-26T02:30:00");
    }

    #[test]
    fn what_is_no_schedule_is_refused_with_the_field() {
        for (text, words) in [
            ("0 3 * *", "4 fields"),
            ("60 * * * *", "minute \"60\": 60 is not between 0 and 59"),
            ("* 5-2 * * *", "5 is after 2"),
            ("*/0 * * * *", "a step of 0"),
            ("* * * foo *", "is no number"),
            ("@sometimes", "no such name"),
        ] {
            let error = text.parse::<Cron>().unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "[0-9*/,@a-z -]{0,24}") {
            let _ = text.parse::<Cron>();
        }

        #[test]
        fn what_is_due_is_later_and_fits(minute in 0u32..60, hour in 0u32..24, at in 0i64..4_000_000_000) {
            let cron: Cron = format!("{minute} {hour} * * *").parse().unwrap();
            let after = Timestamp::from_second(at).unwrap();
            let due = cron.next_after(after, &TimeZone::UTC).unwrap();
            prop_assert!(due > after && due.duration_since(after).as_hours() <= 24);
            let due = due.to_zoned(TimeZone::UTC);
            prop_assert_eq!((due.hour(), due.minute()), (i8::try_from(hour).unwrap(), i8::try_from(minute).unwrap()));
        }
    }
}
