use serde_json::Value;

/// Who an object belongs to, as labels on it say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    labels: Vec<(String, String)>,
}

impl Owner {
    /// An owner that marks its objects with these labels.
    pub fn new(labels: impl IntoIterator<Item = (String, String)>) -> Self {
        Self { labels: labels.into_iter().collect() }
    }

    /// The Kustomization `name` in `namespace`: the labels `kustomize.toolkit.fluxcd.io/name` and `/namespace`.
    #[must_use]
    pub fn flux(name: &str, namespace: &str) -> Self {
        let label = |key: &str, value: &str| (format!("kustomize.toolkit.fluxcd.io/{key}"), value.to_owned());
        Self::new([label("name", name), label("namespace", namespace)])
    }

    /// The labels.
    #[must_use]
    pub fn labels(&self) -> &[(String, String)] {
        &self.labels
    }

    /// Whether `object` carries all of the labels.
    #[must_use]
    pub fn owns(&self, object: &Value) -> bool {
        self.labels.iter().all(|(key, value)| object["metadata"]["labels"][key.as_str()].as_str() == Some(value))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_label_must_match() {
        let owner = Owner::flux("apps", "flux-system");
        let object = |name: &str, namespace: &str| {
            json!({"metadata": {"labels": {
                "kustomize.toolkit.fluxcd.io/name": name, "kustomize.toolkit.fluxcd.io/namespace": namespace,
            }}})
        };
        assert!(owner.owns(&object("apps", "flux-system")));
        assert!(!owner.owns(&object("apps", "other")));
        assert!(!owner.owns(&json!({"metadata": {"name": "x"}})));
    }
}
