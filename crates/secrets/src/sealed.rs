//! SealedSecrets, opened with the backup of their controller's keys.
//!
//! The format is that of bitnami-labs/sealed-secrets (`pkg/crypto`): two bytes with the length of the RSA part, the RSA part
//! (OAEP with SHA-256, which holds a session key), and the value under AES-256-GCM with a nonce of zeros, since a session key
//! is used once. The OAEP label ties a value to its scope.

use std::fmt;

use aes_gcm::aead::{Aead as _, KeyInit as _};
use aes_gcm::{Aes256Gcm, Nonce};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rsa::pkcs1::DecodeRsaPrivateKey as _;
use rsa::pkcs8::DecodePrivateKey as _;
use rsa::sha2::Sha256;
use rsa::{Oaep, RsaPrivateKey};
use serde_json::{Map, Value as Json, json};
use windlass_yaml::ReadOptions;
use zeroize::Zeroizing;

/// Why a SealedSecret could not be imported. It shows no value.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SealedError {
    /// A manifest is no YAML.
    #[error("the manifest cannot be read: {0}")]
    Syntax(#[source] windlass_yaml::Error),
    /// There is no SealedSecret in the file.
    #[error("there is no SealedSecret in it")]
    None,
    /// A part of a SealedSecret is not what it should be, or cannot be imported.
    #[error("SealedSecret {name}: {reason}")]
    Shape {
        /// Its namespace and name.
        name: String,
        /// What is wrong.
        reason: &'static str,
    },
    /// No key opens a value.
    #[error(
        "SealedSecret {name}: none of the {keys} keys opens {value} (sealed {scope}): it was sealed by another controller, or \
         its name, namespace or scope was changed since"
    )]
    NoKey {
        /// Its namespace and name.
        name: String,
        /// The key of the value.
        value: String,
        /// The scope it was tried with.
        scope: &'static str,
        /// How many keys were tried.
        keys: usize,
    },
    /// The backup holds no key.
    #[error("there is no private key in the backup: neither PEM nor Secrets with a `tls.key`")]
    NoKeys,
    /// A key in the backup cannot be read.
    #[error("a private key in the backup cannot be read (RSA, PEM)")]
    BrokenKey,
}

/// The private keys of a controller.
pub struct SealingKeys(Vec<RsaPrivateKey>);

impl fmt::Debug for SealingKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SealingKeys").field("keys", &self.0.len()).finish()
    }
}

impl SealingKeys {
    /// Reads a backup: what `kubectl get secret -n kube-system -l sealedsecrets.bitnami.com/sealed-secrets-key -o yaml` gives
    /// (a list, one Secret or several documents), or private keys in PEM.
    ///
    /// # Errors
    ///
    /// [`SealedError::NoKeys`], [`SealedError::BrokenKey`], [`SealedError::Syntax`].
    pub fn parse(text: &str) -> Result<Self, SealedError> {
        let pems = if text.trim_start().starts_with("-----BEGIN") {
            vec![Zeroizing::new(text.to_owned())]
        } else {
            let documents =
                windlass_yaml::read_documents(text, &ReadOptions::resource()).map_err(SealedError::Syntax)?;
            let mut pems = Vec::new();
            for mut document in documents {
                collect_keys(&document.value, &mut pems);
                crate::json_path::wipe(&mut document.value);
            }
            pems
        };
        let keys: Vec<_> = pems.iter().flat_map(|pem| private_keys(pem)).collect::<Result<_, _>>()?;
        if keys.is_empty() { Err(SealedError::NoKeys) } else { Ok(Self(keys)) }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none, which [`parse`](Self::parse) refuses.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn open(&self, sealed: &[u8], label: &str) -> Option<Zeroizing<Vec<u8>>> {
        let (length, rest) = sealed.split_first_chunk::<2>()?;
        let (session, value) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
        self.0.iter().find_map(|key| {
            let padding =
                if label.is_empty() { Oaep::new::<Sha256>() } else { Oaep::new_with_label::<Sha256, _>(label) };
            let session = Zeroizing::new(key.decrypt(padding, session).ok()?);
            let cipher = Aes256Gcm::new_from_slice(&session).ok()?;
            cipher.decrypt(&Nonce::default(), value).ok().map(Zeroizing::new)
        })
    }
}

fn collect_keys(value: &Json, pems: &mut Vec<Zeroizing<String>>) {
    if let Some(items) = value.get("items").and_then(Json::as_array) {
        items.iter().for_each(|item| collect_keys(item, pems));
    }
    let data = value.get("data").and_then(|data| data.get("tls.key")).and_then(Json::as_str);
    let decoded = data.and_then(|data| STANDARD.decode(data.trim()).map(Zeroizing::new).ok());
    let from_data =
        decoded.and_then(|bytes| std::str::from_utf8(&bytes).ok().map(|text| Zeroizing::new(text.to_owned())));
    let clear = value.get("stringData").and_then(|data| data.get("tls.key")).and_then(Json::as_str);
    pems.extend(from_data.or_else(|| clear.map(|text| Zeroizing::new(text.to_owned()))));
}

/// The keys in a text of one or several PEM blocks; certificates between them are passed over.
fn private_keys(pem: &str) -> Vec<Result<RsaPrivateKey, SealedError>> {
    const END: &str = "-----END ";
    let mut keys = Vec::new();
    let mut rest = pem;
    while let Some(start) = rest.find("-----BEGIN ") {
        let block = &rest[start..];
        let Some(end) =
            block.find(END).and_then(|end| Some(end + END.len() + block[end + END.len()..].find("-----")? + 5))
        else {
            keys.push(Err(SealedError::BrokenKey));
            break;
        };
        let (own, behind) = block.split_at(end);
        if own.starts_with("-----BEGIN RSA PRIVATE KEY") {
            keys.push(RsaPrivateKey::from_pkcs1_pem(own).map_err(|_| SealedError::BrokenKey));
        } else if own.starts_with("-----BEGIN PRIVATE KEY") {
            keys.push(RsaPrivateKey::from_pkcs8_pem(own).map_err(|_| SealedError::BrokenKey));
        }
        rest = behind;
    }
    keys
}

/// A Secret that was sealed, in clear. Its memory is wiped when it is dropped.
pub struct Unsealed {
    /// The manifest of the Secret: what the controller would make of it, with its values in `data`.
    pub manifest: Json,
    /// Its namespace; empty where the SealedSecret names none.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

impl fmt::Debug for Unsealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unsealed").field("namespace", &self.namespace).field("name", &self.name).finish_non_exhaustive()
    }
}

impl Drop for Unsealed {
    fn drop(&mut self) {
        crate::json_path::wipe(&mut self.manifest);
    }
}

/// Opens all SealedSecrets of a file; other documents in it are passed over.
///
/// # Errors
///
/// See [`SealedError`]. A SealedSecret without a namespace that was sealed for one is tried with `namespace`.
pub fn unseal(text: &str, keys: &SealingKeys, namespace: Option<&str>) -> Result<Vec<Unsealed>, SealedError> {
    let documents = windlass_yaml::read_documents(text, &ReadOptions::resource()).map_err(SealedError::Syntax)?;
    let is_sealed = |value: &Json| {
        value["kind"] == "SealedSecret"
            && value["apiVersion"].as_str().is_some_and(|version| version.starts_with("bitnami.com/"))
    };
    let sealed = documents.iter().map(|document| &document.value).filter(|value| is_sealed(value));
    let secrets: Vec<_> = sealed.map(|value| unseal_one(value, keys, namespace)).collect::<Result<_, _>>()?;
    if secrets.is_empty() { Err(SealedError::None) } else { Ok(secrets) }
}

fn unseal_one(sealed: &Json, keys: &SealingKeys, fallback: Option<&str>) -> Result<Unsealed, SealedError> {
    let text = |value: &Json| value.as_str().map(str::to_owned);
    let name = text(&sealed["metadata"]["name"]).unwrap_or_default();
    let own = text(&sealed["metadata"]["namespace"]).unwrap_or_default();
    let namespace = if own.is_empty() { fallback.unwrap_or_default() } else { own.as_str() };
    let full = format!("{namespace}/{name}");
    let shape = |reason| SealedError::Shape { name: full.clone(), reason };
    if !sealed["spec"]["data"].is_null() {
        return Err(shape("it has the old form (spec.data), which kubeseal --re-encrypt renews"));
    }
    let template = &sealed["spec"]["template"];
    if !template["data"].is_null() {
        return Err(shape("its spec.template.data is a Go template, which cannot be imported"));
    }
    let (scope, label) = scope_of(sealed, namespace, &name);
    let values = sealed["spec"]["encryptedData"].as_object().ok_or_else(|| shape("it has no spec.encryptedData"))?;
    let mut secret =
        Unsealed { manifest: skeleton(sealed, template, &name), namespace: own.clone(), name: name.clone() };
    for (key, value) in values {
        let bytes = value.as_str().and_then(|value| STANDARD.decode(value.trim()).ok());
        let bytes = bytes.ok_or_else(|| shape("a value is no base64"))?;
        let opened = keys.open(&bytes, &label).ok_or_else(|| SealedError::NoKey {
            name: full.clone(),
            value: key.clone(),
            scope,
            keys: keys.len(),
        })?;
        secret.manifest["data"][key] = Json::String(STANDARD.encode(&*opened));
    }
    Ok(secret)
}

/// The scope by the annotations, and the label that it gives.
fn scope_of(sealed: &Json, namespace: &str, name: &str) -> (&'static str, String) {
    let annotation = |name: &str| sealed["metadata"]["annotations"][name] == "true";
    if annotation("sealedsecrets.bitnami.com/cluster-wide") {
        ("cluster-wide", String::new())
    } else if annotation("sealedsecrets.bitnami.com/namespace-wide") {
        ("namespace-wide", namespace.to_owned())
    } else {
        ("for its name and namespace", format!("{namespace}/{name}"))
    }
}

/// The Secret without its values: what the template says.
fn skeleton(sealed: &Json, template: &Json, name: &str) -> Json {
    let mut metadata = Map::new();
    metadata.insert("name".to_owned(), name.into());
    if let Some(namespace) = sealed["metadata"]["namespace"].as_str() {
        metadata.insert("namespace".to_owned(), namespace.into());
    }
    for field in ["labels", "annotations"] {
        if let Some(entries) = template["metadata"][field].as_object() {
            let is_own = |key: &String| !key.starts_with("sealedsecrets.bitnami.com/");
            let entries: Map<String, Json> = entries
                .iter()
                .filter(|(key, _)| is_own(key))
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect();
            if !entries.is_empty() {
                metadata.insert(field.to_owned(), entries.into());
            }
        }
    }
    let mut secret = json!({ "apiVersion": "v1", "kind": "Secret", "metadata": metadata });
    for field in ["type", "immutable"] {
        if !template[field].is_null() {
            secret[field] = template[field].clone();
        }
    }
    secret
}
