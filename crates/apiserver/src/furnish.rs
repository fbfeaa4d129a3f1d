//! What every cluster has that nobody applied: the accounts and the certificate of each namespace, and the API's own
//! Service.

use serde_json::{Value, json};

use crate::call::{Call, Query, Verb};
use crate::options::Options;
use crate::registry::GroupResource;
use crate::state::State;
use crate::strategy::text;
use crate::write;

/// The API server's certificate authority, of which there is none here.
const NO_AUTHORITY: &str = "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n";

/// Puts into each namespace what is missing there.
pub(crate) fn namespaces(state: &mut State) {
    let of: GroupResource = ("".into(), "namespaces".into());
    let names: Vec<String> = state.collection(&of).map_or_else(Vec::new, |all| {
        let active = all.objects.iter().filter(|(_, one)| text(one, "/status/phase") != "Terminating");
        active.map(|(key, _)| key.1.clone()).collect()
    });
    for namespace in names {
        create(state, "serviceaccounts", &namespace, &json!({"metadata": {"name": "default"}}));
        let certificate = json!({
            "metadata": {
                "name": "kube-root-ca.crt",
                "annotations": {"kubernetes.io/description": "Contains a CA bundle that can be used to verify the \
                    kube-apiserver when using internal endpoints such as the internal service IP or \
                    kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters."},
            },
            "data": {"ca.crt": NO_AUTHORITY},
        });
        create(state, "configmaps", &namespace, &certificate);
    }
    let service = json!({
        "metadata": {"name": "kubernetes", "labels": {"component": "apiserver", "provider": "kubernetes"}},
        "spec": {
            "clusterIP": "10.96.0.1", "type": "ClusterIP",
            "ports": [{"name": "https", "port": 443, "protocol": "TCP", "targetPort": 6443}],
        },
    });
    create(state, "services", "default", &service);
}

fn create(state: &mut State, plural: &str, namespace: &str, object: &Value) {
    if state.get(&("".into(), plural.into()), namespace, text(object, "/metadata/name")).is_some() {
        return;
    }
    let Some(resource) = state.registry.find("", "v1", plural) else { return };
    let mut object = object.clone();
    crate::body::complete(&mut object, &resource);
    let call = Call {
        verb: Verb::Create,
        resource,
        namespace: namespace.to_owned(),
        name: String::new(),
        subresource: None,
        query: Query::default(),
        agent: "kube-controller-manager".to_owned(),
    };
    let mut options = Options { manager: call.agent.clone(), ..Options::default() };
    // Where the namespace goes at this moment there is nothing to furnish.
    let _ = write::create(state, &call, &mut options, &object);
}
