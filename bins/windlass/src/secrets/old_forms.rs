//! The forms of sops from before it had verbs, which scripts still use: `sops -d FILE`, `sops --set '["a"] "b"' FILE`.

use std::ffi::OsString;
use std::path::Path;

use clap::CommandFactory as _;

use crate::cli::Cli;
use crate::secrets::sops_flags;

/// The arguments of the program, with an old form behind `secrets` put as the verb that it has become.
pub(crate) fn modern(arguments: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = arguments.into_iter().collect();
    let Some(at) = verb_of_program(&arguments).filter(|at| arguments[*at] == "secrets") else { return arguments };
    let rest = arguments.split_off(at + 1);
    sops_flags::look_for_flags(&rest);
    arguments.extend(modern_form(rest));
    arguments
}

/// The place of the first argument that is no flag of the program itself.
fn verb_of_program(arguments: &[OsString]) -> Option<usize> {
    let mut at = 1;
    while arguments.get(at)?.to_string_lossy().starts_with("--color") {
        at += if arguments[at] == "--color" { 2 } else { 1 };
    }
    (at < arguments.len()).then_some(at)
}

fn modern_form(mut rest: Vec<OsString>) -> Vec<OsString> {
    // The way of most runs: a word that is no file is a verb, or is told to be none.
    let is_word = |first: &OsString| {
        let path = Path::new(first);
        !is_flag(first) && path.extension().is_none() && !path.is_file()
    };
    if rest.first().is_none_or(is_word) {
        return rest;
    }
    let mut program = Cli::command();
    program.build();
    let secrets = program.find_subcommand("secrets");
    let is_verb = |name: &str| name == "help" || secrets.is_some_and(|secrets| secrets.find_subcommand(name).is_some());
    let has_verb = |argument: &OsString| argument.to_str().is_some_and(is_verb);
    let end = rest.iter().position(|argument| argument == "--" || has_verb(argument)).unwrap_or(rest.len());
    // A file may be called as a verb is; what stands before it says that it is no verb.
    let Some(mode) = rest[..end].iter().position(|argument| Mode::of(argument).is_some()) else {
        let names_file = |last: &OsString| Path::new(last).is_file() || Path::new(last).extension().is_some();
        let is_edit = end == rest.len() && rest.last().is_some_and(|last| !is_flag(last) && names_file(last));
        if is_edit {
            rest.insert(0, "edit".into());
        }
        return rest;
    };
    let flag = rest.remove(mode);
    match Mode::of(&flag) {
        Some(Mode::Verb(verb)) => rest.insert(0, verb.into()),
        Some(Mode::Set(value)) => return set(rest, mode, value),
        None => {}
    }
    rest
}

/// `--set 'PATH VALUE' FILE` becomes `set --insecure-argument FILE -- PATH VALUE`; it always was in place.
fn set(mut rest: Vec<OsString>, mode: usize, value: Option<String>) -> Vec<OsString> {
    let value = value.or_else(|| (mode < rest.len()).then(|| rest.remove(mode).to_string_lossy().into_owned()));
    rest.retain(|argument| argument != "-i" && argument != "--in-place");
    rest.insert(0, "set".into());
    rest.insert(1, "--insecure-argument".into());
    if let Some(value) = value {
        // As sops takes it apart.
        let (path, value) = value
            .split_once("] ")
            .map_or((value.clone(), None), |(path, value)| (format!("{path}]"), Some(value.to_owned())));
        rest.push("--".into());
        rest.push(path.into());
        rest.extend(value.map(OsString::from));
    }
    rest
}

enum Mode {
    Verb(&'static str),
    /// With its value, where that stands behind `=`.
    Set(Option<String>),
}

impl Mode {
    fn of(argument: &OsString) -> Option<Self> {
        Some(match argument.to_str()? {
            "-d" | "--decrypt" => Self::Verb("decrypt"),
            "-e" | "--encrypt" => Self::Verb("encrypt"),
            "-r" | "--rotate" => Self::Verb("rotate"),
            "--set" => Self::Set(None),
            text => Self::Set(Some(text.strip_prefix("--set=")?.to_owned())),
        })
    }
}

fn is_flag(argument: &OsString) -> bool {
    argument.to_string_lossy().starts_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(text: &str) -> String {
        let arguments = text.split('|').map(OsString::from);
        let modern = modern([OsString::from("windlass"), OsString::from("secrets")].into_iter().chain(arguments));
        modern[2..].iter().map(|argument| argument.to_string_lossy().into_owned()).collect::<Vec<_>>().join("|")
    }

    #[test]
    fn old_forms_become_verbs() {
        for (old, new) in [
            ("-d|a.yaml", "decrypt|a.yaml"),
            ("--decrypt|--extract|[\"a\"]|a.yaml", "decrypt|--extract|[\"a\"]|a.yaml"),
            ("-i|-e|a.yaml", "encrypt|-i|a.yaml"),
            ("--config|x|-r|-i|--add-age|y|a", "rotate|--config|x|-i|--add-age|y|a"),
            ("--set|[\"a\"] \"b] c\"|a.yaml", "set|--insecure-argument|a.yaml|--|[\"a\"]|\"b] c\""),
            ("-i|--set=[\"a\"][0] -1|a.yaml", "set|--insecure-argument|a.yaml|--|[\"a\"][0]|-1"),
            ("-s|a.yaml", "edit|-s|a.yaml"),
            ("a.yaml", "edit|a.yaml"),
        ] {
            assert_eq!(form(old), new);
        }
    }

    #[test]
    fn verbs_stay_as_they_are() {
        for text in ["decrypt|a.yaml", "get|a.yaml|-d", "--config|x.yaml|check", "--help", "nonsense", "edit", "--|-d"]
        {
            assert_eq!(form(text), text);
        }
        let other = ["windlass", "backup", "-d"].map(OsString::from);
        assert_eq!(modern(other.clone()), other);
        let color = ["windlass", "--color", "never", "secrets", "-d", "a"].map(OsString::from);
        assert_eq!(modern(color)[4], "decrypt");
    }
}
