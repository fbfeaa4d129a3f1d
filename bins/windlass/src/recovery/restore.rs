//! `windlass restore`: what was saved of a cluster, back into it.

use std::io::Write;
use std::path::PathBuf;

use serde_json::Value;
use windlass_flux::GoDuration;
use windlass_recovery::{
    Chosen, Mapping, Mode, Note, RestoreOptions, RestorePlan, Restored, Target, choose, hold, plan_restore, put_data,
    restore, restoring,
};

use super::data::{mapped, placed};
use super::notes;
use super::selected::SelectionArgs;
use crate::apply::asked;
use crate::backup::place::{IdentityArgs, PlaceArgs};
use crate::kubeconfig::{ClusterArgs, block_on};
use crate::names::duration;
use crate::outcome::Outcome;
use crate::output::{self, Console, Output};
use crate::report;
use crate::trouble::Trouble;

/// Restore objects and data from a backup
///
/// Shows first what it would do: a comparison with the live cluster, field by field. Then it asks, and carries it out in
/// the order of dependencies: definitions, namespaces, volumes, configuration, workloads. Nothing is deleted, nothing is
/// marked, and what was not asked for is not touched; objects that are there already are left alone, unless --mode says
/// otherwise.
///
/// With --data, files and databases are put into place at paths of this machine (or of the Pod that runs this, with the
/// volume mounted). Restored workloads have no replicas until their data are in place; --hold stops running ones meanwhile,
/// with the Flux objects that would start them again.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  windlass restore -r /mnt/nas/backup -i paper.key --dry-run                                   the newest good snapshot, compared with the cluster
  windlass restore -r /mnt/nas/backup -i paper.key -n shop --map shop=shop-copy
  windlass restore -r … -i paper.key Secret/shop/token --mode replace --yes
  windlass restore -r … -i paper.key --hold home/StatefulSet/hass --only-data --data sqlite/hass=/srv/hass/home-assistant_v2.db --replace")]
pub(crate) struct RestoreArgs {
    #[command(flatten)]
    place: PlaceArgs,

    #[command(flatten)]
    identity: IdentityArgs,

    #[command(flatten)]
    selection: SelectionArgs,

    /// The snapshot, by id or number; the newest good one by default
    #[arg(long, value_name = "SNAPSHOT")]
    snapshot: Option<String>,

    /// What happens to objects that are there already
    #[arg(long, value_enum, default_value_t = ModeArg::Skip)]
    mode: ModeArg,

    /// Restore a namespace under another name
    #[arg(long, value_name = "FROM=TO", value_parser = mapped, help_heading = "Changes on the way")]
    map: Vec<(String, String)>,

    /// Ask for another storage class
    #[arg(long, value_name = "FROM=TO", value_parser = mapped, help_heading = "Changes on the way")]
    map_storage_class: Vec<(String, String)>,

    /// A file with a list `patches:` as a kustomization has it
    #[arg(long, value_name = "FILE", help_heading = "Changes on the way")]
    patches: Option<PathBuf>,

    /// Send objects whose version is no longer served in the version that is
    #[arg(long, help_heading = "Changes on the way")]
    use_served_versions: bool,

    /// Put an item of data into place; may be given more than once
    #[arg(long, value_name = "ITEM=PATH", value_parser = placed, help_heading = "Data")]
    data: Vec<(String, PathBuf)>,

    /// Move data that are there already aside
    #[arg(long, requires = "data", help_heading = "Data")]
    replace: bool,

    /// Restore data, and no objects
    #[arg(long, requires = "data", help_heading = "Data")]
    only_data: bool,

    /// Stop these workloads while data are put into place: NAMESPACE, or NAMESPACE/KIND/NAME
    #[arg(long, value_name = "WORKLOAD", requires = "data", help_heading = "Data")]
    hold: Vec<Target>,

    /// How long Pods may take to end, and definitions to become ready
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "1m")]
    timeout: GoDuration,

    /// Show the plan and stop
    #[arg(long, conflicts_with = "yes")]
    dry_run: bool,

    /// Do not ask
    #[arg(short, long)]
    yes: bool,

    /// How to print the result
    #[arg(long, short, value_enum, default_value_t)]
    output: Output,

    #[command(flatten)]
    cluster: ClusterArgs,
}

/// What happens to objects that are there already.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum ModeArg {
    /// They are left as they are
    Skip,
    /// The fields that the backup has are put back; fields that were added since stay
    Update,
    /// They become what the backup has; fields that were added since go
    Replace,
}

pub(crate) fn run(args: &RestoreArgs, console: &Console) -> anyhow::Result<Outcome> {
    block_on(async {
        let (repository, _) = args.place.repository().await?;
        let identities = args.identity.require()?;
        let chosen = choose(&repository, &identities, args.snapshot.as_deref()).await?;
        tell_doubts(&chosen, console);
        let connection = args.cluster.connect().await?;
        connection.check().await?;
        let cluster = restoring(connection.client.clone());
        let plan = match args.only_data {
            true => RestorePlan::default(),
            false => plan_restore(&cluster, &chosen.objects, &args.options()?).await?,
        };
        report::print(&plan.plan, if args.dry_run { args.output } else { Output::Table }, console)?;
        notes::tell(&plan.notes, &plan.failures, console);
        if args.dry_run {
            return Ok(if plan.failures.is_empty() { Outcome::Done } else { Outcome::Failed });
        }
        if !plan.plan.has_changes() && args.data.is_empty() {
            return Ok(if plan.failures.is_empty() { Outcome::Done } else { Outcome::Failed });
        }
        if !args.yes && !asked("restore this")? {
            console.note("nothing was restored");
            return Ok(Outcome::Unwelcome);
        }
        let held = hold(&cluster, &args.hold, args.timeout.get()).await?;
        let told = plan.notes.len();
        let told_failures = plan.failures.len();
        let mut gone = Ok(());
        let mut restored = restore(&cluster, plan, |id, action| {
            if gone.is_ok() && args.output == Output::Table {
                gone = writeln!(console.out(), "{id} {action}");
            }
        })
        .await;
        gone?;
        notes::tell(&restored.notes[told..], &restored.failures[told_failures..], console);
        let mut placed = Vec::new();
        for (item, path) in &args.data {
            let done =
                put_data(&repository, &chosen.snapshot, &chosen.manifest, &identities, item, path, args.replace).await;
            match done {
                Ok(done) => {
                    if args.output == Output::Table {
                        writeln!(console.out(), "{item} is at {}", path.display())?;
                    }
                    placed.push(done);
                }
                Err(error) => {
                    let note = Note { object: item.clone(), message: causes(&error) };
                    notes::tell(&[], std::slice::from_ref(&note), console);
                    restored.failures.push(note);
                }
            }
        }
        finish(args, &cluster, restored, held, &placed, console).await
    })
}

/// Lets what was held run again, unless its data are missing; prints the result.
async fn finish(
    args: &RestoreArgs,
    cluster: &windlass_cluster::Cluster,
    mut restored: Restored,
    held: windlass_recovery::Hold,
    placed: &[windlass_recovery::DataInPlace],
    console: &Console,
) -> anyhow::Result<Outcome> {
    let is_missing_data = placed.len() < args.data.len();
    if is_missing_data {
        let held = held.len() + restored.hold.len();
        console.note(&format!(
            "error: not all data are in place, so {held} workloads stay held; their annotation {} says what they had",
            windlass_recovery::HELD
        ));
    } else {
        let mut notes = held.release(cluster).await;
        notes.extend(std::mem::take(&mut restored.hold).release(cluster).await);
        notes::tell(&[], &notes, console);
        restored.failures.extend(notes);
    }
    let mut summary = restored.summary();
    summary["data"] = serde_json::to_value(placed)?;
    match args.output {
        Output::Table => {
            let written = restored.written.len();
            writeln!(
                console.out(),
                "{written} restored, {} left as they are, {} failed",
                restored.untouched,
                restored.failures.len()
            )?;
        }
        Output::Yaml => console.data(output::yaml(&summary)?.as_bytes())?,
        Output::Json => console.data(output::json(&summary)?.as_bytes())?,
    }
    Ok(if restored.is_complete() && !is_missing_data { Outcome::Done } else { Outcome::Failed })
}

/// Says which snapshot it is, and why it is not a newer one.
pub(super) fn tell_doubts(chosen: &Chosen, console: &Console) {
    for doubt in &chosen.passed_over {
        console.note(&format!("warning: {doubt}"));
    }
    console.note(&format!("snapshot {} of {}", chosen.snapshot.id, chosen.snapshot.finished));
    for fault in &chosen.objects.facts.faults {
        console.note(&format!("warning: the backup lacks {}: {}", fault.what, fault.message));
    }
}

/// An error and its causes on one line.
pub(super) fn causes(error: &(dyn std::error::Error + 'static)) -> String {
    let mut parts = vec![error.to_string()];
    parts.extend(crate::trouble::causes(error));
    parts.join(": ")
}

impl RestoreArgs {
    fn options(&self) -> anyhow::Result<RestoreOptions> {
        Ok(RestoreOptions {
            wanted: self.selection.wanted(),
            mapping: Mapping {
                namespaces: self.map.iter().cloned().collect(),
                storage_classes: self.map_storage_class.iter().cloned().collect(),
                patches: self.read_patches()?,
            },
            mode: match self.mode {
                ModeArg::Skip => Mode::Skip,
                ModeArg::Update => Mode::Update,
                ModeArg::Replace => Mode::Replace,
            },
            use_served_versions: self.use_served_versions,
            hold: !self.data.is_empty(),
            wait: self.timeout.get(),
        })
    }

    fn read_patches(&self) -> anyhow::Result<Vec<Value>> {
        let Some(path) = &self.patches else { return Ok(Vec::new()) };
        let trouble = || Trouble::new(format!("cannot use the patches in {}", path.display()));
        let text = std::fs::read_to_string(path).map_err(|error| trouble().because(error))?;
        let options = windlass_yaml::ReadOptions::resource();
        let documents = windlass_yaml::read_documents(&text, &options).map_err(|error| trouble().because(error))?;
        let list = documents.into_iter().next().map_or(Value::Null, |document| document.value);
        let list = if list.is_array() { list } else { list["patches"].clone() };
        match list {
            Value::Array(patches) => Ok(patches),
            _ => Err(trouble().because("it holds no list `patches:`").into()),
        }
    }
}

/// What a command has done, for other programs.
pub(super) fn print(value: &impl serde::Serialize, output: Output, console: &Console) -> anyhow::Result<()> {
    match output {
        Output::Yaml => console.data(output::yaml(value)?.as_bytes())?,
        Output::Json => console.data(output::json(value)?.as_bytes())?,
        Output::Table => {}
    }
    Ok(())
}
