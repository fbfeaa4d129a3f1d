//! Flags of `kustomize build` that windlass does not have, each with the reason: whoever moves over should not have to
//! guess.

use crate::trouble::Trouble;

#[derive(Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(super) struct RefusedFlags {
    #[arg(long, hide = true)]
    enable_helm: bool,
    #[arg(long, hide = true)]
    helm_debug: bool,
    #[arg(long, hide = true, value_name = "COMMAND")]
    helm_command: Option<String>,
    #[arg(long, hide = true, value_name = "VERSIONS")]
    helm_api_versions: Option<String>,
    #[arg(long, hide = true, value_name = "VERSION")]
    helm_kube_version: Option<String>,
    #[arg(long, hide = true)]
    enable_alpha_plugins: bool,
    #[arg(long, hide = true)]
    enable_exec: bool,
    #[arg(long, hide = true)]
    enable_star: bool,
    #[arg(long, hide = true)]
    network: bool,
    #[arg(long, hide = true, value_name = "NAME")]
    network_name: Option<String>,
    #[arg(long, hide = true, value_name = "MOUNT")]
    mount: Vec<String>,
    #[arg(short = 'e', long, hide = true, value_name = "NAME=VALUE")]
    env: Vec<String>,
    #[arg(long, hide = true)]
    as_current_user: bool,
    /// Accepted, and without effect: windlass has no stack to print.
    #[arg(long, hide = true)]
    stack_trace: bool,
}

const HELM: &str = "a build runs no other program, helm included";
const PLUGINS: &str = "a build runs no other program, so there are no exec, container or Starlark plugins";

impl RefusedFlags {
    /// Refuses the first flag that windlass does not have.
    pub(super) fn check(&self) -> Result<(), Trouble> {
        let given = [
            (self.enable_helm, "--enable-helm", HELM),
            (self.helm_debug, "--helm-debug", HELM),
            (self.helm_command.is_some(), "--helm-command", HELM),
            (self.helm_api_versions.is_some(), "--helm-api-versions", HELM),
            (self.helm_kube_version.is_some(), "--helm-kube-version", HELM),
            (self.enable_alpha_plugins, "--enable-alpha-plugins", PLUGINS),
            (self.enable_exec, "--enable-exec", PLUGINS),
            (self.enable_star, "--enable-star", PLUGINS),
            (self.network, "--network", PLUGINS),
            (self.network_name.is_some(), "--network-name", PLUGINS),
            (!self.mount.is_empty(), "--mount", PLUGINS),
            (!self.env.is_empty(), "--env", PLUGINS),
            (self.as_current_user, "--as-current-user", PLUGINS),
        ];
        match given.iter().find(|(given, ..)| *given) {
            Some((_, flag, reason)) => Err(Trouble::new(format!("{flag} of kustomize is not taken: {reason}"))),
            None => Ok(()),
        }
    }
}
