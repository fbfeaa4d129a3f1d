//! Questions to the person at the terminal.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};

use zeroize::Zeroizing;

use crate::trouble::Trouble;

/// Asks for a line that is not shown. Ctrl-C and Ctrl-D give up, and the terminal is as it was in any case. Where there is
/// none, `instead` says what else can be done.
pub(crate) fn hidden(question: &str, instead: &'static str) -> anyhow::Result<Zeroizing<String>> {
    let tty = terminal().map_err(|trouble| trouble.help(instead))?;
    let answer = read_hidden(&tty, question);
    writeln!(&tty)?;
    answer
}

/// Asks twice, so that a slip of the finger is found before it is encrypted.
pub(crate) fn hidden_twice(what: &str, instead: &'static str) -> anyhow::Result<Zeroizing<String>> {
    loop {
        let answer = hidden(&format!("{what}: "), instead)?;
        if *hidden("again: ", instead)? == *answer {
            return Ok(answer);
        }
        writeln!(terminal()?, "these differ; once more")?;
    }
}

fn terminal() -> Result<File, Trouble> {
    let terminal = OpenOptions::new().read(true).write(true).open("/dev/tty");
    terminal.map_err(|error| Trouble::new("there is no terminal to ask at").because(error).code(1))
}

#[cfg(unix)]
fn read_hidden(mut tty: &File, question: &str) -> anyhow::Result<Zeroizing<String>> {
    // Before the question: a quick answer would be shown, and lost with what was typed before anything was asked.
    let _quiet = Quiet::new(tty)?;
    write!(tty, "{question}")?;
    let mut line = Zeroizing::new(Vec::with_capacity(256));
    let given_up = || anyhow::Error::from(Trouble::new("nothing was entered").code(130));
    let mut byte = [0];
    // One at a time: what follows the line is for whoever asks next.
    while tty.read(&mut byte)? > 0 {
        match byte[0] {
            b'\r' | b'\n' => return text(&line),
            // Ctrl-C, and Ctrl-D on an empty line.
            3 => return Err(given_up()),
            4 if line.is_empty() => return Err(given_up()),
            // Backspace takes a whole letter.
            8 | 127 => while line.pop().is_some_and(|byte| byte & 0xc0 == 0x80) {},
            // Ctrl-U.
            21 => line.clear(),
            byte => line.push(byte),
        }
    }
    Err(given_up())
}

#[cfg(unix)]
fn text(line: &[u8]) -> anyhow::Result<Zeroizing<String>> {
    let text = std::str::from_utf8(line).map_err(|_| Trouble::new("what was entered is no text (UTF-8)").code(1))?;
    Ok(Zeroizing::new(text.to_owned()))
}

/// A terminal that shows nothing, takes each key as it comes, and sends no signals, for as long as this lives.
#[cfg(unix)]
struct Quiet<'t> {
    tty: &'t File,
    before: rustix::termios::Termios,
}

#[cfg(unix)]
impl<'t> Quiet<'t> {
    fn new(tty: &'t File) -> io::Result<Self> {
        use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
        let before = tcgetattr(tty)?;
        let mut quiet = before.clone();
        quiet.local_modes -= LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG;
        tcsetattr(tty, OptionalActions::Flush, &quiet)?;
        Ok(Self { tty, before })
    }
}

#[cfg(unix)]
impl Drop for Quiet<'_> {
    fn drop(&mut self) {
        let _ = rustix::termios::tcsetattr(self.tty, rustix::termios::OptionalActions::Now, &self.before);
    }
}

#[cfg(not(unix))]
fn read_hidden(_tty: &File, _question: &str) -> anyhow::Result<Zeroizing<String>> {
    Err(Trouble::new("hidden input needs a Unix terminal").code(1).into())
}

/// Asks on the standard streams, as sops does, until the answer is `y` or `n`. Whoever has nobody there gets a no.
pub(crate) fn is_okay(question: &str) -> anyhow::Result<bool> {
    loop {
        write!(io::stderr(), "{question} (y/n): ")?;
        let mut answer = String::new();
        if io::stdin().read_line(&mut answer)? == 0 {
            return Ok(false);
        }
        match answer.trim() {
            "y" | "yes" => return Ok(true),
            "n" | "no" => return Ok(false),
            _ => {}
        }
    }
}

/// Waits for the enter key. Says whether it came.
pub(crate) fn enter() -> bool {
    io::stdin().read_line(&mut String::new()).is_ok_and(|read| read > 0)
}

/// Says something at the terminal, where the questions are.
pub(crate) fn tell(text: &str) -> anyhow::Result<()> {
    Ok(writeln!(terminal()?, "{text}")?)
}
