//! Taking out of an object what the old cluster chose and the new one has to choose itself.

use std::collections::HashSet;

use serde_json::Value;
use windlass_manifest::Manifest;

use crate::clean::{BINDING_ANNOTATIONS, drop_if_empty, drop_in};

/// Loosens a claim from a volume that is not restored with it: it would wait for that volume for ever.
pub(crate) fn loosen_claim(manifest: &mut Manifest, volumes: &HashSet<String>) {
    if manifest.kind() != "PersistentVolumeClaim" || manifest.api_version() != "v1" {
        return;
    }
    let Value::Object(fields) = manifest.value_mut() else { return };
    if let Some(Value::Object(metadata)) = fields.get_mut("metadata") {
        drop_in(metadata, "annotations", &BINDING_ANNOTATIONS);
        drop_if_empty(metadata, "annotations");
    }
    let is_there = |volume: &Value| volume.as_str().is_some_and(|name| volumes.contains(name));
    if let Some(Value::Object(spec)) = fields.get_mut("spec")
        && spec.get("volumeName").is_some_and(|volume| !is_there(volume))
    {
        spec.shift_remove("volumeName");
    }
}

/// What a Service asked for by number and cannot have: its address, or ports of the nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Taken {
    Address,
    NodePort,
}

impl Taken {
    /// What the server's refusal of a Service is about; `None` where it is about something else.
    pub(crate) fn of(refusal: &str) -> Option<Self> {
        // In the words of the allocators of kube-apiserver.
        let is_taken = ["is already allocated", "is not in the valid range", "not in the valid range"]
            .iter()
            .any(|words| refusal.contains(words));
        match (is_taken, refusal) {
            (true, text) if text.contains("nodePort") || text.contains("provided port") => Some(Self::NodePort),
            (true, text) if text.contains("clusterIP") || text.contains("provided IP") => Some(Self::Address),
            _ => None,
        }
    }

    /// Takes it out of the Service, so that the cluster chooses. Says what was taken out, or `None` where there was nothing.
    pub(crate) fn give_up(self, manifest: &mut Manifest) -> Option<String> {
        let spec = manifest.value_mut().get_mut("spec")?.as_object_mut()?;
        match self {
            Self::Address => {
                let address = spec.get("clusterIP").and_then(Value::as_str).filter(|address| *address != "None")?;
                let note = format!("its address {address} is taken or not of this cluster: it gets another one");
                spec.shift_remove("clusterIP");
                spec.shift_remove("clusterIPs");
                Some(note)
            }
            Self::NodePort => {
                let mut given_up = Vec::new();
                for port in spec.get_mut("ports")?.as_array_mut()?.iter_mut().filter_map(Value::as_object_mut) {
                    given_up.extend(port.shift_remove("nodePort"));
                }
                given_up.extend(spec.shift_remove("healthCheckNodePort"));
                let ports: Vec<String> = given_up.iter().map(ToString::to_string).collect();
                (!ports.is_empty())
                    .then(|| format!("a port of {} is taken on the nodes: they get others", ports.join(", ")))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use windlass_manifest::Origin;

    use super::*;

    #[test]
    fn a_claim_keeps_a_volume_that_comes_with_it_only() {
        let claim = |volume: &str| {
            let object = json!({
                "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "c", "namespace": "n"},
                "spec": {"volumeName": volume},
            });
            let mut manifest = Manifest::new(object, Origin::unknown()).unwrap();
            loosen_claim(&mut manifest, &HashSet::from(["nas".to_owned()]));
            manifest.value()["spec"].clone()
        };
        assert_eq!(claim("nas"), json!({"volumeName": "nas"}));
        assert_eq!(claim("pvc-1"), json!({}));
    }

    /// The refusals as kube-apiserver 1.36 words them.
    #[test]
    fn what_is_taken_is_given_up() {
        let address = "Service \"a\" is invalid: spec.clusterIPs: Invalid value: [\"10.0.0.10\"]: failed to allocate IP \
                       10.0.0.10: provided IP is already allocated";
        let port = "Service \"a\" is invalid: spec.ports[0].nodePort: Invalid value: 30080: provided port is already \
                    allocated";
        assert_eq!(Taken::of(address), Some(Taken::Address));
        assert_eq!(Taken::of(port), Some(Taken::NodePort));
        assert_eq!(Taken::of("spec.ports: Required value"), None);
        let object = json!({
            "apiVersion": "v1", "kind": "Service", "metadata": {"name": "a", "namespace": "n"},
            "spec": {"clusterIP": "10.0.0.10", "clusterIPs": ["10.0.0.10"], "ports": [{"port": 80, "nodePort": 30080}]},
        });
        let mut service = Manifest::new(object, Origin::unknown()).unwrap();
        assert!(Taken::NodePort.give_up(&mut service).unwrap().contains("30080"));
        assert!(Taken::Address.give_up(&mut service).unwrap().contains("10.0.0.10"));
        assert_eq!(service.value()["spec"], json!({"ports": [{"port": 80}]}));
        assert_eq!(Taken::Address.give_up(&mut service), None);
    }
}
