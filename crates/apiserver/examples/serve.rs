//! An API server to play with: `cargo run -p windlass-apiserver --example serve`.
//!
//! It prints a kubeconfig's path and serves until standard input ends.

#![expect(clippy::print_stdout, reason = "it talks to a person")]

use std::error::Error;
use std::net::{Ipv4Addr, SocketAddr};

use windlass_apiserver::{ApiServer, Behaviours};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let server = ApiServer::builder().behaviours(Behaviours::ready()).build();
    let serving = server.serve(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await?;
    let folder = tempfile::tempdir()?;
    let config = folder.path().join("kubeconfig");
    std::fs::write(&config, serving.kubeconfig())?;
    println!("export KUBECONFIG={}", config.display());
    tokio::task::spawn_blocking(|| std::io::stdin().read_line(&mut String::new())).await??;
    Ok(())
}
