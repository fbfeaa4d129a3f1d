//! The reconcile loops of Windlass: from Flux objects to actions.
//!
//! An [`Engine`] follows the `GitRepository` and `Kustomization` objects of a cluster: it polls the repositories,
//! builds what the Kustomizations ask for, applies it, prunes what is gone, waits for health, and reports in the status
//! that Flux's tools read. A [`preview`] does the same building from a working directory, before anything is pushed;
//! [`plan`] and [`apply_once`] compare it with a cluster and carry it out, with the same planner. [`requests`] ask a
//! running engine for something.
//!
//! Parsing, rendering, comparing and HTTP live on lower floors; here is only who does what, and when.
//!
//! ```no_run
//! use windlass_engine::{Engine, Options};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let client = kube::Client::try_default().await?;
//! let engine = Engine::new(client, Options::new("/var/lib/windlass"));
//! let metrics = engine.metrics();
//! engine.run(async { tokio::signal::ctrl_c().await.unwrap_or_default() }).await;
//! println!("{}", metrics.text());
//! # Ok(())
//! # }
//! ```
//!
//! # Invariants
//! * An object is recorded in the inventory before it is made: a process that is killed leaves nothing behind that
//!   nobody knows of.
//! * Nothing is pruned unless everything that is wanted was applied first.
//! * A broken commit changes nothing: the last good state stays, and the status says which file and line is at fault.
//! * A regular look that finds all in order writes nothing, neither objects nor status.
//! * Waiting holds no worker: who waits for a dependency, for health or for the next interval is a future that sleeps,
//!   and something newer ends the wait.

mod amendments;
mod board;
mod carry_out;
mod clock;
mod config_data;
mod config_watch;
mod context;
mod decryption;
mod desired;
mod engine;
mod error;
mod events;
mod fetch;
mod finalizer;
mod git_remote;
mod git_repository;
mod health_targets;
mod identities;
mod installation;
mod kustomization;
mod local_source;
mod metrics;
mod name;
mod one_shot;
mod own_status;
mod preview;
mod probe;
pub mod requests;
mod supervisor;
mod trigger;
mod variables;

pub use carry_out::Written;
pub use config_data::{ConfigData, ConfigKind, Lookup};
pub use context::Options;
pub use desired::{Desired, Inputs, desired};
pub use engine::Engine;
pub use error::Error;
pub use events::Events;
pub use fetch::{WholeRepository, fetch_once, fetch_whole, read_once};
pub use installation::{Installation, StoreVolume};
pub use local_source::LocalSource;
pub use metrics::Metrics;
pub use name::NamespacedName;
pub use one_shot::{OneShotOptions, Progress, apply_once, plan};
pub use preview::{Preview, PreviewOptions, Unit, preview, preview_of};
pub use probe::{Readiness, serve};
