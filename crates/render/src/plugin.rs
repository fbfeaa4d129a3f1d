//! Built-in transformers and generators that are configured by objects of their own: `transformers`, `generators` and
//! `validators`.

pub(crate) mod config;
pub(crate) mod generators;
pub(crate) mod transformers;
pub(crate) mod validators;
