//! `windlass secrets`: the SOPS files of a repository.

mod asking;
mod check;
mod cluster_keys;
mod decrypt;
mod doctor;
mod edit;
mod encrypt;
mod exec_env;
mod exec_file;
mod failure;
mod file_status;
mod files;
mod get;
mod git_setup;
mod groups;
mod import;
mod init;
pub(crate) mod keyring;
mod list;
mod merge_driver;
mod new_value;
pub(crate) mod old_forms;
mod private_folder;
mod recipients;
mod recovery;
mod rekey;
mod rotate;
mod set;
mod settings;
mod sops_flags;
mod status;
mod subprocess;
mod textconv;
mod unset;

use crate::outcome::Outcome;
use crate::output::Console;
use settings::Settings;
use sops_flags::SopsFlags;

/// Read, change and look after the SOPS files of a repository
///
/// The verbs that sops has too take its flags and answer with its exit codes, so that scripts carry over. A file is patched
/// in place: comments, quotes and values that did not change stay byte for byte, and what is written was read back before.
/// Several files are changed all or none. Identities are found where sops finds them (SOPS_AGE_KEY, SOPS_AGE_KEY_FILE,
/// SOPS_AGE_KEY_CMD, SOPS_AGE_SSH_PRIVATE_KEY_FILE, ~/.config/sops/age/keys.txt, ~/.ssh), rules in the .sops.yaml above a
/// file.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  windlass secrets init                               a key, and rules: where there are none yet
  windlass secrets set apps/web/secret.sops.yaml stringData.password
  windlass secrets set apps/web/secret.sops.yaml --data password --generate=40
  windlass secrets edit apps/web/secret.sops.yaml
  windlass secrets rekey --all                        after a change of .sops.yaml

Exit codes, as sops has them:
  0    done                                 100  no such file
  1    any other fault                      128  no identity opens the file
  2    a file cannot be read                200  the file was not changed (edit)
  4    the format cannot hold the values    201  the editor failed (edit)
  8    arguments that contradict            203  the file is encrypted already
  25   a value cannot be decrypted          51   the MAC does not fit
  91   no path to a value                   92   the file is empty")]
pub(crate) struct SecretsArgs {
    /// The rules for all files, instead of the .sops.yaml above each
    #[arg(long, global = true, value_name = "FILE", env = "SOPS_CONFIG", hide_env_values = true)]
    config: Option<std::path::PathBuf>,

    /// Which kinds of keys to try first: age, pgp, kms, gcp_kms, hckms, azure_kv, hc_vault, with commas between
    #[arg(
        long,
        global = true,
        value_name = "KINDS",
        env = "SOPS_DECRYPTION_ORDER",
        hide_env_values = true,
        default_value = "",
        hide_default_value = true
    )]
    decryption_order: String,

    /// Blanks per level where YAML or JSON is printed anew; a file that is changed keeps its own
    #[arg(long, global = true, value_name = "BLANKS")]
    indent: Option<u16>,

    #[command(flatten)]
    flags: SopsFlags,

    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
#[command(defer = true)]
enum Verb {
    /// Start with encrypted secrets: a key of your own, and a .sops.yaml that encrypts for it
    Init(init::InitArgs),
    /// Decrypt a file to the standard output, or files in place
    Decrypt(decrypt::DecryptArgs),
    /// Encrypt a file to the standard output, or files in place
    Encrypt(encrypt::EncryptArgs),
    /// Edit the plaintext of a file with SOPS_EDITOR or EDITOR
    Edit(edit::EditArgs),
    /// Print one value of a file
    Get(get::GetArgs),
    /// Set values in a file, without an editor and without showing them
    Set(set::SetArgs),
    /// Remove values from a file
    Unset(unset::UnsetArgs),
    /// Show what is encrypted in a file, for whom, and which rule is for it
    List(list::ListArgs),
    /// Give files new data keys, and add or remove recipients
    Rotate(rotate::RotateArgs),
    /// Encrypt files for those whom the rules name today
    #[command(visible_alias = "updatekeys", alias = "update-keys")]
    Rekey(rekey::RekeyArgs),
    /// Add key groups to a file, or remove them
    Groups(groups::GroupsArgs),
    /// Run a command with the values of a file in its environment
    ExecEnv(exec_env::ExecEnvArgs),
    /// Run a command with the path of the decrypted file in place of {}
    ExecFile(exec_file::ExecFileArgs),
    /// Say whether a file is encrypted, as JSON
    #[command(visible_alias = "filestatus")]
    FileStatus(file_status::FileStatusArgs),
    /// Check the repository: secrets in clear, files that are not what the rules say
    Check(check::CheckArgs),
    /// Show every secret of the repository: for whom it is encrypted, and how old each value and each data key is
    Status(status::StatusArgs),
    /// Show which keys were found where, which files they open, and whose keys are missing
    Doctor(doctor::DoctorArgs),
    /// Keep a second key on paper, and find out whether it opens everything
    Recovery(recovery::RecoveryArgs),
    /// Take over secrets from SealedSecrets
    Import(import::ImportArgs),
    /// Merge three sides of an encrypted file, as a merge driver of Git
    Merge(merge_driver::MergeArgs),
    /// Print the plaintext of a file for `git diff`
    Textconv(textconv::TextconvArgs),
    /// Let Git merge and compare the encrypted files of this repository
    GitSetup(git_setup::GitSetupArgs),
    #[command(flatten)]
    Missing(sops_flags::Missing),
}

pub(crate) fn run(args: &SecretsArgs, console: &Console) -> anyhow::Result<Outcome> {
    args.flags.check()?;
    let settings = Settings::new(args.config.clone(), &args.decryption_order, args.indent, console)?;
    let outcome = match &args.verb {
        Verb::Init(args) => init::run(args, &settings),
        Verb::Decrypt(args) => decrypt::run(args, &settings),
        Verb::Encrypt(args) => encrypt::run(args, &settings),
        Verb::Edit(args) => edit::run(args, &settings),
        Verb::Get(args) => get::run(args, &settings),
        Verb::Set(args) => set::run(args, &settings),
        Verb::Unset(args) => unset::run(args, &settings),
        Verb::List(args) => list::run(args, &settings),
        Verb::Rotate(args) => rotate::run(args, &settings),
        Verb::Rekey(args) => rekey::run(args, &settings),
        Verb::Groups(args) => groups::run(args, &settings),
        Verb::ExecEnv(args) => exec_env::run(args, &settings),
        Verb::ExecFile(args) => exec_file::run(args, &settings),
        Verb::FileStatus(args) => file_status::run(args, &settings),
        Verb::Check(args) => check::run(args, &settings),
        Verb::Status(args) => status::run(args, &settings),
        Verb::Doctor(args) => doctor::run(args, &settings),
        Verb::Recovery(args) => recovery::run(args, &settings),
        Verb::Import(args) => import::run(args, &settings),
        Verb::Merge(args) => merge_driver::run(args, &settings),
        Verb::Textconv(args) => textconv::run(args, &settings),
        Verb::GitSetup(args) => git_setup::run(args, &settings),
        Verb::Missing(verb) => sops_flags::run(verb),
    };
    outcome.map_err(failure::explained)
}

#[cfg(test)]
mod tests {
    use clap::Subcommand as _;

    use super::Verb;

    #[test]
    fn the_overview_says_what_the_verbs_say() {
        crate::cli::tests::the_overview_is_true(&Verb::augment_subcommands(clap::Command::new("secrets")));
    }
}
