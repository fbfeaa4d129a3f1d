//! Opening a document: data key, values, MAC.

use serde_json::Value;

use crate::tree::Branch;
use crate::{DecryptionOrder, Error, Format, Identities, Metadata, Plaintext, StoresConfig, ValueFault};
use crate::{data_key, metadata_fields, opening, stores, values};

/// Choices for decryption. The default verifies.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct DecryptOptions {
    /// What to do with the message authentication code. Default: [`Mac::Verify`].
    pub mac: Mac,
    /// In which order the kinds of keys are tried. Default: age, PGP, then those of the document.
    pub order: DecryptionOrder,
    /// How the plaintext is printed. Default: as sops does without a configuration.
    pub stores: StoresConfig,
}

impl DecryptOptions {
    /// Leaves the message authentication code out of account, as `sops --ignore-mac` and as Flux do.
    #[must_use]
    pub fn ignore_mac(mut self) -> Self {
        self.mac = Mac::Ignore;
        self
    }

    /// Sets in which order the kinds of keys are tried.
    #[must_use]
    pub fn order(mut self, order: DecryptionOrder) -> Self {
        self.order = order;
        self
    }

    /// Sets how the plaintext is printed.
    #[must_use]
    pub fn stores(mut self, stores: StoresConfig) -> Self {
        self.stores = stores;
        self
    }
}

/// What to do with the message authentication code over all values of a document.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Mac {
    /// A document that was changed since it was encrypted is refused.
    #[default]
    Verify,
    /// Changes between encrypted values go unseen: removed, swapped, added ones. Each encrypted value is still
    /// authenticated by itself, with its key path. For documents that were changed on purpose, as a kustomize
    /// build does.
    Ignore,
}

/// Decrypts a document.
///
/// In the order of sops: the text is read, the data key is opened, every selected value is decrypted, and then the MAC is
/// compared. On success the document has no `sops` entry any more; in a YAML stream no document has.
///
/// # Errors
///
/// See [`Error`]; [`Error::exit_code`] tells the classes apart.
pub fn decrypt(
    text: &[u8],
    format: Format,
    identities: &Identities,
    options: &DecryptOptions,
) -> Result<Plaintext, Error> {
    let mut documents = stores::read(text, format)?;
    let metadata = metadata_fields::take(&mut documents, format)?;
    metadata.check_version()?;
    open(&mut documents, &metadata, format, identities, options)?;
    let bytes = stores::print(&documents, format, text.len(), options.stores)?;
    let values = match format {
        // Its one value is bytes, which JSON cannot say.
        Format::Binary => Vec::new(),
        _ => documents.iter().map(|document| values::to_json(document, format)).collect(),
    };
    Ok(Plaintext::new(bytes, values))
}

/// Decrypts an object that holds its metadata in a top-level `sops` entry: a Kubernetes object after a kustomize build, as
/// Flux decrypts it. The answer has no `sops` entry.
///
/// A build that changed the object (a namespace, a label) has broken its MAC: verify the file as it was fetched, and
/// decrypt the object with [`DecryptOptions::ignore_mac`].
///
/// # Errors
///
/// See [`Error`]. Without a `sops` entry, or for a value that is no object: [`Error::NotEncrypted`].
pub fn decrypt_value(value: &Value, identities: &Identities, options: &DecryptOptions) -> Result<Value, Error> {
    let object = value.as_object().ok_or(Error::NotEncrypted)?;
    let mut documents = [values::from_json(object)?];
    let metadata = metadata_fields::take(&mut documents, Format::Json)?;
    open(&mut documents, &metadata, Format::Json, identities, options)?;
    Ok(values::to_json(&documents[0], Format::Json))
}

fn open(
    documents: &mut [Branch],
    metadata: &Metadata,
    format: Format,
    identities: &Identities,
    options: &DecryptOptions,
) -> Result<(), Error> {
    metadata.check_time()?;
    let key = data_key::open(metadata, identities, options.order)?;
    let decrypted = opening::decrypt(documents, metadata, &key, format)?;
    if options.mac == Mac::Verify {
        decrypted.hash.verify(metadata.mac.as_deref(), metadata.last_modified.as_deref(), &key)?;
    }
    match decrypted.comment_as_value {
        None => Ok(()),
        Some(at) => Err(Error::Value { at: Box::new(at), fault: ValueFault::CommentAsValue }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Encrypted by sops 3.11.0 with `encrypted_regex`, for a key made for this test.
    const OBJECT: &str = r##"{
	"apiVersion": "v1",
	"stringData": {
		"password": "ENC[AES256_GCM,data:UwBRVlXixw==,iv:TlAsDbMySwVKCJqoqYrEOnoX03usAaGjt3L93xI70Xw=,tag:5exu+X8oV5XQERyNcJyQSQ==,type:str]"
	},
	"sops": {
		"age": [
			{
				"recipient": "age12sazq8d83w7zjc8sc5fgrljngakjqt5f9z3l782f25g64cjzvdxqmxs0rx",
				"enc": "-----BEGIN AGE ENCRYPTED FILE-----\nYWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IFgyNTUxOSBaN0hiSzBnTHEvUHg0Nkpp\nRk1RUzNnbWNCMnVMTmdGSlgvSFc5VVhXS0E4ClVuMHAwVnlubVFsaG1JWE05SWdq\nSWp5c1A5VzlFZmRDWXhpRlBiWkpwL2MKLS0tICtBUlkvL3FpN3dHekpMczFpNnZm\nMy9kMHdybkJXd3JzQlY1UU56WmVJYTAKJNEIAK6Fb7rCIYCvGYP1Q3ZqYmxWUILn\nGz9QsgcLRdeTCPAl1RGMgobYKNmfRfLHL+582n9jruIn/GiW3eZ8jA==\n-----END AGE ENCRYPTED FILE-----\n"
			}
		],
		"lastmodified": "2026-11-20T05:01:50Z",
		"mac": "ENC[AES256_GCM,data:s4qagyhfhx0XWu9DmgupPhcMeDAzumcWBxnsh0lJibOMGNLAUZCCqeZn3Fa0VYX4Fnu1BuvKQs+8v98phfplJwqDbxXB/20lz9JVa+Fucokr7eLcGryk0LOe3m0HNJXMbLL11Ah7I/YyzZtvBbhmc4uHpGXbtqRP1XPX/QuPj2E=,iv:NTtmlpSX5VR9ftoDleqXyhNEdHarg5AhqjJWyiFs5Mk=,tag:fmawHzgarLQKv5k0NR8acA==,type:str]",
		"encrypted_regex": "^(data|stringData)$",
		"version": "3.11.0"
	}
}"##;
    const KEY: &str = "AGE-SECRET-KEY-1SA80FVW2E6CKNH9MGLS08S0GWEU9R8FSEM3EQQD270WRR4EHYFKS3VAP6R";

    fn object() -> Value {
        serde_json::from_str(OBJECT).unwrap()
    }

    fn identities() -> Identities {
        Identities::parse(KEY, "the test").unwrap()
    }

    #[test]
    fn an_object_in_memory_opens_without_its_metadata() {
        let plain = decrypt_value(&object(), &identities(), &DecryptOptions::default()).unwrap();
        assert_eq!(plain, serde_json::json!({"apiVersion": "v1", "stringData": {"password": "hunter2"}}));
    }

    #[test]
    fn a_changed_object_opens_when_the_mac_is_left_out() {
        let mut changed = object();
        changed["metadata"] = serde_json::json!({"namespace": "apps"});
        let verified = decrypt_value(&changed, &identities(), &DecryptOptions::default());
        assert!(matches!(verified, Err(Error::MacMismatch)));
        let plain = decrypt_value(&changed, &identities(), &DecryptOptions::default().ignore_mac()).unwrap();
        assert_eq!(plain["stringData"]["password"], "hunter2");
    }

    #[test]
    fn a_value_that_was_not_encrypted_says_so() {
        for value in [serde_json::json!(3), serde_json::json!({"a": 1})] {
            let error = decrypt_value(&value, &identities(), &DecryptOptions::default());
            assert!(matches!(error, Err(Error::NotEncrypted)));
        }
    }

    #[test]
    fn a_fault_names_its_place_and_not_its_text() {
        let text = OBJECT.replace("ENC[AES256_GCM,data:", "hunter2 ");
        let error = decrypt(text.as_bytes(), Format::Json, &identities(), &DecryptOptions::default()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "stringData.password (line 4): this value should be encrypted, but stands there in clear"
        );
        assert!(!format!("{error:?}").contains("hunter2"));
    }

    #[test]
    fn debug_shows_no_plaintext() {
        let plain = decrypt(OBJECT.as_bytes(), Format::Json, &identities(), &DecryptOptions::default()).unwrap();
        assert_eq!(format!("{plain:?}"), "Plaintext { documents: 1, .. }");
    }

    #[test]
    fn recipients_of_other_kinds_are_named() {
        let mut object = object();
        object["sops"]["age"] = Value::Null;
        object["sops"]["pgp"] = serde_json::json!([{"fp": "ABCD", "enc": "..."}]);
        let error = decrypt_value(&object, &identities(), &DecryptOptions::default()).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!(
                "the document is encrypted only for PGP (ABCD), and nothing at hand opens that; PGP: {}",
                crate::RecipientKind::Pgp.remedy()
            )
        );
    }

    #[test]
    fn metadata_without_a_version_or_a_time_are_told_as_incomplete() {
        for field in ["version", "lastmodified"] {
            let mut object = object();
            object["sops"].as_object_mut().unwrap().remove(field);
            let text = object.to_string();
            let error = decrypt(text.as_bytes(), Format::Json, &identities(), &DecryptOptions::default()).unwrap_err();
            assert_eq!(error.to_string(), format!("sops.{field} is missing: the metadata is incomplete"));
        }
        // Flux does not ask for the version.
        let mut object = object();
        object["sops"]["version"] = Value::Null;
        assert!(decrypt_value(&object, &identities(), &DecryptOptions::default()).is_ok());
        object["sops"]["lastmodified"] = "today".into();
        let error = decrypt_value(&object, &identities(), &DecryptOptions::default()).unwrap_err();
        assert_eq!(error.to_string(), "sops.lastmodified is no time as in 2026-11-20T05:25:08Z");
    }

    #[test]
    fn a_damaged_key_for_one_of_ours_is_told_apart_from_a_foreign_one() {
        let mut object = object();
        let enc = object["sops"]["age"][0]["enc"].as_str().unwrap().replace("-----END", "AAAA\n-----END");
        object["sops"]["age"][0]["enc"] = enc.into();
        let error = decrypt_value(&object, &identities(), &DecryptOptions::default()).unwrap_err();
        assert!(
            error.to_string().ends_with(
                "; the key stored for age12sazq8d83w7zjc8sc5fgrljngakjqt5f9z3l782f25g64cjzvdxqmxs0rx is damaged"
            ),
            "{error}"
        );
    }
}
