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
enum Verb {
    Init(init::InitArgs),
    Decrypt(decrypt::DecryptArgs),
    Encrypt(encrypt::EncryptArgs),
    Edit(edit::EditArgs),
    Get(get::GetArgs),
    Set(set::SetArgs),
    Unset(unset::UnsetArgs),
    List(list::ListArgs),
    Rotate(rotate::RotateArgs),
    #[command(visible_alias = "updatekeys", alias = "update-keys")]
    Rekey(rekey::RekeyArgs),
    Groups(groups::GroupsArgs),
    ExecEnv(exec_env::ExecEnvArgs),
    ExecFile(exec_file::ExecFileArgs),
    #[command(visible_alias = "filestatus")]
    FileStatus(file_status::FileStatusArgs),
    Check(check::CheckArgs),
    Status(status::StatusArgs),
    Doctor(doctor::DoctorArgs),
    Recovery(recovery::RecoveryArgs),
    Import(import::ImportArgs),
    Merge(merge_driver::MergeArgs),
    Textconv(textconv::TextconvArgs),
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
