//! What the configuration lists, as sources.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};
use windlass_capture::{Databases, Dump, FileOptions, FileTree, GitBundle, Source, SqliteDatabase, SqliteOptions};
use windlass_source::{Auth, Cancel, GitOptions, GitRemote, GitSource, GitUrl, Reference};

use super::config::{ConfigFile, DumpOf, Files, InTree, Sqlite};

/// One thing to save: opening it may fail without harm to the others.
pub(super) struct Item {
    pub(super) name: String,
    pub(super) source: anyhow::Result<Box<dyn Source>>,
    /// Where it came from, for whoever puts it back.
    pub(super) meta: Map<String, Value>,
    /// What must outlive the source.
    _held: Option<GitSource>,
}

/// The names of all items that the configuration lists, the cluster's apart.
pub(super) fn names(config: &ConfigFile) -> Vec<String> {
    let save = &config.config.save;
    let files = save.files.iter().map(|item| format!("files/{}", item.name));
    let sqlite = save.sqlite.iter().map(|item| format!("sqlite/{}", item.name));
    let dumps = save.dumps.iter().map(|item| format!("dump/{}", item.name));
    let git = save.git.iter().map(|item| format!("git/{}", item.name));
    files.chain(sqlite).chain(dumps).chain(git).collect()
}

/// The item with one of those names.
pub(super) fn item(config: &ConfigFile, name: &str, scratch: &Path) -> anyhow::Result<Item> {
    let save = &config.config.save;
    let found = match name.split_once('/') {
        Some(("files", label)) => {
            save.files.iter().position(|item| item.name == label).map(|at| files(config, at, scratch))
        }
        Some(("sqlite", label)) => {
            save.sqlite.iter().find(|item| item.name == label).map(|item| sqlite(config, item, scratch))
        }
        Some(("dump", label)) => save.dumps.iter().find(|item| item.name == label).map(dump),
        Some(("git", label)) => save.git.iter().position(|item| item.name == label).map(|at| git(config, at, scratch)),
        _ => None,
    };
    found.unwrap_or_else(|| Err(config.fault(&["save"], format!("nothing is called {name}"))))
}

fn new(name: String, source: anyhow::Result<Box<dyn Source>>, meta: &[(&str, String)]) -> Item {
    let meta = meta.iter().map(|(key, value)| ((*key).to_owned(), Value::from(value.as_str()))).collect();
    Item { name, source, meta, _held: None }
}

fn files(config: &ConfigFile, at: usize, scratch: &Path) -> anyhow::Result<Item> {
    let item: &Files = &config.config.save.files[at];
    let path = config.path(&item.path);
    let databases = match item.databases {
        InTree::Refuse => Databases::Refuse,
        InTree::Snapshot => Databases::Snapshot(SqliteOptions::new(scratch)),
        InTree::LeaveOut => Databases::LeaveOut,
    };
    let options = FileOptions::default()
        .include(&item.include)
        .exclude(&item.exclude)
        .with_one_file_system(item.one_file_system)
        .with_databases(databases);
    // A pattern that is none is a fault of the configuration, not of the files.
    let tree =
        FileTree::new(&path, options).map_err(|error| config.fault(&["save", "files", &at.to_string()], error))?;
    Ok(new(format!("files/{}", item.name), Ok(Box::new(tree)), &of_volume(&path, item.claim.as_ref())))
}

fn sqlite(config: &ConfigFile, item: &Sqlite, scratch: &Path) -> anyhow::Result<Item> {
    let path = config.path(&item.path);
    let mut options = SqliteOptions::new(scratch).with_trust_file_system(item.trust_file_system);
    if let Some(busy) = item.busy {
        options = options.with_busy(busy);
    }
    let database = SqliteDatabase::new(&path, options);
    Ok(new(format!("sqlite/{}", item.name), Ok(Box::new(database)), &of_volume(&path, item.claim.as_ref())))
}

/// Where data lie, and the claim whose volume that is.
fn of_volume(path: &Path, claim: Option<&String>) -> Vec<(&'static str, String)> {
    let path = ("path", path.display().to_string());
    std::iter::once(path).chain(claim.map(|claim| ("claim", claim.clone()))).collect()
}

fn dump(item: &DumpOf) -> anyhow::Result<Item> {
    let mut dump = match (&item.shell, item.command.split_first()) {
        (Some(script), _) => Dump::shell(script),
        (None, Some((program, arguments))) => Dump::command(program, arguments),
        // The configuration was checked.
        (None, None) => anyhow::bail!("{} has no command", item.name),
    };
    for (name, value) in &item.env {
        dump = dump.with_variable(name, value);
    }
    if let Some(timeout) = item.timeout {
        dump = dump.with_timeout(timeout);
    }
    if item.allow_empty {
        dump = dump.allowing_empty();
    }
    Ok(new(format!("dump/{}", item.name), Ok(Box::new(dump)), &[]))
}

fn git(config: &ConfigFile, at: usize, scratch: &Path) -> anyhow::Result<Item> {
    let item = &config.config.save.git[at];
    let name = format!("git/{}", item.name);
    if let Some(path) = &item.path {
        let path = config.path(path);
        return Ok(new(name, Ok(Box::new(GitBundle::of(&path))), &[("path", path.display().to_string())]));
    }
    let fault =
        |field: &str, error: &dyn std::fmt::Display| config.fault(&["save", "git", &at.to_string(), field], error);
    let url: GitUrl = item.url.as_deref().unwrap_or_default().parse().map_err(|error| fault("url", &error))?;
    let branch = item.branch.as_deref().unwrap_or("main");
    let reference = Reference::branch(branch).map_err(|error| fault("branch", &error))?;
    let auth = match &item.credentials {
        None => Auth::none(),
        Some(folder) => credentials(&url, &config.path(folder)).map_err(|error| fault("credentials", &error))?,
    };
    let meta = [("url", url.to_string()), ("branch", branch.to_owned())];
    // The store is kept from run to run, so that only what is new is fetched.
    let store = super::place::cache(Some(config)).unwrap_or_else(|| scratch.to_owned()).join("git").join(&item.name);
    match fetch(GitRemote { url, reference, auth }, &store, branch) {
        Ok((source, bundle)) => Ok(Item { _held: Some(source), ..new(name, Ok(Box::new(bundle)), &meta) }),
        Err(error) => Ok(new(name, Err(error), &meta)),
    }
}

fn fetch(remote: GitRemote, store: &Path, branch: &str) -> anyhow::Result<(GitSource, GitBundle)> {
    let source = GitSource::open(store, remote, GitOptions::default().with_full_history(true))?;
    source.poll(None, &Cancel::new())?;
    let (Some(snapshot), Some(repository)) = (source.last(), source.repository()) else {
        anyhow::bail!("nothing was fetched");
    };
    let bundle = GitBundle::of(repository).with_reference(format!("refs/heads/{branch}"), snapshot.revision.hash());
    Ok((source, bundle))
}

/// The files of a mounted Secret.
fn credentials(url: &GitUrl, folder: &Path) -> anyhow::Result<Auth> {
    let mut data = BTreeMap::new();
    for entry in std::fs::read_dir(folder)? {
        let path: PathBuf = entry?.path();
        if let Some(name) = path.file_name().and_then(|name| name.to_str()).filter(|name| !name.starts_with('.')) {
            data.insert(name.to_owned(), zeroize::Zeroizing::new(std::fs::read(&path)?));
        }
    }
    let data = data.iter().map(|(name, value)| (name.clone(), value.as_slice())).collect();
    Ok(Auth::from_secret_data(url, &data)?)
}
