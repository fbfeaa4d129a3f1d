//! What the benches share: inputs, programs, measuring, tables.
//!
//! A performance claim of Windlass is something here that anyone can run, side by side with the peer where there is one,
//! and is quoted as a ratio. `benches/README.md` has the commands and the figures.
//!
//! ```
//! use windlass_benches::samples::Samples;
//!
//! let walls = Samples::from_iter([3.0, 1.0, 2.0]);
//! assert_eq!((walls.median(), walls.p90(), walls.max()), (2.0, 3.0, 3.0));
//! ```

pub mod audit;
pub mod child;
pub mod daemon;
pub mod homelab;
pub mod large;
pub mod machine;
pub mod overlay;
pub mod process_memory;
pub mod program;
pub mod repository;
pub mod samples;
pub mod secret_tree;
pub mod store;
pub mod table;
