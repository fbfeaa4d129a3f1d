//! Patches: reading them, finding what they are for, and the two ways to apply one.

pub(crate) mod apply;
pub(crate) mod json6902;
pub(crate) mod json_pointer;
pub(crate) mod label_selector;
pub(crate) mod load;
pub(crate) mod merge_list;
pub(crate) mod read;
pub(crate) mod run;
pub(crate) mod strategic_merge;
pub(crate) mod target;
