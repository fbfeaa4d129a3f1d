//! The files of a Git repository out of the bundle in a backup: unpacked and read without the `git` program.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use windlass_capture::put_back::{self, BundlePutBack};
use windlass_engine::{NamespacedName, read_once};
use windlass_flux::{GitRef, GitRepository};
use windlass_source::Snapshot;

use super::files::Files;
use crate::Error;
use crate::choose::Chosen;

/// What the names of bundles begin with.
const BUNDLES: &str = "git/";

/// The name of the item that holds the bundle of a GitRepository.
pub(crate) fn bundle_item(name: &NamespacedName) -> String {
    format!("{BUNDLES}{}/{}", name.namespace, name.name)
}

/// The item of a backup that holds the GitRepository `name` (`namespace/name`) with that address.
///
/// Whoever made the backup may have called it otherwise; then the address says which it is, or that there is one only.
pub(crate) fn bundle_of(chosen: &Chosen, name: &str, url: &str) -> Option<String> {
    let items = &chosen.manifest.items;
    let own = format!("{BUNDLES}{name}");
    if items.contains_key(&own) {
        return Some(own);
    }
    let bundles: Vec<_> = items.iter().filter(|(item, _)| item.starts_with(BUNDLES)).collect();
    let by_address = bundles.iter().find(|(_, item)| item.meta.get("url").is_some_and(|known| known == url));
    match (by_address, bundles.as_slice()) {
        (Some((item, _)), _) => Some((*item).clone()),
        (None, [(only, _)]) if chosen.objects.facts.sources.len() == 1 => Some((*only).clone()),
        _ => None,
    }
}

impl Files<'_> {
    /// The files that `object` would give, from the backup.
    pub(super) async fn bundled(&self, object: &GitRepository, folder: &Path) -> Result<Snapshot, Error> {
        let Chosen { snapshot, manifest, .. } = self.chosen;
        let name = NamespacedName::of(object);
        let item = bundle_of(self.chosen, &name.to_string(), &object.spec.url).unwrap_or_else(|| bundle_item(&name));
        let mut fetched = self.repository.fetch_of(snapshot, manifest, &item, self.identities).await?;
        let bare = folder.join("repository.git");
        std::fs::create_dir_all(folder).map_err(|source| Error::Io { path: folder.to_owned(), source })?;
        let (place, of) = (bare.clone(), item.clone());
        let unpack = move || -> Result<_, Error> {
            // Once more, after a rebuild that was cut off.
            if place.exists() {
                std::fs::remove_dir_all(&place).map_err(|source| Error::Io { path: place.clone(), source })?;
            }
            let failed = |error| Error::Data { item: of, path: place.clone(), source: Box::new(error) };
            put_back::bundle(&mut fetched.reader()?, &place, &BundlePutBack::default()).map_err(failed)
        };
        let unpacking = tokio::task::spawn_blocking(unpack).await;
        let placed = unpacking.map_err(|_| Error::Interrupted { doing: "unpack the bundle" })??;
        let wanted = object.spec.reference.clone().unwrap_or_default();
        let (name, commit) = commit_of(&wanted, &placed.references, placed.head.as_deref())
            .ok_or_else(|| not_in_bundle(item, bare.clone(), &wanted, &placed.references))?;
        Ok(read_once(object, &bare, name.as_deref(), &commit).await?)
    }
}

/// Which commit of a bundle is meant, and what it is called there.
///
/// A backup by a schedule holds the one commit that was followed. A bundle that a person made holds more, and of those only
/// the one that is asked for is taken: another branch may be another cluster.
fn commit_of(
    wanted: &GitRef,
    references: &BTreeMap<String, String>,
    head: Option<&str>,
) -> Option<(Option<String>, String)> {
    let named = |name: &str| references.get(name).map(|commit| (Some(name.to_owned()), commit.clone()));
    if let Some(commit) = &wanted.commit {
        return Some((wanted.branch.clone(), commit.clone()));
    }
    let mut only = references.iter().map(|(name, commit)| (Some(name.clone()), commit.clone()));
    let only = if references.len() == 1 { only.next() } else { None };
    let asked = match wanted {
        GitRef { name: Some(name), .. } => named(name),
        GitRef { semver: Some(_), .. } => None,
        GitRef { tag: Some(tag), .. } => named(&format!("refs/tags/{tag}")),
        GitRef { branch: Some(branch), .. } => named(&format!("refs/heads/{branch}")),
        _ => named("refs/heads/master").or_else(|| named(head?)),
    };
    asked.or(only)
}

fn not_in_bundle(item: String, path: PathBuf, wanted: &GitRef, references: &BTreeMap<String, String>) -> Error {
    let wanted = [&wanted.name, &wanted.semver, &wanted.tag, &wanted.branch].into_iter().flatten().next();
    let known: Vec<&str> = references.keys().map(String::as_str).collect();
    let problem = format!(
        "it does not say which commit {} is; it has {}",
        wanted.map_or("HEAD", String::as_str),
        known.join(", ")
    );
    Error::Data { item, path, source: Box::new(windlass_capture::Error::Bundle { problem }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_commit_that_is_asked_for_is_taken_and_no_other() {
        let all =
            ["refs/heads/main", "refs/heads/prod", "refs/tags/v1"].map(|name| (name.to_owned(), format!("<{name}>")));
        let all = BTreeMap::from(all);
        let of = |wanted: GitRef| commit_of(&wanted, &all, Some("refs/heads/main")).map(|(_, commit)| commit);
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(of(GitRef::default()), some("<refs/heads/main>"));
        assert_eq!(of(GitRef { branch: some("prod"), ..GitRef::default() }), some("<refs/heads/prod>"));
        assert_eq!(of(GitRef { tag: some("v1"), ..GitRef::default() }), some("<refs/tags/v1>"));
        assert_eq!(of(GitRef { commit: some("123"), ..GitRef::default() }), some("123"));
        for wanted in [
            GitRef { branch: some("staging"), ..GitRef::default() },
            GitRef { semver: some("1.x"), ..GitRef::default() },
        ] {
            assert_eq!(of(wanted.clone()), None);
            // What a schedule saved is the one commit that was followed.
            let one = BTreeMap::from([("refs/tags/v1.2".to_owned(), "12".to_owned())]);
            assert_eq!(commit_of(&wanted, &one, None), Some((Some("refs/tags/v1.2".to_owned()), "12".to_owned())));
        }
    }
}
