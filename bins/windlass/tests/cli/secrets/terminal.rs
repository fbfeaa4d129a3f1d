//! Questions at a terminal.

use std::io::{Read as _, Write as _};
use std::process::{Child, Command, Stdio};

use super::home::{Home, MARKER};

/// `windlass secrets` at a terminal that `script` makes, and what it showed there.
struct Terminal {
    child: Child,
    shown: String,
}

impl Terminal {
    fn start(home: &Home, arguments: &str) -> Self {
        let line = format!("{} secrets {arguments}", env!("CARGO_BIN_EXE_windlass"));
        let mut command = Command::new("script");
        command.args(["--quiet", "--return", "--flush", "--command", &line, "/dev/null"]);
        command.current_dir(home.folder()).env("SOPS_AGE_KEY", &home.key).env("SHELL", "/bin/sh");
        let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        Self { child, shown: String::new() }
    }

    /// Reads up to a question, and types an answer.
    fn answer(&mut self, question: &str, answer: &str) {
        let mut byte = [0];
        while !self.shown.ends_with(question) {
            let read = self.child.stdout.as_mut().unwrap().read(&mut byte).unwrap();
            assert_ne!(read, 0, "it ended before it asked {question:?}: {}", self.shown);
            self.shown.push(byte[0].into());
        }
        // The same question may come again.
        self.shown.push('\n');
        self.child.stdin.as_mut().unwrap().write_all(answer.as_bytes()).unwrap();
    }

    fn end(mut self) -> (Option<i32>, String) {
        let mut rest = String::new();
        self.child.stdout.take().unwrap().read_to_string(&mut rest).unwrap();
        (self.child.wait().unwrap().code(), self.shown + &rest)
    }
}

#[test]
fn a_value_is_asked_for_twice_and_never_shown() {
    let home = Home::new();
    home.encrypted("secret.yaml", "a: b\n");
    let mut terminal = Terminal::start(&home, "set secret.yaml a");
    terminal.answer("value of a: ", &format!("{MARKER}\r"));
    terminal.answer("again: ", "something else\r");
    // A slip: asked once more. Backspace takes a letter, Ctrl-U the line.
    terminal.answer("value of a: ", &format!("wrong\u{15}{MARKER}x\u{7f}\r"));
    terminal.answer("again: ", &format!("{MARKER}\r"));
    let (code, shown) = terminal.end();
    assert_eq!(code, Some(0), "{shown}");
    assert!(!shown.contains("hunter") && shown.contains("set a"), "{shown}");
    assert_eq!(home.done(&["get", "secret.yaml", "a"]), MARKER);
}

#[test]
fn ctrl_c_gives_up_and_leaves_the_file_alone() {
    let home = Home::new();
    home.encrypted("secret.yaml", "a: b\n");
    let before = home.read("secret.yaml");
    let mut terminal = Terminal::start(&home, "set secret.yaml a");
    terminal.answer("value of a: ", "half\u{3}");
    let (code, shown) = terminal.end();
    assert_eq!(code, Some(130), "{shown}");
    assert!(!shown.contains("half"), "{shown}");
    assert_eq!(home.read("secret.yaml"), before);
}

#[test]
fn a_key_is_typed_from_paper_row_by_row() {
    let home = Home::new();
    home.encrypted("a.sops.yaml", &super::home::secret());
    let sheet = home.done(&["recovery", "new", "--no-qr"]);
    let rows: Vec<&str> = sheet.lines().filter(|line| line.starts_with(' ')).collect();
    let mut terminal = Terminal::start(&home, "recovery join");
    for (at, row) in rows.iter().enumerate() {
        let question = format!("row {} (nothing when all are typed): ", at + 1);
        // The number of the row may be left out; a slip is told at once.
        let letters = row.trim_start().split_once(' ').unwrap().1.trim();
        let other = if letters.ends_with('X') { 'Y' } else { 'X' };
        terminal.answer(&question, &format!("{}{other}\r", &letters[..letters.len() - 1]));
        terminal.answer(&question, &format!("{letters}\r"));
    }
    terminal.answer("typed): ", "\r");
    let (code, shown) = terminal.end();
    assert_eq!(code, Some(0), "{shown}");
    assert!(shown.contains("row 1 does not fit") && shown.contains("AGE-SECRET-KEY-1"), "{shown}");
}
