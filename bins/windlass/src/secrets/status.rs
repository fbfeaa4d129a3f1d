//! `windlass secrets status`.

use std::io::Write as _;
use std::time::{Duration, SystemTime};

use serde_json::json;
use windlass_secrets::{AgeLimit, AgeLimits, DatedValue, Repository, SecretFile, metrics, status};
use windlass_sops::{Identities, Location};

use crate::outcome::Outcome;
use crate::output::{self, Console};
use crate::secrets::settings::Settings;
use crate::table::{Cell, Table};
use crate::trouble::Trouble;

/// Show every secret of the repository: for whom it is encrypted, and how old each value and each data key is
///
/// A value that was not changed keeps its envelope, so the history of the repository dates it; commits that encrypted a whole
/// file anew are looked through where a key is at hand. What is older than its limit is marked, and then the exit code is 1.
///
/// Limits can stand in .sops.yaml too, where sops passes them over: `windlass: {max_age: 180d, max_key_age: 1y}` in a creation
/// rule is for the files of that rule. Those of the command line go first.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  windlass secrets status
  windlass secrets status --max-age 180d --max-age 'prod/**=90d' --max-key-age 1y
  windlass secrets status -o metrics > /var/lib/node_exporter/secrets.prom")]
pub(crate) struct StatusArgs {
    /// Mark values older than this: 90d, 26w, 1y; for some files only as in 'prod/**=90d', of which the last that fits counts
    #[arg(long, value_name = "[FILES=]AGE")]
    max_age: Vec<AgeLimit>,

    /// Mark data keys older than this, in the same way; `windlass secrets rotate` makes new ones
    #[arg(long, value_name = "[FILES=]AGE")]
    max_key_age: Vec<AgeLimit>,

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

pub(crate) fn run(args: &StatusArgs, settings: &Settings<'_>) -> anyhow::Result<Outcome> {
    let repository = Repository::around(&settings.folder)?;
    let none = Identities::new();
    let identities = if args.no_keys { &none } else { settings.identities() };
    let limits = AgeLimits { values: args.max_age.clone(), data_keys: args.max_key_age.clone() };
    let files = status(&repository, identities, &limits, &mut settings.rule_files()?)?;
    let now = SystemTime::now();
    match args.output {
        StatusOutput::Table => print(&files, now, settings.console)?,
        StatusOutput::Json => settings.console.data(output::json(&as_json(&files, now))?.as_bytes())?,
        StatusOutput::Yaml => settings.console.data(output::yaml(&as_json(&files, now))?.as_bytes())?,
        StatusOutput::Metrics => settings.console.data(metrics(&files, now).as_bytes())?,
    }
    let old_values = |file: &SecretFile| file.dated.values.iter().filter(|value| file.is_old(value, now)).count();
    let values = files.iter().map(old_values).sum();
    let keys = files.iter().filter(|file| file.is_key_old(now)).count();
    if values > 0 {
        let are = counted(values, "value is", "values are");
        settings.console.note(&format!("{are} older than allowed: `windlass secrets set` gives a new one"));
    }
    if keys > 0 {
        let are = counted(keys, "data key is", "data keys are");
        settings.console.note(&format!("{are} older than allowed: `windlass secrets rotate` makes a new one"));
    }
    if let Some(file) = files.iter().find(|file| file.fault.is_some()) {
        let fault = file.fault.clone().unwrap_or_default();
        return Err(Trouble::new(format!("{}: {fault}", file.path.display())).code(1).into());
    }
    Ok(if values + keys > 0 { Outcome::Unwelcome } else { Outcome::Done })
}

fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

fn without_line(at: &Location) -> String {
    Location { line: None, ..at.clone() }.to_string()
}

fn print(files: &[SecretFile], now: SystemTime, console: &Console) -> anyhow::Result<()> {
    if files.is_empty() {
        console.note("no file of this repository is encrypted");
        return Ok(());
    }
    let has_limits = files.iter().any(|file| file.limits.value.or(file.limits.data_key).is_some());
    let mut header = vec!["FILE", "VALUE", "AGE", "LIMIT", "COMMIT", "RECIPIENTS"];
    header.retain(|name| has_limits || *name != "LIMIT");
    let mut table = Table::new(&header);
    for file in files {
        let mut recipients =
            file.recipients.iter().map(|recipient| short(&recipient.id)).collect::<Vec<_>>().join(", ");
        let mut name = file.path.display().to_string();
        let mut row = |what: &str, age: Cell, limit: Option<Duration>, commit: Option<&str>| {
            let mut cells = vec![Cell::new(&std::mem::take(&mut name)), Cell::new(what), age];
            if has_limits {
                cells.push(Cell::new(&limit.map(days).unwrap_or_default()));
            }
            cells.push(Cell::new(commit.unwrap_or_default()));
            cells.push(Cell::new(&std::mem::take(&mut recipients)));
            table.row(cells);
        };
        for value in &file.dated.values {
            let age = Cell::new(&told(value.age(now), value.may_be_older));
            let age = if file.is_old(value, now) { age.bad() } else { age };
            row(&without_line(&value.at), age, file.limits.value, value.commit.as_deref());
        }
        let age = Cell::new(&told(file.dated.key_age(now), false));
        let age = if file.is_key_old(now) { age.bad() } else { age };
        row("(data key)", age, file.limits.data_key, file.dated.key_commit.as_deref());
    }
    Ok(write!(console.out(), "{table}")?)
}

/// `12d`; `12d or more` where a commit hides how much.
fn told(age: Option<Duration>, may_be_older: bool) -> String {
    let more = if may_be_older { " or more" } else { "" };
    age.map_or_else(|| "not committed".to_owned(), |age| format!("{}{more}", days(age)))
}

fn days(time: Duration) -> String {
    format!("{}d", time.as_secs() / DAY)
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

fn as_json(files: &[SecretFile], now: SystemTime) -> serde_json::Value {
    let seconds = |time: Option<Duration>| time.map(|time| time.as_secs());
    let value = |file: &SecretFile, value: &DatedValue| {
        json!({
            "path": without_line(&value.at),
            "line": value.at.line,
            "ageSeconds": seconds(value.age(now)),
            "since": value.since,
            "commit": value.commit,
            "mayBeOlder": value.may_be_older,
            "tooOld": file.is_old(value, now),
        })
    };
    let file = |file: &SecretFile| {
        json!({
            "path": file.path.display().to_string(),
            "recipients": file.recipients.iter().map(|recipient| recipient.id.clone()).collect::<Vec<_>>(),
            "fault": file.fault,
            "maxAgeSeconds": seconds(file.limits.value),
            "values": file.dated.values.iter().map(|one| value(file, one)).collect::<Vec<_>>(),
            "dataKey": {
                "ageSeconds": seconds(file.dated.key_age(now)),
                "since": file.dated.key_since,
                "commit": file.dated.key_commit,
                "maxAgeSeconds": seconds(file.limits.data_key),
                "tooOld": file.is_key_old(now),
            },
        })
    };
    files.iter().map(file).collect()
}
