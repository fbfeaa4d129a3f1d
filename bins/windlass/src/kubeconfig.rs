//! The cluster that a command is about: which kubeconfig, which context, and what went wrong on the way there.

use std::error::Error;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use http::HeaderValue;
use http::header::USER_AGENT;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};

use crate::trouble::{Trouble, as_kube};

/// Which cluster
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct ClusterArgs {
    /// The kubeconfig; without it ~/.kube/config, and inside a Pod its service account
    #[arg(long, value_name = "FILE", help_heading = "Cluster", env = "KUBECONFIG", hide_env_values = true)]
    kubeconfig: Option<OsString>,

    /// The context of the kubeconfig; its current context by default
    #[arg(long, value_name = "NAME", help_heading = "Cluster")]
    context: Option<String>,
}

/// How long to wait for the first byte of a connection: people wait at the other end.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// A cluster, and its address for messages.
#[derive(Clone)]
pub(crate) struct Connection {
    pub(crate) client: Client,
    url: String,
}

impl ClusterArgs {
    /// A client for the cluster. Nothing is sent yet.
    pub(crate) async fn connect(&self) -> anyhow::Result<Connection> {
        let mut config = self.config().await?;
        config.connect_timeout = Some(CONNECT_TIMEOUT);
        // A person waits: what fails is said at once, and not after fifteen silent retries.
        config.default_retry = false;
        let agent = HeaderValue::from_static(concat!("windlass/", env!("CARGO_PKG_VERSION")));
        config.headers.push((USER_AGENT, agent));
        let url = config.cluster_url.to_string().trim_end_matches('/').to_owned();
        let client = Client::try_from(config)
            .map_err(|error| Trouble::new(format!("cannot make a client for {url}")).because(error))?;
        Ok(Connection { client, url })
    }

    async fn config(&self) -> anyhow::Result<Config> {
        let files = self.files();
        if files.is_empty() {
            return Config::incluster().map_err(|_| no_kubeconfig().into());
        }
        let mut all = Kubeconfig::default();
        for file in &files {
            let trouble = || Trouble::new(format!("cannot read the kubeconfig {}", file.display()));
            if !file.exists() {
                return Err(trouble().because("it does not exist").into());
            }
            let next = Kubeconfig::read_from(file).map_err(|error| trouble().because(error))?;
            all = all.merge(next).map_err(|error| trouble().because(error))?;
        }
        let contexts: Vec<String> = all.contexts.iter().map(|context| context.name.clone()).collect();
        let options = KubeConfigOptions { context: self.context.clone(), ..Default::default() };
        let config = Config::from_custom_kubeconfig(all, &options).await;
        config.map_err(|error| {
            let trouble = Trouble::new("cannot use the kubeconfig").because(error);
            if contexts.is_empty() { trouble } else { trouble.help(format!("its contexts: {}", contexts.join(", "))) }
                .into()
        })
    }

    /// The files that were named; a list, as in `KUBECONFIG`, is merged. Else the default one, if it is there.
    fn files(&self) -> Vec<PathBuf> {
        let named = self.kubeconfig.as_ref().map(|list| std::env::split_paths(list).collect::<Vec<_>>());
        let named: Vec<_> = named.unwrap_or_default().into_iter().filter(|path| !path.as_os_str().is_empty()).collect();
        if !named.is_empty() {
            return named;
        }
        std::env::home_dir().map(|home| home.join(".kube/config")).filter(|path| path.exists()).into_iter().collect()
    }
}

fn no_kubeconfig() -> Trouble {
    Trouble::new("there is no kubeconfig: ~/.kube/config does not exist")
        .help("name one with --kubeconfig FILE or KUBECONFIG=FILE")
}

impl Connection {
    /// Asks the cluster for its version, so that one that does not answer is the first thing that is said.
    ///
    /// # Errors
    /// Where it does not answer, or not to us.
    pub(crate) async fn check(&self) -> Result<(), Trouble> {
        let version = self.client.apiserver_version().await;
        version.map(drop).map_err(|error| self.trouble("ask for the version of the cluster", error))
    }

    /// The error for a request that failed while `doing` something: who could not be reached, or what was answered.
    pub(crate) fn trouble(&self, doing: &str, error: kube::Error) -> Trouble {
        match error {
            kube::Error::Api(status) => Trouble::new(format!("cannot {doing}: {}", status.message)),
            error => self.unreachable(&error).unwrap_or_else(|| Trouble::new(format!("cannot {doing}")).because(error)),
        }
    }

    /// The error for a cluster that does not answer, if that is what `error` comes from.
    pub(crate) fn unreachable(&self, error: &(dyn Error + 'static)) -> Option<Trouble> {
        let mut next = Some(error);
        let cause = loop {
            let error = next?;
            match as_kube(error) {
                Some(kube) if never_answered(kube) => break kube,
                _ => next = error.source(),
            }
        };
        let trouble = Trouble::new(format!("cannot reach {}", self.url)).because(innermost(cause));
        Some(trouble.help("is the cluster running, and is this its kubeconfig? (see --kubeconfig, --context)"))
    }
}

/// Whether a request never got an answer.
fn never_answered(error: &kube::Error) -> bool {
    matches!(error, kube::Error::Service(_) | kube::Error::HyperError(_))
}

/// What the operating system or the TLS library said.
fn innermost(error: &(dyn Error + 'static)) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}

/// Runs `work` to its end on this thread: a command line has one thing to do.
pub(crate) fn block_on<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(work)
}
