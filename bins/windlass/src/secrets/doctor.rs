//! `windlass secrets doctor`.

use std::io::Write as _;

use serde_json::json;
use windlass_secrets::{Access, Kind, Repository, access};

use crate::outcome::Outcome;
use crate::output::{self, Output};
use crate::secrets::rotate::files;
use crate::secrets::settings::Settings;
use crate::table::{Cell, Table};

/// Show which keys were found where, which files they open, and whose keys are missing
///
/// Opens every file of the repository in memory and verifies it. Exits with 1 where one does not open.
#[derive(Debug, clap::Args)]
pub(crate) struct DoctorArgs {
    /// `table` for people, `yaml` or `json` for other programs
    #[arg(short, long, value_enum, value_name = "FORMAT", default_value_t, hide_possible_values = true)]
    output: Output,
}

pub(crate) fn run(args: &DoctorArgs, settings: &Settings<'_>) -> anyhow::Result<Outcome> {
    let repository = Repository::around(&settings.folder)?;
    let texts = repository.texts(Kind::Encrypted)?;
    let found = settings.with_work("opening", |work| access(&texts, settings.identities(), work));
    match args.output {
        Output::Table => print(&found, &repository, settings)?,
        Output::Json => settings.console.data(output::json(&as_json(&found, &repository, settings))?.as_bytes())?,
        Output::Yaml => settings.console.data(output::yaml(&as_json(&found, &repository, settings))?.as_bytes())?,
    }
    let closed = found.files.iter().filter(|file| file.fault.is_some()).count();
    Ok(if closed > 0 { Outcome::Unwelcome } else { Outcome::Done })
}

fn print(found: &Access, repository: &Repository, settings: &Settings<'_>) -> anyhow::Result<()> {
    let mut out = settings.console.out();
    if found.identities.is_empty() {
        writeln!(out, "no key was found: looked at {}; `windlass secrets init` makes one", PLACES.join(", "))?;
    } else {
        let mut table = Table::new(&["KEY", "FROM", "FILES"]);
        for own in &found.identities {
            let count = Cell::new(&own.files.to_string());
            let count = if own.files > 0 { count.good() } else { count.pending() };
            table.row(vec![Cell::new(&own.identity.recipient), Cell::new(&own.identity.origin), count]);
        }
        write!(out, "{table}")?;
    }
    for warning in settings.identities().warnings() {
        writeln!(out, "warning: {warning}")?;
    }
    if !found.strangers.is_empty() {
        writeln!(out)?;
        let mut table = Table::new(&["OTHER RECIPIENT", "KIND", "FILES"]);
        for stranger in &found.strangers {
            let cells = [stranger.id.clone(), stranger.kind.to_string(), stranger.files.to_string()];
            table.row(cells.iter().map(|text| Cell::new(text)).collect());
        }
        write!(out, "{table}")?;
    }
    let closed: Vec<_> = found.files.iter().filter_map(|file| Some((file, file.fault.as_ref()?))).collect();
    writeln!(out, "\n{} of {} open", found.files.len() - closed.len(), files(found.files.len()))?;
    for (file, fault) in closed {
        writeln!(out, "  {}: {fault}", repository.shown(&file.path).display())?;
    }
    Ok(())
}

const PLACES: [&str; 6] = [
    "SOPS_AGE_KEY",
    "SOPS_AGE_KEY_FILE",
    "SOPS_AGE_KEY_CMD",
    "SOPS_AGE_SSH_PRIVATE_KEY_FILE",
    "~/.config/sops/age/keys.txt",
    "~/.ssh/id_ed25519, ~/.ssh/id_rsa",
];

fn as_json(found: &Access, repository: &Repository, settings: &Settings<'_>) -> serde_json::Value {
    let identities = found
        .identities
        .iter()
        .map(|own| json!({ "recipient": own.identity.recipient, "origin": own.identity.origin, "files": own.files }));
    let strangers = found.strangers.iter().map(
        |stranger| json!({ "recipient": stranger.id, "kind": stranger.kind.to_string(), "files": stranger.files }),
    );
    let files = found.files.iter().map(|file| {
        let path = repository.shown(&file.path).display().to_string();
        json!({ "path": path, "recipients": file.recipients, "opens": file.fault.is_none(), "fault": file.fault })
    });
    json!({
        "identities": identities.collect::<Vec<_>>(),
        "warnings": settings.identities().warnings().iter().map(ToString::to_string).collect::<Vec<_>>(),
        "otherRecipients": strangers.collect::<Vec<_>>(),
        "files": files.collect::<Vec<_>>(),
    })
}
