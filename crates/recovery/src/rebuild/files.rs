//! The files of a Git repository: from its host, or from the backup.

use windlass_backup::{Identities, Repository};
use windlass_engine::{Lookup, NamespacedName, fetch_once};
use windlass_flux::GitRepository;
use windlass_source::Snapshot;

use super::{GitFiles, RebuildOptions};
use crate::Error;
use crate::choose::Chosen;
use crate::error::chain;

/// Where files are taken from.
pub(super) struct Files<'a> {
    pub(super) repository: &'a Repository,
    pub(super) identities: &'a Identities,
    pub(super) chosen: &'a Chosen,
    pub(super) options: &'a RebuildOptions,
}

impl Files<'_> {
    /// The files of a GitRepository, and whether they come from the `host` or the `bundle`.
    pub(super) async fn of(&self, object: &GitRepository, lookup: &Lookup) -> Result<(Snapshot, &'static str), Error> {
        let name = NamespacedName::of(object);
        let mut reasons = Vec::new();
        let folder = |from: &str| self.options.work.join("git").join(from).join(&name.namespace).join(&name.name);
        if self.options.git != GitFiles::Bundle {
            match fetch_once(object, lookup, &folder("host")).await {
                Ok(snapshot) => return Ok((snapshot, "host")),
                Err(error) => reasons.push(chain(&error)),
            }
        }
        if self.options.git != GitFiles::Host {
            match self.bundled(object, &folder("bundle")).await {
                Ok(snapshot) => return Ok((snapshot, "bundle")),
                Err(error) => reasons.push(chain(&error)),
            }
        }
        let url = object.spec.url.clone();
        Err(Error::NoGit { name: format!("GitRepository/{name}"), url, reason: reasons.join("; ") })
    }
}
