//! The way to the tree: every question goes through here, is counted against the limits, and noted in the closure.

use std::collections::HashMap;
use std::sync::Arc;

use windlass_manifest::{
    EntryKind, FileTree, Manifest, Origin, Resolved, Step, TreeEntry, TreeError, TreePath, TreePathError,
    read_kustomize_manifests,
};
use windlass_yaml::{Content, Node, Style, compose};
use zeroize::Zeroizing;

use crate::remote::{Fetched, RepositoryUrl, is_file_url, shown};
use crate::{BuildOptions, Closure, Fault, Limits, LoadRestriction, suggest};

/// Reads files for a build.
pub(crate) struct Loader<'a> {
    tree: &'a dyn FileTree,
    options: &'a BuildOptions<'a>,
    /// Other repositories that the build is in, each with what its files are called in messages.
    remotes: Vec<(Arc<dyn FileTree>, String)>,
    /// All that the build was ever in.
    fetched: Vec<(Arc<dyn FileTree>, String)>,
    closure: Closure,
    read: Amount,
    /// Where paths lead that were asked for before, and are again by whatever is included often.
    resolved: HashMap<TreePath, Resolved>,
    /// The file last looked at for how something in it was written.
    looked_at: Option<WrittenFile>,
}

/// How much was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Amount {
    files: usize,
    bytes: u64,
}

impl Amount {
    pub(crate) fn since(self, before: Self) -> Self {
        Self { files: self.files - before.files, bytes: self.bytes - before.bytes }
    }

    pub(crate) fn plus(self, more: Self) -> Self {
        Self { files: self.files + more.files, bytes: self.bytes + more.bytes }
    }

    pub(crate) fn is_within(self, limits: &Limits) -> bool {
        self.files <= limits.files && self.bytes <= limits.total_bytes
    }
}

/// A file that was read.
pub(crate) struct Loaded {
    pub(crate) path: TreePath,
    /// What it is called in messages.
    pub(crate) name: String,
    pub(crate) bytes: Zeroizing<Vec<u8>>,
    /// It was encrypted; what comes of it is a secret.
    pub(crate) decrypted: bool,
}

impl Loaded {
    pub(crate) fn text(&self) -> Result<&str, Fault> {
        std::str::from_utf8(&self.bytes).map_err(|_| Fault::NotUtf8)
    }

    /// The objects in it.
    pub(crate) fn manifests(&self) -> Result<Vec<Manifest>, Fault> {
        read_kustomize_manifests(self.text()?, &self.name).map_err(|error| match error {
            windlass_manifest::Error::Yaml { source, .. } => Fault::Yaml(source),
            error => Fault::NotAnObject(error),
        })
    }

    /// Where in it a fault of its objects is.
    pub(crate) fn origin_of(&self, fault: &Fault) -> Origin {
        let line = match fault {
            Fault::Yaml(error) => error.position().line,
            Fault::NotAnObject(error) => error.origin().line().unwrap_or(0),
            _ => 0,
        };
        Origin::new(self.name.as_str(), line)
    }
}

/// Whether a file is decrypted where it looks encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encrypted {
    Decrypt,
    /// What goes into a ConfigMap stays as it is: decrypted, it would be a secret that anybody may read.
    Keep,
}

impl<'a> Loader<'a> {
    pub(crate) fn new(tree: &'a dyn FileTree, options: &'a BuildOptions<'a>) -> Self {
        Self {
            tree,
            options,
            remotes: Vec::new(),
            fetched: Vec::new(),
            closure: Closure::default(),
            read: Amount::default(),
            resolved: HashMap::new(),
            looked_at: None,
        }
    }

    /// Another way to the same files, with a closure of its own.
    pub(crate) fn fork(&self) -> Self {
        Self {
            remotes: self.remotes.clone(),
            fetched: self.fetched.clone(),
            read: self.read,
            ..Self::new(self.tree, self.options)
        }
    }

    /// Takes in what was read on another way.
    pub(crate) fn join(&mut self, closure: Closure, read: Amount) {
        self.closure.extend(closure);
        self.count(read);
    }

    /// Counts what was read before, and would have been again.
    pub(crate) fn count(&mut self, read: Amount) {
        self.read = self.read.plus(read);
    }

    /// How much was read so far.
    pub(crate) fn amount(&self) -> Amount {
        self.read
    }

    /// Whether the files are those of another repository than the one that is built.
    pub(crate) fn is_elsewhere(&self) -> bool {
        !self.remotes.is_empty()
    }

    pub(crate) fn into_closure(self) -> Closure {
        self.closure
    }

    /// The file that a kustomization in `directory` calls `path`.
    pub(crate) fn file(&mut self, directory: &TreePath, path: &str, encrypted: Encrypted) -> Result<Loaded, Fault> {
        if is_file_url(path) {
            return self.download(path, encrypted);
        }
        let target = join(directory, path)?;
        let resolved = self.resolve(&target).map_err(|error| self.missing(directory, path, error))?;
        if resolved.kind == EntryKind::Directory {
            return Err(Fault::NotAFile { path: path.to_owned() });
        }
        // What comes from elsewhere is never trusted with more than its own directories.
        if self.options.load_restriction == LoadRestriction::RootOnly || !self.remotes.is_empty() {
            let root = self.resolve(directory).map_err(Fault::Tree)?;
            if !resolved.path.is_in(&root.path) {
                return Err(Fault::Restricted { path: path.to_owned(), directory: directory.clone() });
            }
        }
        self.read(target, encrypted)
    }

    /// What stands at the path that a kustomization in `directory` calls `path`, if anything does.
    pub(crate) fn find(&mut self, directory: &TreePath, path: &str) -> Result<(TreePath, Resolved), Fault> {
        let target = join(directory, path)?;
        match self.resolve(&target) {
            Ok(resolved) => Ok((target, resolved)),
            Err(error) => Err(self.missing(directory, path, error)),
        }
    }

    pub(crate) fn resolve(&mut self, path: &TreePath) -> Result<Resolved, TreeError> {
        match self.remotes.last() {
            Some((tree, _)) => tree.resolve(path),
            None => {
                if let Some(known) = self.resolved.get(path) {
                    return Ok(known.clone());
                }
                let answer = self.tree.resolve(path);
                self.closure.resolved(path, &answer);
                if let Ok(resolved) = &answer {
                    self.resolved.insert(path.clone(), resolved.clone());
                }
                answer
            }
        }
    }

    pub(crate) fn list(&mut self, path: &TreePath) -> Result<Vec<TreeEntry>, Fault> {
        let answer = self.tree.list(path);
        if self.remotes.is_empty() {
            self.closure.listed(path, &answer);
        }
        answer.map_err(Fault::Tree)
    }

    /// Reads a file of the tree, whoever names it.
    pub(crate) fn read(&mut self, path: TreePath, encrypted: Encrypted) -> Result<Loaded, Fault> {
        let limits = &self.options.limits;
        self.read.files += 1;
        if self.read.files > limits.files {
            return Err(Fault::Limit { what: "files", limit: limits.files as u64 });
        }
        let answer = match self.remotes.last() {
            Some((tree, _)) => tree.read(&path),
            None => {
                let answer = self.tree.read(&path);
                self.closure.read(&path, answer.as_deref().ok());
                answer
            }
        };
        let bytes = answer.map_err(Fault::Tree)?;
        let name = self.name(&path);
        self.loaded(path, name, bytes, encrypted)
    }

    /// What a file of the tree is called in messages.
    pub(crate) fn name(&self, path: &TreePath) -> String {
        match self.remotes.last() {
            Some((_, url)) => format!("{url}/{path}"),
            None => path.to_string(),
        }
    }

    /// Goes into another repository.
    pub(crate) fn enter(&mut self, fetched: Fetched, url: &RepositoryUrl) {
        let at_root = RepositoryUrl { directory: String::new(), ..url.clone() };
        self.closure.fetched(&shown(&at_root.to_string()), &fetched.revision);
        let entered = (fetched.tree, shown(&at_root.clone_url()));
        if !self.fetched.iter().any(|(_, known)| *known == entered.1) {
            self.fetched.push(entered.clone());
        }
        self.remotes.push(entered);
    }

    /// Comes back from the repository entered last.
    pub(crate) fn leave(&mut self) {
        self.remotes.pop();
    }

    /// The tree itself, for one who reads it without an entry in the closure.
    pub(crate) fn untracked(&self) -> &dyn FileTree {
        self.remotes.last().map_or(self.tree, |(tree, _)| &**tree)
    }

    /// Notes that a chart was rendered, from whatever it took.
    pub(crate) fn note_chart(&mut self, name: &str) {
        self.closure.fetched(&format!("chart {name}"), "");
    }

    fn download(&mut self, url: &str, encrypted: Encrypted) -> Result<Loaded, Fault> {
        let Some(fetch) = self.options.fetch else { return Err(Fault::Remote { url: shown(url) }) };
        let limits = &self.options.limits;
        self.read.files += 1;
        if self.read.files > limits.files {
            return Err(Fault::Limit { what: "files", limit: limits.files as u64 });
        }
        let bytes = fetch.file(url).map_err(|source| Fault::Fetch { url: shown(url), source })?;
        self.closure.fetched(&shown(url), "");
        self.loaded(TreePath::root(), shown(url), bytes, encrypted)
    }

    fn loaded(&mut self, path: TreePath, name: String, bytes: Vec<u8>, encrypted: Encrypted) -> Result<Loaded, Fault> {
        let limits = &self.options.limits;
        let size = bytes.len() as u64;
        if size > limits.file_bytes {
            return Err(Fault::Limit { what: "bytes for one file", limit: limits.file_bytes });
        }
        self.read.bytes += size;
        if self.read.bytes > limits.total_bytes {
            return Err(Fault::Limit { what: "bytes for all files", limit: limits.total_bytes });
        }
        match (encrypted, self.options.decryptor) {
            (Encrypted::Decrypt, Some(decryptor)) if looks_encrypted(&bytes) => {
                let plain =
                    decryptor.decrypt(&path, &bytes).map_err(|source| Fault::Decrypt { path: path.clone(), source })?;
                let decrypted = plain.is_some();
                Ok(Loaded { path, name, bytes: plain.unwrap_or_else(|| Zeroizing::new(bytes)), decrypted })
            }
            _ => Ok(Loaded { path, name, bytes: Zeroizing::new(bytes), decrypted: false }),
        }
    }

    /// How the object from `origin` has a scalar at a path written in its file: the text, and whether it is in quotes.
    ///
    /// Values do not know how they were written, and only few patches have to.
    pub(crate) fn written(&mut self, origin: &Origin, path: &[Step]) -> Option<(&str, bool)> {
        let (file, line) = (origin.file()?, origin.line()?);
        if self.looked_at.as_ref().is_none_or(|known| known.name != file) {
            let text = self.text_of(file);
            self.looked_at = Some(WrittenFile::new(file, text.unwrap_or_default()));
        }
        written_at(self.looked_at.as_mut()?.document(line)?, path)
    }

    /// The text of a file by what it is called in messages.
    fn text_of(&self, name: &str) -> Option<String> {
        let elsewhere = self.fetched.iter().find_map(|(tree, url)| Some((tree, name.strip_prefix(url.as_str())?)));
        match elsewhere {
            Some((tree, path)) => tree.read_text(&TreePath::new(path.trim_start_matches('/')).ok()?).ok(),
            None => self.tree.read_text(&TreePath::new(name).ok()?).ok(),
        }
    }

    /// Names what is wrong with a path that cannot be resolved, and what could have been meant.
    fn missing(&self, directory: &TreePath, path: &str, error: TreeError) -> Fault {
        let path = path.to_owned();
        match error {
            TreeError::Escapes { .. } => Fault::Escapes { path },
            TreeError::NotFound { .. } => {
                let suggestion = self.nearest(directory, &path);
                Fault::Missing { path, suggestion }
            }
            error => Fault::Tree(error),
        }
    }

    /// A path like `path` that exists. The look around is for the message only and no part of the closure.
    fn nearest(&self, directory: &TreePath, path: &str) -> Option<String> {
        let trimmed = path.trim_end_matches('/');
        let (above, name) = trimmed.rsplit_once('/').unwrap_or(("", trimmed));
        let entries = self.tree.list(&directory.join(above).ok()?).ok()?;
        let found = suggest::nearest(name, entries.iter().map(|entry| entry.name.as_str()))?;
        Some(if above.is_empty() { found.to_owned() } else { format!("{above}/{found}") })
    }
}

/// A file, for how what is in it was written.
struct WrittenFile {
    name: String,
    text: String,
    /// Where its lines begin.
    lines: Vec<usize>,
    /// The document last looked at, by its line.
    document: Option<(usize, Option<Node>)>,
}

impl WrittenFile {
    fn new(name: &str, text: String) -> Self {
        let lines = [0].into_iter().chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Self { name: name.to_owned(), text, lines, document: None }
    }

    /// The document that starts on a line, counted from 1.
    fn document(&mut self, line: usize) -> Option<&Node> {
        if self.document.as_ref().is_none_or(|(known, _)| *known != line) {
            self.document = Some((line, self.compose(line)));
        }
        self.document.as_ref()?.1.as_ref()
    }

    fn compose(&self, line: usize) -> Option<Node> {
        let begins = |index: &usize| self.text[self.lines[*index]..].starts_with("---");
        let is_blank = |index: &usize| {
            let text = self.text[self.lines[*index]..].lines().next().unwrap_or_default().trim();
            text.is_empty() || text.starts_with('#')
        };
        let first = line.checked_sub(1).filter(|first| *first < self.lines.len())?;
        // Items of a list start within a document, and would be read as if they stood alone.
        let above = (0..first).rev().find(|index| !is_blank(index));
        if above.is_some_and(|above| !begins(&above)) {
            return None;
        }
        let end = (first + 1..self.lines.len()).find(begins).map_or(self.text.len(), |end| self.lines[end]);
        let nodes = compose(&self.text[self.lines[first]..end], &windlass_yaml::Limits::default());
        nodes.ok()?.into_iter().next()
    }
}

/// How the scalar at a path is written: its text, and whether it is in quotes.
pub(crate) fn written_at<'n>(node: &'n Node, path: &[Step]) -> Option<(&'n str, bool)> {
    match &path.iter().try_fold(node, child)?.content {
        Content::Scalar { text, style } => Some((text, *style != Style::Plain)),
        _ => None,
    }
}

fn child<'n>(node: &'n Node, step: &Step) -> Option<&'n Node> {
    let field = |node: &'n Node, name: &str| match &node.content {
        Content::Mapping(entries) => entries.iter().find(|(key, _)| key.text() == Some(name)).map(|(_, value)| value),
        _ => None,
    };
    match (step, &node.content) {
        (Step::Field(name), _) => field(node, name),
        (Step::Index(index), Content::Sequence(items)) => items.get(*index),
        (Step::Item(keys), Content::Sequence(items)) => items
            .iter()
            .find(|item| keys.iter().all(|(key, value)| field(item, key).and_then(Node::text) == Some(value.as_str()))),
        _ => None,
    }
}

fn join(directory: &TreePath, path: &str) -> Result<TreePath, Fault> {
    directory.join(path).map_err(|error| match error {
        TreePathError::Absolute(path) => Fault::Absolute { path },
        TreePathError::Escapes { path, .. } => Fault::Escapes { path },
        error => Fault::InvalidValue { field: path.to_owned(), problem: error.to_string() },
    })
}

/// Whether a file holds the marks that every SOPS document has, in each of its formats.
fn looks_encrypted(bytes: &[u8]) -> bool {
    let holds = |mark: &[u8]| bytes.windows(mark.len()).any(|window| window == mark);
    holds(b"ENC[") && holds(b"sops")
}
