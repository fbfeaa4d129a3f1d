//! `windlass secrets rotate`.

use std::path::PathBuf;

use windlass_secrets::{Change, KeyChange, Kind, Repository, RepositoryText, Rotation, change_all, rotate};
use windlass_sops::RecipientKind;
use zeroize::Zeroizing;

use crate::outcome::Outcome;
use crate::secrets::failure;
use crate::secrets::files::{InputArgs, OutputArgs, Source, TreeArgs};
use crate::secrets::recipients::parse;
use crate::secrets::settings::Settings;
use crate::secrets::sops_flags::ChangeFlags;
use crate::trouble::Trouble;

/// Give files new data keys, and add or remove recipients
///
/// Every value is encrypted anew, so that whoever has an old data key opens none. The values themselves stay: whoever was
/// removed has seen them, and which ones is listed, to be changed at their source. Killed in the middle, it leaves files that
/// all open, some with the new key: run it again.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  windlass secrets rotate -i secret.sops.yaml
  windlass secrets rotate -i --all --rm-age age1…      somebody leaves
  windlass secrets rotate -i 'apps/**/*.sops.yaml' --add-age age1…")]
pub(crate) struct RotateArgs {
    #[command(flatten)]
    tree: TreeArgs,

    #[command(flatten)]
    output: OutputArgs,

    #[command(flatten)]
    input: InputArgs,

    /// The name by which the format is known, instead of that of the file
    #[arg(long, value_name = "NAME")]
    filename_override: Option<PathBuf>,

    /// Do not verify the message authentication code first
    #[arg(long)]
    ignore_mac: bool,

    #[command(flatten)]
    same: ChangeFlags,

    #[command(flatten)]
    change: RecipientChangeArgs,
}

/// Who comes and who goes
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Recipients to add and to remove, separated by commas")]
struct RecipientChangeArgs {
    #[arg(long, value_name = "LIST", help = "age recipients")]
    add_age: Option<String>,
    #[arg(long, value_name = "LIST", help = "age recipients")]
    rm_age: Option<String>,
    #[arg(long, value_name = "LIST", help = "PGP fingerprints")]
    add_pgp: Option<String>,
    #[arg(long, value_name = "LIST", help = "PGP fingerprints")]
    rm_pgp: Option<String>,
    #[arg(long, value_name = "LIST", help = "AWS KMS keys")]
    add_kms: Option<String>,
    #[arg(long, value_name = "LIST", help = "AWS KMS keys")]
    rm_kms: Option<String>,
    #[arg(long, value_name = "LIST", help = "Google Cloud KMS keys")]
    add_gcp_kms: Option<String>,
    #[arg(long, value_name = "LIST", help = "Google Cloud KMS keys")]
    rm_gcp_kms: Option<String>,
    #[arg(long, value_name = "LIST", help = "Huawei Cloud KMS keys")]
    add_hckms: Option<String>,
    #[arg(long, value_name = "LIST", help = "Huawei Cloud KMS keys")]
    rm_hckms: Option<String>,
    #[arg(long, value_name = "LIST", help = "Azure Key Vault keys")]
    add_azure_kv: Option<String>,
    #[arg(long, value_name = "LIST", help = "Azure Key Vault keys")]
    rm_azure_kv: Option<String>,
    #[arg(long, value_name = "LIST", help = "keys of Vault's transit engine")]
    add_hc_vault_transit: Option<String>,
    #[arg(long, value_name = "LIST", help = "keys of Vault's transit engine")]
    rm_hc_vault_transit: Option<String>,
}

impl RecipientChangeArgs {
    fn rotation(&self) -> anyhow::Result<Rotation> {
        let lists = [
            (RecipientKind::Age, &self.add_age, &self.rm_age),
            (RecipientKind::Pgp, &self.add_pgp, &self.rm_pgp),
            (RecipientKind::AwsKms, &self.add_kms, &self.rm_kms),
            (RecipientKind::GcpKms, &self.add_gcp_kms, &self.rm_gcp_kms),
            (RecipientKind::HuaweiKms, &self.add_hckms, &self.rm_hckms),
            (RecipientKind::AzureKeyVault, &self.add_azure_kv, &self.rm_azure_kv),
            (RecipientKind::Vault, &self.add_hc_vault_transit, &self.rm_hc_vault_transit),
        ];
        let mut rotation = Rotation::default();
        for (kind, add, remove) in lists {
            rotation.add.extend(parse(kind, add.as_deref())?);
            rotation.remove.extend(parse(kind, remove.as_deref())?);
        }
        Ok(rotation)
    }
}

pub(crate) fn run(args: &RotateArgs, settings: &Settings<'_>) -> anyhow::Result<Outcome> {
    args.output.check()?;
    let rotation = args.change.rotation()?;
    let hands = settings.hands(args.ignore_mac);
    if let Some(path) = args.tree.single(settings) {
        let source = Source::file(&path, 2)?;
        let name = args.filename_override.as_deref().unwrap_or(&source.path);
        args.same.check(args.input.format(name))?;
        let change = rotate(&source.path, &source.text, args.input.format(name), &hands, &rotation)?;
        tell(settings, &source.path.display().to_string(), &change);
        args.output.write(settings, &source, change.text.as_deref().unwrap_or(&source.text))?;
        return Ok(Outcome::Done);
    }
    let is_named = !args.tree.files.is_empty() || args.tree.all;
    if is_named && (!args.output.in_place || args.filename_override.is_some()) {
        return Err(Trouble::new("several files can be rotated in place only (-i)").code(8).into());
    }
    let (repository, files) = args.tree.select(settings, Kind::Encrypted)?;
    let changed = settings.with_work("rotating", |work| {
        change_all(&files, work, |file| {
            let change = rotate(&file.path, &file.text, args.input.format(&file.path), &hands, &rotation)?;
            Ok(Change { text: change.text.clone().map(Zeroizing::new), note: change })
        })
    });
    match changed {
        Ok(changes) => {
            tell_all(settings, &repository, &files, &changes);
            settings.console.note(&format!("{} rotated", self::files(changes.len())));
            Ok(Outcome::Done)
        }
        Err(faults) => Err(failure::of_many(faults, settings.console)),
    }
}

/// Tells of every file whose recipients changed.
pub(crate) fn tell_all(
    settings: &Settings<'_>,
    repository: &Repository,
    files: &[RepositoryText],
    changes: &[KeyChange],
) {
    for (file, change) in files.iter().zip(changes) {
        tell(settings, &repository.shown(&file.path).display().to_string(), change);
    }
    let seen: usize = changes.iter().map(|change| change.seen.len()).sum();
    if seen > 0 {
        settings.console.note(&format!(
            "{seen} values have been seen by those who were removed: change them where they come from, then here with \
             `windlass secrets set`"
        ));
    }
}

/// Tells who was added to a file and who removed, with the values that those have seen.
pub(crate) fn tell(settings: &Settings<'_>, name: &str, change: &KeyChange) {
    for added in &change.added {
        settings.console.note(&format!("{name}: added {added}"));
    }
    for removed in &change.removed {
        settings.console.note(&format!("{name}: removed {removed}, who has seen:"));
        for at in &change.seen {
            settings.console.note(&format!("    {at}"));
        }
    }
}

/// `1 file`, `2 files`.
pub(crate) fn files(count: usize) -> String {
    format!("{count} file{}", if count == 1 { "" } else { "s" })
}
