//! A public keyring of GnuPG that is read when somebody is to be encrypted for, and not before: it can be large.

use std::path::PathBuf;
use std::time::SystemTime;

use zeroize::Zeroizing;

use crate::PgpKeys;
use crate::master_key::{MasterKey, MasterKeyError};
use crate::recipient::{Recipient, RecipientKind};

/// The file of a keyring, which need not be there.
pub(crate) struct KeyringFile(pub(crate) PathBuf);

impl KeyringFile {
    fn keys(&self) -> Result<PgpKeys, MasterKeyError> {
        let bytes = std::fs::read(&self.0).map_err(|error| format!("{}: {error}", self.0.display()))?;
        Ok(PgpKeys::public(&bytes, &self.0.display().to_string())?)
    }
}

impl MasterKey for KeyringFile {
    fn kind(&self) -> RecipientKind {
        RecipientKind::Pgp
    }

    fn seal(&self, recipient: &Recipient, data_key: &[u8]) -> Result<String, MasterKeyError> {
        self.keys()?.seal(recipient, data_key)
    }

    fn seal_at(&self, recipient: &Recipient, data_key: &[u8], now: SystemTime) -> Result<String, MasterKeyError> {
        self.keys()?.seal_at(recipient, data_key, now)
    }

    fn open(&self, _recipient: &Recipient, _sealed: &str) -> Result<Zeroizing<Vec<u8>>, MasterKeyError> {
        Err("its private key is not at hand".into())
    }
}
