//! Leaving the API running.

use std::io::Write;

use tokio::signal::unix::{SignalKind, signal};
use windlass_tryout::Tryout;

use crate::output::Console;
use crate::trouble::Trouble;

/// Serves the API for kubectl until somebody says that it is enough. The kubeconfig goes with it.
pub(super) async fn until_told(tryout: &Tryout, console: &Console) -> anyhow::Result<()> {
    let serving = tryout.server().serve(([127, 0, 0, 1], 0).into()).await?;
    let directory = tempfile::Builder::new().prefix("windlass-try-").tempdir()?;
    let kubeconfig = directory.path().join("kubeconfig");
    std::fs::write(&kubeconfig, serving.kubeconfig())
        .map_err(|error| Trouble::new(format!("cannot write {}", kubeconfig.display())).because(error))?;
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let mut out = console.out();
    writeln!(out, "\nThe API and the reconciler go on, at {}, until Ctrl-C. In another terminal:", serving.url())?;
    writeln!(out, "  export KUBECONFIG={}", kubeconfig.display())?;
    writeln!(out, "  kubectl get kustomizations,deployments -A")?;
    if tryout.repository().root().is_some() {
        writeln!(out, "  # edit a file, then: windlass reconcile source git flux-system")?;
    }
    out.flush()?;
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    Ok(())
}
