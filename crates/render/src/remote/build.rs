//! Building a kustomization that is in another repository.

use windlass_manifest::{EntryKind, FieldPath, MemoryTree, Origin, TreePath};

use crate::accumulate::Accumulator;
use crate::decode::At;
use crate::kustomization::Kustomization;
use crate::loader::Encrypted;
use crate::place::Place;
use crate::remote::{FetchError, RepositoryUrl, shown};
use crate::resource::Resource;
use crate::session::{Failed, Session};
use crate::transform::build_metadata::BuildMetadata;
use crate::{Build, BuildErrors, BuildOptions, Fault, build};

/// What a server sends to people.
const HTML: &str = "the server answers with a page for people (HTML), where YAML is wanted: give the URL of the raw file; \
                    it may also want a login";

/// What is at a URL is neither of what it could be.
#[derive(Debug, thiserror::Error)]
#[error("as a file: {}; as a Git repository: {}", with_causes(&**file), with_causes(&**repository))]
struct Neither {
    file: FetchError,
    repository: FetchError,
}

/// An error with all that is under it, in one line.
fn with_causes(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

/// Builds the kustomization that a URL names: its repository is fetched, and nothing outside of it is read.
///
/// Paths and origins are told as the URL of the repository and the path in it. The closure is never current.
///
/// # Errors
/// As [`build`](crate::build()); that the options have nothing that fetches is one of the faults.
pub fn build_remote(url: &RepositoryUrl, options: &BuildOptions<'_>) -> Result<Build, BuildErrors> {
    let nothing = MemoryTree::new();
    build::run(Session::new(&nothing, &TreePath::root(), options), |session| session.build_remote(url))
}

/// Whether a text is a page rather than YAML.
fn is_html(bytes: &[u8]) -> bool {
    let text = bytes.trim_ascii_start();
    let starts = |with: &str| text.get(..with.len()).is_some_and(|start| start.eq_ignore_ascii_case(with.as_bytes()));
    starts("<!doctype html") || starts("<html")
}

/// The repository that is being built from.
#[derive(Debug, Clone)]
pub(crate) struct Remote {
    pub(crate) clone_url: String,
    pub(crate) reference: Option<String>,
    /// It is what is built, so that nothing in it is from elsewhere.
    pub(crate) is_whole: bool,
}

/// A kustomization in another repository, until [`Session::leave_remote`] is called.
pub(crate) struct Entered {
    pub(crate) place: Place,
    pub(crate) kustomization: Kustomization,
    root: TreePath,
}

impl Session<'_> {
    /// Builds what is at an `http` or `https` URL. As kustomize has it that may be a file; what is none may be a
    /// repository.
    pub(crate) fn resource_at_url(
        &mut self,
        place: &Place,
        entry: &At<String>,
        into: &mut Accumulator,
    ) -> Result<(), Failed> {
        let loaded = self.loader.file(&place.directory, &entry.value, Encrypted::Decrypt);
        let error = match loaded.map(|loaded| (loaded.manifests(), loaded)) {
            Ok((Ok(manifests), loaded)) => return self.add(place, &loaded, manifests, into),
            Ok((Err(_), loaded)) if is_html(&loaded.bytes) => {
                let source = FetchError::from(HTML);
                place.error(&entry.at, Fault::Fetch { url: shown(&entry.value), source })
            }
            Ok((Err(fault), loaded)) => place.error_in(loaded.origin_of(&fault), fault),
            Err(fault) => place.error(&entry.at, fault),
        };
        let (Some(fetch), Ok(url)) = (self.options.fetch, RepositoryUrl::parse(&entry.value)) else {
            return Err(self.fail(error));
        };
        match (fetch.repository(&url), error.fault) {
            (Ok(_), _) => {
                let built = self.remote_base(place, entry, &url)?;
                self.merge(place, &entry.at, built, into)
            }
            (Err(repository), Fault::Fetch { source: file, .. }) => {
                let source = Box::new(Neither { file, repository });
                Err(self.fail(place.error(&entry.at, Fault::Fetch { url: shown(&entry.value), source })))
            }
            // It is a file, with a fault of its own.
            (Err(_), fault) => Err(self.fail(place.error_in(error.origin, fault))),
        }
    }

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
            return Err(fail(self, Fault::Remote { url: shown(&entry.value) }));
        };
        let clone_url = url.clone_url();
        if self.remotes.iter().any(|remote| remote.clone_url == clone_url && remote.reference == url.reference) {
            return Err(fail(self, Fault::Cycle { path: shown(&entry.value) }));
        }
        let limit = self.options.limits.depth;
        if self.remotes.len() >= limit {
            return Err(fail(self, Fault::Limit { what: "repositories in one another", limit: limit as u64 }));
        }
        let fetched = match fetch.repository(url) {
            Ok(fetched) => fetched,
            Err(source) => return Err(fail(self, Fault::Fetch { url: shown(&entry.value), source })),
        };
        self.remotes.push(Remote { clone_url, reference: url.reference.clone(), is_whole: false });
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
        let missing = || Fault::Missing { path: shown(&entry.value), suggestion: None };
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

    /// Builds the kustomization at a URL as the whole build.
    fn build_remote(&mut self, url: &RepositoryUrl) -> Result<Vec<Resource>, Failed> {
        let text = url.to_string();
        let outside =
            Place { fixed: Some(Origin::new(shown(&text), 0)), ..Place::without_file(TreePath::root(), Vec::new()) };
        let entry = At { value: text, at: FieldPath::root() };
        let Entered { place, kustomization, .. } = self.enter_remote(&outside, &entry, url)?;
        self.root.clone_from(&place.directory);
        self.remotes.iter_mut().for_each(|remote| remote.is_whole = true);
        self.metadata = BuildMetadata::new(&kustomization.build_metadata, self.options.managed_by_label);
        let accumulated = self.accumulate(&place, &kustomization, Accumulator::default())?;
        self.finish(&place, &kustomization, accumulated)
    }

    /// The repository that the build is in, where that is another than the built one.
    pub(crate) fn elsewhere(&self) -> Option<&Remote> {
        self.remotes.last().filter(|remote| !remote.is_whole)
    }

    fn leave_remote(&mut self, root: TreePath) {
        self.root = root;
        self.remotes.pop();
        self.loader.leave();
    }
}
