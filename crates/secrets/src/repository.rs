//! The files of a repository, and those of them that somebody means.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::{fmt, fs};

use globset::{GlobBuilder, GlobMatcher};
use windlass_sops::{CreationRules, Format, is_encrypted};
use zeroize::Zeroizing;

use crate::git::Git;
use crate::{Error, staged};

/// A folder with secrets: the working directory of a Git repository, or any other.
#[derive(Debug, Clone)]
pub struct Repository {
    root: PathBuf,
    git: Option<Git>,
}

/// A file that was read. It may be a secret in clear: its memory is wiped, and its `Debug` shows the path only.
#[derive(Clone)]
pub struct RepositoryText {
    /// Its path, absolute.
    pub path: PathBuf,
    /// Its text.
    pub text: Zeroizing<Vec<u8>>,
}

impl fmt::Debug for RepositoryText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RepositoryText").field("path", &self.path).finish_non_exhaustive()
    }
}

/// Which files are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// Those that sops has encrypted.
    Encrypted,
    /// Those that it has not.
    Plain,
}

/// Larger files are no secrets, and Flux passes them over too.
const LARGEST: u64 = 5 << 20;

impl Repository {
    /// The repository around a folder: its Git working directory; without one, the topmost folder of those above that has a
    /// `.sops.yaml`; else the folder itself.
    ///
    /// # Errors
    ///
    /// Where the folder cannot be read.
    pub fn around(folder: &Path) -> Result<Self, Error> {
        let fault = |source| Error::Read { path: folder.to_owned(), source };
        let folder = folder.canonicalize().map_err(fault)?;
        let git = Git::around(&folder);
        let root = match &git {
            Some(git) => git.root().to_owned(),
            None => {
                let has_rules = |folder: &&Path| folder.join(CreationRules::FILE_NAME).is_file();
                folder.ancestors().filter(has_rules).last().unwrap_or(&folder).to_owned()
            }
        };
        Ok(Self { root, git })
    }

    /// Its folder, absolute.
    pub fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn git(&self) -> Option<&Git> {
        self.git.as_ref()
    }

    /// A path as it is told to people: relative to the repository where it lies in it.
    pub fn shown<'p>(&self, path: &'p Path) -> &'p Path {
        path.strip_prefix(&self.root).unwrap_or(path)
    }

    /// All files, absolute and sorted. In a Git repository those that Git ignores are left out; links are not followed.
    ///
    /// # Errors
    ///
    /// Where a folder cannot be read, or `git` fails.
    pub fn files(&self) -> Result<Vec<PathBuf>, Error> {
        self.files_below(&self.root, |_| true)
    }

    /// Those of the files in a folder of the repository that are wanted.
    fn files_below(&self, folder: &Path, wanted: impl Fn(&Path) -> bool) -> Result<Vec<PathBuf>, Error> {
        let wanted = |path: &PathBuf| wanted(path) && !staged::is_temporary(path);
        let mut files: Vec<PathBuf> = match &self.git {
            Some(git) => {
                let listed = git.ask(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])?;
                let path = |bytes: &[u8]| self.root.join(&*String::from_utf8_lossy(bytes));
                let names = listed.split(|byte| *byte == 0).filter(|name| !name.is_empty());
                let is_there = |path: &PathBuf| fs::symlink_metadata(path).is_ok_and(|found| found.is_file());
                names.map(path).filter(wanted).filter(is_there).collect()
            }
            None => {
                let mut files = Vec::new();
                walk(folder, &mut files)?;
                files.retain(wanted);
                files
            }
        };
        files.sort();
        files.dedup();
        Ok(files)
    }

    /// The files of one kind, with their texts.
    ///
    /// # Errors
    ///
    /// As for [`files`](Self::files), and where a file cannot be read.
    pub fn texts(&self, kind: Kind) -> Result<Vec<RepositoryText>, Error> {
        read_all(self.files()?, Some(kind))
    }

    /// All files that are small enough, with their texts.
    ///
    /// # Errors
    ///
    /// As for [`texts`](Self::texts).
    pub fn all_texts(&self) -> Result<Vec<RepositoryText>, Error> {
        read_all(self.files()?, None)
    }

    /// All files that are small enough as they stand in Git's index: what the next commit will hold.
    ///
    /// # Errors
    ///
    /// [`Error::Git`], also where this is no Git repository.
    pub fn staged_texts(&self) -> Result<Vec<RepositoryText>, Error> {
        let no_git = || Error::Git { what: "ls-files".to_owned(), reason: "this is no Git repository".to_owned() };
        let git = self.git.as_ref().ok_or_else(no_git)?;
        let listed = git.ask(["ls-files", "--stage", "-z"])?;
        let listed = String::from_utf8_lossy(&listed);
        // `MODE NAME STAGE<tab>PATH`; links and submodules hold no text.
        let entries = listed.split('\0').filter(|entry| entry.starts_with("100"));
        let entries: Vec<(String, PathBuf)> = entries
            .filter_map(|entry| {
                let (head, path) = entry.split_once('\t')?;
                Some((head.split(' ').nth(1)?.to_owned(), self.root.join(path)))
            })
            .collect();
        let names: BTreeSet<String> = entries.iter().map(|(name, _)| name.clone()).collect();
        let names: Vec<String> = names.into_iter().collect();
        let mut texts = BTreeMap::new();
        git.objects(&names, |name, text| drop(texts.insert(name.to_owned(), Zeroizing::new(text))))?;
        let text = |(name, path): (String, PathBuf)| Some(RepositoryText { path, text: texts.get(&name)?.clone() });
        let is_small = |file: &RepositoryText| file.text.len() as u64 <= LARGEST;
        Ok(entries.into_iter().filter_map(text).filter(is_small).collect())
    }

    /// The files that somebody names: a file is itself, whatever it is; a folder and a pattern (`apps/**/*.yaml`, from
    /// `folder`) are the files of one kind in it. A folder may lie in another repository. Sorted, each once.
    ///
    /// # Errors
    ///
    /// [`Error::NoMatch`] for a name that gives no file, [`Error::Pattern`], and as for [`texts`](Self::texts).
    pub fn select(&self, folder: &Path, names: &[String], kind: Kind) -> Result<Vec<RepositoryText>, Error> {
        let (mut chosen, mut own) = (Vec::new(), Vec::new());
        let no_match = |name: &str| {
            let kind = if kind == Kind::Encrypted { "encrypted" } else { "plain" };
            Error::NoMatch { what: name.to_owned(), kind }
        };
        for name in names {
            let path = folder.join(name);
            if path.is_file() {
                chosen.extend(read_all(vec![path], None)?);
                continue;
            }
            match Wanted::new(&path, name)? {
                Wanted::Folder(folder) if !folder.starts_with(&self.root) => {
                    let other = Self::around(&folder)?;
                    let files = read_all(other.files_below(&folder, |path| path.starts_with(&folder))?, Some(kind))?;
                    if files.is_empty() {
                        return Err(no_match(name));
                    }
                    chosen.extend(files);
                }
                wanted => own.push((name, wanted)),
            }
        }
        if !own.is_empty() {
            let below = match &own[..] {
                [(_, Wanted::Folder(folder))] => folder,
                _ => &self.root,
            };
            // What is not wanted is not read: a repository may be large, and much of it in clear.
            let is_wanted = |path: &Path| own.iter().any(|(_, wanted)| wanted.has(path));
            let files = read_all(self.files_below(below, is_wanted)?, Some(kind))?;
            let is_empty = |wanted: &Wanted| !files.iter().any(|file| wanted.has(&file.path));
            if let Some((name, _)) = own.iter().find(|(_, wanted)| is_empty(wanted)) {
                return Err(no_match(name));
            }
            chosen.extend(files);
        }
        chosen.sort_by(|left, right| left.path.cmp(&right.path));
        chosen.dedup_by(|left, right| left.path == right.path);
        Ok(chosen)
    }
}

/// A folder or a pattern.
enum Wanted {
    Folder(PathBuf),
    Pattern(GlobMatcher),
}

impl Wanted {
    fn new(path: &Path, name: &str) -> Result<Self, Error> {
        if let Ok(folder) = path.canonicalize() {
            return Ok(Self::Folder(folder));
        }
        let fault = |source| Error::Pattern { pattern: name.to_owned(), source };
        let glob = GlobBuilder::new(&path.to_string_lossy()).literal_separator(true).build().map_err(fault)?;
        Ok(Self::Pattern(glob.compile_matcher()))
    }

    fn has(&self, path: &Path) -> bool {
        match self {
            Self::Folder(folder) => path.starts_with(folder),
            Self::Pattern(pattern) => pattern.is_match(path),
        }
    }
}

fn read_all(paths: Vec<PathBuf>, kind: Option<Kind>) -> Result<Vec<RepositoryText>, Error> {
    let mut files = Vec::new();
    for path in paths {
        let read = || -> std::io::Result<Option<Zeroizing<Vec<u8>>>> {
            // A file that is named is read, however large.
            if kind.is_some() && fs::metadata(&path)?.len() > LARGEST {
                return Ok(None);
            }
            fs::read(&path).map(Zeroizing::new).map(Some)
        };
        let Some(text) = read().map_err(|source| Error::Read { path: path.clone(), source })? else { continue };
        let is_encrypted = is_encrypted(&text, Format::of_path(&path));
        if kind.is_none_or(|kind| (kind == Kind::Encrypted) == is_encrypted) {
            files.push(RepositoryText { path, text });
        }
    }
    Ok(files)
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), Error> {
    let fault = |source| Error::Read { path: folder.to_owned(), source };
    for entry in fs::read_dir(folder).map_err(fault)? {
        let entry = entry.map_err(fault)?;
        let kind = entry.file_type().map_err(fault)?;
        if kind.is_file() {
            files.push(entry.path());
        } else if kind.is_dir() && entry.file_name() != ".git" {
            walk(&entry.path(), files)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENCRYPTED: &str = "a: ENC[]\nsops:\n  mac: ENC[]\n";

    fn tree(files: &[(&str, &str)]) -> (tempfile::TempDir, Repository) {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let repository = Repository::around(folder.path()).unwrap();
        (folder, repository)
    }

    fn names(repository: &Repository, files: Vec<RepositoryText>) -> Vec<String> {
        files.iter().map(|file| repository.shown(&file.path).to_string_lossy().into_owned()).collect()
    }

    #[test]
    fn names_folders_and_patterns_choose_files() {
        let (_folder, repository) = tree(&[
            ("apps/a/secret.yaml", ENCRYPTED),
            ("apps/b/secret.yaml", ENCRYPTED),
            ("apps/b/plain.yaml", "a: 1\n"),
            ("apps/b/.secret.yaml.windlass-1.tmp", ENCRYPTED),
            ("c.yaml", ENCRYPTED),
        ]);
        let root = repository.root().to_owned();
        let select = |wanted: &[&str]| {
            let wanted: Vec<_> = wanted.iter().map(|name| (*name).to_owned()).collect();
            repository.select(&root, &wanted, Kind::Encrypted).map(|files| names(&repository, files))
        };
        assert_eq!(select(&["."]).unwrap(), ["apps/a/secret.yaml", "apps/b/secret.yaml", "c.yaml"]);
        assert_eq!(select(&["apps/b", "c.yaml", "apps/*/secret.yaml"]).unwrap().len(), 3);
        assert_eq!(select(&["apps/b/plain.yaml"]).unwrap(), ["apps/b/plain.yaml"]);
        assert_eq!(select(&["**/b/*"]).unwrap(), ["apps/b/secret.yaml"]);
        assert_eq!(select(&["*.json"]).unwrap_err().to_string(), "*.json matches no encrypted file");
        assert!(matches!(select(&["[x"]), Err(Error::Pattern { .. })));
    }

    #[test]
    fn a_folder_of_another_repository_can_be_named() {
        let (_here, repository) = tree(&[(".sops.yaml", "{}"), ("a.yaml", ENCRYPTED)]);
        let (there, other) = tree(&[(".sops.yaml", "{}"), ("apps/b.yaml", ENCRYPTED), ("c.yaml", ENCRYPTED)]);
        let wanted = [there.path().join("apps").to_string_lossy().into_owned()];
        let files = repository.select(repository.root(), &wanted, Kind::Encrypted).unwrap();
        assert_eq!(names(&other, files), ["apps/b.yaml"]);
    }

    #[test]
    fn what_git_ignores_is_left_out() {
        let (folder, _) = tree(&[("a.yaml", ENCRYPTED), ("out/b.yaml", ENCRYPTED), (".gitignore", "out\n")]);
        let git = std::process::Command::new("git").args(["init", "-q"]).current_dir(&folder).status();
        assert!(git.unwrap().success());
        let repository = Repository::around(folder.path()).unwrap();
        assert_eq!(names(&repository, repository.texts(Kind::Encrypted).unwrap()), ["a.yaml"]);
    }
}
