use serde_json::{Value, json};

use super::{Fields, at, at_map, each, pod, set, word};

fn template(spec: &mut Fields) {
    at_map(spec, "template", |template| at_map(template, "spec", pod::spec));
}

pub(super) fn deployment(object: &mut Value) {
    at(object, "spec", |spec| {
        template(spec);
        set(spec, "replicas", 1);
        set(spec, "revisionHistoryLimit", 10);
        set(spec, "progressDeadlineSeconds", 600);
        rolling(spec, "strategy", "25%", "25%");
    });
}

/// How a workload is replaced: by rolling, unless it says otherwise.
fn rolling(spec: &mut Fields, name: &str, unavailable: impl Into<Value>, surge: impl Into<Value>) {
    set(spec, name, json!({}));
    at_map(spec, name, |strategy| {
        set(strategy, "type", "RollingUpdate");
        if word(strategy, "type") == "RollingUpdate" {
            set(strategy, "rollingUpdate", json!({}));
            at_map(strategy, "rollingUpdate", |rolling| {
                set(rolling, "maxUnavailable", unavailable);
                set(rolling, "maxSurge", surge);
            });
        }
    });
}

pub(super) fn stateful_set(object: &mut Value) {
    at(object, "spec", |spec| {
        template(spec);
        set(spec, "podManagementPolicy", "OrderedReady");
        set(spec, "updateStrategy", json!({}));
        at_map(spec, "updateStrategy", |strategy| {
            set(strategy, "type", "RollingUpdate");
            if word(strategy, "type") == "RollingUpdate" {
                set(strategy, "rollingUpdate", json!({}));
                at_map(strategy, "rollingUpdate", |rolling| set(rolling, "partition", 0));
            }
        });
        set(spec, "persistentVolumeClaimRetentionPolicy", json!({}));
        at_map(spec, "persistentVolumeClaimRetentionPolicy", |policy| {
            set(policy, "whenDeleted", "Retain");
            set(policy, "whenScaled", "Retain");
        });
        set(spec, "replicas", 1);
        set(spec, "revisionHistoryLimit", 10);
        each(spec, "volumeClaimTemplates", |claim| {
            set(claim, "apiVersion", "v1");
            set(claim, "kind", "PersistentVolumeClaim");
            at_map(claim, "spec", |spec| set(spec, "volumeMode", "Filesystem"));
            at_map(claim, "status", |status| set(status, "phase", "Pending"));
        });
    });
}

/// A DaemonSet counts its templates in an annotation, which starts with nothing.
pub(crate) fn count_templates(object: &mut Value) {
    at(object, "metadata", |metadata| {
        set(metadata, "annotations", json!({}));
        at_map(metadata, "annotations", |annotations| {
            set(annotations, "deprecated.daemonset.template.generation", "0");
        });
    });
}

pub(super) fn daemon_set(object: &mut Value) {
    count_templates(object);
    at(object, "spec", |spec| {
        template(spec);
        rolling(spec, "updateStrategy", 1, 0);
        set(spec, "revisionHistoryLimit", 10);
    });
}

pub(super) fn replica_set(object: &mut Value) {
    at(object, "spec", |spec| {
        template(spec);
        set(spec, "replicas", 1);
    });
}

pub(super) fn autoscaler(object: &mut Value) {
    at(object, "spec", |spec| {
        set(spec, "minReplicas", 1);
        if spec.get("metrics").is_none_or(Value::is_null) {
            let cpu = json!([{
                "type": "Resource",
                "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}},
            }]);
            spec.insert("metrics".to_owned(), cpu);
        }
        at_map(spec, "behavior", |behavior| {
            let down = json!([{"type": "Percent", "value": 100, "periodSeconds": 15}]);
            let up = json!([
                {"type": "Pods", "value": 4, "periodSeconds": 15},
                {"type": "Percent", "value": 100, "periodSeconds": 15},
            ]);
            set(behavior, "scaleDown", json!({}));
            set(behavior, "scaleUp", json!({}));
            at_map(behavior, "scaleDown", |rules| {
                set(rules, "selectPolicy", "Max");
                set(rules, "policies", down);
            });
            at_map(behavior, "scaleUp", |rules| {
                set(rules, "selectPolicy", "Max");
                set(rules, "stabilizationWindowSeconds", 0);
                set(rules, "policies", up);
            });
        });
    });
}
