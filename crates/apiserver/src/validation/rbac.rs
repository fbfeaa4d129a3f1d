use serde_json::Value;

use super::{Faults, each, is_empty, required, selector, word};
use crate::failure::FieldFault;

/// The faults of a role's rules.
pub(super) fn role(object: &Value, namespaced: bool, faults: &mut Faults) {
    for (place, rule) in each(object, "rules", "").map(|(place, rule)| (place[1..].to_owned(), rule)) {
        if is_empty(rule, "verbs") {
            faults.push(FieldFault::required(format!("{place}.verbs"), "verbs must contain at least one value"));
        }
        if !is_empty(rule, "nonResourceURLs") {
            if namespaced {
                let shown = rule.get("nonResourceURLs").cloned().unwrap_or_default();
                let detail = "namespaced rules cannot apply to non-resource URLs";
                faults.push(FieldFault::invalid(format!("{place}.nonResourceURLs"), &shown, detail));
            }
            if !is_empty(rule, "apiGroups") || !is_empty(rule, "resources") || !is_empty(rule, "resourceNames") {
                let shown = rule.get("nonResourceURLs").cloned().unwrap_or_default();
                let detail = "rules cannot apply to both regular resources and non-resource URLs";
                faults.push(FieldFault::invalid(format!("{place}.nonResourceURLs"), &shown, detail));
            }
            continue;
        }
        if is_empty(rule, "apiGroups") {
            let detail = "resource rules must supply at least one api group";
            faults.push(FieldFault::required(format!("{place}.apiGroups"), detail));
        }
        if is_empty(rule, "resources") {
            let detail = "resource rules must supply at least one resource";
            faults.push(FieldFault::required(format!("{place}.resources"), detail));
        }
    }
    if let Some(rule) = object.get("aggregationRule").filter(|rule| rule.is_object() && !namespaced) {
        if is_empty(rule, "clusterRoleSelectors") {
            let detail = "at least one clusterRoleSelector required if aggregationRule is non-nil";
            faults.push(FieldFault::required("aggregationRule.clusterRoleSelectors", detail));
        }
        for (place, given) in each(rule, "clusterRoleSelectors", "aggregationRule") {
            selector::check(given, &place, faults);
        }
    }
}

/// The faults of a binding.
pub(super) fn binding(object: &Value, namespaced: bool, faults: &mut Faults) {
    const GROUP: &str = "rbac.authorization.k8s.io";
    let role = object.get("roleRef").unwrap_or(&Value::Null);
    let group = word(role, "apiGroup");
    if group != GROUP {
        faults.push(FieldFault::unsupported("roleRef.apiGroup", &group.into(), &[format!("{GROUP:?}")]));
    }
    let kinds: &[&str] = if namespaced { &["Role", "ClusterRole"] } else { &["ClusterRole"] };
    let kind = word(role, "kind");
    if !kinds.contains(&kind) {
        let allowed: Vec<String> = kinds.iter().map(|one| format!("{one:?}")).collect();
        faults.push(FieldFault::unsupported("roleRef.kind", &kind.into(), &allowed));
    }
    required(role, "name", "roleRef", faults);
    for (place, subject) in each(object, "subjects", "").map(|(place, subject)| (place[1..].to_owned(), subject)) {
        required(subject, "name", &place, faults);
        let group = word(subject, "apiGroup");
        let group_is = |wanted: &str, faults: &mut Faults| {
            if group != wanted {
                let allowed = [format!("{wanted:?}")];
                faults.push(FieldFault::unsupported(format!("{place}.apiGroup"), &group.into(), &allowed));
            }
        };
        match word(subject, "kind") {
            "ServiceAccount" => {
                if !is_empty(subject, "name") {
                    super::names::subdomain(word(subject, "name"), &format!("{place}.name"), faults);
                }
                group_is("", faults);
                if !namespaced && is_empty(subject, "namespace") {
                    faults.push(FieldFault::required(format!("{place}.namespace"), ""));
                }
            }
            "User" | "Group" => group_is(GROUP, faults),
            other => {
                let allowed = ["ServiceAccount", "User", "Group"].map(|one| format!("{one:?}"));
                faults.push(FieldFault::unsupported(format!("{place}.kind"), &other.into(), &allowed));
            }
        }
    }
}
