use serde_json::Value;

use super::{Faults, each, number, required, word};
use crate::failure::FieldFault;

/// The faults of a HorizontalPodAutoscaler.
pub(super) fn check(object: &Value, faults: &mut Faults) {
    let spec = object.get("spec").unwrap_or(&Value::Null);
    let (least, most) = (number(spec, "minReplicas"), number(spec, "maxReplicas").unwrap_or(0));
    if let Some(least) = least.filter(|least| *least < 1) {
        let detail = "must be greater than or equal to 1";
        faults.push(FieldFault::invalid("spec.minReplicas", &least.into(), detail));
    }
    if most < 1 {
        faults.push(FieldFault::required("spec.maxReplicas", "must be set and greater than 0"));
    }
    if least.is_some_and(|least| most < least) {
        let detail = "must be greater than or equal to `minReplicas`";
        faults.push(FieldFault::invalid("spec.maxReplicas", &most.into(), detail));
    }
    let target = spec.get("scaleTargetRef").unwrap_or(&Value::Null);
    required(target, "kind", "spec.scaleTargetRef", faults);
    required(target, "name", "spec.scaleTargetRef", faults);
    let scales_from_zero =
        each(spec, "metrics", "spec").any(|(_, one)| matches!(word(one, "type"), "External" | "Object"));
    if least == Some(0) && !scales_from_zero {
        let detail = "must specify at least one Object or External metric to support scaling to zero replicas";
        faults.push(FieldFault::forbidden("spec.metrics", detail));
    }
    // A kind of the core group cannot be scaled.
    if word(target, "apiVersion").is_empty() {
        let detail = "apiVersion must specify API group";
        faults.push(FieldFault::invalid("spec.scaleTargetRef.apiVersion", &"".into(), detail));
    }
    for (place, metric) in each(spec, "metrics", "spec") {
        source(metric, &place, faults);
    }
}

fn source(metric: &Value, place: &str, faults: &mut Faults) {
    const KINDS: [(&str, &str); 5] = [
        ("ContainerResource", "containerResource"),
        ("External", "external"),
        ("Object", "object"),
        ("Pods", "pods"),
        ("Resource", "resource"),
    ];
    let kind = word(metric, "type");
    if kind.is_empty() {
        let detail = "must specify a metric source type";
        faults.push(FieldFault::required(format!("{place}.type"), detail));
    }
    let Some((_, field)) = KINDS.iter().find(|one| one.0 == kind) else {
        let allowed = KINDS.map(|one| format!("{:?}", one.0));
        faults.push(FieldFault::unsupported(format!("{place}.type"), &kind.into(), &allowed));
        return;
    };
    let Some(there) = metric.get(field).filter(|one| one.is_object()) else {
        let detail = "must populate information for the given metric source";
        faults.push(FieldFault::required(format!("{place}.{field}"), detail));
        return;
    };
    if *field == "resource" {
        if word(there, "name").is_empty() {
            faults.push(FieldFault::required(format!("{place}.resource.name"), "must specify a resource name"));
        }
        let target = there.get("target").unwrap_or(&Value::Null);
        let kinds = ["averageUtilization", "averageValue"];
        if kinds.iter().all(|name| target.get(*name).is_none()) {
            let detail = "must set either a target raw value or a target utilization";
            faults.push(FieldFault::required(format!("{place}.resource.target.averageUtilization"), detail));
        }
        if let Some(percent) = number(target, "averageUtilization").filter(|percent| *percent < 1) {
            let detail = "must be greater than 0";
            let field = format!("{place}.resource.target.averageUtilization");
            faults.push(FieldFault::invalid(field, &percent.into(), detail));
        }
    }
}
