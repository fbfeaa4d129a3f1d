//! The destination rules of a `.sops.yaml`: where `sops publish` would put a file.

use serde_json::Value as Json;

use crate::rule_fields::RuleFields;
use crate::rules::CreationRule;
use crate::{RuleError, go_regex};

/// A destination rule: where `sops publish` would put a file, and whom it would encrypt it for there.
///
/// It is read so that a `.sops.yaml` can be checked and shown as a whole. Nothing here publishes.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct DestinationRule {
    /// Its place among the rules, from 0.
    pub number: usize,
    /// Which files it is for. Absent: all that no rule before it took. As in sops, one that does not compile matches nothing.
    pub path_regex: Option<String>,
    /// Where files go. Absent where the rule names no place.
    pub destination: Option<Destination>,
    /// Whether the names of files go there without their extensions.
    pub omit_extensions: bool,
    /// Whom files are encrypted for there, where the rule says so.
    pub recreation: Option<CreationRule>,
}

/// A place that files are published to.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Destination {
    /// A bucket of S3.
    S3 {
        /// Its name.
        bucket: String,
        /// What names of objects start with.
        prefix: String,
    },
    /// A bucket of Google Cloud Storage.
    Gcs {
        /// Its name.
        bucket: String,
        /// What names of objects start with.
        prefix: String,
    },
    /// Vault's key-value store.
    Vault {
        /// The address; empty where the environment says it.
        address: String,
        /// The path in the store.
        path: String,
        /// Where the store is mounted; empty for `secret/`.
        mount: String,
        /// The version of the store's API; 0 for 2.
        version: u64,
    },
}

impl DestinationRule {
    pub(crate) fn read(number: usize, rule: &Json) -> Result<Self, RuleError> {
        let fields = RuleFields::of(number, rule)?;
        let text = |name: &str| fields.text(name);
        let full = |name: &str| Ok::<_, RuleError>(text(name)?.unwrap_or_default());
        let path_regex = text("path_regex")?;
        let mut places = Vec::new();
        if let Some(bucket) = text("s3_bucket")? {
            places.push(Destination::S3 { bucket, prefix: full("s3_prefix")? });
        }
        if let Some(bucket) = text("gcs_bucket")? {
            places.push(Destination::Gcs { bucket, prefix: full("gcs_prefix")? });
        }
        if let Some(path) = text("vault_path")? {
            let version = fields.number("vault_kv_version")?.unwrap_or_default();
            let (address, mount) = (full("vault_address")?, full("vault_kv_mount_name")?);
            places.push(Destination::Vault { address, path, mount, version });
        }
        if places.len() > 1 {
            return Err(RuleError::TwoDestinations { rule: number });
        }
        let recreation = match fields.get("recreation_rule") {
            None => None,
            Some(rule) => Some(CreationRule::read(number, rule)?),
        };
        Ok(Self {
            number,
            path_regex,
            destination: places.pop(),
            omit_extensions: fields.flag("omit_extensions")?,
            recreation,
        })
    }

    /// Whether the rule is for a file. The expression is looked for anywhere in the absolute path.
    pub fn matches(&self, path: &str) -> bool {
        let Some(pattern) = &self.path_regex else { return true };
        go_regex::compile(pattern).is_ok_and(|regex| regex.is_match(path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SopsConfig;

    #[test]
    fn the_first_matching_rule_names_the_place() {
        let config = SopsConfig::parse(
            "destination_rules:\n- {s3_bucket: b, s3_prefix: p/, path_regex: ^/repo/s3/, omit_extensions: true}\n\
             - {gcs_bucket: g, path_regex: '['}\n\
             - {vault_path: v, vault_address: 'https://v', recreation_rule: {pgp: ABCDEF0123456789}}\n",
        )
        .unwrap();
        let first = config.destination_for("/repo/s3/a.yaml").unwrap();
        assert_eq!(first.destination, Some(Destination::S3 { bucket: "b".into(), prefix: "p/".into() }));
        assert!(first.omit_extensions);
        let other = config.destination_for("/repo/a.yaml").unwrap();
        assert_eq!(other.number, 2);
        assert_eq!(other.recreation.as_ref().unwrap().recipients().unwrap().iter().count(), 1);
        assert_eq!(
            SopsConfig::parse("destination_rules: [{s3_bucket: a, gcs_bucket: b}]").unwrap_err().to_string(),
            ".sops.yaml, destination rule 1: more than one destination, and a rule can have one only"
        );
    }
}
