//! Everything that speaks to the Kubernetes API: which kinds there are, what an apply would change, the apply itself,
//! the inventory of what was applied, pruning, and health.
//!
//! What to apply, and when, is the caller's business. The rules are Flux's (`pkg/ssa` of fluxcd/pkg): field manager,
//! stages, order, markers on objects, the take-over of fields that `kubectl` set, inventory ids. A cluster that Flux has
//! left as it should be is taken over without a single write.
//!
//! ```no_run
//! use windlass_cluster::{ApplyOptions, Cluster, Inventory, Owner, Options, apply, plan, prune};
//! # async fn example(client: kube::Client, manifests: Vec<windlass_manifest::Manifest>, previous: Inventory)
//! # -> Result<(), Box<dyn std::error::Error>> {
//! let cluster = Cluster::new(client, Options::default());
//! let owner = Owner::flux("apps", "flux-system");
//! let options = ApplyOptions::default().owned_by(owner.clone());
//!
//! let plan = plan(&cluster, &manifests, Some(&previous), &options).await?;
//! println!("{}", plan.summary());
//!
//! let applied = apply(&cluster, manifests, &options).await?;
//! let mut inventory = applied.inventory();
//! let pruned = prune(&cluster, &previous.without(&inventory), &owner).await;
//! inventory.merge(pruned.survivors());
//! # Ok(())
//! # }
//! ```
//!
//! # Requests
//! For each object one GET and one dry run, four objects at a time; for each changed object one PATCH more. Where fields
//! of `kubectl` are taken over, which happens once, there are another dry run, a GET and a PATCH; each field that a
//! built-in kind does not have costs a further dry run. Kinds are discovered once for each group and version in use.
//! Objects that opt out in the repository, and those whose Namespace or CRD is yet to be made, cost a plan nothing.
//!
//! With [`Cluster::keeping`], what is to be deleted is handed to a [`Keep`] first, and stays where that fails.
//!
//! # Where this differs from Flux
//! * All failures of a stage are reported, not the first; kinds that nobody defines are found before anything is written.
//! * The take-over, and the deletion before a recreation, wait until all dry runs of the stage have passed.
//! * Recreation needs the server to say that a field is immutable, and to find no other fault.
//! * Finalizers and owner references count as drift.
//! * kubectl's `last-applied-configuration` is not applied again where a manifest holds it.
//! * Unknown fields of built-in kinds are left out as in Flux, but told: [`Applied::unknown_fields`].
//! * Stale objects whose API version is gone are pruned in the version that is served.
//!
//! # Invariants
//! * [`plan`](plan()) writes nothing. [`apply`](apply()) writes nothing of a stage before every dry run of that stage has passed.
//! * Nothing is deleted but by [`prune`](prune()), which demands the owner's labels, and by a recreation that was asked for; both name
//!   the object's uid, so that an object which was made anew in the meantime survives.
//! * No error holds a value of a Secret, or of an object marked sensitive: what the server says about those is cut down
//!   to the fields it names.

mod apply;
mod check;
mod cluster;
mod control;
mod discovery;
mod error;
mod health;
mod inventory;
mod keep;
mod normalize;
mod owner;
mod ownership;
mod plan;
mod pods;
mod prepare;
mod prune;
mod recreate;
mod rejection;
mod stage;
mod takeover;
mod undeclared;
mod wait;
mod writes;

pub use apply::{Applied, ApplyFailure, apply};
pub use check::Preview;
pub use cluster::{Cluster, Options};
pub use discovery::Kind;
pub use error::{Doing, Error, Failures, Subject};
pub use health::{Health, status};
pub use inventory::{Inventory, InventoryEntry};
pub use keep::{Keep, KeepError, Keeping};
pub use owner::Owner;
pub use plan::{Planned, Surroundings, plan, plan_among};
pub use prepare::ApplyOptions;
pub use prune::{Pruned, prune};
pub use wait::{HealthReader, Target, Unhealthy, WaitOptions, wait, wait_gone};
