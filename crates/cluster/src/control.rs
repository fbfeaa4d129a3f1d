use serde_json::Value;
use windlass_drift::SkipReason;

/// What markers on an object, as label or annotation, ask for. Values count in any case, as in Flux.
pub(crate) struct Control<'a> {
    prefix: &'a str,
    object: &'a Value,
}

impl<'a> Control<'a> {
    /// The markers of `object` whose keys start with `prefix` and a slash.
    pub(crate) fn of(prefix: &'a str, object: &'a Value) -> Self {
        Self { prefix, object }
    }

    /// Whether the object is to be left alone for good.
    pub(crate) fn ignored(&self) -> Option<SkipReason> {
        self.first(&[("reconcile", "disabled"), ("ssa", "Ignore")])
    }

    /// Whether the object is only to be made, and never changed.
    pub(crate) fn create_only(&self) -> Option<SkipReason> {
        self.first(&[("ssa", "IfNotPresent")])
    }

    /// Whether the object must not be deleted.
    pub(crate) fn kept(&self) -> Option<SkipReason> {
        self.first(&[("prune", "disabled"), ("reconcile", "disabled"), ("ssa", "Ignore")])
    }

    /// Whether the fields of others are left to them.
    pub(crate) fn merged(&self) -> bool {
        self.has("ssa", "Merge")
    }

    /// Whether the object may be deleted and made anew.
    pub(crate) fn forced(&self) -> bool {
        self.has("force", "enabled")
    }

    fn first(&self, markers: &[(&str, &str)]) -> Option<SkipReason> {
        let (key, value) = markers.iter().find(|(key, value)| self.has(key, value))?;
        Some(SkipReason::OptedOut { marker: format!("{}/{key}: {value}", self.prefix) })
    }

    fn has(&self, key: &str, value: &str) -> bool {
        let key = format!("{}/{key}", self.prefix);
        ["labels", "annotations"].iter().any(|map| {
            self.object["metadata"][map][key.as_str()].as_str().is_some_and(|found| found.eq_ignore_ascii_case(value))
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn labels_and_annotations_count_in_any_case() {
        let marked = |map: &str, key: &str, value: &str| {
            let key = format!("kustomize.toolkit.fluxcd.io/{key}");
            json!({"metadata": {map: {key: value}}})
        };
        let control = |object: &Value| {
            let control = Control::of("kustomize.toolkit.fluxcd.io", object);
            (control.ignored().is_some(), control.create_only().is_some(), control.kept().is_some(), control.merged())
        };
        assert_eq!(control(&marked("labels", "reconcile", "Disabled")), (true, false, true, false));
        assert_eq!(control(&marked("annotations", "ssa", "ifnotpresent")), (false, true, false, false));
        assert_eq!(control(&marked("annotations", "ssa", "MERGE")), (false, false, false, true));
        assert_eq!(control(&marked("labels", "prune", "disabled")), (false, false, true, false));
        assert_eq!(control(&marked("labels", "prune", "enabled")), (false, false, false, false));
        let reason = Control::of("kustomize.toolkit.fluxcd.io", &marked("labels", "ssa", "ignore")).kept().unwrap();
        assert_eq!(reason.to_string(), "opted out by kustomize.toolkit.fluxcd.io/ssa: Ignore");
    }
}
