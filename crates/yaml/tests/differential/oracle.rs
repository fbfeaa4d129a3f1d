//! The Go side: questions in, answers out, many under way at once.

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

pub(crate) struct Oracle {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

pub(crate) type Answer = Result<String, String>;

impl Oracle {
    /// Starts the oracle, or says that the test is skipped.
    pub(crate) fn start() -> Option<Self> {
        let home = std::env::var_os("HOME").map(PathBuf::from).unwrap_or_default();
        let program = home.join(".cache/windlass-testbed/bin/yaml-oracle");
        if !program.exists() {
            assert!(std::env::var_os("WINDLASS_REQUIRE_PEERS").is_none(), "{} is missing", program.display());
            eprintln!("skipped: {} is missing, see fixtures/testbed", program.display());
            return None;
        }
        let mut child = Command::new(program).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let input = child.stdin.take();
        let output = BufReader::new(child.stdout.take().unwrap());
        Some(Self { child, input, output })
    }

    pub(crate) fn ask(&mut self, op: &str, text: &str) -> Answer {
        self.ask_all(&[(op, text)]).remove(0)
    }

    /// Writes all questions while it reads the answers, which come in order.
    pub(crate) fn ask_all(&mut self, questions: &[(&str, &str)]) -> Vec<Answer> {
        let mut input = self.input.take().unwrap();
        let output = &mut self.output;
        let (answers, input) = std::thread::scope(|scope| {
            let writer = scope.spawn(move || {
                let mut lines = String::new();
                for (op, text) in questions {
                    lines.push_str(&json!({ "op": op, "in": text }).to_string());
                    lines.push('\n');
                }
                input.write_all(lines.as_bytes()).unwrap();
                input.flush().unwrap();
                input
            });
            let answers = questions.iter().map(|_| read_answer(output)).collect();
            (answers, writer.join().unwrap())
        });
        self.input = Some(input);
        answers
    }
}

fn read_answer(output: &mut impl BufRead) -> Answer {
    let mut line = String::new();
    output.read_line(&mut line).unwrap();
    let answer: Value = serde_json::from_str(&line).unwrap();
    match answer["ok"].as_str() {
        Some(text) => Ok(text.to_owned()),
        None => Err(answer["error"].as_str().unwrap_or("?").to_owned()),
    }
}

impl Drop for Oracle {
    fn drop(&mut self) {
        drop(self.input.take());
        let _ = self.child.wait();
    }
}

/// How many documents to generate.
pub(crate) fn cases() -> usize {
    std::env::var("WINDLASS_CASES").ok().and_then(|count| count.parse().ok()).unwrap_or(10_000)
}
