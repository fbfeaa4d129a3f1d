//! One run of a program, and what it alone took.
//!
//! The kernel tells the peak memory of all children together only, so each run has a process of its own between us and
//! it: this program again, which answers in [`serve_if_asked`]. Its own memory, some 2 MB, is the least that can come out.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeVal;

/// The first argument of a process that is only there to measure.
const MARK: &str = "--measure-one-run";

/// What one run took, and what it printed.
#[derive(Debug, Clone)]
pub struct Run {
    /// From before it was started until it had ended.
    pub wall: Duration,
    /// In the program and in the kernel, of all its threads.
    pub cpu: Duration,
    /// The peak of its resident memory, in bytes.
    pub peak_memory: f64,
    /// Its standard output.
    pub output: Vec<u8>,
}

/// Runs a program to its end. Its output goes through files in `scratch`.
///
/// # Errors
/// Where it cannot be run or fails; the error holds what it said.
pub fn run(program: &Path, arguments: &[&OsStr], scratch: &Path) -> anyhow::Result<Run> {
    let shown = || format!("{} {}", program.display(), arguments.join(OsStr::new(" ")).to_string_lossy());
    let measured = Command::new(std::env::current_exe().context("this program has no path")?)
        .arg(MARK)
        .arg(scratch)
        .arg(program)
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot measure {}", shown()))?;
    if !measured.status.success() {
        let said = fs::read_to_string(scratch.join("stderr")).unwrap_or_default();
        bail!("{} failed:\n{}{said}", shown(), String::from_utf8_lossy(&measured.stderr));
    }
    let answer = String::from_utf8_lossy(&measured.stdout);
    let mut figures = answer.split_whitespace().map(str::parse::<u64>);
    let mut next = || figures.next().and_then(Result::ok).with_context(|| format!("cannot understand {answer:?}"));
    Ok(Run {
        wall: Duration::from_nanos(next()?),
        cpu: Duration::from_micros(next()?),
        peak_memory: u32::try_from(next()?).map(|kib| f64::from(kib) * 1024.0).context("more memory than there is")?,
        output: fs::read(scratch.join("stdout")).context("cannot read the output")?,
    })
}

/// Does the measuring where this process was started for it, and says whether it was. To be called first in `main`.
///
/// # Errors
/// Where the program cannot be run or fails.
pub fn serve_if_asked() -> anyhow::Result<bool> {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next().as_deref() != Some(OsStr::new(MARK)) {
        return Ok(false);
    }
    let (Some(scratch), Some(program)) = (arguments.next(), arguments.next()) else {
        bail!("{MARK} SCRATCH PROGRAM ARGUMENT...");
    };
    serve(Path::new(&scratch), &program, arguments)?;
    Ok(true)
}

fn serve(scratch: &Path, program: &OsStr, arguments: impl Iterator<Item = OsString>) -> anyhow::Result<()> {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null());
    command.stdout(File::create(scratch.join("stdout"))?).stderr(File::create(scratch.join("stderr"))?);
    let start = Instant::now();
    let status = command.status()?;
    let wall = start.elapsed();
    if !status.success() {
        bail!("{status}");
    }
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let cpu = micros(usage.user_time()) + micros(usage.system_time());
    writeln!(std::io::stdout(), "{} {cpu} {}", wall.as_nanos(), usage.max_rss())?;
    Ok(())
}

fn micros(time: TimeVal) -> i64 {
    time.tv_sec() * 1_000_000 + time.tv_usec()
}
