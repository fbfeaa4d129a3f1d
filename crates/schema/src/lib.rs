//! What the kinds of Kubernetes look like: scope, list types, merge keys, patch strategies.
//!
//! Server-side apply, strategic merge patches and every comparison of objects ask the same few questions: is this kind
//! namespaced, is this list merged by a key and which, is this mapping one value, is `100m` a quantity here? The answers
//! are in the OpenAPI documents of the API server, which are six megabytes of prose. This crate holds them as a table of
//! sixty kilobytes, made from a real server's documents and read where it lies: it is indexed in some twenty microseconds,
//! and walking it allocates nothing.
//!
//! It holds no behaviour: it merges nothing, validates nothing and fills in no default.
//!
//! ```
//! use windlass_schema::{ListType, Scope, Schema};
//!
//! let schema = Schema::builtin();
//! let service = schema.kind("", "v1", "Service").expect("every server has it");
//! assert_eq!(service.scope(), Scope::Namespaced);
//!
//! let ports = service.root().at(["spec", "ports"]).expect("a Service has ports");
//! // Server-side apply tells ports apart by number and protocol, a strategic merge patch by the number alone.
//! let ListType::Map { keys } = ports.list_type().expect("a list") else { panic!("a list of mappings") };
//! assert_eq!(keys.iter().collect::<Vec<_>>(), ["port", "protocol"]);
//! assert_eq!(ports.patch().merge_key, Some("port"));
//! // An element that names no protocol has the default's key.
//! assert_eq!(ports.item().and_then(|port| port.field("protocol")?.default_value()), Some("TCP".into()));
//! ```
//!
//! Custom resources come in with their definitions:
//!
//! ```
//! # use serde_json::json;
//! # use windlass_schema::{ListType, Schema};
//! let schema = Schema::builtin().with_crd(&json!({
//!     "kind": "CustomResourceDefinition",
//!     "spec": {
//!         "group": "example.test", "scope": "Cluster", "names": {"kind": "Bookmark"},
//!         "versions": [{"name": "v1", "served": true, "schema": {"openAPIV3Schema": {
//!             "type": "object",
//!             "properties": {"tags": {"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}}}
//!         }}}]
//!     }
//! }))?;
//! let bookmark = schema.kind("example.test", "v1", "Bookmark").expect("just added");
//! assert_eq!(bookmark.field("tags").and_then(|tags| tags.list_type()), Some(ListType::Set));
//! # Ok::<(), windlass_schema::CrdError>(())
//! ```
//!
//! # Invariants
//! * No input makes this crate panic or recurse without bound: neither a definition nor a table.
//! * The built-in table knows the kinds that a default server of [`Schema::server_version`] serves, in the versions that
//!   it serves. What it does not know is `None`, never a guess.
//! * List and mapping types are what the API server's own merge makes of the documents, the fallback on patch strategies
//!   where no list type is given included (`schemaconv` in `k8s.io/kube-openapi`).

mod crd;
mod distil;
mod kind;
mod node;
mod notes;
mod schema;
mod shape;
mod table;
mod type_expression;
mod writer;

pub use crd::CrdError;
pub use distil::{DistilError, distil};
pub use kind::{KindSchema, Scope};
pub use node::{Fields, Node};
pub use schema::Schema;
pub use shape::{Keys, ListType, MapType, PatchDirective, PatchStrategy, Scalar, Shape};
pub use table::TableError;
