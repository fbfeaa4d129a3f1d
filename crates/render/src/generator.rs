//! ConfigMaps and Secrets made from files and literals.

pub(crate) mod absorb;
pub(crate) mod hash;
pub(crate) mod make;
pub(crate) mod run;
pub(crate) mod sources;
