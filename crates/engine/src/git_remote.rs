//! From the spec of a GitRepository to what is fetched, and how.

use std::collections::BTreeMap;
use std::time::Duration;

use windlass_flux::{GitProvider, GitRef, GitRepository, GitRepositorySpec};
use windlass_source::{Auth, GitOptions, GitRemote, GitUrl, Reference};
use zeroize::Zeroizing;

use crate::{ConfigKind, Error, Lookup, NamespacedName};

/// Everything that decides how a repository is fetched. While it is equal, an open source stays open.
#[derive(PartialEq)]
pub(crate) struct GitSettings {
    url: String,
    reference: Option<GitRef>,
    timeout: Duration,
    secret: Option<BTreeMap<String, Zeroizing<Vec<u8>>>>,
}

impl GitSettings {
    /// The settings of `object`, with its credentials as `lookup` has them now.
    pub(crate) async fn of(object: &GitRepository, lookup: &Lookup) -> Result<Self, Error> {
        let spec = &object.spec;
        check(spec)?;
        let secret = match &spec.secret_ref {
            Some(secret) => {
                let name = NamespacedName::new(NamespacedName::of(object).namespace, &secret.name);
                let found = lookup.get(ConfigKind::Secret, &name).await?;
                let missing =
                    || Error::ReferenceMissing { what: "spec.secretRef", kind: ConfigKind::Secret, name, hint: "" };
                Some(found.ok_or_else(missing)?.into_map())
            }
            None => None,
        };
        Ok(Self { url: spec.url.clone(), reference: spec.reference.clone(), timeout: spec.timeout().get(), secret })
    }

    /// The remote and options that they make.
    pub(crate) fn remote(&self) -> Result<(GitRemote, GitOptions), Error> {
        let url: GitUrl = self.url.parse()?;
        let auth = match &self.secret {
            Some(data) => Auth::from_secret_data(&url, &as_slices(data))?,
            None => Auth::none(),
        };
        let remote = GitRemote { url, reference: reference(self.reference.as_ref())?, auth };
        Ok((remote, GitOptions::default().with_timeout(self.timeout)))
    }
}

fn as_slices(data: &BTreeMap<String, Zeroizing<Vec<u8>>>) -> BTreeMap<String, &[u8]> {
    data.iter().map(|(key, value)| (key.clone(), value.as_slice())).collect()
}

/// The first that is given counts: commit, name, semver, tag, branch; without any it is the branch `master`, as in
/// Flux.
fn reference(reference: Option<&GitRef>) -> Result<Reference, windlass_source::Error> {
    let reference = reference.cloned().unwrap_or_default();
    match (reference.commit, reference.name, reference.semver, reference.tag, reference.branch) {
        (Some(commit), _, _, _, Some(branch)) => Reference::commit_on_branch(&commit, &branch),
        (Some(commit), ..) => Reference::commit(&commit),
        (_, Some(name), ..) => Reference::name(&name),
        (_, _, Some(range), ..) => Reference::semver(&range),
        (_, _, _, Some(tag), _) => Reference::tag(&tag),
        (.., branch) => Reference::branch(branch.as_deref().unwrap_or("master")),
    }
}

/// Fields that Windlass does not act on yet are refused, never passed over.
fn check(spec: &GitRepositorySpec) -> Result<(), Error> {
    let refuse = |field, hint| Err(Error::FieldUnsupported { field, hint });
    if spec.provider.as_ref().is_some_and(|provider| *provider != GitProvider::Generic) {
        return refuse("provider", ": use generic with a token or an SSH key in secretRef");
    }
    if spec.verify.is_some() {
        return refuse("verify", ": signatures are not checked, and a source that demands them is not fetched");
    }
    if spec.proxy_secret_ref.is_some() {
        return refuse("proxySecretRef", "");
    }
    if spec.recurse_submodules {
        return refuse("recurseSubmodules", "");
    }
    if !spec.include.is_empty() {
        return refuse("include", "");
    }
    if !spec.sparse_checkout.is_empty() {
        return refuse("sparseCheckout", ": leave files out with spec.ignore");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_reference_given_counts() {
        let id = "0123456789abcdef0123456789abcdef01234567";
        let text = |of: GitRef| reference(Some(&of)).unwrap().to_string();
        let branch = Some("main".to_owned());
        assert_eq!(reference(None).unwrap().to_string(), r#"branch "master""#);
        assert_eq!(text(GitRef { branch: branch.clone(), ..GitRef::default() }), r#"branch "main""#);
        assert_eq!(
            text(GitRef { branch: branch.clone(), tag: Some("v1".to_owned()), ..GitRef::default() }),
            r#"tag "v1""#
        );
        assert_eq!(
            text(GitRef { name: Some("refs/pull/4/head".to_owned()), branch: branch.clone(), ..GitRef::default() }),
            r#"reference "refs/pull/4/head""#
        );
        assert!(text(GitRef { commit: Some(id.to_owned()), branch, ..GitRef::default() }).contains(id));
    }
}
