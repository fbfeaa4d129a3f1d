//! What sops has and is not here: taken where it changes nothing, and told clearly where it would.

use std::ffi::OsString;
use std::sync::atomic::{AtomicBool, Ordering};

use windlass_sops::Format;

use crate::outcome::Outcome;
use crate::secrets::files::FormatName;
use crate::trouble::Trouble;

/// Flags of sops that scripts carry along
///
/// They stand before the verb or behind it, so that the parser describes each of them to each of the verbs, which is a good part of
/// what it does for one file. It is told of them only where one may be given.
#[derive(Debug, Clone, Default)]
pub(super) struct SopsFlags(Flags);

#[derive(Debug, Clone, Default, clap::Args)]
struct Flags {
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

/// How the flags are given: by name, or in the environment.
const NAMES: [&str; 7] = [
    "--enable-local-keyservice",
    "--keyservice",
    "--encryption-context",
    "--aws-profile",
    "--verbose",
    "--disable-version-check",
    "--check-for-updates",
];
const VARIABLES: [&str; 2] = ["SOPS_ENABLE_LOCAL_KEYSERVICE", "SOPS_KEYSERVICE"];

/// Whether it is known that none of the flags is given.
static ARE_ABSENT: AtomicBool = AtomicBool::new(false);

/// Looks whether one of the flags may be given.
pub(super) fn look_for_flags(arguments: &[OsString]) {
    let is_flag =
        |argument: &OsString| NAMES.iter().any(|name| argument.as_encoded_bytes().starts_with(name.as_bytes()));
    let is_given = arguments.iter().any(is_flag) || VARIABLES.iter().any(|name| std::env::var_os(name).is_some());
    ARE_ABSENT.store(!is_given, Ordering::Relaxed);
}

impl clap::FromArgMatches for SopsFlags {
    fn from_arg_matches(matches: &clap::ArgMatches) -> Result<Self, clap::Error> {
        if ARE_ABSENT.load(Ordering::Relaxed) {
            Ok(Self::default())
        } else {
            Flags::from_arg_matches(matches).map(Self)
        }
    }

    fn update_from_arg_matches(&mut self, matches: &clap::ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl clap::Args for SopsFlags {
    fn augment_args(command: clap::Command) -> clap::Command {
        if ARE_ABSENT.load(Ordering::Relaxed) { command } else { Flags::augment_args(command) }
    }

    fn augment_args_for_update(command: clap::Command) -> clap::Command {
        Self::augment_args(command)
    }
}

impl SopsFlags {
    /// Whether all of them can be had.
    pub(super) fn check(&self) -> Result<(), Trouble> {
        let Self(flags) = self;
        let is_set = |text: &Option<String>| text.as_ref().is_some_and(|text| !text.is_empty());
        if is_set(&flags.keyservice) || flags.enable_local_keyservice == Some(false) {
            return Err(no_key_service());
        }
        if is_set(&flags.encryption_context) {
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

#[cfg(test)]
mod tests {
    use clap::Args as _;

    use super::*;

    #[test]
    fn the_flags_that_are_looked_for_are_those_that_there_are() {
        let declared = Flags::augment_args(clap::Command::new(""));
        let names = declared.get_arguments().filter_map(|flag| Some(format!("--{}", flag.get_long()?)));
        assert_eq!(names.collect::<Vec<_>>(), NAMES);
        assert_eq!(declared.get_arguments().filter_map(clap::Arg::get_env).collect::<Vec<_>>(), VARIABLES);
    }
}
