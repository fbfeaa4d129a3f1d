use serde::{Deserialize, Serialize};

use crate::kinds::ObjectKind;
use crate::pattern::Choice;

/// Which objects of a cluster are saved.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Selection {
    /// Whether what Git defines, and what the cluster makes by itself, is saved too; not by default.
    pub scope: Scope,
    /// The namespaces. Where some are picked, objects outside of namespaces are saved only as far as others need them.
    pub namespaces: Choice,
    /// The kinds, as `Secret`, `secrets` or `issuers.cert-manager.io`.
    pub kinds: Choice,
    /// A label selector in the form that kubectl takes; without it, labels do not matter.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub labels: Option<String>,
}

/// How far a backup of objects goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Scope {
    /// What no Git repository brings back: neither what a Kustomization or HelmRelease made, nor what the cluster makes by
    /// itself. What such objects need (their namespaces and CRDs) and what reconciliation starts from (Flux' root objects)
    /// is saved with them.
    #[default]
    Undefined,
    /// All objects of all kinds, without exception.
    Everything,
}

impl Selection {
    /// Everything, as the cluster has it.
    #[must_use]
    pub fn everything() -> Self {
        Self { scope: Scope::Everything, ..Self::default() }
    }

    pub(crate) fn takes_kind(&self, kind: &ObjectKind) -> bool {
        self.kinds.takes_any(&[&kind.resource.kind, &kind.resource.plural, &kind.full_name()])
    }

    pub(crate) fn takes_namespace(&self, namespace: Option<&str>) -> bool {
        match namespace {
            Some(namespace) => self.namespaces.takes(namespace),
            None => !self.namespaces.is_picky(),
        }
    }
}
