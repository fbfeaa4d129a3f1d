use serde_json::{Value, json};

use super::{at, at_map, each, root, set, word};

pub(super) fn policy(object: &mut Value) {
    at(object, "spec", |spec| {
        let egress = spec.get("egress").is_some_and(|rules| !rules.is_null());
        set(spec, "policyTypes", if egress { json!(["Ingress", "Egress"]) } else { json!(["Ingress"]) });
        for list in ["ingress", "egress"] {
            each(spec, list, |rule| each(rule, "ports", |port| set(port, "protocol", "TCP")));
        }
    });
}

pub(super) fn class(object: &mut Value) {
    at(object, "spec", |spec| at_map(spec, "parameters", |parameters| set(parameters, "scope", "Cluster")));
}

pub(super) fn slice(object: &mut Value) {
    root(object, |slice| {
        each(slice, "ports", |port| {
            set(port, "name", "");
            set(port, "protocol", "TCP");
        });
    });
}

pub(super) fn webhooks(object: &mut Value) {
    let mutating = object.get("kind").and_then(Value::as_str) == Some("MutatingWebhookConfiguration");
    root(object, |configuration| {
        each(configuration, "webhooks", |hook| {
            set(hook, "failurePolicy", "Fail");
            set(hook, "matchPolicy", "Equivalent");
            set(hook, "namespaceSelector", json!({}));
            set(hook, "objectSelector", json!({}));
            set(hook, "timeoutSeconds", 10);
            if mutating {
                set(hook, "reinvocationPolicy", "Never");
            }
            each(hook, "rules", |rule| {
                if word(rule, "scope").is_empty() {
                    rule.insert("scope".to_owned(), "*".into());
                }
            });
            at_map(hook, "clientConfig", |config| at_map(config, "service", |service| set(service, "port", 443)));
        });
    });
}
