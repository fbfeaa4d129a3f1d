//! `windlass build`: what a directory of the repository says, as `kustomize build` prints it.

mod credentials;
mod destination;
mod fetcher;
mod netrc;
mod refused;
mod watch;

use std::path::{Path, PathBuf};

use windlass_manifest::{DirTree, TreePath};
use windlass_render::{BuildOptions, Closure, Fetch, Limits, LoadRestriction, Order, RepositoryUrl};

use self::fetcher::Fetcher;
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
    /// The directory with the kustomization file, or with --allow-remote-bases the URL of one in a Git repository
    #[arg(default_value = ".", hide_default_value = true, value_name = "DIRECTORY|URL")]
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

    /// Fetch what is named by a URL: bases and components in Git repositories, and files
    ///
    /// Repositories are fetched over HTTPS or SSH, into a temporary directory that is removed; files over HTTPS. The
    /// credentials are those of the URL, of the netrc file, of Git's credential helpers, and the keys in ~/.ssh.
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
    let subject = subject(args)?;
    // Bases may lie anywhere, so the tree is the whole file system.
    let tree = DirTree::open("/").map_err(|error| Trouble::new("cannot open /").because(error))?;
    let limits = Limits::default();
    let fetcher = args.allow_remote_bases.then(|| Fetcher::new(limits)).transpose()?;
    let options = BuildOptions {
        load_restriction: match args.load_restrictor {
            LoadRestrictor::RootOnly => LoadRestriction::RootOnly,
            LoadRestrictor::None => LoadRestriction::None,
        },
        order: match args.reorder {
            Reorder::Legacy => Order::AsKustomization,
            Reorder::None => Order::Fifo,
        },
        limits,
        strict: args.strict,
        globs: args.globs,
        know_crds: args.merge_by_crds,
        managed_by_label: args.enable_managedby_label,
        fetch: fetcher.as_ref().map(|fetcher| fetcher as &dyn Fetch),
        ..BuildOptions::default()
    };
    loop {
        let (outcome, closure) = build_once(args, console, &tree, &subject, &options)?;
        if !args.watch {
            return Ok(outcome);
        }
        watch::until_changed(&tree, &closure);
    }
}

/// What is built.
enum Subject {
    /// From the root of the file system, without symbolic links.
    Directory(TreePath),
    Remote(RepositoryUrl),
}

/// What the arguments mean. kustomize takes `github.com/org/repo` for a URL in any case; here a directory of that name,
/// where there is one, is what is built.
fn subject(args: &BuildArgs) -> anyhow::Result<Subject> {
    let url = args.directory.to_str().map(RepositoryUrl::parse);
    let (Some(Ok(url)), false) = (url, args.directory.exists()) else {
        return Ok(Subject::Directory(tree_path(&args.directory)?));
    };
    // The URL as it was typed may hold a password.
    let trouble = |problem: &str, help: &str| Err(Trouble::new(problem).help(help).into());
    match (args.allow_remote_bases, args.watch) {
        (false, _) => trouble(
            "what is to be built is remote, and nothing is fetched unless that is asked for",
            "give --allow-remote-bases as well; or clone the repository, and build the directory",
        ),
        (true, true) => trouble(
            "--watch sees changes of files on this machine, and what is to be built is remote",
            "clone the repository, and watch the directory",
        ),
        (true, false) => Ok(Subject::Remote(url)),
    }
}

/// Builds, and writes what came of it.
fn build_once(
    args: &BuildArgs,
    console: &Console,
    tree: &DirTree,
    subject: &Subject,
    options: &BuildOptions<'_>,
) -> anyhow::Result<(Outcome, Closure)> {
    let sources = Sources::new(tree, Path::new("/"));
    let mut diagnostics = Diagnostics::new(console, &sources);
    let built = match subject {
        Subject::Directory(directory) => windlass_render::build(tree, directory, options),
        Subject::Remote(url) => windlass_render::build_remote(url, options),
    };
    match built {
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
        let help = "https://github.com/org/repository//directory?ref=main";
        return Err(Trouble::new("this is no URL of a Git repository").help(help).into());
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
