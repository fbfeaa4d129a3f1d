//! `windlass secrets list`.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde_json::json;
use windlass_secrets::Repository;
use windlass_sops::{Metadata, encrypted_values, is_encrypted, selected_values};

use crate::outcome::Outcome;
use crate::output::{self, Output};
use crate::secrets::files::{InputArgs, Source};
use crate::secrets::settings::Settings;
use crate::trouble::Trouble;

/// Show what is encrypted in a file, for whom, and which rule is for it
///
/// No key is needed. For a file in clear it shows what its rule would encrypt.
#[derive(Debug, clap::Args)]
pub(crate) struct ListArgs {
    /// The file
    file: PathBuf,

    /// `table` for people, `yaml` or `json` for other programs
    #[arg(short, long, value_enum, value_name = "FORMAT", default_value_t, hide_possible_values = true)]
    output: Output,

    #[command(flatten)]
    input: InputArgs,
}

/// What there is to see.
struct Seen {
    is_encrypted: bool,
    recipients: Vec<String>,
    modified: Option<String>,
    values: Vec<String>,
    rule: Option<(PathBuf, usize)>,
    /// Which rule counts, and why.
    why: String,
}

pub(crate) fn run(args: &ListArgs, settings: &Settings<'_>) -> anyhow::Result<Outcome> {
    let source = Source::file(&args.file, 2)?;
    let seen = look(args, &source, settings)?;
    match args.output {
        Output::Table => print(&args.file, &seen, settings)?,
        Output::Json => settings.console.data(output::json(&as_json(&seen))?.as_bytes())?,
        Output::Yaml => settings.console.data(output::yaml(&as_json(&seen))?.as_bytes())?,
    }
    Ok(Outcome::Done)
}

fn look(args: &ListArgs, source: &Source, settings: &Settings<'_>) -> anyhow::Result<Seen> {
    let format = args.input.format(&args.file);
    let rule = settings.rule_for(&args.file)?;
    let why = why(&args.file, settings)?;
    let place = rule.as_ref().map(|found| (found.file.path.clone(), found.rule.number + 1));
    let shown = |at: &windlass_sops::Location| at.to_string();
    if is_encrypted(&source.text, format) || rule.is_none() {
        let metadata = Metadata::read(&source.text, format)?;
        let values = encrypted_values(&source.text, format)?.iter().map(|value| shown(&value.at)).collect();
        let recipients = metadata.recipients().map(|recipient| recipient.id.clone()).collect();
        return Ok(Seen { is_encrypted: true, recipients, modified: metadata.last_modified, values, rule: place, why });
    }
    let Some(found) = rule else { return Err(Trouble::new("no rule is for this file").code(1).into()) };
    let values = selected_values(&source.text, format, &found.rule.selector)?.iter().map(shown).collect();
    let recipients = found.rule.recipients()?.iter().map(|recipient| recipient.id.clone()).collect();
    Ok(Seen { is_encrypted: false, recipients, modified: None, values, rule: place, why })
}

fn why(file: &Path, settings: &Settings<'_>) -> anyhow::Result<String> {
    let file = settings.absolute(file);
    Ok(match settings.rule_files()?.for_file(&file)? {
        Some(rules) => {
            let repository = Repository::around(&settings.folder)?;
            let explained = rules.rules.explain(&rules.name_of(&file)).to_string();
            format!("{}: {explained}", repository.shown(&rules.path).display())
        }
        None => "there is no .sops.yaml above it".to_owned(),
    })
}

fn as_json(seen: &Seen) -> serde_json::Value {
    json!({
        "encrypted": seen.is_encrypted,
        "recipients": seen.recipients,
        "lastModified": seen.modified,
        "values": seen.values,
        "rule": seen.rule.as_ref().map(|(file, number)| json!({"file": file.display().to_string(), "number": number})),
        "why": seen.why,
    })
}

fn print(file: &Path, seen: &Seen, settings: &Settings<'_>) -> anyhow::Result<()> {
    let mut out = settings.console.out();
    let state = if seen.is_encrypted { "encrypted for" } else { "in clear; its rule would encrypt for" };
    writeln!(out, "{}: {state}", file.display())?;
    seen.recipients.iter().try_for_each(|recipient| writeln!(out, "    {recipient}"))?;
    if let Some(modified) = &seen.modified {
        writeln!(out, "changed {modified}")?;
    }
    writeln!(out, "{}", seen.why)?;
    let verb = if seen.is_encrypted { "encrypted" } else { "selected" };
    let count = seen.values.len();
    writeln!(out, "{count} value{} {verb}:", if count == 1 { "" } else { "s" })?;
    Ok(seen.values.iter().try_for_each(|at| writeln!(out, "    {at}"))?)
}
