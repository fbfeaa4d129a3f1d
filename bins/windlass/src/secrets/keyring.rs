//! The identities of the person or machine that calls.

use std::process::{Command, Stdio};

use windlass_sops::{Identities, IdentitySources, Platform, Prompt};
use zeroize::Zeroizing;

use crate::secrets::asking;

/// Looks wherever sops looks.
pub(crate) fn find() -> Identities {
    let mut sources = IdentitySources::new(|name| std::env::var(name).ok()).commands(run).prompt(prompt());
    if let Some(home) = std::env::home_dir() {
        sources = sources.home(home, Platform::current());
    }
    sources.find()
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
