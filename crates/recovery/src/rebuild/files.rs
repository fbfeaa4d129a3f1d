//! The files of a Git repository: from its host, or from the backup.

use windlass_backup::{Identities, Repository};
use windlass_capture::put_back::{self, BundlePutBack};
use windlass_engine::{Lookup, NamespacedName, fetch_once};
use windlass_flux::{GitRef, GitRepository};
use windlass_source::Snapshot;

use super::{GitFiles, RebuildOptions};
use crate::Error;
use crate::choose::Chosen;
use crate::error::chain;

/// The name of the item that holds the bundle of a GitRepository.
pub(crate) fn bundle_item(name: &NamespacedName) -> String {
    format!("git/{}/{}", name.namespace, name.name)
}

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
            match self.bundled(object, &name, &folder("bundle")).await {
                Ok(snapshot) => return Ok((snapshot, "bundle")),
                Err(error) => reasons.push(chain(&error)),
            }
        }
        let url = object.spec.url.clone();
        Err(Error::NoGit { name: format!("GitRepository/{name}"), url, reason: reasons.join("; ") })
    }

    async fn bundled(
        &self,
        object: &GitRepository,
        name: &NamespacedName,
        folder: &std::path::Path,
    ) -> Result<Snapshot, Error> {
        let Chosen { snapshot, manifest, .. } = self.chosen;
        // Whoever made the backup may have called it otherwise; then the address says which it is.
        let is_same = |meta: &serde_json::Map<String, serde_json::Value>| {
            meta.get("url").is_some_and(|url| *url == object.spec.url)
        };
        let bundles: Vec<&String> = manifest.items.keys().filter(|item| item.starts_with("git/")).collect();
        let by_address = manifest.items.iter().find(|(item, known)| item.starts_with("git/") && is_same(&known.meta));
        let own = bundle_item(name);
        let item = match (by_address, bundles.as_slice()) {
            _ if manifest.items.contains_key(&own) => own,
            (Some((item, _)), _) => item.clone(),
            (None, [only]) if self.chosen.objects.facts.sources.len() == 1 => (*only).clone(),
            _ => own,
        };
        let mut fetched = self.repository.fetch_of(snapshot, manifest, &item, self.identities).await?;
        let bare = folder.join("repository.git");
        std::fs::create_dir_all(folder).map_err(|source| Error::Io { path: folder.to_owned(), source })?;
        let unpack = move || -> Result<_, Error> {
            // Once more, after a rebuild that was cut off.
            if bare.exists() {
                std::fs::remove_dir_all(&bare).map_err(|source| Error::Io { path: bare.clone(), source })?;
            }
            let failed = |error| Error::Data { item: item.clone(), path: bare.clone(), source: Box::new(error) };
            let placed = put_back::bundle(&mut fetched.reader()?, &bare, &BundlePutBack::default()).map_err(failed)?;
            Ok((bare.clone(), placed))
        };
        let unpacking = tokio::task::spawn_blocking(unpack).await;
        let (bare, placed) = unpacking.map_err(|_| Error::Interrupted { doing: "unpack the bundle" })??;
        let mut local = object.clone();
        local.spec.url = bare.display().to_string();
        local.spec.secret_ref = None;
        let branch =
            placed.head.map(|head| if head.starts_with("refs/") { head } else { format!("refs/heads/{head}") });
        let reference = branch.or_else(|| placed.references.keys().next().cloned());
        local.spec.reference = Some(GitRef { name: reference, ..GitRef::default() });
        Ok(fetch_once(&local, &Lookup::offline(), &folder.join("store")).await?)
    }
}
