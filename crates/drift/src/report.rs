use std::fmt;

use serde_json::Value;
use windlass_manifest::Manifest;

use crate::redact::redacted;
use crate::{Action, Plan, Verb};

/// How much of a plan is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Detail {
    /// One line for each object that would change.
    Objects,
    /// The fields that differ, too.
    #[default]
    Changes,
}

/// A plan as text for people: a sign, the object, where its manifest stands, and the fields under it.
///
/// The text is plain; whoever prints to a terminal colours lines by their [`sign`](Report::sign).
#[derive(Debug, Clone, Copy)]
pub struct Report<'p> {
    plan: &'p Plan,
    detail: Detail,
}

impl<'p> Report<'p> {
    /// A report on `plan`.
    #[must_use]
    pub fn new(plan: &'p Plan, detail: Detail) -> Self {
        Self { plan, detail }
    }

    /// The sign before an object: `+` made, `~` put right, `!` made anew, `-` deleted, a blank for the rest.
    #[must_use]
    pub fn sign(verb: &Verb) -> char {
        match verb {
            Verb::Create => '+',
            Verb::Configure(_) => '~',
            Verb::Recreate { .. } => '!',
            Verb::Prune => '-',
            Verb::Unchanged | Verb::Skip(_) => ' ',
        }
    }

    /// A manifest as YAML for people, with the values of a sensitive one replaced by [`REDACTED`](crate::REDACTED).
    #[must_use]
    pub fn manifest(manifest: &Manifest) -> String {
        if !manifest.is_sensitive() {
            return windlass_yaml::print(manifest.value());
        }
        let shown: Value = redacted(manifest.value());
        windlass_yaml::print(&shown)
    }
}

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for action in self.plan.actions.iter().filter(|action| action.verb.is_change()) {
            object_line(f, action)?;
            if self.detail == Detail::Changes {
                for change in action.verb.changes() {
                    writeln!(f, "    {change}")?;
                }
            }
        }
        writeln!(f, "{}", self.plan.summary())
    }
}

fn object_line(f: &mut fmt::Formatter<'_>, action: &Action) -> fmt::Result {
    write!(f, "{} {}", Report::sign(&action.verb), action.id)?;
    if let Verb::Recreate { reason, .. } = &action.verb {
        write!(f, " (must be made anew: {reason})")?;
    }
    if action.origin.file().is_some() {
        write!(f, "  {}", action.origin)?;
    }
    writeln!(f)
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use windlass_manifest::Origin;

    use super::*;

    fn action(value: serde_json::Value, line: usize, verb: Verb) -> Action {
        let manifest = Manifest::new(value, Origin::new("apps/web.yaml", line)).unwrap();
        Action {
            id: manifest.id(),
            gvk: manifest.gvk(),
            origin: manifest.origin().clone(),
            sensitive: manifest.is_sensitive(),
            verb,
        }
    }

    fn object(kind: &str, name: &str) -> serde_json::Value {
        json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "namespace": "shop"}, "data": {"k": "v"}})
    }

    #[test]
    fn a_plan_reads_top_down() {
        let changes = crate::changes(&json!({"data": {"k": "old"}}), &json!({"data": {"k": "new", "l": 1}}), false);
        let plan = Plan {
            actions: vec![
                action(object("ConfigMap", "made"), 1, Verb::Create),
                action(object("ConfigMap", "edited"), 9, Verb::Configure(changes)),
                action(object("ConfigMap", "same"), 20, Verb::Unchanged),
                action(object("Service", "gone"), 0, Verb::Prune),
            ],
        };
        insta::assert_snapshot!(Report::new(&plan, Detail::Changes), @r#"
        + ConfigMap/shop/made  apps/web.yaml:1
        ~ ConfigMap/shop/edited  apps/web.yaml:9
            data.k: "old" → "new"
            + data.l: 1
        - Service/shop/gone  apps/web.yaml
        1 to create, 1 to configure, 1 to prune, 1 unchanged
        "#);
    }

    #[test]
    fn a_secret_keeps_its_shape_and_loses_its_values() {
        let secret = Manifest::new(object("Secret", "s"), Origin::unknown()).unwrap();
        insta::assert_snapshot!(Report::manifest(&secret), @r"
        apiVersion: v1
        data:
          k: <redacted>
        kind: Secret
        metadata:
          name: s
          namespace: shop
        ");
    }
}
