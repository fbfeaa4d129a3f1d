//! `windlass secrets import`.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use windlass_secrets::{SealingKeys, Staged, encrypt_new, unseal};
use windlass_sops::Format;

use crate::outcome::Outcome;
use crate::secrets::files::Source;
use crate::secrets::recipients::{RecipientArgs, SelectorArgs};
use crate::secrets::settings::Settings;
use crate::trouble::Trouble;

/// Take over secrets from SealedSecrets
///
/// Opens SealedSecrets with the backup of their controller's keys, and writes each as a Secret that is encrypted by the rule
/// for its file: NAME.sops.yaml beside it, or in --to. The values go from memory into envelopes; nothing is written in clear,
/// and no cluster is asked. The backup is what this gives:
/// kubectl get secret -n kube-system -l sealedsecrets.bitnami.com/sealed-secrets-key -o yaml
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  windlass secrets import sealed apps/*/sealed.yaml --keys sealed-secrets-keys.yaml")]
pub(crate) struct ImportArgs {
    #[command(subcommand)]
    from: From,
}

#[derive(Debug, clap::Subcommand)]
enum From {
    /// From SealedSecrets (bitnami-labs/sealed-secrets), of all three scopes
    Sealed(SealedArgs),
}

#[derive(Debug, clap::Args)]
struct SealedArgs {
    /// The manifests
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,

    /// The backup of the keys: the Secrets as YAML, or PEM; - is the standard input
    #[arg(long, value_name = "FILE")]
    keys: PathBuf,

    /// The folder for the new files; by default that of each manifest
    #[arg(long, value_name = "FOLDER")]
    to: Option<PathBuf>,

    /// The namespace of manifests that name none, which kustomize adds later
    #[arg(long, value_name = "NAME")]
    namespace: Option<String>,

    #[command(flatten)]
    recipients: RecipientArgs,

    #[command(flatten)]
    selector: SelectorArgs,
}

pub(crate) fn run(args: &ImportArgs, settings: &Settings<'_>) -> anyhow::Result<Outcome> {
    let From::Sealed(args) = &args.from;
    let backup = if args.keys.as_os_str() == "-" { Source::stdin(None)? } else { Source::file(&args.keys, 2)? };
    let keys = SealingKeys::parse(text(&backup)?).map_err(|error| {
        let message = format!("{} is no backup of the keys: {error}", args.keys.display());
        Trouble::new(message).help("`windlass secrets import --help` has the command that makes one").code(1)
    })?;
    let mut staged = Staged::new();
    let mut written = Vec::new();
    for file in &args.files {
        let source = Source::file(file, 2)?;
        let in_file =
            |error: windlass_secrets::SealedError| Trouble::new(format!("{}: {error}", file.display())).code(1);
        for secret in unseal(text(&source)?, &keys, args.namespace.as_deref()).map_err(in_file)? {
            let folder = args.to.as_deref().or(file.parent()).unwrap_or(Path::new(""));
            let path = folder.join(format!("{}.sops.yaml", secret.name));
            if path.exists() || written.contains(&path) {
                let trouble = Trouble::new(format!("{} is there already", path.display()));
                return Err(trouble
                    .help("nothing was written; move it away, or choose another folder with --to")
                    .code(1)
                    .into());
            }
            let rule = settings.rule_for(&path)?;
            let recipients = args.recipients.recipients(rule.as_ref(), &path, settings)?;
            let options = settings.with_keys(args.selector.options(rule.as_ref())?, &recipients);
            let now = SystemTime::now();
            let encrypted = encrypt_new(&path, &secret.manifest, Format::Yaml, &recipients, &options, now)?;
            staged.add(&path, None, &encrypted)?;
            written.push(path);
        }
    }
    staged.commit()?;
    for path in &written {
        settings.console.note(&format!("{}: written", path.display()));
    }
    settings
        .console
        .note("compare with the Secrets in the cluster, then replace the SealedSecrets in the kustomization");
    Ok(Outcome::Done)
}

fn text(source: &Source) -> anyhow::Result<&str> {
    let name = source.path.display();
    Ok(std::str::from_utf8(&source.text).map_err(|_| Trouble::new(format!("{name} is no text")).code(2))?)
}
