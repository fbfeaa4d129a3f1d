//! The way to the cluster.

use anyhow::Context as _;
use http::HeaderValue;
use http::header::USER_AGENT;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};

use crate::arguments::Arguments;

pub(crate) async fn connect(arguments: &Arguments) -> anyhow::Result<Client> {
    let options = KubeConfigOptions { context: arguments.context.clone(), ..KubeConfigOptions::default() };
    let mut config = match &arguments.kubeconfig {
        Some(path) => {
            let kubeconfig = Kubeconfig::read_from(path)
                .with_context(|| format!("cannot read the kubeconfig {}", path.display()))?;
            Config::from_custom_kubeconfig(kubeconfig, &options)
                .await
                .with_context(|| format!("cannot use the kubeconfig {}", path.display()))?
        }
        None if arguments.context.is_some() => {
            Config::from_kubeconfig(&options).await.context("cannot use the kubeconfig")?
        }
        None => Config::infer().await.context("there is neither a kubeconfig nor the ServiceAccount of a Pod")?,
    };
    // Every loop tries again by itself and says so; fifteen silent retries would only hide what is wrong.
    config.default_retry = false;
    // What audit logs and managed fields know us by.
    let agent = HeaderValue::from_static(concat!("windlassd/", env!("CARGO_PKG_VERSION")));
    config.headers.push((USER_AGENT, agent));
    Client::try_from(config).context("cannot make a client for the cluster")
}
