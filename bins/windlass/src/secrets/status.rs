//! `windlass secrets status`.

use std::io::Write as _;
use std::time::{Duration, SystemTime};

use serde_json::json;
use windlass_secrets::{DatedValue, Repository, SecretFile, metrics, status};
use windlass_sops::{Identities, Location};

use crate::outcome::Outcome;
use crate::output::{self, Console};
use crate::secrets::settings::Settings;
use crate::table::{Cell, Table};
use crate::trouble::Trouble;

/// Show every secret of the repository: for whom it is encrypted, and how old each value is
///
/// A value that was not changed keeps its envelope, so the history of the repository dates it; commits that encrypted a whole
/// file anew are looked through where a key is at hand. Values older than --max-age are marked, and then the exit code is 1.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  windlass secrets status
  windlass secrets status --max-age 180d
  windlass secrets status -o metrics > /var/lib/node_exporter/secrets.prom")]
pub(crate) struct StatusArgs {
    /// Mark values older than this: 90d, 26w, 1y
    #[arg(long, value_name = "AGE", value_parser = age)]
    max_age: Option<Duration>,

    /// Do not look for keys: dates of values in files that were encrypted anew may be too young
    #[arg(long)]
    no_keys: bool,

    /// `table` for people, `yaml` or `json` for other programs, `metrics` for Prometheus
    #[arg(short, long, value_enum, value_name = "FORMAT", default_value_t, hide_possible_values = true)]
    output: StatusOutput,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
enum StatusOutput {
    #[default]
    Table,
    Yaml,
    Json,
    Metrics,
}

const DAY: u64 = 24 * 60 * 60;

fn age(text: &str) -> Result<Duration, String> {
    let (number, unit) = text.split_at(text.len() - text.chars().last().map_or(0, char::len_utf8));
    let days = match unit {
        "d" => 1,
        "w" => 7,
        "y" => 365,
        _ => return Err("a number and a unit: 90d, 26w, 1y".to_owned()),
    };
    let number: u64 = number.parse().map_err(|_| "a number and a unit: 90d, 26w, 1y".to_owned())?;
    number.checked_mul(days * DAY).map(Duration::from_secs).ok_or_else(|| "too long".to_owned())
}

pub(crate) fn run(args: &StatusArgs, settings: &Settings<'_>) -> anyhow::Result<Outcome> {
    let repository = Repository::around(&settings.folder)?;
    let none = Identities::new();
    let identities = if args.no_keys { &none } else { settings.identities() };
    let files = status(&repository, identities)?;
    let now = SystemTime::now();
    match args.output {
        StatusOutput::Table => print(&files, args, now, settings.console)?,
        StatusOutput::Json => settings.console.data(output::json(&as_json(&files, args, now))?.as_bytes())?,
        StatusOutput::Yaml => settings.console.data(output::yaml(&as_json(&files, args, now))?.as_bytes())?,
        StatusOutput::Metrics => settings.console.data(metrics(&files, now).as_bytes())?,
    }
    let old = files.iter().flat_map(|file| &file.values).filter(|value| is_old(value, args, now)).count();
    if old > 0 {
        settings.console.note(&format!("{old} values are older than they should be"));
    }
    if let Some(file) = files.iter().find(|file| file.fault.is_some()) {
        let fault = file.fault.clone().unwrap_or_default();
        return Err(Trouble::new(format!("{}: {fault}", file.path.display())).code(1).into());
    }
    Ok(if old > 0 { Outcome::Unwelcome } else { Outcome::Done })
}

fn is_old(value: &DatedValue, args: &StatusArgs, now: SystemTime) -> bool {
    args.max_age.zip(value.age(now)).is_some_and(|(limit, age)| age > limit)
}

fn without_line(at: &Location) -> String {
    Location { line: None, ..at.clone() }.to_string()
}

fn print(files: &[SecretFile], args: &StatusArgs, now: SystemTime, console: &Console) -> anyhow::Result<()> {
    let mut table = Table::new(&["FILE", "VALUE", "AGE", "COMMIT", "RECIPIENTS"]);
    for file in files {
        let mut recipients =
            file.recipients.iter().map(|recipient| short(&recipient.id)).collect::<Vec<_>>().join(", ");
        let mut name = file.path.display().to_string();
        if file.values.is_empty() {
            table.row(vec![Cell::new(&name), Cell::new(""), Cell::new(""), Cell::new(""), Cell::new(&recipients)]);
        }
        for value in &file.values {
            let age = Cell::new(&told(value, now));
            let age = if is_old(value, args, now) { age.bad() } else { age };
            let commit = value.commit.as_deref().unwrap_or_default();
            table.row(vec![
                Cell::new(&std::mem::take(&mut name)),
                Cell::new(&without_line(&value.at)),
                age,
                Cell::new(commit),
                Cell::new(&std::mem::take(&mut recipients)),
            ]);
        }
    }
    Ok(write!(console.out(), "{table}")?)
}

/// `12d`; `12d or more` where a commit hides how much.
fn told(value: &DatedValue, now: SystemTime) -> String {
    let Some(age) = value.age(now) else { return "not committed".to_owned() };
    let days = age.as_secs() / DAY;
    let more = if value.may_be_older { " or more" } else { "" };
    format!("{days}d{more}")
}

/// The ends of a public name are enough to tell people apart.
fn short(id: &str) -> String {
    let letters: Vec<char> = id.chars().collect();
    if letters.len() <= 20 {
        return id.to_owned();
    }
    let (head, tail) =
        (letters[..10].iter().collect::<String>(), letters[letters.len() - 4..].iter().collect::<String>());
    format!("{head}…{tail}")
}

fn as_json(files: &[SecretFile], args: &StatusArgs, now: SystemTime) -> serde_json::Value {
    let value = |value: &DatedValue| {
        json!({
            "path": without_line(&value.at),
            "line": value.at.line,
            "ageSeconds": value.age(now).map(|age| age.as_secs()),
            "since": value.since,
            "commit": value.commit,
            "mayBeOlder": value.may_be_older,
            "tooOld": is_old(value, args, now),
        })
    };
    let file = |file: &SecretFile| {
        json!({
            "path": file.path.display().to_string(),
            "recipients": file.recipients.iter().map(|recipient| recipient.id.clone()).collect::<Vec<_>>(),
            "fault": file.fault,
            "values": file.values.iter().map(value).collect::<Vec<_>>(),
        })
    };
    files.iter().map(file).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_read() {
        assert_eq!(age("90d"), Ok(Duration::from_secs(90 * DAY)));
        assert_eq!(age("2w"), Ok(Duration::from_secs(14 * DAY)));
        for text in ["", "d", "90", "1.5d", "9999999999999999999y", "5é"] {
            assert!(age(text).is_err(), "{text}");
        }
    }
}
