//! `kustomize build` and what Flux does around it, as a function: files in, manifests out.
//!
//! [`build`] renders a directory of a [`FileTree`](windlass_manifest::FileTree). Without [`Amendments`] the result is
//! that of `kustomize build`, byte for byte; with them it is what Flux's kustomize-controller builds for a
//! Kustomization object, including the kustomization it generates for a directory that has none. What Flux does next,
//! post-build substitution, is in [`substitute`]; [`CommonMetadata`] comes last.
//!
//! This crate reads nothing but the tree, speaks to no network and no cluster, and holds no keys: decryption comes in
//! as a [`Decrypt`]. Nothing is kept between builds and nothing is global, so builds may run side by side.
//!
//! ```
//! use windlass_manifest::{MemoryTree, TreePath};
//! use windlass_render::{BuildOptions, build};
//!
//! let tree = MemoryTree::from_iter([
//!     ("base/kustomization.yaml", "resources: [web.yaml]\nconfigMapGenerator:\n- name: web\n  literals: [COLOR=blue]\n"),
//!     (
//!         "base/web.yaml",
//!         "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  containers:\n  - name: web\n    image: nginx\n    \
//!          envFrom: [{configMapRef: {name: web}}]\n",
//!     ),
//!     ("prod/kustomization.yaml", "namespace: shop\nresources: [../base]\nimages:\n- {name: nginx, newTag: '1.27'}\n"),
//! ]);
//! let build = build(&tree, &TreePath::new("prod")?, &BuildOptions::default())?;
//!
//! let pod = &build.manifests[1];
//! assert_eq!(pod.id().to_string(), "Pod/shop/web");
//! assert_eq!(pod.origin().to_string(), "base/web.yaml:1");
//! assert!(build.to_yaml().contains("image: nginx:1.27\n"));
//! // The reference followed the name of the generated ConfigMap.
//! assert!(build.to_yaml().contains("name: web-9cf89bh562\n"));
//! assert!(build.closure.is_current(&tree));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What is supported
//! Every field of a Kustomization and a Component, deprecated ones included, and the built-in plug-ins that
//! `transformers`, `generators` and `validators` configure, inline, in files and in directories. Three things need
//! something from outside, and are faults that say so without it:
//!
//! * `helmCharts` needs something that renders charts: [`RenderCharts`].
//! * Bases, components and files named by a URL need something that fetches: [`Fetch`]. [`RepositoryUrl`] takes such
//!   URLs apart as kustomize does, and [`build_remote`] builds what one names.
//! * External plug-ins and KRM functions are programs, and are refused by name.
//!
//! Beyond kustomize, where [`BuildOptions`] ask for it: CustomResourceDefinitions in the build say how lists of custom
//! resources are merged and what has no namespace, `*` and `?` in `resources` stand for names, and each warning is a
//! fault. `openapi` counts for one build and not for a whole process.
//!
//! Where kustomize does something silently that hardly anybody wants (a patch that matches nothing or empties a list, a
//! directive that is printed, integers that JSON 6902 takes through floats), the result is kustomize's, with a warning.
//!
//! # Where it differs from kustomize 5.8.1 on purpose
//! * All faults of a build that do not follow from one another are told together, with file and line.
//! * A faulty operation of JSON 6902 is refused also where no object is patched. So is a patch after which an object has
//!   no kind or no name.
//! * An image name must be a regular expression, where kustomize panics; two objects that a patch gives one name are a
//!   fault, where kustomize panics; image digests may have any algorithm.
//! * A name must be text. A `needsHashSuffix` annotation is followed on ConfigMaps and Secrets only: the hash of another
//!   kind would be that of how kustomize's YAML library holds it in memory.
//! * Encrypted files are decrypted when they are read, so that patches and namespaces change plain values; Flux decrypts
//!   objects after the build. What goes into a ConfigMap is never decrypted, as with Flux.
//! * A replacement whose path goes on in a null is refused; kustomize writes nothing, without a word. So is one into
//!   text of several YAML documents, of which kustomize keeps the first, and one that gives a field another type than it
//!   has: kustomize fails only when it prints the object, or prints a tag that does not fit.
//! * `[field=pattern]` of a replacement looks at the value; kustomize at the value with its quotes.
//! * Names and namespaces with a comma in them are taken; kustomize fails over them.
//! * Types that hold themselves in a file of `crds` are a fault; kustomize does not end. A malformed `openapi` document is
//!   one too, where kustomize panics.
//! * Schemas in comments are not read.
//! * The `managedByLabel` names kustomize v5.8.1, whose results these are. Flux, which holds no version of kustomize, writes
//!   `kustomize-(devel)` there, which is no value of a label.
//!
//! # Invariants
//! * The same tree, directory and options give the same result and the same [`Closure`], whatever else runs.
//! * Every manifest has an origin: the file and line of the object, or those of its generator.
//! * What came from a decrypted file is marked as sensitive.
//! * No input makes a build panic or exceed its [`Limits`].

mod accumulate;
mod amend;
mod amendments;
mod build;
mod charts;
mod closure;
mod crds;
mod decode;
mod error;
mod generated;
mod generator;
mod globs;
mod identity;
mod kustomization;
mod kustomization_file;
mod kustomize_schema_1_21;
mod loader;
mod openapi;
mod options;
mod order;
mod patch;
mod pipeline;
mod place;
mod plugin;
#[cfg(test)]
mod recorded_tables;
mod remote;
mod replacement;
mod resource;
mod resource_map;
mod reuse;
mod schema;
mod session;
mod side_by_side;
pub mod substitute;
mod suggest;
mod transform;
mod vars;
mod warning;

pub use amendments::{Amendments, CommonMetadata};
pub use build::{Build, build};
pub use charts::{ChartError, ChartRequest, RenderCharts};
pub use closure::Closure;
pub use error::{BuildError, BuildErrors, Fault};
pub use kustomization::{Image, Patch, PatchSource, Selector};
pub use options::{BuildOptions, Decrypt, DecryptError, Limits, LoadRestriction, Order};
pub use remote::{Fetch, FetchError, Fetched, RepositoryUrl, RepositoryUrlError, build_remote};
pub use warning::Warning;
