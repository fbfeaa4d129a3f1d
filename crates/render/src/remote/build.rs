//! Building a kustomization that is in another repository.

use windlass_manifest::{EntryKind, TreePath};

use crate::Fault;
use crate::accumulate::Accumulator;
use crate::decode::At;
use crate::kustomization::Kustomization;
use crate::place::Place;
use crate::remote::RepositoryUrl;
use crate::session::{Failed, Session};

/// The repository that is being built from.
#[derive(Debug, Clone)]
pub(crate) struct Remote {
    pub(crate) clone_url: String,
    pub(crate) reference: Option<String>,
}

/// A kustomization in another repository, until [`Session::leave_remote`] is called.
pub(crate) struct Entered {
    pub(crate) place: Place,
    pub(crate) kustomization: Kustomization,
    root: TreePath,
}

impl Session<'_> {
    /// Builds the base that a URL names.
    pub(crate) fn remote_base(
        &mut self,
        place: &Place,
        entry: &At<String>,
        url: &RepositoryUrl,
    ) -> Result<Accumulator, Failed> {
        let Entered { place: child, kustomization, root } = self.enter_remote(place, entry, url)?;
        let built = match kustomization.is_component {
            true => Err(self.fail(place.error(&entry.at, Fault::IsAComponent { path: entry.value.clone() }))),
            false => self.accumulate(&child, &kustomization, Accumulator::default()),
        };
        self.leave_remote(root);
        built
    }

    /// Builds the component that a URL names on what its parent has.
    pub(crate) fn remote_component(
        &mut self,
        place: &Place,
        entry: &At<String>,
        url: &RepositoryUrl,
        accumulated: Accumulator,
    ) -> Result<Accumulator, Failed> {
        let Entered { place: child, kustomization, root } = self.enter_remote(place, entry, url)?;
        let built = match kustomization.is_component {
            false => Err(self.fail(place.error(&entry.at, Fault::NotAComponent { path: entry.value.clone() }))),
            true => self.accumulate(&child, &kustomization, accumulated),
        };
        self.leave_remote(root);
        built
    }

    fn enter_remote(&mut self, place: &Place, entry: &At<String>, url: &RepositoryUrl) -> Result<Entered, Failed> {
        let fail = |session: &mut Self, fault| session.fail(place.error(&entry.at, fault));
        let Some(fetch) = self.options.fetch else {
            return Err(fail(self, Fault::Remote { url: entry.value.clone() }));
        };
        let clone_url = url.clone_url();
        if self.remotes.iter().any(|remote| remote.clone_url == clone_url && remote.reference == url.reference) {
            return Err(fail(self, Fault::Cycle { path: entry.value.clone() }));
        }
        let limit = self.options.limits.depth;
        if self.remotes.len() >= limit {
            return Err(fail(self, Fault::Limit { what: "repositories in one another", limit: limit as u64 }));
        }
        let fetched = match fetch.repository(url) {
            Ok(fetched) => fetched,
            Err(source) => return Err(fail(self, Fault::Fetch { url: entry.value.clone(), source })),
        };
        self.remotes.push(Remote { clone_url, reference: url.reference.clone() });
        self.loader.enter(fetched, url);
        let root = std::mem::replace(&mut self.root, TreePath::root());
        match self.open_remote(place, entry, url) {
            Ok((place, kustomization)) => Ok(Entered { place, kustomization, root }),
            Err(failed) => {
                self.leave_remote(root);
                Err(failed)
            }
        }
    }

    fn open_remote(
        &mut self,
        place: &Place,
        entry: &At<String>,
        url: &RepositoryUrl,
    ) -> Result<(Place, Kustomization), Failed> {
        let missing = || Fault::Missing { path: entry.value.clone(), suggestion: None };
        let directory = TreePath::new(&url.directory).ok();
        let resolved = directory.and_then(|directory| self.loader.resolve(&directory).ok());
        let resolved = resolved.filter(|resolved| resolved.kind == EntryKind::Directory);
        let directory = resolved.ok_or_else(|| self.fail(place.error(&entry.at, missing())))?.path;
        let file = match self.kustomization_file(&directory) {
            Ok(Some(file)) => file,
            Ok(None) => return Err(self.fail(place.error(&entry.at, Fault::NoKustomization { directory }))),
            Err(fault) => return Err(self.fail(place.error(&entry.at, fault))),
        };
        // Paths of the other tree mean nothing here, so the way starts anew.
        let (place, kustomization) = self.read_kustomization(directory.clone(), file, vec![directory])?;
        self.open_api(&place, &kustomization)?;
        Ok((place, kustomization))
    }

    fn leave_remote(&mut self, root: TreePath) {
        self.root = root;
        self.remotes.pop();
        self.loader.leave();
    }
}
