//! Tries a repository on a machine without a cluster: what `windlass try` does, as a library.
//!
//! A [`Tryout`] starts an in-process Kubernetes API ([`windlass_apiserver`]), puts Flux's definitions and the root objects of
//! a [`Repository`] into it, as a person does who sets up a cluster, and lets the real reconciler ([`windlass_engine`], the
//! very code of `windlassd`) haul the repository onto it. One can wait until all is at rest, look at what came of it, let a
//! stranger change a live object, and see that found and put right.
//!
//! ```
//! use std::time::Duration;
//! use windlass_tryout::{Repository, Standing, Tryout, TryoutOptions};
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let tryout = Tryout::start(Repository::example()?, TryoutOptions::default()).await?;
//! let at_rest = tryout.settle(Duration::from_secs(60), |owner| println!("{} {}", owner.name, owner.message)).await?;
//! assert!(at_rest.iter().all(|owner| owner.standing == Standing::Ready));
//!
//! let overview = tryout.overview();
//! assert_eq!(overview.objects().count(), 64);
//!
//! let drift = tryout.disturb().await?.expect("the example has a Deployment");
//! assert_eq!(drift.culprit.as_ref().map(|culprit| culprit.manager.as_str()), Some("somebody"));
//! assert!(tryout.repair(&drift).await?.is_repaired);
//! tryout.stop().await;
//! # Ok(())
//! # }
//! ```
//!
//! # What it decides
//! * **The files** take the place of the Git repository that the root's GitRepository names
//!   ([`Options::local_sources`](windlass_engine::Options::local_sources)): nothing is fetched, whatever its `url` and
//!   credentials, and what is not committed counts. A directory is read again at every poll.
//! * **The keys** that are given ([`AgeKeys`]) go where the repository looks for them: into the Secrets that `spec.decryption`
//!   names and nobody defines, and nowhere else; a Kustomization that names none uses them directly. Other keys
//!   ([`TryoutOptions::identities`]: PGP, Vault, SSH) lie in no Secret, and are tried for every Kustomization that decrypts.
//!   The built-in example brings its own key, which is public.
//! * **Kinds that nobody defines** (those of operators, whose definitions come with their charts) get an open definition that
//!   takes anything, and are named in [`Tryout::notes`].
//! * **The root** is the Kustomization that stands for the path, if the repository holds it; else one is made up. Without a
//!   path the only directory is taken for which there is one.
//! * **The workloads** become ready at once ([`Behaviours::ready`](windlass_apiserver::Behaviours::ready)): images are not
//!   pulled, Pods do not run. That they would run elsewhere is not shown.
//!
//! # What it does not do
//! * It speaks to no cluster, and to the network only where a repository is given by URL, or holds GitRepositories of other
//!   repositories than itself.
//! * It writes nothing but a temporary directory, which goes with the [`Tryout`]. Secrets stay in memory.
//! * Charts are not rendered, since the engine does not do so yet; nothing that only a real cluster has is there: nodes, an
//!   ingress, admission webhooks, other operators.
//!
//! # Where it stands
//! On the floor of the programs: it joins the reconciler with [`windlass_apiserver`], which no production code may depend on.
//! `windlass` depends on it, `windlassd` does not.

mod definitions;
mod disturbance;
mod error;
mod keys;
mod overview;
mod owners;
mod repository;
mod roots;
mod setup;
mod tryout;

pub use disturbance::{Culprit, Drift, Repair};
pub use error::Error;
pub use keys::AgeKeys;
pub use overview::{Listed, Overview};
pub use owners::{Owner, Standing};
pub use repository::Repository;
pub use setup::Note;
pub use tryout::{Tryout, TryoutOptions};
