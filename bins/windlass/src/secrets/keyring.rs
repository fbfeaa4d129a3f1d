//! The identities of the person or machine that calls.

use std::io::Write as _;
use std::process::{Command, Stdio};

use windlass_sops::{Identities, IdentitySources, Platform, ProgramCall, Prompt};
use zeroize::Zeroizing;

use crate::secrets::asking;

/// Looks wherever sops looks.
pub(crate) fn find() -> Identities {
    sources().find()
}

/// What encrypts for others than age recipients: for them nobody's identity is needed.
pub(crate) fn find_services() -> Identities {
    sources().find_services()
}

fn sources() -> IdentitySources<'static> {
    let sources = IdentitySources::new(|name| std::env::var(name).ok()).commands(run).gpg(run_gpg).prompt(prompt());
    match std::env::home_dir() {
        Some(home) => sources.home(home, Platform::current()),
        None => sources,
    }
}

/// Asks at the terminal.
pub(crate) fn prompt() -> Prompt {
    Prompt::new(|question| asking::hidden(&format!("{question}: ")).ok())
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
