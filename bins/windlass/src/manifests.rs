//! `windlass manifests`.

use windlass_engine::Installation;

use crate::outcome::Outcome;
use crate::output::Console;

/// Print the manifests that run windlassd in a cluster
///
/// A Namespace, a ServiceAccount bound to cluster-admin, and a Deployment of one Pod, without root and with a read-only
/// file system. The definitions of Flux's kinds are printed by `windlass crds`. The image is built from
/// bins/Containerfile.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  windlass manifests --image registry.lan/windlass:0.1.0 | kubectl apply --server-side -f -
  windlass manifests --image registry.lan/windlass:0.1.0 --volume 1Gi --keys-from windlass-backup -- \\
      --backup-repository 's3://backups/home?endpoint=https://nas.lan:9000' \\
      --backup-writer-key /etc/windlass/keys/writer.key > clusters/home/flux-system/windlass.yaml")]
pub(crate) struct ManifestsArgs {
    /// The image with windlassd in it
    #[arg(long, value_name = "IMAGE")]
    image: String,

    /// Where it runs
    #[arg(long, short, value_name = "NAME", default_value = "flux-system")]
    namespace: String,

    /// Keep fetched repositories in a claim of this size, so that they need not be fetched again when the Pod moves
    #[arg(long, value_name = "SIZE")]
    volume: Option<String>,

    /// The storage class of that claim; without it the cluster's default
    #[arg(long, value_name = "NAME", requires = "volume")]
    storage_class: Option<String>,

    /// A Secret whose entries are files below /etc/windlass/keys
    #[arg(long, value_name = "SECRET")]
    keys_from: Option<String>,

    /// Further arguments of windlassd (see `windlassd --help`)
    #[arg(last = true, value_name = "ARGUMENTS")]
    arguments: Vec<String>,
}

pub(crate) fn run(args: &ManifestsArgs, console: &Console) -> anyhow::Result<Outcome> {
    let mut installation =
        Installation::new(&args.image).with_namespace(&args.namespace).with_arguments(args.arguments.iter().cloned());
    if let Some(size) = &args.volume {
        installation = installation.with_volume(size, args.storage_class.clone());
    }
    if let Some(secret) = &args.keys_from {
        installation = installation.with_keys(secret);
    }
    console.data(windlass_yaml::print_documents(&installation.objects()).as_bytes())?;
    Ok(Outcome::Done)
}
