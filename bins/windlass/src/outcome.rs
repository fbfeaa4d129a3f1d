//! How a run ended, as an exit code.

use std::io;
use std::process::ExitCode;

use crate::output::Console;
use crate::trouble::{self, Trouble};

/// How a run ended that needs no further word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// What was asked for was done.
    Done,
    /// It was done, and the answer is the unwelcome one: there are changes, or a reconcile failed.
    Unwelcome,
    /// It could not be done, and what is wrong was printed.
    Failed,
    /// Ends as another program did, or as scripts know it from another program.
    Exit(u8),
}

/// The exit code of a run: 0 done, 1 done with an unwelcome answer, 2 could not be done
/// (`secrets` has those of sops). An error that was not printed yet is printed.
pub(crate) fn exit_code(result: anyhow::Result<Outcome>, console: &Console) -> ExitCode {
    match result {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::Unwelcome) => ExitCode::from(1),
        Ok(Outcome::Failed) => ExitCode::from(2),
        Ok(Outcome::Exit(code)) => ExitCode::from(code),
        // Whoever reads our output has seen enough (`windlass build | head`).
        Err(error) if is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            trouble::print(&error, console);
            ExitCode::from(error.downcast_ref::<Trouble>().map_or(2, Trouble::exit_code))
        }
    }
}

fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
