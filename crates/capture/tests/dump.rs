//! Programs that end well, badly, late or never.
#![expect(clippy::unwrap_used, reason = "in a test a failure is meant to end it")]

use std::io::Read;
use std::time::{Duration, Instant};

use windlass_capture::{Dump, Error, Source};

fn read(dump: &mut Dump) -> Result<String, Error> {
    let mut text = String::new();
    let mut reader = dump.open()?;
    let result = reader.read_to_string(&mut text);
    if result.is_err() {
        assert!(reader.read(&mut [0; 8]).is_err(), "a failure stays one");
    }
    result.map(|_| text).map_err(|error| error.downcast().unwrap())
}

fn problem(dump: &mut Dump) -> (String, String) {
    match read(dump).unwrap_err() {
        Error::Command { problem, stderr, .. } => (problem, stderr),
        error => panic!("{error}"),
    }
}

#[test]
fn the_output_of_a_program_that_ends_well_is_a_dump() {
    let mut dump = Dump::command("printf", ["%s", "a b"]);
    assert_eq!(read(&mut dump).unwrap(), "a b");
    assert_eq!(dump.facts()["bytes"], 3);
    assert!(!dump.is_repeatable());
    assert!(dump.open().is_err(), "once only");
}

#[test]
fn arguments_are_not_for_a_shell_unless_it_is_asked_for() {
    assert_eq!(read(&mut Dump::command("echo", ["$HOME; ls"])).unwrap(), "$HOME; ls\n");
    let mut script = Dump::shell("echo $GREETING | tr a-z A-Z").with_variable("GREETING", "hello");
    assert_eq!(read(&mut script).unwrap(), "HELLO\n");
}

#[test]
fn a_late_failure_is_a_failure_with_what_was_said() {
    let (problem, stderr) = problem(&mut Dump::shell("seq 1 100000; echo 'connection lost' >&2; exit 3"));
    assert_eq!((problem.as_str(), stderr.as_str()), ("ended with exit status 3", "connection lost"));
    let long = self::problem(&mut Dump::shell("seq 1 100000 >&2; printf 'the end\\033' >&2; exit 1")).1;
    assert!(long.len() <= 4096 && long.ends_with("the end "), "{}", long.len());
    assert_eq!(self::problem(&mut Dump::shell("echo x; kill -9 $$")).0, "was ended by signal 9");
}

#[test]
fn nothing_is_no_dump_unless_that_is_allowed() {
    assert_eq!(problem(&mut Dump::command("true", [""; 0])).0, "wrote nothing");
    assert_eq!(read(&mut Dump::command("true", [""; 0]).allowing_empty()).unwrap(), "");
}

#[test]
fn a_program_that_does_not_end_is_ended_with_all_that_it_started() {
    let started = Instant::now();
    // The child holds the pipes open after its parent.
    let mut dump = Dump::shell("echo x; sleep 1000 & sleep 1000").with_timeout(Duration::from_millis(300));
    assert!(problem(&mut dump).0.contains("did not end"));
    let mut left_behind = Dump::shell("echo x; sleep 1000 >/dev/null & exit 0");
    assert_eq!(read(&mut left_behind).unwrap(), "x\n");
    assert!(started.elapsed() < Duration::from_secs(60));
}

#[test]
fn a_reader_that_is_dropped_ends_the_program() {
    let started = Instant::now();
    let mut dump = Dump::shell("yes; sleep 1000");
    let mut reader = dump.open().unwrap();
    reader.read_exact(&mut [0; 4]).unwrap();
    drop(reader);
    assert!(started.elapsed() < Duration::from_secs(60));
}

#[test]
fn a_program_that_is_not_there_is_named_without_its_arguments() {
    let mut dump = Dump::command("no-such-program", ["--password=hunter2"]);
    let error = dump.open().map(drop).unwrap_err().to_string();
    assert!(error.contains("no-such-program") && error.contains("cannot be started"), "{error}");
    assert!(!error.contains("hunter2") && !format!("{dump:?}").contains("hunter2"));
}
