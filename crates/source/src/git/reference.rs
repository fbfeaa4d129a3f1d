use std::fmt;
use std::str::FromStr;

use gix_hash::ObjectId;

use crate::Error;
use crate::git::semver_range::SemverRange;

/// Which commit of a repository is wanted: Flux's `spec.ref`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reference(pub(crate) Wanted);

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) enum Wanted {
    #[default]
    Head,
    Branch(String),
    Tag(String),
    Name(String),
    Semver(SemverRange),
    Commit {
        id: ObjectId,
        branch: Option<String>,
    },
}

impl Reference {
    /// The head of a branch. The revision is `<branch>@sha1:…`.
    ///
    /// # Errors
    /// [`Error::InvalidReference`]; so do the other constructors.
    pub fn branch(name: &str) -> Result<Self, Error> {
        check_name("branch name", name)?;
        Ok(Self(Wanted::Branch(name.to_owned())))
    }

    /// The commit under a tag, light or annotated. The revision is `<tag>@sha1:…`.
    ///
    /// # Errors
    /// As [`branch`](Self::branch).
    pub fn tag(name: &str) -> Result<Self, Error> {
        check_name("tag name", name)?;
        Ok(Self(Wanted::Tag(name.to_owned())))
    }

    /// The commit under a full reference name, such as `refs/pull/4/head`. The revision is `<name>@sha1:…`.
    ///
    /// # Errors
    /// As [`branch`](Self::branch).
    pub fn name(name: &str) -> Result<Self, Error> {
        check_name("reference name", name)?;
        if !name.starts_with("refs/") {
            return Err(invalid("reference name", name, "it does not start with refs/"));
        }
        Ok(Self(Wanted::Name(name.to_owned())))
    }

    /// The highest tag that a range such as `>=1.2.0 <2.0.0` or `1.x` admits. The revision is `<tag>@sha1:…`.
    ///
    /// # Errors
    /// As [`branch`](Self::branch).
    pub fn semver(range: &str) -> Result<Self, Error> {
        let parsed = SemverRange::from_str(range).map_err(|problem| invalid("semver range", range, problem))?;
        Ok(Self(Wanted::Semver(parsed)))
    }

    /// One commit by its full id, on whatever branch. The revision is `sha1:…`.
    ///
    /// # Errors
    /// As [`branch`](Self::branch).
    pub fn commit(id: &str) -> Result<Self, Error> {
        Ok(Self(Wanted::Commit { id: parse_id(id)?, branch: None }))
    }

    /// One commit by its full id, fetched through a branch where the server does not hand out commits by id.
    /// The revision is `<branch>@sha1:…`.
    ///
    /// # Errors
    /// As [`branch`](Self::branch).
    pub fn commit_on_branch(id: &str, branch: &str) -> Result<Self, Error> {
        check_name("branch name", branch)?;
        Ok(Self(Wanted::Commit { id: parse_id(id)?, branch: Some(branch.to_owned()) }))
    }

    /// The branch that the remote's `HEAD` stands on; also the `Default`. The revision is `<that branch>@sha1:…`.
    #[must_use]
    pub fn head() -> Self {
        Self(Wanted::Head)
    }

    /// The prefixes that a server need not list more than.
    pub(crate) fn prefixes(&self) -> Vec<String> {
        match &self.0 {
            Wanted::Head => vec!["HEAD".to_owned()],
            Wanted::Branch(name) => vec![format!("refs/heads/{name}")],
            Wanted::Tag(name) => vec![format!("refs/tags/{name}")],
            Wanted::Name(name) => vec![name.clone()],
            Wanted::Semver(_) => vec!["refs/tags/".to_owned()],
            Wanted::Commit { branch, .. } => branch.iter().map(|name| format!("refs/heads/{name}")).collect(),
        }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Wanted::Head => f.write_str("default branch"),
            Wanted::Branch(name) => write!(f, "branch {name:?}"),
            Wanted::Tag(name) => write!(f, "tag {name:?}"),
            Wanted::Name(name) => write!(f, "reference {name:?}"),
            Wanted::Semver(range) => write!(f, "tag in the semver range {:?}", range.to_string()),
            Wanted::Commit { id, branch: None } => write!(f, "commit {id}"),
            Wanted::Commit { id, branch: Some(branch) } => write!(f, "commit {id} on branch {branch:?}"),
        }
    }
}

fn invalid(kind: &'static str, reference: &str, problem: &'static str) -> Error {
    Error::InvalidReference { kind, reference: reference.to_owned(), problem }
}

pub(crate) fn parse_id(id: &str) -> Result<ObjectId, Error> {
    ObjectId::from_hex(id.as_bytes()).map_err(|_| invalid("commit id", id, "it has not 40 or 64 hexadecimal digits"))
}

/// Git's own rules for names, as far as they keep a name from meaning something else on the wire.
fn check_name(kind: &'static str, name: &str) -> Result<(), Error> {
    let fail = |problem| Err(invalid(kind, name, problem));
    if name.is_empty() {
        return fail("it is empty");
    }
    if name.chars().any(|c| c.is_control() || " ~^:?*[\\".contains(c)) {
        return fail("it holds a character that git allows in no name");
    }
    if name.starts_with(['/', '-']) || name.ends_with(['/', '.']) || name.contains("//") || name.contains("@{") {
        return fail("git allows no such name");
    }
    if name.contains("..") || name.split('/').any(|part| part.starts_with('.') || part.ends_with(".lock")) {
        return fail("git allows no such name");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_git_refuses_are_refused() {
        for name in ["", "-x", "a b", "a..b", "a/", "a//b", "x.lock", ".x", "a\nb", "refs/heads/*"] {
            assert!(Reference::branch(name).is_err(), "{name:?}");
        }
        assert!(Reference::branch("feature/x@1").is_ok());
        assert!(Reference::commit("abc").is_err());
        assert_eq!(
            Reference::name("heads/main").unwrap_err().to_string(),
            "\"heads/main\" is no reference name: it does not start with refs/"
        );
    }
}
