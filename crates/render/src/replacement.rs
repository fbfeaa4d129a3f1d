//! `replacements`: a value from one field of one object, copied into fields of others.

pub(crate) mod apply;
pub(crate) mod assign;
pub(crate) mod embedded;
pub(crate) mod load;
pub(crate) mod lookup;
pub(crate) mod path;
pub(crate) mod restyle;
pub(crate) mod select;
