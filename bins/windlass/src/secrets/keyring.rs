//! The identities of the person or machine that calls.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use windlass_sops::{Identities, IdentitySources, Platform, ProgramCall, Prompt};
use zeroize::Zeroizing;

use crate::secrets::asking;
use crate::trouble::Trouble;

/// Looks wherever sops looks.
pub(crate) fn find() -> Identities {
    sources(None).find()
}

/// The same with a file of age keys in the place of the one that the environment names.
pub(crate) fn find_with(age_key_file: Option<&Path>) -> anyhow::Result<Identities> {
    let age_key_file = age_key_file.filter(|file| !file.as_os_str().is_empty());
    if let Some(file) = age_key_file
        && let Err(error) = std::fs::File::open(file)
    {
        let message = format!("cannot read the age keys in {}", file.display());
        return Err(Trouble::new(message).because(error).into());
    }
    Ok(sources(age_key_file.map(Path::to_owned)).find())
}

/// The file of age keys that sops looks for in the home directory.
pub(crate) fn default_file() -> Option<PathBuf> {
    sources(None).default_key_file()
}

/// What encrypts for others than age recipients: for them nobody's identity is needed.
pub(crate) fn find_services() -> Identities {
    sources(None).find_services()
}

fn sources(age_key_file: Option<PathBuf>) -> IdentitySources<'static> {
    let lookup = move |name: &str| match (name, &age_key_file) {
        ("SOPS_AGE_KEY_FILE", Some(file)) => file.to_str().map(str::to_owned),
        _ => std::env::var(name).ok(),
    };
    let sources = IdentitySources::new(lookup).commands(run).gpg(run_gpg).prompt(prompt());
    match std::env::home_dir() {
        Some(home) => sources.home(home, Platform::current()),
        None => sources,
    }
}

/// Asks at the terminal.
pub(crate) fn prompt() -> Prompt {
    Prompt::new(|question| asking::hidden(&format!("{question}: "), "").ok())
}

fn run(words: &[String]) -> Result<Zeroizing<String>, String> {
    let [program, arguments @ ..] = words else { return Err("the command is empty".to_owned()) };
    let output = Command::new(program)
        .args(arguments)
        .stdin(Stdio::inherit())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("{program}: {error}"))?;
    let printed = Zeroizing::new(output.stdout);
    if !output.status.success() {
        return Err(format!("{program}: {}", output.status));
    }
    std::str::from_utf8(&printed)
        .map(|text| Zeroizing::new(text.to_owned()))
        .map_err(|_| format!("{program} printed no text"))
}

/// Runs gpg, which asks its agent for the keys; the agent asks at the terminal by itself.
fn run_gpg(call: &ProgramCall) -> Result<Zeroizing<Vec<u8>>, String> {
    let mut command = Command::new(&call.program);
    command.args(&call.arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| format!("{}: {error}", call.program))?;
    if let Some(mut stdin) = child.stdin.take() {
        // What gpg says of an input that it does not take is its answer, not that the pipe was closed.
        let _ = stdin.write_all(&call.input);
    }
    let output = child.wait_with_output().map_err(|error| error.to_string())?;
    let printed = Zeroizing::new(output.stdout);
    if output.status.success() { Ok(printed) } else { Err(String::from_utf8_lossy(&output.stderr).trim().to_owned()) }
}
