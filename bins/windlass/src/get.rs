//! `windlass get`: what runs in the cluster, and how it is.

use std::io::Write;

use kube::api::ListParams;
use kube::{Api, Resource, ResourceExt};
use serde::Serialize;
use serde_json::json;
use windlass_engine::requests::Reconciled;
use windlass_flux::{Condition, ConditionStatus, GitRepository, Kustomization, READY};

use crate::kubeconfig::{ClusterArgs, Connection, block_on};
use crate::names::{short_revision, without_source_kind};
use crate::outcome::Outcome;
use crate::output::{self, Console, Output};
use crate::table::{Cell, Table};
use crate::trouble::Trouble;

/// Show the sources or the Kustomizations of a cluster
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  windlass get kustomizations            all in flux-system: revision, readiness, message
  windlass get ks apps -o yaml           one of them, all of it
  windlass get sources -A                the Git repositories of all namespaces")]
pub(crate) struct GetArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// The sources: Git repositories
    #[command(visible_alias = "gitrepo", aliases = ["source", "gitrepos", "gitrepository", "gitrepositories"])]
    Sources(SourcesArgs),
    /// The Kustomizations
    #[command(visible_alias = "ks", alias = "kustomization")]
    Kustomizations(KustomizationsArgs),
}

#[derive(Debug, clap::Args)]
struct SourcesArgs {
    /// One source; the kind before it, as Flux has it, may be left out
    #[arg(value_name = "[git] NAME", num_args = 0..=2)]
    words: Vec<String>,

    #[command(flatten)]
    list: ListArgs,
}

#[derive(Debug, clap::Args)]
struct KustomizationsArgs {
    /// One Kustomization
    name: Option<String>,

    #[command(flatten)]
    list: ListArgs,
}

#[derive(Debug, clap::Args)]
struct ListArgs {
    /// The namespace
    #[arg(short, long, value_name = "NAME", default_value = "flux-system")]
    namespace: String,

    /// All namespaces
    #[arg(short = 'A', long, conflicts_with = "namespace")]
    all_namespaces: bool,

    /// `table` for people, `yaml` or `json` for the objects themselves
    #[arg(short, long, value_enum, value_name = "FORMAT", default_value_t, hide_possible_values = true)]
    output: Output,

    #[command(flatten)]
    cluster: ClusterArgs,
}

pub(crate) fn run(args: &GetArgs, console: &Console) -> anyhow::Result<Outcome> {
    match &args.what {
        What::Sources(args) => get::<GitRepository>(without_source_kind(&args.words)?, &args.list, console),
        What::Kustomizations(args) => get::<Kustomization>(args.name.as_deref(), &args.list, console),
    }
}

fn get<K: Reconciled + Serialize>(name: Option<&str>, args: &ListArgs, console: &Console) -> anyhow::Result<Outcome> {
    if args.all_namespaces && name.is_some() {
        return Err(Trouble::new("a name is in one namespace: give -n instead of -A").into());
    }
    let mut objects: Vec<K> = block_on(async {
        let connection = args.cluster.connect().await?;
        fetch(&connection, name, args).await
    })?;
    objects.iter_mut().for_each(|object| object.meta_mut().managed_fields = None);
    if objects.is_empty() && args.output == Output::Table {
        console.note(&format!("no {} {}", many::<K>(), place(args)));
        return Ok(Outcome::Done);
    }
    let text = match (args.output, name, objects.as_slice()) {
        (Output::Table, ..) => return table(&objects, args.all_namespaces, console),
        (Output::Yaml, Some(_), [object]) => output::yaml(object)?,
        (Output::Json, Some(_), [object]) => output::json(object)?,
        (Output::Yaml, ..) => output::yaml(&list(&objects))?,
        (Output::Json, ..) => output::json(&list(&objects))?,
    };
    console.data(text.as_bytes())?;
    Ok(Outcome::Done)
}

async fn fetch<K: Reconciled + Serialize>(
    connection: &Connection,
    name: Option<&str>,
    args: &ListArgs,
) -> anyhow::Result<Vec<K>> {
    let client = connection.client.clone();
    let api: Api<K> = if args.all_namespaces { Api::all(client) } else { Api::namespaced(client, &args.namespace) };
    let result = match name {
        Some(name) => api.get(name).await.map(|object| vec![object]),
        None => api.list(&ListParams::default()).await.map(|list| list.items),
    };
    result.map_err(|error| trouble::<K>(connection, name, args, error).into())
}

fn trouble<K: Reconciled + Serialize>(
    connection: &Connection,
    name: Option<&str>,
    args: &ListArgs,
    error: kube::Error,
) -> Trouble {
    match (&error, name) {
        (kube::Error::Api(status), _) if status.code == 404 && status.details.is_none() => {
            Trouble::new(format!("the cluster does not know the kind {}", K::kind(&())))
                .help("install it: windlass crds | kubectl apply --server-side -f -")
        }
        (kube::Error::Api(status), Some(name)) if status.code == 404 => {
            Trouble::new(format!("there is no {} {name:?} {}", K::kind(&()), place(args)))
        }
        _ => connection.trouble(&format!("list {}", many::<K>()), error),
    }
}

/// A kind in words, many of it.
fn many<K: Reconciled>() -> &'static str {
    if K::kind(&()) == GitRepository::kind(&()) { "sources" } else { "kustomizations" }
}

fn place(args: &ListArgs) -> String {
    if args.all_namespaces { "in any namespace".to_owned() } else { format!("in namespace {}", args.namespace) }
}

fn list(objects: &[impl Serialize]) -> serde_json::Value {
    json!({"apiVersion": "v1", "kind": "List", "items": objects})
}

fn table(objects: &[impl Reconciled], with_namespace: bool, console: &Console) -> anyhow::Result<Outcome> {
    let header = ["NAMESPACE", "NAME", "REVISION", "SUSPENDED", "READY", "MESSAGE"];
    let skipped = usize::from(!with_namespace);
    let mut table = Table::new(&header[skipped..]);
    for object in objects {
        let ready = object.conditions().and_then(|conditions| conditions.get(READY));
        let cells = vec![
            Cell::new(&object.namespace().unwrap_or_default()),
            Cell::new(&object.name_any()),
            Cell::new(&object.revision().map(short_revision).unwrap_or_default()),
            suspended(object.is_suspended()),
            readiness(ready),
            Cell::new(ready.map_or("", |ready| &ready.message)),
        ];
        table.row(cells.into_iter().skip(skipped).collect());
    }
    write!(console.out(), "{table}")?;
    Ok(Outcome::Done)
}

fn suspended(suspended: bool) -> Cell {
    if suspended { Cell::new("True").pending() } else { Cell::new("False") }
}

fn readiness(ready: Option<&Condition>) -> Cell {
    match ready.map(|ready| &ready.status) {
        Some(ConditionStatus::True) => Cell::new("True").good(),
        Some(ConditionStatus::False) => Cell::new("False").bad(),
        _ => Cell::new("Unknown").pending(),
    }
}
