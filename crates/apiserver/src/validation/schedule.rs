//! Schedules in the form of cron, as `robfig/cron` reads them, with its messages.

/// What is wrong with a schedule.
pub(super) fn fault(text: &str) -> Option<String> {
    let mut text = text;
    for prefix in ["TZ=", "CRON_TZ="] {
        if let Some(rest) = text.strip_prefix(prefix) {
            text = rest.split_once(' ').map_or("", |(_, schedule)| schedule).trim();
        }
    }
    if let Some(name) = text.strip_prefix('@') {
        return descriptor(text, name);
    }
    let fields: Vec<&str> = text.split_whitespace().collect();
    if fields.len() != 5 {
        return Some(format!("expected exactly 5 fields, found {}: [{}]", fields.len(), fields.join(" ")));
    }
    fields.iter().zip(&UNITS).find_map(|(field, unit)| field.split(',').find_map(|part| range(part, unit)))
}

struct Unit {
    least: u32,
    most: u32,
    names: &'static [&'static str],
}

const MONTHS: &[&str] = &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const DAYS: &[&str] = &["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
const UNITS: [Unit; 5] = [
    Unit { least: 0, most: 59, names: &[] },
    Unit { least: 0, most: 23, names: &[] },
    Unit { least: 1, most: 31, names: &[] },
    Unit { least: 1, most: 12, names: MONTHS },
    Unit { least: 0, most: 6, names: DAYS },
];

fn descriptor(whole: &str, name: &str) -> Option<String> {
    match name {
        "yearly" | "annually" | "monthly" | "weekly" | "daily" | "midnight" | "hourly" => None,
        _ if name.starts_with("every ") => {
            let duration = name.trim_start_matches("every ");
            let fits = duration.parse::<jiff::SignedDuration>().is_ok();
            (!fits).then(|| format!("failed to parse duration {whole}: time: invalid duration {duration:?}"))
        }
        _ => Some(format!("unrecognized descriptor: {whole}")),
    }
}

fn range(part: &str, unit: &Unit) -> Option<String> {
    let (span, step) = part.split_once('/').map_or((part, None), |(span, step)| (span, Some(step)));
    if step.is_some_and(|step| step.contains('/')) {
        return Some(format!("too many slashes: {part}"));
    }
    let (low, high) = span.split_once('-').map_or((span, None), |(low, high)| (low, Some(high)));
    let single = high.is_none();
    let (start, mut end) = if matches!(low, "*" | "?") {
        (unit.least, unit.most)
    } else {
        let start = match number(low, unit) {
            Ok(number) => number,
            Err(fault) => return Some(fault),
        };
        let end = match high {
            None => start,
            Some(high) if high.contains('-') => return Some(format!("too many hyphens: {part}")),
            Some(high) => match number(high, unit) {
                Ok(number) => number,
                Err(fault) => return Some(fault),
            },
        };
        (start, end)
    };
    if let Some(step) = step {
        match step.parse::<u32>() {
            Ok(0) => return Some(format!("step of range should be a positive number: {part}")),
            Ok(_) if single => end = unit.most,
            Ok(_) => {}
            Err(_) => return Some(unparsed(step)),
        }
    }
    if start < unit.least {
        return Some(format!("beginning of range ({start}) below minimum ({}): {part}", unit.least));
    }
    if end > unit.most {
        return Some(format!("end of range ({end}) above maximum ({}): {part}", unit.most));
    }
    (start > end).then(|| format!("beginning of range ({start}) beyond end of range ({end}): {part}"))
}

fn number(text: &str, unit: &Unit) -> Result<u32, String> {
    let lower = text.to_lowercase();
    if let Some(at) = unit.names.iter().position(|name| *name == lower) {
        return Ok(unit.least + u32::try_from(at).unwrap_or(0));
    }
    text.parse().map_err(|_| unparsed(text))
}

fn unparsed(text: &str) -> String {
    format!("failed to parse int from {text}: strconv.Atoi: parsing {text:?}: invalid syntax")
}

#[cfg(test)]
mod tests {
    use super::fault;

    #[test]
    fn schedules_are_read_as_cron_reads_them() {
        for good in ["* * * * *", "*/5 1 * * 1-5", "0 0 1 jan sun", "@daily", "@every 1h", "0,30 * ? * *"] {
            assert_eq!(fault(good), None, "{good}");
        }
        for (bad, said) in [
            ("* * *", "expected exactly 5 fields, found 3: [* * *]"),
            ("60 * * * *", "end of range (60) above maximum (59): 60"),
            ("* * 0 * *", "beginning of range (0) below minimum (1): 0"),
            ("5-1 * * * *", "beginning of range (5) beyond end of range (1): 5-1"),
            ("*/0 * * * *", "step of range should be a positive number: */0"),
            ("@never", "unrecognized descriptor: @never"),
        ] {
            assert_eq!(fault(bad).as_deref(), Some(said), "{bad}");
        }
    }
}
