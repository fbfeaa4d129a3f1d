//! The URLs of repositories, as kustomize takes them apart.

use std::fmt;
use std::time::Duration;

use crate::remote::duration;

/// A Git repository, a commit and a directory in it, as an entry of `resources` or `components` names them.
///
/// The parts are found as kustomize finds them: a leading `git::` means nothing; `_git/`, `//` or `.git` say where the
/// repository ends, and else its path has two parts; GitHub's URLs are brought into one form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepositoryUrl {
    /// Scheme, user and host, up to the `/` or `:` before the path: `https://github.com/`.
    pub host: String,
    /// The path of the repository on the host.
    pub repository: String,
    /// The directory within the repository; empty for its root.
    pub directory: String,
    /// `ref`, or else `version`: a branch, a tag or a commit. Default: that of the remote.
    pub reference: Option<String>,
    /// `submodules`: whether they are fetched too. Default: yes.
    pub submodules: bool,
    /// `timeout`: how long fetching may take. Default: 27 seconds.
    pub timeout: Duration,
}

/// Why a text is not the URL of a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RepositoryUrlError {
    /// An absolute path.
    #[error("it is an absolute path")]
    Absolute,
    /// Neither a scheme, nor a user, nor GitHub's name stands in front.
    #[error("it starts with none of ssh://, https://, http://, file://, user@ and github.com")]
    Scheme,
    /// There is nothing where the host has to be.
    #[error("it names no host")]
    Host,
    /// There is no repository behind the host.
    #[error("it names no repository")]
    Repository,
    /// The directory leads out of the repository.
    #[error("its directory leads out of the repository")]
    Escapes,
}

const DEFAULT_TIMEOUT: Duration = Duration::from_secs(27);
const SCHEMES: [&str; 4] = ["ssh://", "https://", "http://", FILE];
const FILE: &str = "file://";
const GITHUB: &str = "github.com";

impl RepositoryUrl {
    /// Takes a URL apart.
    ///
    /// # Errors
    /// Why it is none.
    pub fn parse(text: &str) -> Result<Self, RepositoryUrlError> {
        if text.starts_with('/') {
            return Err(RepositoryUrlError::Absolute);
        }
        let (text, query) = text.split_once('?').unwrap_or((text, ""));
        let (host, path) = host(text.strip_prefix("git::").unwrap_or(text))?;
        let (repository, directory) = split_path(path, host.starts_with(FILE)).ok_or(RepositoryUrlError::Repository)?;
        if repository.is_empty() {
            return Err(RepositoryUrlError::Repository);
        }
        if leads_out(directory) {
            return Err(RepositoryUrlError::Escapes);
        }
        let mut url = Self {
            repository: repository.to_owned(),
            directory: directory.strip_prefix('/').unwrap_or(directory).to_owned(),
            host,
            reference: None,
            submodules: true,
            timeout: DEFAULT_TIMEOUT,
        };
        url.take_query(query);
        Ok(url)
    }

    /// What Git is given to clone.
    #[must_use]
    pub fn clone_url(&self) -> String {
        format!("{}{}", self.host, self.repository)
    }

    /// Takes what is known from a query; of a malformed one nothing.
    fn take_query(&mut self, query: &str) {
        let Some(pairs) = pairs(query) else { return };
        let value = |name: &str| pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        let value = |name| value(name).filter(|value| !value.is_empty());
        self.reference = value("ref").or_else(|| value("version")).map(str::to_owned);
        let seconds = |text: &str| text.parse().ok().filter(|seconds| *seconds > 0).map(Duration::from_secs);
        let timeout = value("timeout").and_then(|text| seconds(text).or_else(|| duration::parse(text)));
        self.timeout = timeout.unwrap_or(DEFAULT_TIMEOUT);
        match value("submodules") {
            Some("0" | "f" | "F" | "false" | "False" | "FALSE") => self.submodules = false,
            _ => self.submodules = true,
        }
    }
}

impl fmt::Display for RepositoryUrl {
    /// `https://github.com/org/repo//directory?ref=v1`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.host, self.repository)?;
        if !self.directory.is_empty() {
            write!(f, "//{}", self.directory)?;
        }
        if let Some(reference) = &self.reference {
            write!(f, "?ref={reference}")?;
        }
        Ok(())
    }
}

/// Scheme, user and host in their final form, and what follows.
fn host(text: &str) -> Result<(String, &str), RepositoryUrlError> {
    let found = SCHEMES.into_iter().find_map(|scheme| {
        let start = text.get(..scheme.len()).filter(|start| start.eq_ignore_ascii_case(scheme))?;
        Some((scheme, &text[start.len()..]))
    });
    let (scheme, rest) = found.unwrap_or(("", text));
    if scheme == FILE {
        return Ok((FILE.to_owned(), rest));
    }
    let (user, rest) = user(rest);
    let is_github = rest.get(..GITHUB.len()).is_some_and(|start| start.eq_ignore_ascii_case(GITHUB))
        && rest[GITHUB.len()..].starts_with(['/', ':']);
    let like_scp = scheme.is_empty() && (!user.is_empty() || is_github);
    if scheme.is_empty() && !like_scp {
        return Err(RepositoryUrlError::Scheme);
    }
    let end = separator(rest, like_scp).map_or(rest.len(), |at| at + 1);
    let (host, path) = rest.split_at(end);
    if host.is_empty() {
        return Err(RepositoryUrlError::Host);
    }
    let host = match (is_github, scheme, user) {
        (true, "ssh://", user) => format!("{user}{GITHUB}:"),
        (true, _, "") => format!("https://{GITHUB}/"),
        (true, _, user) => format!("{user}{GITHUB}:"),
        (false, scheme, user) => format!("{scheme}{user}{host}"),
    };
    Ok((host, path))
}

/// The user with its `@`, where there is one.
fn user(text: &str) -> (&str, &str) {
    let is_user = |user: &str| {
        user.starts_with(|c: char| c.is_ascii_alphabetic())
            && user.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
    };
    match text.split_once('@') {
        Some((user, _)) if is_user(user) => text.split_at(user.len() + 1),
        _ => ("", text),
    }
}

/// Where the host ends: before the first slash, or as `scp` has it at a colon in front of that.
fn separator(text: &str, like_scp: bool) -> Option<usize> {
    let (slash, colon) = (text.find('/'), text.find(':').filter(|_| like_scp));
    match (slash, colon) {
        (None, colon) => colon,
        (Some(slash), Some(colon)) if colon > 0 && colon < slash => Some(colon),
        (slash, _) => slash,
    }
}

/// Divides a path into that of the repository and the one within it.
fn split_path(path: &str, takes_all: bool) -> Option<(&str, &str)> {
    if let Some(at) = path.find("_git/") {
        let end = path[at + 5..].find('/').map_or(path.len(), |end| at + 5 + end);
        return Some((&path[..end], path.get(end + 1..).unwrap_or_default()));
    }
    if let Some(divided) = path.split_once("//") {
        return Some(divided);
    }
    if let Some(at) = path.find(".git") {
        return Some(path.split_at(at + 4));
    }
    if takes_all {
        return Some((path, ""));
    }
    let first = path.find('/')?;
    match path[first + 1..].find('/') {
        Some(second) => Some((&path[..first + 1 + second], &path[first + second + 2..])),
        None => Some((path, "")),
    }
}

fn leads_out(directory: &str) -> bool {
    let mut depth = 0i64;
    directory.split('/').any(|part| {
        depth += match part {
            "" | "." => 0,
            ".." => -1,
            _ => 1,
        };
        depth < 0
    })
}

/// The pairs of a query; `None` where it is malformed.
fn pairs(query: &str) -> Option<Vec<(String, String)>> {
    let parts = query.split('&').filter(|part| !part.is_empty());
    parts
        .map(|part| {
            let (key, value) = part.split_once('=').unwrap_or((part, ""));
            (!part.contains(';')).then_some(())?;
            Some((unescape(key)?, unescape(value)?))
        })
        .collect()
}

fn unescape(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        match first {
            b'+' => bytes.push(b' '),
            b'%' => {
                let (digits, after) = rest.split_at_checked(2)?;
                bytes.push(u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?);
                rest = after;
            }
            other => bytes.push(*other),
        }
    }
    String::from_utf8(bytes).ok()
}
