//! What all loops share.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use kube::Client;
use tokio::sync::{Semaphore, watch};
use windlass_cluster::{Cluster, Keep};
use windlass_sops::Identities;

use crate::board::Board;
use crate::config_watch::ConfigVersions;
use crate::events::Events;
use crate::metrics::Metrics;
use crate::{LocalSource, NamespacedName};

/// How an [`Engine`](crate::Engine) works.
#[derive(Debug)]
pub struct Options {
    /// The directory in which fetched repositories are kept. It is made where it does not exist.
    pub store: PathBuf,
    /// The namespace whose objects are reconciled; all namespaces by default.
    pub namespace: Option<String>,
    /// How many Kustomizations are built and applied at a time. Waiting ones do not count. Default: 4.
    pub concurrency: usize,
    /// Whether an object may refer to a source in another namespace. Default: yes, as in Flux.
    pub allow_cross_namespace: bool,
    /// Whether a variable without a value fails the build. Default: yes, as in Flux since 1.9.
    pub strict_substitution: bool,
    /// Keys that open encrypted files where `spec.decryption` names no Secret. Default: none.
    pub identities: Identities,
    /// Whether those open files where a Secret is named too, which then need not be there: for trying a repository on the
    /// machine of a person who has the keys. Default: no, as in Flux.
    pub identities_everywhere: bool,
    /// Where objects are saved before they are deleted: what cannot be saved is not deleted. Default: nowhere.
    pub keep: Option<Arc<dyn Keep>>,
    /// What stands in for the repositories of these GitRepositories, by which a repository is tried before it is pushed:
    /// of such a GitRepository only `ignore`, `interval` and `suspend` count. Default: none.
    pub local_sources: BTreeMap<NamespacedName, LocalSource>,
}

impl Options {
    /// The defaults, with repositories kept in `store`.
    pub fn new(store: impl Into<PathBuf>) -> Self {
        Self {
            store: store.into(),
            namespace: None,
            concurrency: 4,
            allow_cross_namespace: true,
            strict_substitution: true,
            identities: Identities::new(),
            identities_everywhere: false,
            keep: None,
            local_sources: BTreeMap::new(),
        }
    }
}

pub(crate) struct Context {
    pub(crate) client: Client,
    pub(crate) cluster: Cluster,
    pub(crate) options: Options,
    pub(crate) board: Board,
    pub(crate) events: Events,
    pub(crate) metrics: Metrics,
    /// Room for the Kustomizations that are being built and applied.
    pub(crate) work: Semaphore,
    pub(crate) listed: watch::Sender<Listed>,
    /// The watched ConfigMaps and Secrets.
    pub(crate) configs: watch::Sender<ConfigVersions>,
    pub(crate) stop: watch::Receiver<bool>,
}

/// Which kinds have been listed whole.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Listed {
    pub(crate) sources: bool,
    pub(crate) kustomizations: bool,
}

impl Listed {
    pub(crate) fn all(&self) -> bool {
        self.sources && self.kustomizations
    }
}

impl Context {
    pub(crate) fn new(client: Client, options: Options, metrics: Metrics, stop: watch::Receiver<bool>) -> Self {
        let cluster = Cluster::new(client.clone(), windlass_cluster::Options::default());
        Self {
            cluster: match &options.keep {
                Some(keep) => cluster.keeping(Arc::clone(keep)),
                None => cluster,
            },
            events: Events::new(client.clone()),
            work: Semaphore::new(options.concurrency.max(1)),
            board: Board::default(),
            listed: watch::Sender::new(Listed::default()),
            configs: watch::Sender::new(ConfigVersions::new()),
            client,
            options,
            metrics,
            stop,
        }
    }

    /// Tells when the engine is to stop.
    pub(crate) fn stop(&self) -> watch::Receiver<bool> {
        self.stop.clone()
    }

    /// Waits until all objects have been seen once, so that nobody takes another one for missing; `false` where the
    /// engine stops first.
    pub(crate) async fn listed(&self) -> bool {
        let (mut listed, mut stop) = (self.listed.subscribe(), self.stop());
        tokio::select! {
            result = listed.wait_for(Listed::all) => result.is_ok(),
            _ = stop.wait_for(|stop| *stop) => false,
        }
    }

    /// An interval, varied by up to a twentieth so that not everything happens at once.
    pub(crate) fn jitter(&self, interval: Duration) -> Duration {
        // The clock's nanoseconds are random enough to spread timers.
        let nanos = u64::from(jiff::Timestamp::now().subsec_nanosecond().unsigned_abs());
        let span = interval / 20;
        interval - span / 2 + span.mul_f64((nanos % 1_000) as f64 / 1_000.0)
    }

    /// How long to wait after so many failures in a row: from two seconds, doubling, to `limit`.
    pub(crate) fn backoff(&self, failures: u32, limit: Duration) -> Duration {
        Duration::from_secs(1 << failures.clamp(1, 16)).min(limit)
    }
}
