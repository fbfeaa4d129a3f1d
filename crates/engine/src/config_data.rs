//! The data of ConfigMaps and Secrets, wherever they are.

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use windlass_cluster::Cluster;
use windlass_manifest::{Gvk, Manifest};
use zeroize::Zeroizing;

use crate::{Error, NamespacedName};

/// The two kinds that carry configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ConfigKind {
    /// A ConfigMap: data that may be shown.
    ConfigMap,
    /// A Secret.
    Secret,
}

impl fmt::Display for ConfigKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ConfigMap => "ConfigMap",
            Self::Secret => "Secret",
        })
    }
}

/// The keys and values of a ConfigMap or Secret, decoded; wiped from memory when dropped.
#[derive(Clone, Default)]
pub struct ConfigData(BTreeMap<String, Zeroizing<Vec<u8>>>);

impl ConfigData {
    /// Reads `data`, `stringData` and `binaryData` of `object`.
    ///
    /// A value that is no text, or no base64 where it should be, is left out: the API server would not have taken it.
    #[must_use]
    pub fn of(kind: ConfigKind, object: &Value) -> Self {
        let mut data = BTreeMap::new();
        let encoded = match kind {
            ConfigKind::Secret => "data",
            ConfigKind::ConfigMap => "binaryData",
        };
        let plain = match kind {
            ConfigKind::Secret => "stringData",
            ConfigKind::ConfigMap => "data",
        };
        for (key, text) in texts(object, encoded) {
            // kustomize breaks long base64 into lines.
            let text: String = text.split_ascii_whitespace().collect();
            if let Ok(bytes) = STANDARD.decode(text) {
                data.insert(key.to_owned(), Zeroizing::new(bytes));
            }
        }
        for (key, text) in texts(object, plain) {
            data.insert(key.to_owned(), Zeroizing::new(text.as_bytes().to_vec()));
        }
        Self(data)
    }

    /// The keys and values, by key.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.0.iter().map(|(key, value)| (key.as_str(), value.as_slice()))
    }

    /// The keys and values themselves.
    pub(crate) fn into_map(self) -> BTreeMap<String, Zeroizing<Vec<u8>>> {
        self.0
    }

    /// The value of `key`.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&[u8]> {
        self.0.get(key).map(|value| value.as_slice())
    }
}

impl fmt::Debug for ConfigData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

fn texts<'o>(object: &'o Value, field: &str) -> impl Iterator<Item = (&'o str, &'o str)> {
    let fields = object.get(field).and_then(Value::as_object);
    fields.into_iter().flatten().filter_map(|(key, value)| Some((key.as_str(), value.as_str()?)))
}

/// Where ConfigMaps and Secrets are looked up: first among manifests at hand, then in a cluster.
///
/// The reconciler has only the cluster. A preview has the manifests of the same repository too, since what they say
/// is what the cluster will hold.
#[derive(Clone, Default)]
pub struct Lookup {
    manifests: HashMap<(ConfigKind, NamespacedName), ConfigData>,
    cluster: Option<Cluster>,
}

impl Lookup {
    /// Looks into `cluster` only.
    #[must_use]
    pub fn cluster(cluster: Cluster) -> Self {
        Self { manifests: HashMap::new(), cluster: Some(cluster) }
    }

    /// Looks at nothing but what is added.
    #[must_use]
    pub fn offline() -> Self {
        Self::default()
    }

    /// Adds the ConfigMaps and Secrets among `manifests`; the others are passed over.
    pub fn add(&mut self, manifests: &[Manifest]) {
        for manifest in manifests.iter().filter(|manifest| manifest.api_version() == "v1") {
            let kind = match manifest.kind() {
                "ConfigMap" => ConfigKind::ConfigMap,
                "Secret" => ConfigKind::Secret,
                _ => continue,
            };
            let name = NamespacedName::new(manifest.namespace().unwrap_or_default(), manifest.name());
            self.manifests.insert((kind, name), ConfigData::of(kind, manifest.value()));
        }
    }

    /// The data of a ConfigMap or Secret; `None` where there is no such object.
    ///
    /// # Errors
    /// Where the cluster could not be asked.
    pub async fn get(&self, kind: ConfigKind, name: &NamespacedName) -> Result<Option<ConfigData>, Error> {
        if let Some(data) = self.manifests.get(&(kind, name.clone())) {
            return Ok(Some(data.clone()));
        }
        let Some(cluster) = &self.cluster else { return Ok(None) };
        let gvk = Gvk::from_api_version("v1", &kind.to_string());
        let object = cluster.get(&gvk, Some(&name.namespace), &name.name).await?;
        Ok(object.map(|object| ConfigData::of(kind, &object)))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_secret_is_decoded_and_shows_its_keys_only() {
        let secret = json!({"data": {"a": "aHVudGVy\nMg==", "bad": "%"}, "stringData": {"b": "plain"}});
        let data = ConfigData::of(ConfigKind::Secret, &secret);
        assert_eq!(data.get("a"), Some("hunter2".as_bytes()));
        assert_eq!(data.get("b"), Some("plain".as_bytes()));
        assert_eq!(format!("{data:?}"), r#"{"a", "b"}"#);
    }

    #[test]
    fn a_config_map_has_text_and_bytes() {
        let map = json!({"data": {"a": "aHVudGVyMg=="}, "binaryData": {"b": "AP8="}});
        let data = ConfigData::of(ConfigKind::ConfigMap, &map);
        assert_eq!(data.get("a"), Some("aHVudGVyMg==".as_bytes()));
        assert_eq!(data.get("b"), Some([0, 255].as_slice()));
    }
}
