//! What sops has and is not here: taken where it changes nothing, and told clearly where it would.

use std::ffi::OsString;

use windlass_sops::Format;

use crate::outcome::Outcome;
use crate::secrets::files::FormatName;
use crate::trouble::Trouble;

/// Flags of sops that scripts carry along
#[derive(Debug, Clone, Default, clap::Args)]
pub(super) struct SopsFlags {
    #[arg(long, global = true, hide = true, num_args = 0..=1, require_equals = true, default_missing_value = "true",
          env = "SOPS_ENABLE_LOCAL_KEYSERVICE", hide_env = true, value_parser = clap::builder::BoolishValueParser::new())]
    enable_local_keyservice: Option<bool>,

    #[arg(long, global = true, hide = true, env = "SOPS_KEYSERVICE", hide_env = true)]
    keyservice: Option<String>,

    #[arg(long, global = true, hide = true)]
    encryption_context: Option<String>,

    #[arg(long, global = true, hide = true)]
    aws_profile: Option<String>,

    #[arg(long, global = true, hide = true)]
    verbose: bool,

    #[arg(long, global = true, hide = true)]
    disable_version_check: bool,

    #[arg(long, global = true, hide = true)]
    check_for_updates: bool,
}

impl SopsFlags {
    /// Whether all of them can be had.
    pub(super) fn check(&self) -> Result<(), Trouble> {
        let is_set = |text: &Option<String>| text.as_ref().is_some_and(|text| !text.is_empty());
        if is_set(&self.keyservice) || self.enable_local_keyservice == Some(false) {
            return Err(no_key_service());
        }
        if is_set(&self.encryption_context) {
            return Err(Trouble::new("--encryption-context is for AWS KMS, which windlass does not ask")
                .help("encrypt for age, PGP or Vault; the sops program can add AWS KMS to the file")
                .code(1));
        }
        Ok(())
    }
}

/// What the verbs that change a file have of sops and do not do.
#[derive(Debug, Clone, Default, clap::Args)]
pub(super) struct ChangeFlags {
    #[arg(long, hide = true)]
    output_type: Option<FormatName>,
}

impl ChangeFlags {
    /// Whether the file is to keep its format.
    pub(super) fn check(&self, format: Format) -> Result<(), Trouble> {
        match self.output_type {
            Some(name) if Format::from(name) != format => {
                Err(Trouble::new(format!("the file is {format}, and keeps its format when it is changed"))
                    .help("`windlass secrets decrypt --output-type` and `encrypt` give it another")
                    .code(1))
            }
            _ => Ok(()),
        }
    }
}

fn no_key_service() -> Trouble {
    Trouble::new("windlass asks no key service of sops, and is none")
        .help(
            "keys stay with gpg and its agent, with age plugins or in Vault, which are asked directly; \
             SOPS_AGE_KEY_CMD runs any other program",
        )
        .code(1)
}

/// The verbs of sops that are not here.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Missing {
    /// Publish files by the destination rules
    #[command(hide = true)]
    Publish(AnyArgs),
    /// Serve keys to another sops
    #[command(hide = true)]
    Keyservice(AnyArgs),
    /// Print completions
    #[command(hide = true)]
    Completion(AnyArgs),
}

#[derive(Debug, clap::Args)]
pub(super) struct AnyArgs {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
    arguments: Vec<OsString>,
}

pub(super) fn run(verb: &Missing) -> anyhow::Result<Outcome> {
    Err(match verb {
        Missing::Publish(AnyArgs { .. }) => Trouble::new("windlass publishes no files")
            .help("`windlass secrets decrypt FILE | vault kv put …`, or the same with `aws s3 cp -`")
            .code(1),
        Missing::Keyservice(AnyArgs { .. }) => no_key_service(),
        Missing::Completion(AnyArgs { .. }) => {
            Trouble::new("completions are those of windlass as a whole").help("windlass completions SHELL").code(1)
        }
    }
    .into())
}
