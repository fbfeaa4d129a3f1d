//! `windlass rebuild`: an empty cluster, a repository and one key.

use std::io::Write;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use windlass_flux::GoDuration;
use windlass_recovery::{
    GitFiles, RebuildOptions, RebuildPlan, RebuildProgress, RebuildReport, is_free, keep_rebuild_time, plan_rebuild,
    rebuild,
};

use super::data::{placed, places};
use super::tell;
use super::wish::WishArgs;
use crate::apply::asked;
use crate::backup::place::{IdentityArgs, PlaceArgs};
use crate::backup::progress::Line;
use crate::backup::sizes;
use crate::kubeconfig::ClusterArgs;
use crate::names::duration;
use crate::outcome::Outcome;
use crate::output::{Console, Output};
use crate::secrets::keyring;
use crate::signals::until_ended;
use crate::table::{Cell, Table};

/// Rebuild an empty cluster from a backup
///
/// Takes the newest good snapshot (and says so loudly if nobody ever tried it), restores what Git does not define (the keys
/// for SOPS among it), fetches the Git repositories from their hosts or from the backup, applies what they define in the
/// order of dependencies, puts data into place while workloads have no replicas, and lets them run. It ends with the time
/// that it took, in all and for each step, and with what was not in the backup. Where data could not be put into place,
/// workloads stay without replicas.
///
/// Data go to paths of this machine, or of the Pod that runs this with the volumes mounted. Where Jobs beside the volumes
/// are to put them back (`windlass backup job --put-back`), --keep-held leaves all workloads without replicas until
/// `windlass restore --release`. Run windlassd or Flux after it, not meanwhile.
///
/// Killed anywhere, by a power cut too, it is taken up with --continue: from the same snapshot, and with the --data, --git and
/// --keep-held of the first time, where nothing else is said. Data that it had put into place are known again and stay; data
/// that somebody else put there are not touched without --replace. How far it is stands in the ConfigMap
/// kube-system/windlass-rebuild of the cluster, and in the end how long it took: that is kept as evidence for `coverage`, here
/// where the writer key is at hand, else by windlassd after its next backup.
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("places").multiple(true))]
#[command(after_help = "\
Examples:
  windlass rebuild --bucket backup/home --endpoint https://nas.lan:9000 --identity paper.key --dry-run
  windlass rebuild --bucket backup/home --endpoint https://nas.lan:9000 --identity paper.key
  windlass rebuild --repository /mnt/usb/backup --identity paper.key --trust windlass-writer1… \\
    --data sqlite/notes=/srv/notes/notes.db --data files/media=/srv/media
  windlass rebuild --repository /mnt/usb/backup --identity paper.key --trust windlass-writer1… \\
    --continue")]
pub(crate) struct RebuildArgs {
    #[command(flatten)]
    place: PlaceArgs,

    #[command(flatten)]
    identity: IdentityArgs,

    #[command(flatten)]
    wish: WishArgs,

    /// Put an item of data into place; may be given more than once
    #[arg(long, value_name = "ITEM=PATH", value_parser = placed, group = "places")]
    data: Vec<(String, PathBuf)>,

    /// Move data that are there already aside
    #[arg(long, requires = "places")]
    replace: bool,

    /// Leave all workloads without replicas, until `windlass restore --release`
    #[arg(long)]
    keep_held: bool,

    /// Where the files of Git repositories come from
    #[arg(long, value_enum, default_value_t = GitArg::Auto)]
    git: GitArg,

    /// age keys for encrypted files, besides those that sops would find here and the Secrets of the backup
    #[arg(long, value_name = "FILE", env = "SOPS_AGE_KEY_FILE", hide_env_values = true)]
    age_key_file: Option<PathBuf>,

    /// Take up a rebuild of this cluster that was cut off
    #[arg(long = "continue", group = "places")]
    again: bool,

    /// Wait for health where a Kustomization asks for it
    #[arg(long)]
    wait: bool,

    /// How long definitions may take to become ready
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "1m")]
    timeout: GoDuration,

    /// Show what would be done and stop
    #[arg(long, conflicts_with = "yes")]
    dry_run: bool,

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

/// What to do after a rebuild that was cut off.
const TO_GO_ON: &str = "--continue takes it up where it ended";

pub(crate) fn run(args: &RebuildArgs, console: &Console) -> anyhow::Result<Outcome> {
    until_ended(TO_GO_ON, carry_out(args, console))
}

async fn carry_out(args: &RebuildArgs, console: &Console) -> anyhow::Result<Outcome> {
    let identities = args.identity.require()?;
    let (repository, writer) = args.place.repository(&args.identity, console).await?;
    let connection = args.cluster.connect().await?;
    connection.check().await?;
    let work = tempfile::Builder::new().prefix("windlass-rebuild-").tempdir()?;
    let mut options = args.options(work.path())?;
    let line = Line::new();
    options.progress = line.progress();
    if args.dry_run || !args.yes {
        let plan = plan_rebuild(connection.client.clone(), &repository, &identities, &options).await;
        let plan = plan.map_err(tell::explained)?;
        match args.output {
            Output::Table => show(&plan, console)?,
            output if args.dry_run => tell::print(&plan, output, console)?,
            _ => {}
        }
        if args.dry_run {
            return Ok(if plan.failures.is_empty() { Outcome::Done } else { Outcome::Failed });
        }
        if !asked("rebuild this cluster")? {
            console.note("nothing was done");
            return Ok(Outcome::Unwelcome);
        }
    }
    let (lines, console_of_progress) = (line.clone(), *console);
    let mut tell = move |progress: RebuildProgress<'_>| {
        lines.clear();
        match progress {
            RebuildProgress::Step(step) => console_of_progress.note(&format!("==> {step}")),
            RebuildProgress::Done(text) => console_of_progress.note(&format!("    {text}")),
            RebuildProgress::Trouble(text) => console_of_progress.note(&format!("  ! {text}")),
            _ => {}
        }
    };
    let report = rebuild(connection.client.clone(), &repository, &identities, &options, &mut tell).await;
    line.clear();
    let report = report.map_err(tell::explained)?;
    let is_measured = report.seconds_since_begun.is_some();
    let kept = match writer.filter(|_| is_measured) {
        Some(writer) => keep_rebuild_time(connection.client.clone(), &repository, &writer).await,
        None => Ok(None),
    };
    match args.output {
        Output::Table => table(&report, console)?,
        output => tell::print(&report, output, console)?,
    }
    match kept {
        Ok(Some(kept)) => console.note(&format!("the time that it took is kept as evidence {}", kept.id)),
        Ok(None) if is_measured => console.note(
            "note: the writer key is not here: windlassd keeps the time that it took in the repository, after its next backup",
        ),
        Ok(None) => {}
        Err(error) => console.note(&format!("warning: the time that it took is not kept: {}", tell::causes(&error))),
    }
    Ok(if report.is_complete() { Outcome::Done } else { Outcome::Failed })
}

impl RebuildArgs {
    fn options(&self, work: &Path) -> anyhow::Result<RebuildOptions> {
        let mut options = RebuildOptions::new(work);
        options.wish = self.wish.wish();
        options.data = places(&self.data);
        options.replace_data = self.replace;
        options.keep_held = self.keep_held;
        options.git = match self.git {
            GitArg::Auto => GitFiles::HostOrBundle,
            GitArg::Host => GitFiles::Host,
            GitArg::Bundle => GitFiles::Bundle,
        };
        options.sops = keyring::find_with(self.age_key_file.as_deref())?;
        options.again = self.again;
        options.wait_for_health = self.wait;
        options.wait = self.timeout.get();
        Ok(options)
    }
}

fn show(plan: &RebuildPlan, console: &Console) -> anyhow::Result<()> {
    let mut out = console.out();
    writeln!(out, "snapshot {}, saved {} ago", plan.snapshot, sizes::age(plan.saved, Timestamp::now()))?;
    for line in &plan.passed_over {
        writeln!(out, "warning: {line}")?;
    }
    writeln!(out, "{} objects in the backup, {} of them to be made", plan.objects, plan.to_create)?;
    for root in &plan.roots {
        writeln!(out, "reconciliation starts from Kustomization/{root}")?;
    }
    let mut table = Table::new(&["GIT REPOSITORY", "ADDRESS", "IN THE BACKUP"]);
    for git in &plan.git {
        let bundle = git.bundle.as_ref().map_or_else(|| Cell::new("no").bad(), |item| Cell::new(item).good());
        table.row(vec![Cell::new(&git.name), Cell::new(&git.url), bundle]);
    }
    if !plan.git.is_empty() {
        write!(out, "\n{table}")?;
    }
    let mut table = Table::new(&["DATA", "SIZE", "PLACE", "CLAIM"]);
    for data in &plan.data {
        let place = match &data.place {
            Some(at) if data.in_place => Cell::new(&format!("{} (is there)", at.display())).good(),
            Some(at) if !is_free(at) => Cell::new(&format!("{} (something is there)", at.display())).pending(),
            Some(at) => Cell::new(&at.display().to_string()),
            None => Cell::new("none").bad(),
        };
        let claim = data.claim.as_deref().unwrap_or_default();
        table.row(vec![Cell::new(&data.item), Cell::new(&sizes::bytes(data.bytes)), place, Cell::new(claim)]);
    }
    if !plan.data.is_empty() {
        write!(out, "\n{table}")?;
    }
    not_brought_back(&plan.not_in_backup, "Would not be brought back:", console)?;
    tell::notes(&plan.notes, &plan.failures, console);
    Ok(())
}

fn table(report: &RebuildReport, console: &Console) -> anyhow::Result<()> {
    let mut out = console.out();
    let saved = report.saved.map(sizes::moment);
    let when = saved.as_ref().map_or_else(String::new, |saved| format!(", saved {saved} UTC"));
    writeln!(out, "\nsnapshot {}{when}", report.snapshot)?;
    for line in &report.passed_over {
        writeln!(out, "warning: {line}")?;
    }
    let mut steps = Table::new(&["STEP", "SECONDS"]);
    for step in &report.steps {
        steps.row(vec![Cell::new(&step.step), Cell::new(&format!("{:.1}", step.seconds))]);
    }
    steps.row(vec![Cell::new("in all"), Cell::new(&format!("{:.1}", report.seconds))]);
    write!(out, "\n{steps}")?;
    writeln!(out, "\n{} objects from the backup", report.restored)?;
    for unit in &report.reconciled {
        let from = if unit.files == "bundle" { "the backup" } else { "its host" };
        let revision = crate::names::short_revision(&unit.revision);
        writeln!(out, "Kustomization/{}: {} objects, {revision} from {from}", unit.kustomization, unit.written)?;
    }
    for data in &report.data {
        writeln!(out, "{}", tell::in_place(data))?;
    }
    if report.reconciled.iter().any(|unit| unit.files == "bundle") {
        writeln!(
            out,
            "\nGit is as it was in the backup. Where its host is gone for good: windlass backup extract git/… --to DIR,"
        )?;
        writeln!(out, "push that to a new host, and change spec.url.")?;
    }
    not_brought_back(&report.not_in_backup, "Not brought back:", console)?;
    if report.held > 0 {
        writeln!(out, "\n{} workloads have no replicas; let them run with: windlass restore --release", report.held)?;
    }
    for failure in &report.failures {
        writeln!(out, "failed: {}: {}", failure.object, failure.message)?;
    }
    let lost = saved.map_or_else(String::new, |saved| format!("; what changed after {saved} UTC is lost"));
    // Taken up after it was cut off, it took longer than this.
    let since = report.seconds_since_begun.filter(|since| *since > report.seconds + 5.0);
    let since = since.map_or_else(String::new, |since| format!(", {since:.0} s since it was first begun"));
    writeln!(out, "\nrecovery time {:.1} s{since}{lost}", report.seconds)?;
    Ok(())
}

fn not_brought_back(lines: &[String], title: &str, console: &Console) -> anyhow::Result<()> {
    let mut out = console.out();
    if !lines.is_empty() {
        writeln!(out, "\n{title}")?;
    }
    lines.iter().try_for_each(|line| writeln!(out, "  {line}"))?;
    Ok(())
}
