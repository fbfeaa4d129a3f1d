//! `windlass build`: what a directory of the repository says, as `kustomize build` prints it.

mod destination;
mod git_fetcher;
mod refused;
mod watch;

use std::path::{Path, PathBuf};

use windlass_manifest::{DirTree, TreePath};
use windlass_render::{BuildOptions, Closure, Fetch, LoadRestriction, Order};

use self::git_fetcher::GitFetcher;
use self::refused::RefusedFlags;
use crate::diagnostics::{Diagnostics, Sources};
use crate::outcome::Outcome;
use crate::output::Console;
use crate::trouble::Trouble;

/// Print what a kustomization directory says, as `kustomize build` does
///
/// Bases and resources may lie anywhere on this machine, the network is used with --allow-remote-bases only, and
/// encrypted files pass through as they are. The output is that of kustomize 5.8, byte for byte.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  windlass build ./apps/home                       to stdout
  windlass build ./apps/home -o rendered.yaml      into a file
  windlass build ./apps/home -o rendered/          into a directory, one file per object
  windlass build ./apps/home | kubectl diff -f -")]
pub(crate) struct BuildArgs {
    /// The directory with the kustomization file
    #[arg(default_value = ".", hide_default_value = true)]
    directory: PathBuf,

    /// Write to a file instead, or to a directory that exists: one file per object there
    #[arg(short, long, value_name = "FILE|DIR")]
    output: Option<PathBuf>,

    /// Which files a kustomization may name: those below its own directory, or all
    #[arg(long, value_enum, value_name = "WHICH", default_value = "LoadRestrictionsRootOnly")]
    load_restrictor: LoadRestrictor,

    /// The order where the kustomization has no sortOptions: `legacy` by kind, `none` as found
    #[arg(long, value_enum, value_name = "ORDER", default_value = "legacy", hide = true)]
    reorder: Reorder,

    /// Take each warning for an error: patches that fit nothing, lists that are replaced as a whole, ...
    #[arg(long)]
    strict: bool,

    /// Take `*` and `?` in an entry of `resources` for any characters: `apps/*.yaml` is all those files
    #[arg(long)]
    globs: bool,

    /// Merge lists of custom resources by the keys that their CRDs in the build state, and give no namespace to what
    /// they call cluster-scoped
    #[arg(long)]
    merge_by_crds: bool,

    /// Fetch bases and components that are Git URLs, over HTTPS or SSH, into a temporary directory
    #[arg(long)]
    allow_remote_bases: bool,

    /// Give every object the label app.kubernetes.io/managed-by
    #[arg(long, hide = true)]
    enable_managedby_label: bool,

    /// Build again whenever a file changes that the build has read
    #[arg(short, long)]
    watch: bool,

    #[command(flatten)]
    refused: RefusedFlags,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
#[value(rename_all = "PascalCase")]
enum LoadRestrictor {
    #[value(name = "LoadRestrictionsRootOnly", alias = "rootOnly")]
    RootOnly,
    #[value(name = "LoadRestrictionsNone", alias = "none")]
    None,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Reorder {
    Legacy,
    None,
}

pub(crate) fn run(args: &BuildArgs, console: &Console) -> anyhow::Result<Outcome> {
    args.refused.check()?;
    let directory = tree_path(&args.directory)?;
    // Bases may lie anywhere, so the tree is the whole file system.
    let tree = DirTree::open("/").map_err(|error| Trouble::new("cannot open /").because(error))?;
    let fetcher = args.allow_remote_bases.then(GitFetcher::new).transpose()?;
    let options = BuildOptions {
        load_restriction: match args.load_restrictor {
            LoadRestrictor::RootOnly => LoadRestriction::RootOnly,
            LoadRestrictor::None => LoadRestriction::None,
        },
        order: match args.reorder {
            Reorder::Legacy => Order::AsKustomization,
            Reorder::None => Order::Fifo,
        },
        strict: args.strict,
        globs: args.globs,
        know_crds: args.merge_by_crds,
        managed_by_label: args.enable_managedby_label,
        fetch: fetcher.as_ref().map(|fetcher| fetcher as &dyn Fetch),
        ..BuildOptions::default()
    };
    loop {
        let (outcome, closure) = build_once(args, console, &tree, &directory, &options)?;
        if !args.watch {
            return Ok(outcome);
        }
        watch::until_changed(&tree, &closure);
    }
}

/// Builds, and writes what came of it.
fn build_once(
    args: &BuildArgs,
    console: &Console,
    tree: &DirTree,
    directory: &TreePath,
    options: &BuildOptions<'_>,
) -> anyhow::Result<(Outcome, Closure)> {
    let sources = Sources::new(tree, Path::new("/"));
    let mut diagnostics = Diagnostics::new(console, &sources);
    match windlass_render::build(tree, directory, options) {
        Ok(build) => {
            diagnostics.warnings(&build.warnings);
            destination::write(&build, args.output.as_deref(), console)?;
            Ok((Outcome::Done, build.closure))
        }
        Err(errors) => {
            diagnostics.faults(&errors);
            Ok((Outcome::Failed, errors.closure().clone()))
        }
    }
}

/// The directory that was named, as a path from the root of the file system, without symbolic links.
fn tree_path(directory: &Path) -> anyhow::Result<TreePath> {
    let shown = directory.display();
    if shown.to_string().contains("://") {
        return Err(Trouble::new(format!("{shown} is remote, and windlass build never uses the network"))
            .help("clone it, and build the directory")
            .into());
    }
    let real =
        directory.canonicalize().map_err(|error| Trouble::new(format!("cannot build {shown}")).because(error))?;
    if !real.is_dir() {
        let parent = directory.parent().filter(|parent| !parent.as_os_str().is_empty());
        return Err(Trouble::new(format!("{shown} is a file, and a directory is built"))
            .help(format!("windlass build {}", parent.unwrap_or(Path::new(".")).display()))
            .into());
    }
    let text = real.to_str().ok_or_else(|| Trouble::new(format!("the path of {shown} is not UTF-8")))?;
    Ok(TreePath::new(text.trim_start_matches('/'))?)
}
