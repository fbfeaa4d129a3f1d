//! Bringing things back: `windlass restore`, `rebuild`, `drill`, `undelete`, and the report on what could be brought back.

pub(crate) mod coverage;
pub(crate) mod drill;
pub(crate) mod rebuild;
pub(crate) mod restore;
pub(crate) mod undelete;

mod data;
mod selected;
mod tell;
mod wish;
