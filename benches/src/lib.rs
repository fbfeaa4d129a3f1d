//! Benches of Windlass, and side-by-side runs against the tools it is measured by.
