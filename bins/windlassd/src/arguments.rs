//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Parser, ValueEnum};
use jiff::SignedDuration;
use windlass_backup::WriterId;
use windlass_engine::Options;
use windlass_sops::IdentitySources;

/// Keeps a Kubernetes cluster equal to its Git repository.
///
/// It follows the Flux objects of the cluster (GitRepository and Kustomization): polls the repositories, renders and
/// decrypts them, applies what differs, prunes what is gone and puts drift right. In a Pod it uses the ServiceAccount
/// of the Pod; elsewhere the current kubeconfig.
///
/// Do not run it beside Flux's own source-controller and kustomize-controller: both would write the same objects.
#[derive(Debug, Parser)]
#[command(version, after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The kubeconfig to use; without it the Pod's ServiceAccount, $KUBECONFIG or ~/.kube/config
    #[arg(long, value_name = "FILE")]
    pub(crate) kubeconfig: Option<PathBuf>,
    /// The context of the kubeconfig; the current one by default
    #[arg(long, value_name = "NAME")]
    pub(crate) context: Option<String>,
    /// Reconcile the objects of this namespace only; those of all namespaces by default
    #[arg(long, short, value_name = "NAME")]
    pub(crate) namespace: Option<String>,
    /// The directory in which fetched repositories are kept; worth a volume that outlives the Pod
    #[arg(long, value_name = "DIR", default_value = "/var/lib/windlass")]
    pub(crate) store: PathBuf,
    /// Where to serve /healthz, /readyz and /metrics
    #[arg(long, value_name = "ADDRESS", default_value = "0.0.0.0:8080")]
    pub(crate) listen: SocketAddr,
    /// How many Kustomizations are built and applied at a time; waiting ones do not count
    #[arg(long, value_name = "N", default_value_t = 4)]
    pub(crate) concurrency: usize,
    /// Refuse references to sources in other namespaces
    #[arg(long)]
    pub(crate) no_cross_namespace_refs: bool,
    /// Let a variable without a value be empty instead of an error
    #[arg(long)]
    pub(crate) lenient_substitution: bool,
    /// The backup repository: s3://bucket/prefix?endpoint=https://…&region=…, or a folder. What is pruned is saved there
    /// first, and BackupSchedules go there that name no other
    #[arg(long, value_name = "URL", help_heading = "Backup", requires = "backup_writer_key")]
    pub(crate) backup_repository: Option<String>,
    /// The file with the key that backups are signed with (WINDLASS-WRITER-1…)
    #[arg(long, value_name = "FILE", help_heading = "Backup")]
    pub(crate) backup_writer_key: Option<PathBuf>,
    /// Believe this writer too (windlass-writer1…), such as the one who made the repository; may be given more than once
    #[arg(long, value_name = "ID", help_heading = "Backup")]
    pub(crate) backup_trust: Vec<WriterId>,
    /// A file with access keys as ~/.aws/credentials; without it AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY
    #[arg(long, value_name = "FILE", help_heading = "Backup")]
    pub(crate) backup_credentials: Option<PathBuf>,
    /// What this cluster is called in snapshots
    #[arg(long, value_name = "NAME", help_heading = "Backup", default_value = "cluster")]
    pub(crate) backup_host: String,
    /// For how long what was pruned stays in the repository; the last copy of each thing within it stays for sure. A
    /// BackupSchedule that says `retention.pruned` has its own way
    #[arg(long, value_name = "DURATION", help_heading = "Backup", default_value = "2160h")]
    pub(crate) backup_keep_pruned: SignedDuration,
    /// Run BackupSchedules (their definition: `windlass crds --backup`); so it is with --backup-repository
    #[arg(long, help_heading = "Backup")]
    pub(crate) backup_schedules: bool,
    /// How log lines look
    #[arg(long, value_enum, default_value_t = LogFormat::Text)]
    pub(crate) log_format: LogFormat,
    /// What is logged: a level (error, warn, info, debug, trace), or a filter such as `windlass_engine=debug,info`
    #[arg(long, value_name = "FILTER", env = "WINDLASS_LOG", default_value = "info")]
    pub(crate) log: String,
}

const EXAMPLES: &str = "\
Examples:
  windlassd --kubeconfig ~/.kube/config --store ~/.local/state/windlass
  windlassd --namespace flux-system --log-format json
  windlassd --backup-repository /mnt/nas/backup --backup-writer-key /etc/windlass/writer.key

Environment:
  SOPS_AGE_KEY, SOPS_AGE_KEY_FILE, SOPS_AGE_SSH_PRIVATE_KEY_FILE, VAULT_TOKEN
                                keys for Kustomizations whose spec.decryption names no Secret
  VAULT_CACERT, VAULT_NAMESPACE, SOPS_HC_VAULT_ALLOWLIST
                                how Vault is asked, and which addresses may be: without the last, any
                                that an encrypted file names";

/// How log lines look.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

impl Arguments {
    /// The engine's options.
    pub(crate) fn options(&self) -> Options {
        let mut options = Options::new(&self.store);
        options.namespace.clone_from(&self.namespace);
        options.concurrency = self.concurrency;
        options.allow_cross_namespace = !self.no_cross_namespace_refs;
        options.strict_substitution = !self.lenient_substitution;
        options.identities = IdentitySources::new(|name| std::env::var(name).ok()).find();
        for warning in options.identities.warnings() {
            tracing::warn!("{warning}");
        }
        options
    }
}
