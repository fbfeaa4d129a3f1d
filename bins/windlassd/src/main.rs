//! `windlassd`: keeps a cluster equal to its Git repository, and saves what no repository holds.

mod arguments;
mod backup;
mod client;
mod logging;

use anyhow::Context as _;
use arguments::Arguments;
use backup::Backup;
use clap::Parser as _;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use windlass_engine::Engine;

// One thread drives everything that waits; building and fetching have threads of their own while they last.
#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    logging::start(&arguments)?;
    let client = client::connect(&arguments).await?;
    let backup = Backup::of(&arguments);
    let mut options = arguments.options();
    options.keep = backup.keep(client.clone());
    let engine = Engine::new(client.clone(), options);
    let schedules = backup.schedules(client);
    if let Some(schedules) = &schedules {
        let metrics = schedules.metrics();
        engine.metrics().append(move || metrics.text());
    }
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let (stop, stopped) = watch::channel(false);
    let signals = async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("stopping");
        let _ = stop.send(true);
        std::future::pending::<()>().await;
    };
    let probe = windlass_engine::serve(arguments.listen, engine.metrics(), engine.readiness());
    tracing::info!(version = env!("CARGO_PKG_VERSION"), "windlassd started");
    let work = async {
        let backups = async {
            if let Some(schedules) = schedules {
                schedules.run(told(stopped.clone())).await;
            }
        };
        tokio::join!(engine.run(told(stopped.clone())), backups);
    };
    tokio::select! {
        () = work => Ok(()),
        () = signals => Ok(()),
        result = probe => result.with_context(|| format!("cannot listen on {}", arguments.listen)),
    }
}

/// Ready when everything is to stop.
async fn told(mut stopped: watch::Receiver<bool>) {
    // An error means that nobody is there any more to say so.
    let _ = stopped.wait_for(|stopped| *stopped).await;
}
