//! `windlass rebuild`: an empty cluster, a repository and one key.

use std::io::Write;
use std::path::PathBuf;

use windlass_flux::GoDuration;
use windlass_recovery::{GitFiles, RebuildOptions, RebuildProgress, RebuildReport, rebuild};

use super::data::{placed, places};
use super::restore;
use crate::apply::asked;
use crate::backup::place::{IdentityArgs, PlaceArgs};
use crate::kubeconfig::{ClusterArgs, block_on};
use crate::names::duration;
use crate::outcome::Outcome;
use crate::output::{Console, Output};
use crate::secrets::keyring;
use crate::table::{Cell, Table};

/// Rebuild an empty cluster from a backup
///
/// Takes the newest good snapshot, restores what Git does not define (the keys for SOPS among it), fetches the Git
/// repositories from their hosts or from the backup, applies what they define in the order of dependencies, puts data into
/// place while workloads have no replicas, and lets them run. It ends with the time that each step took and with what was
/// not in the backup. Where data could not be put into place, workloads stay without replicas.
///
/// Data go to paths of this machine, or of the Pod that runs this with the volumes mounted. Run windlassd or Flux after it,
/// not meanwhile.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  windlass rebuild --repository s3://backup/home?endpoint=https://nas.lan:9000 --identity paper.key
  windlass rebuild --repository /mnt/usb/backup --identity paper.key --trust windlass-writer1… \\
    --data sqlite/notes=/srv/notes/notes.db --data files/media=/srv/media")]
pub(crate) struct RebuildArgs {
    #[command(flatten)]
    place: PlaceArgs,

    #[command(flatten)]
    identity: IdentityArgs,

    /// The snapshot, by id or number; the newest good one by default
    #[arg(long, value_name = "SNAPSHOT")]
    snapshot: Option<String>,

    /// Put an item of data into place; may be given more than once
    #[arg(long, value_name = "ITEM=PATH", value_parser = placed)]
    data: Vec<(String, PathBuf)>,

    /// Move data that are there already aside
    #[arg(long, requires = "data")]
    replace: bool,

    /// Where the files of Git repositories come from
    #[arg(long, value_enum, default_value_t = GitArg::Auto)]
    git: GitArg,

    /// age keys for encrypted files, besides those that sops would find here and the Secrets of the backup
    #[arg(long, value_name = "FILE", env = "SOPS_AGE_KEY_FILE", hide_env_values = true)]
    age_key_file: Option<PathBuf>,

    /// Take up a rebuild of this cluster that was cut off
    #[arg(long = "continue")]
    again: bool,

    /// Wait for health where a Kustomization asks for it
    #[arg(long)]
    wait: bool,

    /// How long definitions may take to become ready
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "1m")]
    timeout: GoDuration,

    /// Do not ask
    #[arg(short, long)]
    yes: bool,

    /// How to print the report
    #[arg(long, short, value_enum, default_value_t)]
    output: Output,

    #[command(flatten)]
    cluster: ClusterArgs,
}

/// Where the files of Git repositories come from.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum GitArg {
    /// From the host; from the backup, if the host does not give them
    Auto,
    /// From the host
    Host,
    /// From the backup: as they were then
    Bundle,
}

pub(crate) fn run(args: &RebuildArgs, console: &Console) -> anyhow::Result<Outcome> {
    block_on(async {
        let (repository, _) = args.place.repository().await?;
        let identities = args.identity.require()?;
        let connection = args.cluster.connect().await?;
        connection.check().await?;
        if !args.yes && !asked("rebuild this cluster")? {
            console.note("nothing was done");
            return Ok(Outcome::Unwelcome);
        }
        let work = tempfile::Builder::new().prefix("windlass-rebuild-").tempdir()?;
        let mut options = RebuildOptions::new(work.path());
        options.snapshot.clone_from(&args.snapshot);
        options.data = places(&args.data);
        options.replace_data = args.replace;
        options.git = match args.git {
            GitArg::Auto => GitFiles::HostOrBundle,
            GitArg::Host => GitFiles::Host,
            GitArg::Bundle => GitFiles::Bundle,
        };
        options.sops = keyring::find_with(args.age_key_file.as_deref())?;
        options.again = args.again;
        options.wait_for_health = args.wait;
        options.wait = args.timeout.get();
        let console_of_progress = *console;
        let mut tell = move |progress: RebuildProgress<'_>| match progress {
            RebuildProgress::Step(step) => console_of_progress.note(&format!("==> {step}")),
            RebuildProgress::Done(text) => console_of_progress.note(&format!("    {text}")),
            RebuildProgress::Trouble(text) => console_of_progress.note(&format!("  ! {text}")),
            _ => {}
        };
        let report = rebuild(connection.client.clone(), &repository, &identities, &options, &mut tell).await?;
        match args.output {
            Output::Table => table(&report, console)?,
            output => restore::print(&report, output, console)?,
        }
        Ok(if report.is_complete() { Outcome::Done } else { Outcome::Failed })
    })
}

fn table(report: &RebuildReport, console: &Console) -> anyhow::Result<()> {
    let mut out = console.out();
    let saved = report.saved.map_or_else(String::new, |saved| format!(", saved {saved}"));
    writeln!(out, "\nsnapshot {}{saved}", report.snapshot)?;
    let mut steps = Table::new(&["STEP", "SECONDS"]);
    for step in &report.steps {
        steps.row(vec![Cell::new(&step.step), Cell::new(&format!("{:.1}", step.seconds))]);
    }
    steps.row(vec![Cell::new("in all"), Cell::new(&format!("{:.1}", report.seconds))]);
    write!(out, "{steps}")?;
    writeln!(out, "\n{} objects from the backup", report.restored)?;
    for unit in &report.reconciled {
        let from = if unit.files == "bundle" { "the backup" } else { "its host" };
        let revision = crate::names::short_revision(&unit.revision);
        writeln!(out, "Kustomization/{}: {} objects, {revision} from {from}", unit.kustomization, unit.written)?;
    }
    for data in &report.data {
        writeln!(out, "{} is at {}", data.item, data.path.display())?;
    }
    if report.reconciled.iter().any(|unit| unit.files == "bundle") {
        writeln!(out, "\nThe Git host gave nothing: push the repository to a new one, and change spec.url.")?;
    }
    if !report.not_in_backup.is_empty() {
        writeln!(out, "\nNot brought back:")?;
        for line in &report.not_in_backup {
            writeln!(out, "  {line}")?;
        }
    }
    for failure in &report.failures {
        writeln!(out, "failed: {}: {}", failure.object, failure.message)?;
    }
    Ok(())
}
