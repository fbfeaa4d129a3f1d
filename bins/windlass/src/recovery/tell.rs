//! What restores, rebuilds and drills say to people, and to other programs.

use serde_json::Value;
use windlass_recovery::{Chosen, DataInPlace, Note};

use crate::backup::sizes;
use crate::output::{self, Console, Output};
use crate::trouble::Trouble;

/// Tells what is not as it was saved, and what could not be done.
pub(super) fn notes(notes: &[Note], failures: &[Note], console: &Console) {
    for note in notes {
        console.note(&format!("note: {}: {}", note.object, note.message));
    }
    for failure in failures {
        console.note(&format!("error: {}: {}", failure.object, failure.message));
    }
}

/// Says which snapshot it is, why it is not a newer one, and what it lacks.
pub(super) fn doubts(chosen: &Chosen, console: &Console) {
    for doubt in &chosen.passed_over {
        console.note(&format!("warning: {doubt}"));
    }
    console.note(&format!("snapshot {} of {} UTC", chosen.snapshot.id, sizes::moment(chosen.snapshot.finished)));
    for fault in &chosen.objects.facts.faults {
        console.note(&format!("warning: the backup lacks {}: {}", fault.what, fault.message));
    }
}

/// Where data are now, for people.
pub(super) fn in_place(placed: &DataInPlace) -> String {
    let bytes = placed.facts.get("bytes").and_then(Value::as_u64);
    let size = bytes.map_or_else(String::new, |bytes| format!(" ({})", sizes::bytes(bytes)));
    let aside = placed.aside.as_ref();
    let aside = aside.map_or_else(String::new, |aside| format!(", what was there is at {}", aside.display()));
    format!("{} is at {}{size}{aside}", placed.item, placed.path.display())
}

/// What a command has done, for other programs.
pub(super) fn print(value: &impl serde::Serialize, output: Output, console: &Console) -> anyhow::Result<()> {
    match output {
        Output::Yaml => console.data(output::yaml(value)?.as_bytes())?,
        Output::Json => console.data(output::json(value)?.as_bytes())?,
        Output::Table => {}
    }
    Ok(())
}

/// An error and its causes on one line.
pub(super) fn causes(error: &(dyn std::error::Error + 'static)) -> String {
    let mut parts = vec![error.to_string()];
    parts.extend(crate::trouble::causes(error));
    parts.join(": ")
}

/// Adds to an error what to do on this command line.
pub(super) fn explained(error: windlass_recovery::Error) -> anyhow::Error {
    use windlass_recovery::Error;
    let help = match &error {
        Error::SeveralClusters { .. } => "name it with --host, or a snapshot with --snapshot",
        Error::NoSnapshot { .. } => {
            "`windlass backup list` shows all there are; files and databases come back with `windlass backup extract`"
        }
        _ => return error.into(),
    };
    let causes = crate::trouble::causes(&error);
    let trouble = Trouble::new(error.to_string()).help(help);
    if causes.is_empty() { trouble.into() } else { trouble.because(causes.join(": ")).into() }
}
