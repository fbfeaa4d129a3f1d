//! One for whom a document is encrypted.

use std::fmt;
use std::str::FromStr as _;

use serde_json::{Map, Value as Json};

use crate::post_quantum;
use crate::recipient_error::RecipientError;

/// The field of an entry that holds the encrypted data key.
pub(crate) const SEALED: &str = "enc";

/// One for whom a document is encrypted.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Recipient {
    /// The kind of key.
    pub kind: RecipientKind,
    /// The public name of the key: an age recipient, a fingerprint, an ARN, a URL.
    pub id: String,
    /// The fields of its entry in the metadata, with those nobody here knows.
    pub(crate) fields: Map<String, Json>,
}

impl Recipient {
    /// An age recipient: `age1…`, the post-quantum `age1pq1…` (which sops opens from 3.12 on), `ssh-ed25519 …`, `ssh-rsa …`, or
    /// that of a plugin, `age1name1…`.
    ///
    /// # Errors
    ///
    /// When the text is none of these.
    pub fn age(text: &str) -> Result<Self, RecipientError> {
        check_age(text)?;
        Ok(Self::of(RecipientKind::Age, &[("recipient", text)]))
    }

    /// A PGP key by its fingerprint, which may have blanks, and a `!` at its end where a subkey is meant.
    ///
    /// # Errors
    ///
    /// When the text is not hexadecimal.
    pub fn pgp(fingerprint: &str) -> Result<Self, RecipientError> {
        let text: String = fingerprint.chars().filter(|letter| !letter.is_whitespace()).collect();
        let digits = text.strip_suffix('!').unwrap_or(&text);
        if digits.len() < 8 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(RecipientError::Form { text: fingerprint.to_owned(), what: "PGP fingerprint" });
        }
        Ok(Self::of(RecipientKind::Pgp, &[("fp", &text)]))
    }

    /// A key of a service, written as sops takes it on the command line: an ARN (with `+` and the ARN of a role, where one is
    /// to be assumed), a Google resource, a URL of Azure Key Vault or of Vault's transit engine, `region:uuid` for Huawei.
    /// For [`Age`](RecipientKind::Age) and [`Pgp`](RecipientKind::Pgp) the same as [`age`](Self::age) and [`pgp`](Self::pgp).
    ///
    /// # Errors
    ///
    /// When the text has another form.
    pub fn parse(kind: RecipientKind, text: &str) -> Result<Self, RecipientError> {
        let wrong = |what| RecipientError::Form { text: text.to_owned(), what };
        match kind {
            RecipientKind::Age => Self::age(text),
            RecipientKind::Pgp => Self::pgp(text),
            RecipientKind::AwsKms => {
                let (arn, role) = text.split_once('+').map_or((text, None), |(arn, role)| (arn, Some(role)));
                if !arn.starts_with("arn:") {
                    return Err(wrong("ARN of AWS KMS"));
                }
                let fields: Vec<_> = std::iter::once(("arn", arn)).chain(role.map(|role| ("role", role))).collect();
                Ok(Self::of(kind, &fields))
            }
            RecipientKind::GcpKms => Ok(Self::of(kind, &[("resource_id", text)])),
            RecipientKind::HuaweiKms => Ok(Self::of(kind, &[("key_id", text)])),
            RecipientKind::AzureKeyVault => {
                let (vault, name, version) = split_azure(text).ok_or_else(|| wrong("URL of an Azure key"))?;
                Ok(Self::of(kind, &[("vault_url", vault), ("name", name), ("version", version)]))
            }
            RecipientKind::Vault => {
                let (address, engine, name) =
                    split_vault(text).ok_or_else(|| wrong("URL of a key of Vault's transit engine"))?;
                Ok(Self::of(kind, &[("vault_address", address), ("engine_path", engine), ("key_name", name)]))
            }
        }
    }

    fn of(kind: RecipientKind, fields: &[(&str, &str)]) -> Self {
        let fields = fields.iter().map(|(name, text)| ((*name).to_owned(), Json::from(*text))).collect();
        Self::from_fields(kind, fields)
    }

    /// The recipient of an entry in the metadata.
    pub(crate) fn from_fields(kind: RecipientKind, fields: Map<String, Json>) -> Self {
        let names = kind.naming_fields().iter();
        let id: Vec<_> = names.filter_map(|name| fields.get(*name).and_then(Json::as_str)).collect();
        Self { kind, id: id.join("/"), fields }
    }

    /// A field of its entry in the metadata: `arn`, `role`, `vault_address`, `engine_path`, `key_name` and so on.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.get(name).and_then(Json::as_str).filter(|_| name != SEALED)
    }

    /// The data key, or a share of it, encrypted for this recipient.
    pub(crate) fn sealed(&self) -> &str {
        self.fields.get(SEALED).and_then(Json::as_str).unwrap_or_default()
    }
}

impl fmt::Debug for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recipient").field("kind", &self.kind).field("id", &self.id).finish_non_exhaustive()
    }
}

/// `https://vault/keys/NAME/VERSION`, the version optional.
fn split_azure(text: &str) -> Option<(&str, &str, &str)> {
    let (vault, key) = text.split_once("/keys/")?;
    let (name, version) = key.trim_end_matches('/').split_once('/').unwrap_or((key.trim_end_matches('/'), ""));
    (vault.starts_with("https://") && !name.is_empty()).then_some((vault, name, version))
}

/// `https://host/v1/ENGINE/keys/NAME`, the path of the engine of one or several parts.
fn split_vault(text: &str) -> Option<(&str, &str, &str)> {
    let scheme = text.find("://")? + 3;
    let (host, path) = text[scheme..].split_once("/v1/")?;
    let (engine, name) = path.rsplit_once("/keys/")?;
    let name = name.trim_end_matches('/');
    let fits = !host.is_empty() && !engine.is_empty() && !name.is_empty() && !name.contains('/');
    fits.then_some((&text[..scheme + host.len()], engine, name))
}

/// Tells at once what the age crate would say later.
fn check_age(text: &str) -> Result<(), RecipientError> {
    let wrong = |reason: &str| RecipientError::Age { text: text.to_owned(), reason: reason.to_owned() };
    if text.starts_with(post_quantum::RECIPIENT_START) {
        return post_quantum::Recipient::parse(text).map(drop).ok_or_else(|| wrong("a broken post-quantum recipient"));
    }
    if text.starts_with("ssh-") {
        return match age::ssh::Recipient::from_str(text) {
            Ok(_) => Ok(()),
            Err(_) => Err(wrong("not an SSH public key of a kind that age encrypts for")),
        };
    }
    match age::x25519::Recipient::from_str(text) {
        Ok(_) => Ok(()),
        Err(_) if age::plugin::Recipient::from_str(text).is_ok() => Ok(()),
        Err(reason) => Err(wrong(reason)),
    }
}

/// The kinds of keys that SOPS encrypts for.
///
/// [`Age`](Self::Age) is built in. For the others a [`MasterKey`](crate::MasterKey) has to be at hand; without one they are
/// kept in a document that is edited, and named in errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum RecipientKind {
    /// `age1…`, an SSH key, or an age plugin's recipient.
    Age,
    /// A PGP fingerprint.
    Pgp,
    /// An ARN of AWS KMS.
    AwsKms,
    /// A resource of Google Cloud KMS.
    GcpKms,
    /// A key of Azure Key Vault.
    AzureKeyVault,
    /// A Transit key of HashiCorp Vault or OpenBao.
    Vault,
    /// A key of Huawei Cloud KMS.
    HuaweiKms,
}

impl RecipientKind {
    /// All kinds, in the order in which sops tries them by default.
    pub(crate) const ALL: [Self; 7] =
        [Self::Age, Self::Pgp, Self::AwsKms, Self::GcpKms, Self::HuaweiKms, Self::AzureKeyVault, Self::Vault];

    /// The kind whose list in the metadata has this name.
    pub(crate) fn of_list(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.list_name() == name)
    }

    /// The list in the metadata that holds recipients of this kind.
    pub(crate) fn list_name(self) -> &'static str {
        match self {
            Self::Age => "age",
            Self::Pgp => "pgp",
            Self::AwsKms => "kms",
            Self::GcpKms => "gcp_kms",
            Self::AzureKeyVault => "azure_kv",
            Self::Vault => "hc_vault",
            Self::HuaweiKms => "hckms",
        }
    }

    /// The fields that make up the name of a recipient.
    fn naming_fields(self) -> &'static [&'static str] {
        match self {
            Self::Age => &["recipient"],
            Self::Pgp => &["fp"],
            Self::AwsKms => &["arn"],
            Self::GcpKms => &["resource_id"],
            Self::AzureKeyVault => &["vault_url", "name"],
            Self::Vault => &["vault_address", "engine_path", "key_name"],
            Self::HuaweiKms => &["key_id"],
        }
    }

    /// What makes a kind usable.
    pub(crate) fn remedy(self) -> &'static str {
        match self {
            Self::Age => "age is built in",
            Self::Pgp if cfg!(feature = "pgp") => {
                "import its key into gpg; in a cluster, put it into the Secret under a name that ends with .asc"
            }
            Self::Pgp => "build with the cargo feature `pgp`, or give a `MasterKey` for PGP",
            Self::AwsKms => {
                "no cargo feature has AWS KMS yet: add an age, PGP or Vault recipient, or give a `MasterKey` for it"
            }
            Self::GcpKms => {
                "no cargo feature has Google Cloud KMS yet: add an age, PGP or Vault recipient, or give a `MasterKey` for it"
            }
            Self::AzureKeyVault => {
                "no cargo feature has Azure Key Vault yet: add an age, PGP or Vault recipient, or give a `MasterKey` for it"
            }
            Self::Vault if cfg!(feature = "vault") => {
                "set VAULT_TOKEN, or log in with `vault login`; in a cluster, put a token into the Secret as sops.vault-token"
            }
            Self::Vault => "build with the cargo feature `vault`, or give a `MasterKey` for Vault",
            Self::HuaweiKms => {
                "no cargo feature has Huawei Cloud KMS yet: add an age, PGP or Vault recipient, or give a `MasterKey` for it"
            }
        }
    }
}

impl fmt::Display for RecipientKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Age => "age",
            Self::Pgp => "PGP",
            Self::AwsKms => "AWS KMS",
            Self::GcpKms => "Google Cloud KMS",
            Self::AzureKeyVault => "Azure Key Vault",
            Self::Vault => "Vault",
            Self::HuaweiKms => "Huawei Cloud KMS",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_apart_as_sops_does() {
        let vault = Recipient::parse(RecipientKind::Vault, "https://v.example:8200/v1/a/b/keys/k").unwrap();
        let fields = ["vault_address", "engine_path", "key_name"].map(|name| vault.field(name).unwrap());
        assert_eq!(fields, ["https://v.example:8200", "a/b", "k"]);
        let azure = Recipient::parse(RecipientKind::AzureKeyVault, "https://x.vault.azure.net/keys/n/1").unwrap();
        assert_eq!((azure.field("name"), azure.field("version")), (Some("n"), Some("1")));
        let kms = Recipient::parse(RecipientKind::AwsKms, "arn:aws:kms:a:1:key/b+arn:aws:iam::1:role/r").unwrap();
        assert_eq!((kms.id.as_str(), kms.field("role")), ("arn:aws:kms:a:1:key/b", Some("arn:aws:iam::1:role/r")));
        assert_eq!(Recipient::pgp("AB CD 01 23 45").unwrap().id, "ABCD012345");
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for (kind, text) in [
            (RecipientKind::Age, "age1nope"),
            (RecipientKind::Age, "age1pq1x"),
            (RecipientKind::Age, "ssh-dss AAAA"),
            (RecipientKind::Pgp, "not hex!"),
            (RecipientKind::AwsKms, "key"),
            (RecipientKind::AzureKeyVault, "https://x/secrets/a"),
            (RecipientKind::Vault, "https://v/v1/keys/k"),
        ] {
            assert!(Recipient::parse(kind, text).is_err(), "{text}");
        }
    }
}
