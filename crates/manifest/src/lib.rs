//! One Kubernetes object as data: what it is, where it came from, and the file trees it is read from.
//!
//! A [`Manifest`] is an object (`serde_json` values, keys in the order they were written) together with its
//! [`Origin`], so that everything said about it later can name a file and a line. An [`ObjectId`] is what makes two
//! manifests the same object in a cluster. A [`FileTree`] is a read-only set of files: a directory, memory, a Git
//! commit; paths in it are [`TreePath`]s, which cannot leave it.
//!
//! This crate speaks to no cluster and writes nothing.
//!
//! ```
//! use windlass_manifest::{read_manifests, FileTree, MemoryTree, TreePath};
//!
//! let tree = MemoryTree::from_iter([(
//!     "apps/web.yaml",
//!     "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: web\n  namespace: shop\n---\n\
//!      apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: shop}\n",
//! )]);
//! let path = TreePath::new("apps/web.yaml")?;
//! let manifests = read_manifests(&tree.read_text(&path)?, path.as_str())?;
//!
//! assert_eq!(manifests[1].id().to_string(), "Deployment/shop/web");
//! assert_eq!(manifests[1].origin().to_string(), "apps/web.yaml:7");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Invariants
//! * A `Manifest` is a mapping with a non-empty `kind`, and with a `metadata.name` unless its kind ends in `List`.
//! * A `TreePath` is relative, normalised and inside its tree; trees follow symbolic links only to places inside.
//! * The text of Secrets, and of objects marked [`sensitive`](Manifest::is_sensitive), is wiped from memory when the
//!   manifest is dropped, and no `Debug` output holds any object's content.

mod documents;
mod error;
mod field_path;
mod gvk;
mod id;
mod manifest;
mod origin;
mod tree;
mod tree_path;

pub use documents::{manifests_from_values, read_kustomize_manifests, read_manifests};
pub use error::Error;
pub use field_path::{FieldPath, FieldPathError, Step};
pub use gvk::Gvk;
pub use id::ObjectId;
pub use manifest::Manifest;
pub use origin::Origin;
pub use tree::directory::DirTree;
pub use tree::layered::LayeredTree;
pub use tree::memory::MemoryTree;
pub use tree::{EntryKind, FileTree, Resolved, TreeEntry, TreeError};
pub use tree_path::{TreePath, TreePathError};
