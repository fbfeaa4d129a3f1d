//! Which saved objects a command is about: the arguments for it.

use windlass_recovery::{Choice, Pattern, Wanted};

/// Which of the saved objects
#[derive(Debug, Clone, Default, clap::Args)]
pub(super) struct SelectionArgs {
    /// Restore objects of this namespace only (a name, or a pattern such as `media-*`); may be given more than once
    #[arg(long, short, value_name = "NAME", help_heading = "Which objects")]
    namespace: Vec<Pattern>,

    /// Leave this namespace out
    #[arg(long, value_name = "NAME", help_heading = "Which objects")]
    without_namespace: Vec<Pattern>,

    /// Restore objects of this kind only: Secret, secrets, issuers.cert-manager.io
    #[arg(long, value_name = "KIND", help_heading = "Which objects")]
    kind: Vec<Pattern>,

    /// Leave this kind out
    #[arg(long, value_name = "KIND", help_heading = "Which objects")]
    without_kind: Vec<Pattern>,

    /// Restore these objects only: Secret/shop/token, `ConfigMap/shop/*`
    #[arg(value_name = "OBJECT")]
    objects: Vec<Pattern>,
}

impl SelectionArgs {
    pub(super) fn wanted(&self) -> Wanted {
        let choice =
            |include: &[Pattern], exclude: &[Pattern]| Choice { include: include.to_vec(), exclude: exclude.to_vec() };
        Wanted {
            namespaces: choice(&self.namespace, &self.without_namespace),
            kinds: choice(&self.kind, &self.without_kind),
            objects: choice(&self.objects, &[]),
        }
    }
}
