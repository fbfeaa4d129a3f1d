//! `windlass secrets init`.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use windlass_paperkey::RecoveryKey;
use windlass_secrets::{Repository, replace_file};
use windlass_sops::{CreationRules, RecipientKind};
use zeroize::Zeroizing;

use crate::outcome::Outcome;
use crate::secrets::settings::Settings;
use crate::secrets::{keyring, recipients};
use crate::trouble::Trouble;

/// Start with encrypted secrets: a key of your own, and a .sops.yaml that encrypts for it
///
/// Makes an age key where sops looks for one, unless you have one, and a .sops.yaml in the root of the repository, unless there
/// is one. What is there already is left as it is.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  windlass secrets init
  windlass secrets init --age age1…                   for somebody else as well: the cluster, a colleague")]
pub(crate) struct InitArgs {
    /// Further age recipients, separated by commas
    #[arg(short, long, value_name = "LIST")]
    age: Option<String>,
}

pub(crate) fn run(args: &InitArgs, settings: &Settings<'_>) -> anyhow::Result<Outcome> {
    let console = settings.console;
    let mut recipients = vec![own_recipient(settings)?];
    for recipient in recipients::parse(RecipientKind::Age, args.age.as_deref())? {
        if !recipients.contains(&recipient.id) {
            recipients.push(recipient.id);
        }
    }
    let repository = Repository::around(&settings.folder)?;
    let rules = repository.root().join(CreationRules::FILE_NAME);
    if rules.exists() {
        console.note(&format!("{}: there already, and left as it is", rules.display()));
    } else {
        replace_file(&rules, None, rules_for(&recipients).as_bytes())?;
        console.note(&format!("{}: written, for {}", rules.display(), recipients.join(" and ")));
    }
    let file = keyring::default_file().unwrap_or_else(|| PathBuf::from("keys.txt"));
    console.note(&format!(
        "\nWhat comes next:\n  \
         windlass secrets set web.sops.yaml --data password    a Secret with a value that nobody sees\n  \
         windlass secrets recovery new                         a second key, for paper: who loses the only key loses all\n  \
         windlass secrets git-setup --apply --hook             merges by key, and no commit of a secret in clear\n\
         In the cluster, with `decryption: {{provider: sops, secretRef: {{name: sops-age}}}}` in a Kustomization:\n  \
         kubectl -n flux-system create secret generic sops-age --from-file=age.agekey={}",
        file.display()
    ));
    Ok(Outcome::Done)
}

/// The first age recipient that a key is at hand for; a new one where there is none.
fn own_recipient(settings: &Settings<'_>) -> anyhow::Result<String> {
    let identities = settings.identities();
    if let Some(own) = identities.tried().into_iter().find(|own| own.recipient.starts_with("age1")) {
        settings.console.note(&format!("your key is {}, from {}", own.recipient, own.origin));
        return Ok(own.recipient);
    }
    let file = keyring::default_file().ok_or_else(|| Trouble::new("there is no home directory for a key").code(1))?;
    let key = RecoveryKey::generate();
    let text = Zeroizing::new(format!("# public key: {}\n{}\n", key.recipient(), key.expose().as_str()));
    let trouble = |error: std::io::Error| {
        let help = match identities.warnings().first() {
            Some(warning) if file.exists() => format!("it is there and cannot be used: {warning}"),
            _ => "set SOPS_AGE_KEY_FILE to a file with your key".to_owned(),
        };
        Trouble::new(format!("cannot make a key in {}", file.display())).because(error).help(help).code(1)
    };
    write_key(&file, text.as_bytes()).map_err(trouble)?;
    settings.console.note(&format!("{}: written, your new key; keep a copy elsewhere", file.display()));
    Ok(key.recipient())
}

/// Writes a file that was not there, for its owner alone.
fn write_key(file: &Path, text: &[u8]) -> std::io::Result<()> {
    if let Some(folder) = file.parent() {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    let mut file = fs::File::options().write(true).create_new(true).mode(0o600).open(file)?;
    file.write_all(text)?;
    file.sync_all()
}

fn rules_for(recipients: &[String]) -> String {
    let list = recipients.join(",");
    format!(
        "creation_rules:\n  \
         # Kubernetes Secrets: their names stay readable, and a diff shows which value was changed.\n  \
         - path_regex: \\.sops\\.ya?ml$\n    encrypted_regex: ^(data|stringData)$\n    age: {list}\n  \
         # Other files (.sops.env, .sops.json, .sops.ini): all values.\n  \
         - path_regex: \\.sops\\.\n    age: {list}\n"
    )
}
