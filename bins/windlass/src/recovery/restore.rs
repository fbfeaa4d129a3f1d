//! `windlass restore`: what was saved of a cluster, back into it.

mod carry_out;
mod release;

use std::path::PathBuf;

use serde_json::Value;
use windlass_flux::GoDuration;
use windlass_recovery::{Mapping, Mode, RestoreOptions, Target};

use super::data::{mapped, placed};
use super::selected::SelectionArgs;
use super::wish::WishArgs;
use crate::backup::place::{IdentityArgs, PlaceArgs};
use crate::kubeconfig::{ClusterArgs, block_on};
use crate::names::duration;
use crate::outcome::Outcome;
use crate::output::{Console, Output};
use crate::signals::until_ended;
use crate::trouble::Trouble;

/// Restore objects and data from a backup
///
/// Shows first what it would do: a comparison with the live cluster, field by field. Then it asks, and carries it out in
/// the order of dependencies: definitions, namespaces, volumes, configuration, workloads. Nothing is deleted, nothing is
/// marked, and what was not asked for is not touched; objects that are there already are left alone, unless --mode says
/// otherwise.
///
/// With --data, files and databases are put into place at paths of this machine (or of the Pod that runs this, with the
/// volume mounted; `windlass backup job --put-back` prints a Job that does so). Restored workloads have no replicas until
/// their data are in place; --hold stops running ones meanwhile, with the Flux objects that would start them again. Where the
/// cluster is asked, nothing is put into place under a Pod that uses it. What is still held after a power cut runs again with
/// --release.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  windlass restore -r /mnt/nas/backup -i paper.key --dry-run                                   the newest good snapshot, compared with the cluster
  windlass restore -r /mnt/nas/backup -i paper.key -n shop --map shop=shop-copy
  windlass restore -r … -i paper.key Secret/shop/token --mode replace --yes
  windlass restore -r … -i paper.key --hold home/StatefulSet/hass --only-data --data sqlite/hass=/srv/hass/home-assistant_v2.db --replace
  windlass restore --only-hold --hold home/StatefulSet/hass      stop it, for a Job that puts its data back
  windlass restore --release                                     let everything run again that is held")]
pub(crate) struct RestoreArgs {
    #[command(flatten)]
    place: PlaceArgs,

    #[command(flatten)]
    identity: IdentityArgs,

    #[command(flatten)]
    selection: SelectionArgs,

    #[command(flatten)]
    wish: WishArgs,

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

    /// Restore data, and no objects; without --hold no cluster is asked, nor whether Pods use the data
    #[arg(long, requires = "data", help_heading = "Data")]
    only_data: bool,

    /// Stop these workloads while data are put into place: NAMESPACE, or NAMESPACE/KIND/NAME. A Pod that no controller made is
    /// stopped only by its name, NAMESPACE/Pod/NAME: it is deleted, and made again afterwards
    #[arg(long, value_name = "WORKLOAD", help_heading = "Data")]
    hold: Vec<Target>,

    /// Leave what is held without replicas, until --release
    #[arg(long, help_heading = "Data")]
    keep_held: bool,

    /// Restore nothing: let everything run again that is held, be it by a restore or a rebuild that was cut off
    #[arg(long, help_heading = "Data", conflicts_with_all = ["hold", "keep_held", "data"])]
    release: bool,

    /// Restore nothing: stop what --hold names, until --release
    #[arg(long, help_heading = "Data", requires = "hold", conflicts_with = "data")]
    only_hold: bool,

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
    if args.release {
        return block_on(release::release(args, console));
    }
    if args.only_hold {
        return until_ended(TO_GO_ON, release::hold_alone(args, console));
    }
    until_ended(TO_GO_ON, carry_out::carry_out(args, console))
}

/// What to do after a restore that was cut off.
pub(super) const TO_GO_ON: &str =
    "do it again to go on; `windlass restore --release` lets workloads run that were left without replicas";

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
            hold: self.keep_held || !self.data.is_empty(),
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
