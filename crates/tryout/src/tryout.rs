use std::fmt;
use std::time::{Duration, Instant};

use kube::Client;
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use windlass_apiserver::{ApiServer, Behaviours};
use windlass_cluster::Cluster;
use windlass_engine::{Engine, Lookup, NamespacedName, Options, Preview, PreviewOptions, preview, requests};
use windlass_flux::Kustomization;
use windlass_manifest::{FileTree as _, TreePath};
use windlass_sops::Identities;

use crate::owners::{self, Owner, Standing};
use crate::setup::{Note, Setup};
use crate::{AgeKeys, Error, Overview, Repository};

/// How a repository is tried.
#[derive(Debug, Clone)]
pub struct TryoutOptions {
    /// The directory that the cluster follows. Default: [`Repository::default_path`].
    pub path: Option<TreePath>,
    /// The Kustomization that stands for it. Default: the one in the repository that names the same path.
    pub name: Option<NamespacedName>,
    /// Keys for encrypted files, besides those that the repository brings. Default: none.
    pub keys: AgeKeys,
    /// Whatever else opens encrypted files, as of a person who sits before it. Such keys lie in no Secret: they are tried
    /// directly, whether a Kustomization names a Secret or not. Default: none.
    pub identities: Identities,
    /// Whether a variable without a value is an error. Default: yes, as in Flux since 1.9.
    pub strict_substitution: bool,
    /// What objects do by themselves. Default: workloads become ready at once.
    pub behaviours: Behaviours,
}

impl Default for TryoutOptions {
    fn default() -> Self {
        Self {
            path: None,
            name: None,
            keys: AgeKeys::new(),
            identities: Identities::new(),
            strict_substitution: true,
            behaviours: Behaviours::ready(),
        }
    }
}

/// A repository on an API of its own, with the reconciler at work. Ends when it is dropped; [`stop`](Self::stop) waits for it.
pub struct Tryout {
    pub(crate) server: ApiServer,
    pub(crate) client: Client,
    pub(crate) cluster: Cluster,
    pub(crate) preview: Preview,
    repository: Repository,
    path: TreePath,
    notes: Vec<Note>,
    engine: JoinHandle<()>,
    stop: Option<oneshot::Sender<()>>,
    /// Where the reconciler would keep what it fetches.
    _scratch: TempDir,
}

/// How often the state is looked at. That costs no request.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// How long nothing must happen while something is not ready, until it is taken for the end.
const QUIET: Duration = Duration::from_millis(750);

/// How long one object that failed may take to answer when it is asked to try again.
const ANSWER: Duration = Duration::from_secs(30);

impl Tryout {
    /// Looks through the repository, starts an API with what has to be there before, and the reconciler on it.
    ///
    /// What is wrong inside of the repository stops nothing, and is found in [`preview`](Self::preview).
    ///
    /// # Errors
    /// Where there is no root to follow, or the root objects cannot be set up.
    pub async fn start(repository: Repository, options: TryoutOptions) -> Result<Self, Error> {
        let path = match options.path {
            Some(path) => path,
            None => repository.default_path()?,
        };
        if !repository.files().is_directory(&path) {
            return Err(Error::NoSuchPath { path });
        }
        let mut keys = repository.keys().clone();
        keys.extend(options.keys);
        let mut identities = keys.identities()?;
        let has_others = !options.identities.is_empty();
        identities.extend(options.identities);
        let wanted = PreviewOptions {
            path: path.clone(),
            name: options.name,
            identities,
            strict: options.strict_substitution,
            revision: repository.revision().to_owned(),
        };
        let preview = preview(repository.files().clone(), &wanted, &mut Lookup::offline()).await;
        let preview = preview.map_err(|error| Error::Preview(Box::new(error)))?;

        let scratch = tempfile::tempdir().map_err(Error::Scratch)?;
        let server = ApiServer::builder().behaviours(options.behaviours).build();
        let client = server.client();
        let setup = Setup::of(&preview, &keys, has_others);
        let notes = setup.notes.clone();
        let mut engine_options = Options::new(scratch.path());
        engine_options.strict_substitution = options.strict_substitution;
        engine_options.identities = wanted.identities;
        engine_options.identities_everywhere = has_others;
        engine_options.local_sources = setup.local_sources(repository.source());
        setup.carry_out(&server, &client, &keys).await?;

        let (stop, stopped) = oneshot::channel::<()>();
        let engine = Engine::new(client.clone(), engine_options).run(async {
            // A sender that is dropped means the same.
            let _ = stopped.await;
        });
        Ok(Self {
            cluster: Cluster::new(client.clone(), windlass_cluster::Options::default()),
            engine: tokio::spawn(engine),
            stop: Some(stop),
            server,
            client,
            preview,
            repository,
            path,
            notes,
            _scratch: scratch,
        })
    }

    /// The API, for a look behind its back, its request log, and to serve it to kubectl.
    #[must_use]
    pub fn server(&self) -> &ApiServer {
        &self.server
    }

    /// The repository.
    #[must_use]
    pub fn repository(&self) -> &Repository {
        &self.repository
    }

    /// The directory that is followed.
    #[must_use]
    pub fn path(&self) -> &TreePath {
        &self.path
    }

    /// What the repository wants, and what is wrong with it.
    #[must_use]
    pub fn preview(&self) -> &Preview {
        &self.preview
    }

    /// What was decided on the way.
    #[must_use]
    pub fn notes(&self) -> &[Note] {
        &self.notes
    }

    /// Waits until every Flux object is ready, or nothing moves any more, or `patience` is at its end; tells of every object
    /// that comes to stand differently.
    ///
    /// What failed is asked to try again when all others have come to rest, for as long as that helps: in a new cluster things
    /// come into being that were missing a moment ago, and nobody wants to wait for the next retry.
    ///
    /// # Errors
    /// [`Error::Stopped`].
    pub async fn settle(&self, patience: Duration, mut tell: impl FnMut(&Owner)) -> Result<Vec<Owner>, Error> {
        let end = Instant::now() + patience;
        let mut known: Vec<Owner> = Vec::new();
        let mut tried = None;
        loop {
            let owners = self.rest(end, &mut known, &mut tell).await?;
            let failed: Vec<_> = owners.iter().filter(|one| one.standing == Standing::Failed).cloned().collect();
            let ready = owners.iter().filter(|one| one.standing == Standing::Ready).count();
            let is_better = tried.is_none_or(|before| ready > before);
            if failed.is_empty() || !is_better || Instant::now() >= end {
                return Ok(owners);
            }
            tried = Some(ready);
            for owner in failed.iter().filter(|owner| owner.kind == "Kustomization") {
                // How it ends is read from the object.
                let _ = requests::reconcile::<Kustomization>(&self.client, &owner.name, ANSWER).await;
            }
        }
    }

    async fn rest(
        &self,
        end: Instant,
        known: &mut Vec<Owner>,
        tell: &mut impl FnMut(&Owner),
    ) -> Result<Vec<Owner>, Error> {
        let (mut revision, mut since) = (self.server.objects().revision(), Instant::now());
        loop {
            if self.engine.is_finished() {
                return Err(Error::Stopped);
            }
            let owners = owners::all(&self.server);
            for owner in owners.iter().filter(|owner| !known.contains(owner)) {
                tell(owner);
            }
            let stands = |standing: Standing| owners.iter().any(|one| one.standing == standing);
            let is_ready = !stands(Standing::Working) && !stands(Standing::Waiting) && !stands(Standing::Failed);
            let now = self.server.objects().revision();
            if now != revision {
                (revision, since) = (now, Instant::now());
            }
            let is_quiet = !stands(Standing::Working) && since.elapsed() > QUIET;
            if is_ready || is_quiet || Instant::now() >= end {
                return Ok(owners);
            }
            *known = owners;
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// What came of the repository so far.
    #[must_use]
    pub fn overview(&self) -> Overview {
        let order: Vec<NamespacedName> = self.preview.units.iter().map(|unit| unit.name.clone()).collect();
        Overview::of(&self.server, &order)
    }

    /// Stops the reconciler and waits until it has finished what it is about.
    pub async fn stop(mut self) {
        drop(self.stop.take());
        // Whether it ended well or badly, it ended.
        let _ = self.engine.await;
    }
}

impl fmt::Debug for Tryout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tryout").field("repository", &self.repository).field("path", &self.path).finish_non_exhaustive()
    }
}
