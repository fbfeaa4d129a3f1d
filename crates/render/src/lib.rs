//! `kustomize build` and what Flux does around it, as a function: files in, manifests out.
//!
//! [`build`] renders a directory of a [`FileTree`](windlass_manifest::FileTree). Without [`Amendments`] the result is
//! that of `kustomize build`, byte for byte; with them it is what Flux's kustomize-controller would have built for a
//! Kustomization object, including the kustomization it generates for a directory that has none.
//!
//! This crate reads nothing but the tree, speaks to no network and no cluster, and holds no keys: decryption comes in
//! as a [`Decrypt`].

mod accumulate;
mod amend;
mod amendments;
mod build;
mod closure;
mod decode;
mod error;
mod generated;
mod generator;
mod identity;
mod kustomization;
mod kustomization_file;
mod kustomize_schema_1_21;
mod loader;
mod options;
mod order;
mod patch;
mod pipeline;
mod place;
mod resource;
mod resource_map;
mod session;
pub mod substitute;
mod suggest;
mod transform;
mod warning;

pub use amendments::{Amendments, CommonMetadata};
pub use build::{Build, build};
pub use closure::Closure;
pub use error::{BuildError, BuildErrors, Fault};
pub use kustomization::{Image, Patch, PatchSource, Selector};
pub use options::{BuildOptions, Decrypt, DecryptError, Limits, LoadRestriction, Order};
pub use warning::Warning;
