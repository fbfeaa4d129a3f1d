//! `windlass secrets` as its users see it.

mod as_sops;
mod cluster;
mod edit;
mod exec;
mod home;
mod in_place;
mod recovery;
mod repository;
mod terminal;
mod tree;
