//! Work that ends in an orderly way when somebody wants the program to end.

use std::time::Duration;

use crate::trouble::Trouble;

/// How long work on other threads may go on after a signal, before the process ends anyway.
const GRACE: Duration = Duration::from_secs(5);

/// Returns when somebody wants the program to end: how.
pub(crate) async fn ended() -> anyhow::Result<&'static str> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    Ok(tokio::select! {
        _ = interrupt.recv() => "an interrupt",
        _ = terminate.recv() => "the signal to end",
    })
}

/// Runs `work` to its end, or to the signal for it; then `help` says how to go on.
pub(crate) fn until_ended<T>(help: &str, work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let result = runtime.block_on(async {
        tokio::select! {
            result = work => result,
            signal = ended() => {
                let what = format!("{} came before everything was done", signal?);
                Err(Trouble::new(what).help(help).into())
            }
        }
    });
    runtime.shutdown_timeout(GRACE);
    result
}
