//! The keys in a Kubernetes Secret, under the names that Flux gives them.

#[cfg(feature = "vault")]
use std::sync::Arc;

use crate::Identities;
use crate::identity_error::IdentityError;
use crate::identity_text::AGE_PREFIX;

/// How the name of each kind of key ends.
const AGE: &str = ".agekey";
const PGP: &str = ".asc";
const VAULT: &str = "sops.vault-token";

/// Credentials for services that are not asked here.
const CLOUDS: [(&str, &str); 3] =
    [("sops.aws-kms", "AWS KMS"), ("sops.gcp-kms", "Google Cloud KMS"), ("sops.azure-kv", "Azure Key Vault")];

const PGP_PRIVATE: &[u8] = b"-----BEGIN PGP PRIVATE KEY BLOCK-----";
const PUBLIC: [&[u8]; 3] = [b"age1", b"ssh-", b"-----BEGIN PGP PUBLIC KEY BLOCK-----"];

impl Identities {
    /// Reads the keys in the data of a Kubernetes Secret, as Flux does for `spec.decryption.secretRef`: age identities under every
    /// name that ends with `.agekey`; with the cargo feature `pgp` private keys under those that end with `.asc`, and with `vault`
    /// the token under `sops.vault-token`.
    ///
    /// Flux ignores any other name without a word, and `age.key` is a mistake often made. Here such a key is used too if it holds
    /// an age identity or a PGP private key, and each has a [warning](Identities::warnings), used or not.
    pub fn from_secret_data<'a>(data: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Self {
        Self::new().of_secret_data(data)
    }

    /// The same, where Vault is asked as the environment says that these identities were read from: with its `VAULT_CACERT`,
    /// `VAULT_NAMESPACE` and `SOPS_HC_VAULT_ALLOWLIST`. The identities themselves are not among the result.
    #[must_use]
    pub fn of_secret_data<'a>(&self, data: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Self {
        let mut all = Self::new();
        for (name, bytes) in data {
            let origin = format!("Secret key {name}");
            if name.ends_with(AGE) {
                all.pool(age_keys(bytes, &origin));
            } else if name.ends_with(PGP) {
                all.pool(pgp_keys(bytes, &origin));
            } else if name == VAULT {
                all.pool(vault(bytes, &origin, self));
            } else if let Some((_, service)) = CLOUDS.iter().find(|(own, _)| *own == name) {
                all.pool(Err(IdentityError::NoService { origin, service }));
            } else {
                all.misnamed(name, bytes, origin);
            }
        }
        all
    }

    /// What Flux ignores.
    fn misnamed(&mut self, name: &str, bytes: &[u8], origin: String) {
        let holds = |text: &[u8]| bytes.windows(text.len()).any(|window| window == text);
        let (what, ending, found) = if holds(AGE_PREFIX.as_bytes()) {
            ("an age identity", AGE, age_keys(bytes, &origin))
        } else if holds(PGP_PRIVATE) {
            ("a PGP private key", PGP, pgp_keys(bytes, &origin))
        } else {
            if !PUBLIC.iter().any(|start| bytes.trim_ascii_start().starts_with(start)) {
                let is_token = name.to_ascii_lowercase().contains("vault");
                self.pool(Err(IdentityError::Ignored { origin, is_token }));
            }
            return;
        };
        self.pool(found);
        self.pool(Err(IdentityError::NameIgnoredByFlux { origin, what, ending }));
    }
}

fn age_keys(bytes: &[u8], origin: &str) -> Result<Identities, IdentityError> {
    Identities::parse(text(bytes, origin)?, origin)
}

fn text<'a>(bytes: &'a [u8], origin: &str) -> Result<&'a str, IdentityError> {
    let unreadable = |_| IdentityError::Unreadable { origin: origin.to_owned(), reason: "not UTF-8 text".to_owned() };
    std::str::from_utf8(bytes).map_err(unreadable)
}

#[cfg(feature = "pgp")]
fn pgp_keys(bytes: &[u8], origin: &str) -> Result<Identities, IdentityError> {
    let mut identities = Identities::new();
    identities.add_pgp_keys(crate::PgpKeys::parse(bytes, origin, &crate::Prompt::default())?);
    Ok(identities)
}

#[cfg(not(feature = "pgp"))]
fn pgp_keys(_bytes: &[u8], origin: &str) -> Result<Identities, IdentityError> {
    Err(IdentityError::NotBuilt { origin: origin.to_owned(), what: "PGP keys", feature: "pgp" })
}

#[cfg(feature = "vault")]
fn vault(bytes: &[u8], origin: &str, settings: &Identities) -> Result<Identities, IdentityError> {
    let unusable = |reason| IdentityError::Unreadable { origin: origin.to_owned(), reason };
    let token = text(bytes, origin)?;
    if token.trim().is_empty() {
        return Err(unusable("the token is empty".to_owned()));
    }
    let vault = crate::VaultTransit::with_environment(token, |name| settings.vault_setting(name));
    let vault = vault.map_err(|error| unusable(error.to_string()))?;
    let mut identities = Identities::new();
    identities.add_master_key(Arc::new(vault));
    Ok(identities)
}

#[cfg(not(feature = "vault"))]
fn vault(_bytes: &[u8], origin: &str, _settings: &Identities) -> Result<Identities, IdentityError> {
    Err(IdentityError::NotBuilt { origin: origin.to_owned(), what: "tokens of Vault", feature: "vault" })
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "AGE-SECRET-KEY-1SA80FVW2E6CKNH9MGLS08S0GWEU9R8FSEM3EQQD270WRR4EHYFKS3VAP6R";

    fn read(data: &[(&str, &[u8])]) -> (Identities, Vec<String>) {
        let identities = Identities::from_secret_data(data.iter().copied());
        let warnings = identities.warnings().iter().map(ToString::to_string).collect();
        (identities, warnings)
    }

    #[test]
    fn a_secret_gives_what_flux_reads_and_what_it_ignores_with_a_warning() {
        let (identities, warnings) = read(&[
            ("age.agekey", KEY.as_bytes()),
            ("age.key", KEY.as_bytes()),
            ("pgp.pub", b"-----BEGIN PGP PUBLIC KEY BLOCK-----"),
            ("broken.agekey", b"\xff"),
            ("vault-token", b"hvs.x"),
            ("password", b"x"),
            ("sops.aws-kms", b"aws_access_key_id: x"),
        ]);
        assert_eq!(identities.recipients().count(), 2);
        assert_eq!(
            warnings,
            [
                "Secret key age.key: holds an age identity, but Flux reads only names that end with .agekey",
                "Secret key broken.agekey: cannot be read: not UTF-8 text",
                "Secret key vault-token: is not read, by Flux neither: the token of Vault has the name sops.vault-token",
                "Secret key password: is not read, by Flux neither: names end with .agekey or .asc, or are sops.vault-token",
                "Secret key sops.aws-kms: AWS KMS is not asked by Windlass: let the files have an age, PGP or Vault recipient too",
            ]
        );
    }

    #[test]
    #[cfg(not(feature = "pgp"))]
    fn a_program_without_a_feature_says_so() {
        let (_, warnings) = read(&[("sops.asc", b"x"), ("sops.vault-token", b"x")]);
        assert_eq!(warnings[0], "Secret key sops.asc: this program was built without PGP keys (cargo feature `pgp`)");
    }
}
