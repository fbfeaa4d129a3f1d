//! `windlassd`: keeps a cluster equal to its Git repository.

mod arguments;
mod client;
mod logging;

use anyhow::Context as _;
use arguments::Arguments;
use clap::Parser as _;
use tokio::signal::unix::{SignalKind, signal};
use windlass_engine::Engine;

// One thread drives everything that waits; building and fetching have threads of their own while they last.
#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    logging::start(&arguments)?;
    let client = client::connect(&arguments).await?;
    let engine = Engine::new(client, arguments.options());
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let shutdown = async {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("stopping");
    };
    let probe = windlass_engine::serve(arguments.listen, engine.metrics(), engine.readiness());
    tracing::info!(version = env!("CARGO_PKG_VERSION"), "windlassd started");
    tokio::select! {
        () = engine.run(shutdown) => Ok(()),
        result = probe => result.with_context(|| format!("cannot listen on {}", arguments.listen)),
    }
}
