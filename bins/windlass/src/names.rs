//! Names on the command line and in answers.

use std::str::FromStr;

use windlass_engine::NamespacedName;

use crate::trouble::Trouble;

/// Takes Flux's word for the kind of a source off the front: `git NAME` is `NAME`, and `git` alone is none.
///
/// # Errors
/// Where it is a kind of source that Windlass does not fetch.
pub(crate) fn without_source_kind(words: &[String]) -> anyhow::Result<Option<&str>> {
    match words {
        [] => Ok(None),
        [word] if word == "git" => Ok(None),
        [name] => Ok(Some(name)),
        [kind, name, ..] if kind == "git" => Ok(Some(name)),
        [kind, ..] => {
            let message = format!("sources of kind {kind:?} are not supported: only git is");
            Err(Trouble::new(message).into())
        }
    }
}

/// Reads `namespace/name`.
pub(crate) fn namespaced(text: &str) -> Result<NamespacedName, String> {
    match text.split_once('/') {
        Some((namespace, name)) if !namespace.is_empty() && !name.is_empty() && !name.contains('/') => {
            Ok(NamespacedName::new(namespace, name))
        }
        _ => Err("expected NAMESPACE/NAME".to_owned()),
    }
}

/// Reads a duration as Flux writes it.
pub(crate) fn duration(text: &str) -> Result<windlass_flux::GoDuration, String> {
    windlass_flux::GoDuration::from_str(text).map_err(|error| error.to_string())
}

/// A revision as people read it: `main@sha1:7d1b5e3a…` with a hash of eight digits.
pub(crate) fn short_revision(revision: &str) -> String {
    match revision.rsplit_once(':') {
        Some((front, hash)) if hash.len() > 8 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
            format!("{front}:{}", &hash[..8])
        }
        _ => revision.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_cut_and_nothing_else() {
        assert_eq!(short_revision("main@sha1:7d1b5e3a9c0ffee"), "main@sha1:7d1b5e3a");
        assert_eq!(short_revision("v1.2.3"), "v1.2.3");
        assert_eq!(short_revision(""), "");
    }

    #[test]
    fn the_kind_of_a_source_may_be_said_or_not() {
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        let name = |text| without_source_kind(&words(text)).unwrap().map(str::to_owned);
        assert_eq!(name(""), None);
        assert_eq!(name("git"), None);
        assert_eq!(name("repo").as_deref(), Some("repo"));
        assert_eq!(name("git repo").as_deref(), Some("repo"));
        assert!(without_source_kind(&words("oci repo")).is_err());
    }

    #[test]
    fn a_namespaced_name_has_two_parts() {
        assert_eq!(namespaced("a/b").unwrap().to_string(), "a/b");
        for text in ["a", "a/", "/b", "a/b/c", ""] {
            assert!(namespaced(text).is_err(), "{text}");
        }
    }
}
