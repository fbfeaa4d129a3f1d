//! For whom a file is encrypted: the flags, or the rule.

use std::path::Path;

use windlass_secrets::{Error, RuleFile};
use windlass_sops::{EncryptOptions, Recipient, RecipientKind, Recipients, Selector};

use crate::secrets::settings::{FoundRule, Settings};
use crate::trouble::Trouble;

/// Recipients
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct RecipientArgs {
    /// age recipients, separated by commas: age1…, ssh-ed25519 …, ssh-rsa …
    #[arg(short, long, value_name = "LIST", env = "SOPS_AGE_RECIPIENTS", hide_env_values = true, help_heading = HEADING)]
    age: Option<String>,

    /// PGP fingerprints
    #[arg(short, long, value_name = "LIST", env = "SOPS_PGP_FP", hide_env_values = true, help_heading = HEADING)]
    pgp: Option<String>,

    /// AWS KMS keys, by ARN
    #[arg(short, long, value_name = "LIST", env = "SOPS_KMS_ARN", hide_env_values = true, help_heading = HEADING)]
    kms: Option<String>,

    /// Google Cloud KMS keys, by resource
    #[arg(long, value_name = "LIST", env = "SOPS_GCP_KMS_IDS", hide_env_values = true, help_heading = HEADING)]
    gcp_kms: Option<String>,

    /// Huawei Cloud KMS keys
    #[arg(long, value_name = "LIST", env = "SOPS_HUAWEICLOUD_KMS_IDS", hide_env_values = true, help_heading = HEADING)]
    hckms: Option<String>,

    /// Azure Key Vault keys, by URL
    #[arg(long, value_name = "LIST", env = "SOPS_AZURE_KEYVAULT_URLS", hide_env_values = true, help_heading = HEADING)]
    azure_kv: Option<String>,

    /// Keys of Vault's transit engine, by URL
    #[arg(long, value_name = "LIST", env = "SOPS_VAULT_URIS", hide_env_values = true, help_heading = HEADING)]
    hc_vault_transit: Option<String>,

    /// How many key groups must be opened
    #[arg(long, value_name = "N", help_heading = HEADING)]
    shamir_secret_sharing_threshold: Option<usize>,
}

const HEADING: &str = "Recipients, instead of those of the rule";

impl RecipientArgs {
    /// How many key groups must be opened, where that is said.
    pub(crate) fn threshold(&self) -> Option<usize> {
        self.shamir_secret_sharing_threshold
    }

    /// Those named; none where none is.
    pub(crate) fn named(&self) -> anyhow::Result<Vec<Recipient>> {
        let lists = [
            (&self.age, RecipientKind::Age),
            (&self.pgp, RecipientKind::Pgp),
            (&self.kms, RecipientKind::AwsKms),
            (&self.gcp_kms, RecipientKind::GcpKms),
            (&self.hckms, RecipientKind::HuaweiKms),
            (&self.azure_kv, RecipientKind::AzureKeyVault),
            (&self.hc_vault_transit, RecipientKind::Vault),
        ];
        let mut all = Vec::new();
        for (list, kind) in lists {
            all.extend(parse(kind, list.as_deref())?);
        }
        Ok(all)
    }

    /// For whom a new file is to be encrypted.
    pub(crate) fn recipients(
        &self,
        rule: Option<&FoundRule>,
        file: &Path,
        settings: &Settings<'_>,
    ) -> anyhow::Result<Recipients> {
        let named = self.named()?;
        let recipients = match rule {
            _ if !named.is_empty() => Recipients::new(named),
            Some(found) => of_rule(found)?,
            None => {
                let rules = settings.rule_files()?.for_file(&settings.absolute(file))?;
                let rules = rules.map(|file: std::sync::Arc<RuleFile>| file.path.clone());
                return Err(Error::NoRule { path: file.to_owned(), rules }.into());
            }
        };
        Ok(match self.shamir_secret_sharing_threshold {
            Some(threshold) if threshold > 0 => recipients.with_threshold(Some(threshold)),
            _ => recipients,
        })
    }
}

/// Those that a rule names.
pub(crate) fn of_rule(found: &FoundRule) -> Result<Recipients, Error> {
    found.rule.recipients().map_err(|source| Error::Rules { path: found.file.path.clone(), source })
}

/// Recipients of one kind, separated by commas.
pub(crate) fn parse(kind: RecipientKind, list: Option<&str>) -> anyhow::Result<Vec<Recipient>> {
    let names = list.unwrap_or_default().split(',').map(str::trim).filter(|name| !name.is_empty());
    names
        .map(|name| Recipient::parse(kind, name).map_err(|error| Trouble::new(error.to_string()).code(1).into()))
        .collect()
}

/// Which values are encrypted
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct SelectorArgs {
    /// Leave values in clear below keys that end with this
    #[arg(long, value_name = "TEXT", help_heading = SELECTOR)]
    unencrypted_suffix: Option<String>,

    /// Encrypt values below keys that end with this, and no others
    #[arg(long, value_name = "TEXT", help_heading = SELECTOR)]
    encrypted_suffix: Option<String>,

    /// Leave values in clear below keys that match
    #[arg(long, value_name = "REGEX", help_heading = SELECTOR)]
    unencrypted_regex: Option<String>,

    /// Encrypt values below keys that match, and no others
    #[arg(long, value_name = "REGEX", help_heading = SELECTOR)]
    encrypted_regex: Option<String>,

    /// Leave values in clear below comments that match
    #[arg(long, value_name = "REGEX", help_heading = SELECTOR)]
    unencrypted_comment_regex: Option<String>,

    /// Encrypt values below comments that match, and no others
    #[arg(long, value_name = "REGEX", help_heading = SELECTOR)]
    encrypted_comment_regex: Option<String>,

    /// Let the MAC cover the encrypted values only
    #[arg(long, help_heading = SELECTOR)]
    mac_only_encrypted: bool,
}

const SELECTOR: &str = "Selector, besides that of the rule";

impl SelectorArgs {
    /// How a file is to be encrypted. As in sops a flag and the rule can contradict each other.
    pub(crate) fn options(&self, rule: Option<&FoundRule>) -> anyhow::Result<EncryptOptions> {
        type Flag<'a> = (&'a Option<String>, fn(String) -> Selector);
        let flags: [Flag<'_>; 6] = [
            (&self.unencrypted_suffix, Selector::UnencryptedSuffix),
            (&self.encrypted_suffix, Selector::EncryptedSuffix),
            (&self.unencrypted_regex, Selector::UnencryptedRegex),
            (&self.encrypted_regex, Selector::EncryptedRegex),
            (&self.unencrypted_comment_regex, Selector::UnencryptedCommentRegex),
            (&self.encrypted_comment_regex, Selector::EncryptedCommentRegex),
        ];
        let given =
            flags.into_iter().filter_map(|(text, make)| Some(make(text.clone().filter(|text| !text.is_empty())?)));
        let mut selectors: Vec<Selector> = given.collect();
        let of_rule = rule.map(|found| &found.rule.selector).filter(|selector| **selector != Selector::default());
        if let Some(selector) = of_rule {
            let same_kind = |one: &Selector| std::mem::discriminant(one) == std::mem::discriminant(selector);
            if !selectors.iter().any(same_kind) {
                selectors.push(selector.clone());
            }
        }
        if selectors.len() > 1 {
            let trouble = Trouble::new("a file can have one selector only, and here is more than one");
            return Err(trouble.help("leave out the flag, or change the rule in .sops.yaml").code(8).into());
        }
        let mac_only = self.mac_only_encrypted || rule.is_some_and(|found| found.rule.mac_only_encrypted);
        Ok(EncryptOptions::default().selector(selectors.pop().unwrap_or_default()).mac_only_encrypted(mac_only))
    }
}
