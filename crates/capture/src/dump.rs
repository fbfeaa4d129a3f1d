use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::io::{self, Read};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

use crate::{Error, Facts, Format, Source};

/// How much of what a program complains of is kept.
const COMPLAINTS: usize = 4 << 10;

/// What a program writes to its standard output, such as `pg_dump`.
///
/// It counts only if the program ends by itself with exit status 0 in time, and wrote something: the reader fails at
/// its end otherwise. What it writes to standard error is kept for that (its last 4 KiB). It has no standard input, the
/// environment of this process with what is added, and a process group of its own: whatever it started ends with it.
///
/// A program can be asked once only. Arguments and environment are never shown.
pub struct Dump {
    program: OsString,
    arguments: Vec<OsString>,
    environment: BTreeMap<OsString, OsString>,
    timeout: Duration,
    may_be_empty: bool,
    started: bool,
    bytes: Arc<AtomicU64>,
}

impl Dump {
    /// `program`, looked up in `PATH`, with its arguments; there is no shell in between.
    #[must_use]
    pub fn command<A: Into<OsString>>(program: impl Into<OsString>, arguments: impl IntoIterator<Item = A>) -> Self {
        Self {
            program: program.into(),
            arguments: arguments.into_iter().map(Into::into).collect(),
            environment: BTreeMap::new(),
            timeout: Duration::from_secs(3600),
            may_be_empty: false,
            started: false,
            bytes: Arc::default(),
        }
    }

    /// A script for `/bin/sh`. The status of a pipe is that of its last command: `set -o pipefail` where the shell has it.
    #[must_use]
    pub fn shell(script: impl Into<OsString>) -> Self {
        Self::command("/bin/sh", [OsString::from("-c"), script.into()])
    }

    /// The same with a variable in its environment.
    #[must_use]
    pub fn with_variable(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.environment.insert(name.as_ref().to_owned(), value.as_ref().to_owned());
        self
    }

    /// The same with another time that it may take. Default: an hour.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// The same, where no output at all is a good answer. Default: it is an error.
    #[must_use]
    pub fn allowing_empty(mut self) -> Self {
        self.may_be_empty = true;
        self
    }

    fn fail(&self, problem: impl Into<String>) -> Error {
        fail(&self.program, problem, String::new())
    }
}

// Arguments and environment may hold passwords.
impl fmt::Debug for Dump {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Dump").field("program", &self.program).finish_non_exhaustive()
    }
}

impl Source for Dump {
    fn format(&self) -> Format {
        Format::Dump
    }

    fn open(&mut self) -> Result<Box<dyn Read + Send + '_>, Error> {
        if std::mem::replace(&mut self.started, true) {
            return Err(self.fail("was run already, and may say something else now"));
        }
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).envs(&self.environment).process_group(0);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|error| self.fail(format!("cannot be started: {error}")))?;
        let (Some(output), Some(complaints)) = (child.stdout.take(), child.stderr.take()) else {
            return Err(self.fail("has no pipes"));
        };
        let process = Arc::new(Process::new(child, self.timeout));
        Ok(Box::new(DumpReader {
            dump: self,
            output,
            complaints: Some(thread::spawn(move || last_of(complaints))),
            watchdog: Some(thread::spawn({
                let process = Arc::clone(&process);
                move || process.watch()
            })),
            process,
            outcome: None,
        }))
    }

    fn is_repeatable(&self) -> bool {
        false
    }

    /// `bytes`.
    fn facts(&self) -> Facts {
        Facts::from_iter([("bytes".to_owned(), self.bytes.load(Ordering::Relaxed).into())])
    }
}

struct DumpReader<'a> {
    dump: &'a Dump,
    output: ChildStdout,
    complaints: Option<JoinHandle<String>>,
    watchdog: Option<JoinHandle<()>>,
    process: Arc<Process>,
    /// Whether it ended well, once it ended.
    outcome: Option<bool>,
}

impl DumpReader<'_> {
    /// At the end of the output: whether it is all of it.
    fn conclude(&mut self) -> Result<(), Error> {
        let ending = self.process.end(false);
        let complaints = self.join();
        let dump = self.dump;
        let problem = match ending {
            Ending::TimedOut => format!("did not end within {} s", dump.timeout.as_secs()),
            Ending::Lost(error) => format!("cannot be waited for: {error}"),
            Ending::Exited(status) if status.success() && dump.may_be_empty => return Ok(()),
            Ending::Exited(status) if status.success() && dump.bytes.load(Ordering::Relaxed) > 0 => return Ok(()),
            Ending::Exited(status) if status.success() => "wrote nothing".to_owned(),
            Ending::Exited(status) => match status.signal() {
                Some(signal) => format!("was ended by signal {signal}"),
                None => format!("ended with exit status {}", status.code().unwrap_or_default()),
            },
        };
        Err(fail(&dump.program, problem, complaints))
    }

    fn join(&mut self) -> String {
        if let Some(watchdog) = self.watchdog.take() {
            let _ = watchdog.join();
        }
        self.complaints.take().and_then(|thread| thread.join().ok()).unwrap_or_default()
    }
}

impl Read for DumpReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.outcome {
            Some(true) => return Ok(0),
            Some(false) => return Err(io::Error::other("the program failed")),
            None if buffer.is_empty() => return Ok(0),
            None => {}
        }
        let count = self.output.read(buffer)?;
        if count == 0 {
            let result = self.conclude();
            self.outcome = Some(result.is_ok());
            result?;
        }
        self.dump.bytes.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

impl Drop for DumpReader<'_> {
    fn drop(&mut self) {
        self.process.end(true);
        self.join();
    }
}

/// A program on its way, ended by whoever comes first: itself, the clock, or a reader that lost interest.
struct Process {
    state: Mutex<State>,
    ended: Condvar,
    timeout: Duration,
}

struct State {
    child: Child,
    timed_out: bool,
    /// It was waited for, so that its number may be another's by now.
    gone: bool,
}

enum Ending {
    Exited(ExitStatus),
    TimedOut,
    Lost(io::Error),
}

impl Process {
    fn new(child: Child, timeout: Duration) -> Self {
        let state = State { child, timed_out: false, gone: false };
        Self { state: Mutex::new(state), ended: Condvar::new(), timeout }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the program when its time is over.
    fn watch(&self) {
        let waited = self.ended.wait_timeout_while(self.state(), self.timeout, |state| !state.gone);
        let (mut state, waited) = waited.unwrap_or_else(PoisonError::into_inner);
        if waited.timed_out() && !state.gone {
            state.timed_out = true;
            state.kill_group();
        }
    }

    /// Waits for the program, which is ended first where that is asked for, and ends whatever it left behind.
    fn end(&self, kill: bool) -> Ending {
        let id = {
            let state = self.state();
            if kill && !state.gone {
                state.kill_group();
            }
            state.id().filter(|_| !state.gone)
        };
        // Without taking its number back, and without the lock, so that the clock can go on.
        if let Some(id) = id {
            let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
            while waitid(WaitId::Pid(id), options).is_err_and(|errno| errno == Errno::INTR) {}
        }
        let mut state = self.state();
        if !state.gone {
            state.kill_group();
        }
        let status = state.child.wait();
        state.gone = true;
        self.ended.notify_all();
        match status {
            _ if state.timed_out => Ending::TimedOut,
            Ok(status) => Ending::Exited(status),
            Err(error) => Ending::Lost(error),
        }
    }
}

impl State {
    fn id(&self) -> Option<Pid> {
        Pid::from_raw(self.child.id().try_into().ok()?)
    }

    fn kill_group(&self) {
        if let Some(id) = self.id() {
            // It may have ended meanwhile.
            let _ = kill_process_group(id, Signal::KILL);
        }
    }
}

/// The end of what `reader` gives, made printable.
fn last_of(mut reader: impl Read) -> String {
    let mut kept = Vec::new();
    let mut buffer = [0; 1024];
    while let Ok(count @ 1..) = reader.read(&mut buffer) {
        kept.extend_from_slice(&buffer[..count]);
        let over = kept.len().saturating_sub(COMPLAINTS);
        kept.drain(..over);
    }
    let text = String::from_utf8_lossy(&kept);
    text.trim().chars().map(|c| if c.is_control() && c != '\n' { ' ' } else { c }).collect()
}

fn fail(program: &OsStr, problem: impl Into<String>, stderr: String) -> Error {
    Error::Command { program: program.to_string_lossy().into_owned(), problem: problem.into(), stderr }
}
