//! Errors that have no place in a file: what failed, why, and what to do.

use std::error::Error;
use std::fmt;
use std::io::Write;

use anstyle::{AnsiColor, Style};

use crate::output::Console;

/// An error with a hint.
#[derive(Debug)]
pub(crate) struct Trouble {
    message: String,
    help: Option<String>,
    cause: Option<Box<dyn Error + Send + Sync>>,
    code: u8,
}

impl Trouble {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), help: None, cause: None, code: 2 }
    }

    #[must_use]
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    #[must_use]
    pub(crate) fn because(mut self, cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    /// Ends the program with another exit code than 2, where scripts know one by another program.
    #[must_use]
    pub(crate) fn code(mut self, code: u8) -> Self {
        self.code = code;
        self
    }

    pub(crate) fn exit_code(&self) -> u8 {
        self.code
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for Trouble {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.cause.as_deref().map(|cause| cause as &(dyn Error + 'static))
    }
}

/// Prints an error, its causes and its hint to stderr.
pub(crate) fn print(error: &anyhow::Error, console: &Console) {
    let mut notes: Vec<(&str, String)> = causes(error.as_ref()).into_iter().map(|cause| ("because", cause)).collect();
    let help = error.downcast_ref::<Trouble>().and_then(|trouble| trouble.help.clone());
    notes.extend(help.map(|help| ("help", help)));
    // Where stderr is gone there is nobody left to tell.
    let _ = write!(console.err(), "{}", text(&error.to_string(), &notes));
}

/// An error that has no place in a file, as text.
pub(crate) fn text(title: &str, notes: &[(&str, String)]) -> String {
    let (red, bold) = (AnsiColor::BrightRed.on_default().bold(), Style::new().bold());
    let mut text = format!("{red}error{red:#}{bold}: {title}{bold:#}\n");
    for (name, note) in notes {
        let indentation = " ".repeat(name.len() + 4);
        text += &format!("  {bold}{name}:{bold:#} {}\n", note.replace('\n', &format!("\n{indentation}")));
    }
    text
}

/// The causes of an error, outermost first; one that the text before it already repeats is left out.
pub(crate) fn causes(error: &(dyn Error + 'static)) -> Vec<String> {
    let mut causes: Vec<String> = Vec::new();
    let mut told = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let status = api_status(error);
        let text = status.map_or_else(|| error.to_string(), |status| status.message.clone());
        if !told.contains(&text) {
            causes.push(text.clone());
            told = text;
        }
        cause = if status.is_some() { None } else { error.source() };
    }
    causes
}

/// What the API answered, where that is the error.
fn api_status<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e kube::core::Status> {
    match as_kube(error) {
        Some(kube::Error::Api(status)) => Some(status),
        _ => None,
    }
}

/// The error of a request, whether boxed or not.
pub(crate) fn as_kube<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e kube::Error> {
    error.downcast_ref::<kube::Error>().or_else(|| error.downcast_ref::<Box<kube::Error>>().map(AsRef::as_ref))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_that_was_told_is_not_told_again() {
        let inner = Trouble::new("refused");
        let middle = Trouble::new("connect: refused").because(inner);
        let outer = Trouble::new("cannot reach it").because(middle);
        assert_eq!(causes(&outer), ["connect: refused"]);
    }
}
