//! A Kubernetes API server in the process, for tests: server-side apply, watches, custom resources, and faults on request.
//!
//! What Go has in envtest, without binaries, ports or seconds of waiting: a [`kube::Client`] is built right on it, and the
//! real kubectl can drive it over loopback. It is made to answer as kube-apiserver 1.36 does, to the words of its
//! refusals, and is compared with the real one in `tests/differential`.
//!
//! **It is never used in production**: it has no authentication, keeps everything in memory, and everybody may do
//! everything. It runs no containers, renders nothing and knows nothing of Flux.
//!
//! ```
//! use k8s_openapi::api::core::v1::ConfigMap;
//! use kube::api::{Api, Patch, PatchParams};
//! use serde_json::json;
//! use windlass_apiserver::{ApiServer, Fault};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let server = ApiServer::new();
//! let maps: Api<ConfigMap> = Api::namespaced(server.client(), "default");
//! let config = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "app"}, "data": {"a": "1"}});
//! maps.patch("app", &PatchParams::apply("windlass"), &Patch::Apply(&config)).await?;
//!
//! // Somebody else wants another value, and is told whose it is.
//! let theirs = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "app"}, "data": {"a": "2"}});
//! let refused = maps.patch("app", &PatchParams::apply("kubectl"), &Patch::Apply(&theirs)).await.unwrap_err();
//! assert!(refused.to_string().contains(r#"conflict with "windlass": .data.a"#));
//!
//! // A fault, and what was asked so far.
//! server.faults().add(Fault::status(500).verb("get").times(1));
//! assert!(maps.get("app").await.is_err());
//! assert_eq!(server.requests().count("patch", "configmaps"), 2);
//! assert_eq!(server.objects().get("v1", "ConfigMap", "default", "app").expect("it is stored")["data"]["a"], "1");
//! # Ok(())
//! # }
//! ```
//!
//! # Where to start
//! * [`ApiServer`]: [`client`](ApiServer::client), [`serve`](ApiServer::serve), [`objects`](ApiServer::objects),
//!   [`faults`](ApiServer::faults), [`requests`](ApiServer::requests), [`drop_watches`](ApiServer::drop_watches),
//!   [`compact`](ApiServer::compact), [`advance`](ApiServer::advance); [`Builder`] for what it is started with. It is a
//!   `tower::Service` itself.
//! * [`Fault`]: latency, 429 with `Retry-After`, any status, conflicts, cut connections and bodies, 410 on watches.
//! * [`Behaviours`]: workloads become ready, with Pods if wanted, or [fail](Failing). [`Clock`]: a virtual clock.
//!
//! # What is there
//! * CRUD with revisions, dry-run, preconditions, `generateName`, field validation and warnings, finalizers; bodies in
//!   JSON, YAML and protobuf.
//! * Lists with selectors, `limit` and `continue` at one revision, 410; watches with bookmarks and `sendInitialEvents`;
//!   metadata-only answers.
//! * JSON, merge and strategic merge patches; server-side apply by `windlass-fieldset`, and the owners of every write
//!   (`managedFields`).
//! * `/status`, `/scale` (server-side apply of it too), `/finalize`; SelfSubjectAccessReview and its like, which allow
//!   everything.
//! * The way from client-side apply (`last-applied-configuration`) to server-side apply.
//! * Tables: what `kubectl get` prints, `-o wide` and `-w` too, with the columns of definitions.
//! * CustomResourceDefinitions, served as soon as they are created: schema validation, pruning, defaulting, subresources.
//! * Discovery, legacy and aggregated; `/version`; OpenAPI v3 without prose.
//! * Garbage collection and the end of namespaces, at once rather than soon; [`Builder::without_controllers`] turns them
//!   off.
//! * Defaults for workloads, Pods, Jobs, CronJobs, Services, Secrets, Namespaces, PersistentVolumes and claims,
//!   StorageClasses, CSIDrivers, NetworkPolicies, IngressClasses, EndpointSlices, role bindings, autoscalers, webhook
//!   configurations, PriorityClasses and CustomResourceDefinitions. Objects of all built-in kinds take the one form that
//!   Go would write.
//! * Validation with the words of the real server of what manifests commonly get wrong in Pods and templates, workloads,
//!   Jobs, CronJobs, Services, ConfigMaps, Secrets, claims and volumes, StorageClasses, roles and bindings, Ingresses,
//!   NetworkPolicies, autoscalers, disruption budgets and Leases; immutable fields.
//!
//! # What is not there
//! These answer 501, or are plainly absent:
//! * Protobuf in answers, patches and DELETE bodies, and CBOR; `autoscaling/v1`, the deprecated watch
//!   paths, `/openapi/v2`.
//! * `pods/exec`, `log`, `attach`, `portforward`, `proxy`, `eviction`, `binding`, `ephemeralcontainers`, `resize`,
//!   `serviceaccounts/token`.
//!
//! Rules in CEL (`x-kubernetes-validations`) are not evaluated; a warning with each definition that has some says so.
//!
//! These are missing without a sign:
//! * Rarer rules of validation: affinity, topology spread, security contexts, windows, devices, cloud volumes, and
//!   everything of kinds that are not named above, names, labels and keys aside.
//! * Admission policies and webhooks, conversion webhooks, quotas, limit ranges,
//!   authorization.
//! * The refusal of a Pod, and its token volume, where the account `default` does not exist: it does with
//!   [`Builder::with_default_objects`].
//! * The roles that every cluster has.
//!
//! # How it is compared
//! `tests/differential` plays the same requests on the test bed's real kube-apiserver: 391 hand-written steps, and 10,300
//! generated ones by several managers over 30 kinds, two of them custom. Answers, warnings, stored objects, owners with
//! their times, tables and watch events have to be equal once uids, revisions and allocated addresses are masked. They are.
//! `tests/kubectl` runs 66 commands of the real kubectl on both: what it says has to be the same.
//!
//! # Known differences
//! * Go's sizes of integers in messages (`of type int32`) are guessed.
//! * Orders that the real server leaves to chance (faults of a custom object, conflicts of several managers) are fixed.
//! * A definition is served, and its status complete, before the answer to its creation is sent.
//! * A refusal that quotes a whole object (a patch that makes none, a Job's template) quotes it with its keys in another
//!   order, or by its names in JSON where Go's own types have others; the diff that follows some refusals is left out.
//! * A cause that the real server lists twice may be listed once.
//! * An empty map where there was none is no change; to the real server's NetworkPolicies it is.
//! * Of the columns of tables the descriptions are empty.
//! * A Service that is created by a write to its status is given an address later.
//!
//! # What holds
//! * Requests are handled one after another: what was answered is seen by the next.
//! * No request makes it panic (`tests/requests.rs`; `fuzz` has a target for longer runs).

mod admission;
mod behaviours;
mod body;
mod call;
mod clock;
mod controllers;
mod custom;
mod defaults;
mod delete;
mod dependents;
mod discovery;
mod event_view;
mod failure;
mod faults;
mod form;
mod furnish;
mod handle;
mod identity;
mod immutable;
mod json;
mod list;
mod merge_types;
mod objects;
mod openapi;
mod operations;
mod options;
mod owners;
mod packed;
mod patch;
mod pods;
mod protobuf;
mod quantity;
mod registry;
mod rehearsal;
mod requests;
mod scale;
mod selector;
mod serve;
mod server;
mod service;
mod services;
mod state;
mod strategic;
mod strategy;
mod table;
mod typed;
mod validate;
mod validation;
mod view;
mod watch;
mod write;

pub use behaviours::{Behaviours, Failing};
pub use clock::Clock;
pub use faults::{Fault, Faults};
pub use objects::{LoadError, Objects};
pub use requests::{LoggedRequest, Requests};
pub use serve::{ServeError, Serving};
pub use server::{ApiServer, Builder};
pub use service::{CutError, ResponseBody};
