//! What is said when something could not be done: what it was, why, and what to do; with the exit code of sops.

use windlass_secrets::Error;
use windlass_sops::{Error as OpenError, NoIdentity, RuleError, WriteError};

use crate::output::Console;
use crate::trouble::{Trouble, causes};

/// An error as it is printed.
pub(crate) fn explained(error: anyhow::Error) -> anyhow::Error {
    if error.is::<Trouble>() || error.is::<std::io::Error>() {
        return error;
    }
    trouble_of(&error).into()
}

fn trouble_of(error: &anyhow::Error) -> Trouble {
    let mut place = None;
    for cause in error.chain() {
        if let Some(known) = cause.downcast_ref::<Error>() {
            match known {
                Error::Document { path, source } => {
                    place = Some(path.display().to_string());
                    return of_document(place.as_deref(), source);
                }
                known => return of_repository(known),
            }
        }
        if let Some(known) = cause.downcast_ref::<WriteError>() {
            return of_document(place.as_deref(), known);
        }
        if let Some(known) = cause.downcast_ref::<OpenError>() {
            return of_opening(place.as_deref(), known);
        }
        if let Some(known) = cause.downcast_ref::<RuleError>() {
            return Trouble::new(known.to_string()).code(1);
        }
    }
    with_causes(Trouble::new(error.to_string()).code(1), error.as_ref())
}

fn with_causes(trouble: Trouble, error: &(dyn std::error::Error + 'static)) -> Trouble {
    let causes = causes(error);
    if causes.is_empty() { trouble } else { trouble.because(causes.join(": ")) }
}

fn of_repository(error: &Error) -> Trouble {
    let trouble = Trouble::new(error.to_string()).code(error.exit_code());
    let trouble = match error {
        Error::NoRule { rules: Some(_), .. } => trouble.help(
            "add a rule for it, or name recipients with --age; `windlass secrets list FILE` shows the rule of a file",
        ),
        Error::NoRule { .. } => {
            trouble.help("`windlass secrets init` writes one; or name recipients with --age or SOPS_AGE_RECIPIENTS")
        }
        Error::ChangedMeanwhile { .. } => trouble.help("nothing was written; run the command again"),
        _ => trouble,
    };
    with_causes(trouble, error)
}

fn in_file(place: Option<&str>, text: &str) -> String {
    place.map_or_else(|| text.to_owned(), |place| format!("{place}: {text}"))
}

fn of_document(place: Option<&str>, error: &WriteError) -> Trouble {
    match error {
        WriteError::Open(error) => of_opening(place, error),
        error => {
            let trouble = Trouble::new(in_file(place, &error.to_string())).code(error.exit_code());
            with_causes(trouble, error)
        }
    }
}

fn of_opening(place: Option<&str>, error: &OpenError) -> Trouble {
    let code = error.exit_code();
    match error {
        OpenError::NoIdentity(sides) => Trouble::new(in_file(place, "no identity at hand opens this file"))
            .because(both_sides(sides))
            .help(FIND_KEY),
        OpenError::TooFewShares { opened, groups, needed, missing } => {
            let text = format!("{opened} of {groups} key groups could be opened, and {needed} are needed");
            Trouble::new(in_file(place, &text)).because(both_sides(missing)).help(FIND_KEY)
        }
        OpenError::MacMissing | OpenError::MacUnreadable | OpenError::MacMismatch => {
            Trouble::new(in_file(place, &error.to_string())).help(
                "see what changed with `git log -p` on the file; where the change was meant, `windlass secrets edit \
                 --ignore-mac` accepts it and seals the file again",
            )
        }
        OpenError::Conflict { .. } => Trouble::new(in_file(place, &error.to_string())).help(
            "take one side of each conflict, and of the MAC the same (`git checkout --ours` or `--theirs` does); or mix them, \
             and seal the file with `windlass secrets edit --ignore-mac`",
        ),
        OpenError::NotEncrypted => Trouble::new(in_file(place, &error.to_string()))
            .help("`windlass secrets encrypt -i` encrypts it by the rule that is for it"),
        error => with_causes(Trouble::new(in_file(place, &error.to_string())), error),
    }
    .code(code)
}

const FIND_KEY: &str = "put the private key of one of its recipients into SOPS_AGE_KEY_FILE, SOPS_AGE_KEY or \
                        ~/.config/sops/age/keys.txt,\nor ask somebody who has one to add yours to .sops.yaml and run \
                        `windlass secrets rekey --all`";

/// For whom the file is, who tried, and what could not be read.
fn both_sides(sides: &NoIdentity) -> String {
    let mut lines: Vec<String> =
        sides.recipients.iter().map(|recipient| format!("it is encrypted for {recipient}")).collect();
    lines.extend(sides.tried.iter().map(|tried| format!("tried {} (from {})", tried.recipient, tried.origin)));
    if sides.tried.is_empty() {
        lines.push("no identity was found in any of the places where sops looks".to_owned());
    }
    lines.extend(sides.broken.iter().map(|recipient| format!("the key stored for {recipient} is damaged")));
    lines.extend(sides.failed.iter().cloned());
    lines.extend(sides.unread.iter().map(ToString::to_string));
    lines.join("\n")
}

/// An error about the standard input has no path to show.
pub(crate) fn of_source(error: Error) -> anyhow::Error {
    match error {
        Error::Document { path, source } if path.as_os_str().is_empty() => source.into(),
        error => error.into(),
    }
}

/// Prints all faults of several files but the last, and gives that one, with word that nothing was done.
pub(crate) fn of_many(mut faults: Vec<Error>, console: &Console) -> anyhow::Error {
    let last = faults.pop();
    for fault in faults {
        crate::trouble::print(&trouble_of(&fault.into()).into(), console);
    }
    console.note("no file was changed");
    match last {
        Some(last) => trouble_of(&last.into()).into(),
        None => Trouble::new("nothing was done").code(1).into(),
    }
}
