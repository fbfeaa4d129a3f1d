//! `windlass secrets set`.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde_json::Value as Json;
use windlass_secrets::{check_secret, encrypt_new, new_secret, replace_file, set_path, to_data};
use windlass_sops::{Format, PathStep};
use zeroize::Zeroizing;

use crate::outcome::Outcome;
use crate::secrets::files::{InputArgs, Source};
use crate::secrets::get;
use crate::secrets::new_value::ValueArgs;
use crate::secrets::recipients::{RecipientArgs, SelectorArgs};
use crate::secrets::settings::Settings;
use crate::secrets::sops_flags::ChangeFlags;
use crate::trouble::Trouble;

/// Set values in a file, without an editor and without showing them
///
/// Asks for each value, hidden. Mappings and lists on the way are made, a position beyond the end of a list adds to it, and
/// a file that is not there is made by the rule that is for it. All else in the file stays as it is, byte for byte.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  windlass secrets set secret.sops.yaml stringData.user stringData.password
  windlass secrets set secret.sops.yaml --data tls.key --from-file tls.key
  windlass secrets set secret.sops.yaml --data password --generate=40/alnum
  pwgen 40 1 | windlass secrets set secret.sops.yaml stringData.password --stdin
  windlass secrets set new.sops.yaml --data password --name web --namespace home")]
pub(crate) struct SetArgs {
    /// The file
    file: PathBuf,

    /// The values: `stringData.password`, `users[0].name`, `data["tls.key"]`; with --data keys of a Secret
    #[arg(required = true, value_name = "PATH", allow_hyphen_values = false)]
    paths: Vec<String>,

    /// Put the values into the `data` of a Secret, in base64
    #[arg(long)]
    data: bool,

    /// With --data, the name of a Secret that is not there yet; by default that of the file
    #[arg(long, requires = "data")]
    name: Option<String>,

    /// With --data, the namespace of a Secret that is not there yet
    #[arg(long, requires = "data")]
    namespace: Option<String>,

    /// Leave the file alone where it has the values already
    #[arg(long)]
    idempotent: bool,

    #[command(flatten)]
    input: InputArgs,

    /// Do not verify the message authentication code first
    #[arg(long)]
    ignore_mac: bool,

    #[command(flatten)]
    change: ChangeFlags,

    #[command(flatten)]
    values: ValueArgs,

    #[command(flatten)]
    recipients: RecipientArgs,

    #[command(flatten)]
    selector: SelectorArgs,
}

pub(crate) fn run(args: &SetArgs, settings: &Settings<'_>) -> anyhow::Result<Outcome> {
    let format = args.input.format(&args.file);
    args.change.check(format)?;
    if format == Format::Binary && !args.file.exists() {
        let trouble = Trouble::new("a new file needs a name that tells its format (.yaml, .json, .env, .ini)");
        return Err(trouble.help("or --input-type").code(1).into());
    }
    let mut values = args.values.read(&args.paths)?;
    let paths: Vec<_> = values
        .paths
        .iter()
        .map(|path| get::path(path, args.data).map_err(|error| wrong_path(error, path)))
        .collect::<Result<_, _>>()?;
    let document = Opened::new(args, format, settings)?;
    let mut changes = Vec::new();
    for (at, path) in paths.into_iter().enumerate() {
        let bytes = args.values.bytes(&mut values, at)?;
        let value = if args.data { Json::String(to_data(&bytes).to_string()) } else { args.values.json(&bytes)? };
        changes.push((path, value));
    }
    let changed = document.set(args, format, settings, &changes);
    // From here on the document alone has them.
    changes.into_iter().for_each(|(_, value)| wipe(value));
    if changed? {
        settings.console.note(&format!("{}: set {}", args.file.display(), values.paths.join(", ")));
    } else {
        settings.console.note(&format!("{}: has these values already", args.file.display()));
    }
    Ok(Outcome::Done)
}

fn wrong_path(error: anyhow::Error, path: &str) -> anyhow::Error {
    match error.downcast::<Trouble>() {
        // As sops answers here, where `get` has another code.
        Ok(trouble) if !path.is_empty() => trouble.code(7).into(),
        Ok(trouble) => trouble.into(),
        Err(error) => error,
    }
}

fn wipe(value: Json) {
    match value {
        Json::String(text) => drop(Zeroizing::new(text)),
        Json::Array(items) => items.into_iter().for_each(wipe),
        Json::Object(entries) => entries.into_iter().for_each(|(_, value)| wipe(value)),
        Json::Null | Json::Bool(_) | Json::Number(_) => {}
    }
}

/// The file that is there, or the beginning of a new one.
enum Opened {
    File(Source),
    New,
}

impl Opened {
    fn new(args: &SetArgs, format: Format, settings: &Settings<'_>) -> anyhow::Result<Self> {
        if !args.file.exists() {
            return Ok(Self::New);
        }
        let source = Source::file(&args.file, 2)?;
        // A file that cannot be opened is told before anybody types a password for it.
        let document = settings.hands(args.ignore_mac).open(&args.file, &source.text, format)?;
        if args.data {
            check_secret(&document)?;
        }
        Ok(Self::File(source))
    }

    fn set(
        &self,
        args: &SetArgs,
        format: Format,
        settings: &Settings<'_>,
        changes: &[(Vec<PathStep>, Json)],
    ) -> anyhow::Result<bool> {
        let Self::File(source) = self else {
            replace_file(&args.file, None, &new_file(args, format, settings, changes)?)?;
            return Ok(true);
        };
        let mut document = settings.hands(args.ignore_mac).open(&args.file, &source.text, format)?;
        let mut changed = false;
        for (path, value) in changes {
            changed |= document.set(path, value)?;
        }
        if changed || !args.idempotent {
            replace_file(&args.file, Some(&source.text), &document.save(SystemTime::now())?)?;
        }
        Ok(changed)
    }
}

fn new_file(
    args: &SetArgs,
    format: Format,
    settings: &Settings<'_>,
    changes: &[(Vec<PathStep>, Json)],
) -> anyhow::Result<Vec<u8>> {
    let rule = settings.rule_for(&args.file)?;
    let recipients = args.recipients.recipients(rule.as_ref(), &args.file, settings)?;
    let options = settings.with_keys(args.selector.options(rule.as_ref())?, &recipients);
    let mut content = if args.data {
        let name = args.name.clone().unwrap_or_else(|| stem(&args.file));
        new_secret(&name, args.namespace.as_deref())
    } else {
        Json::Object(serde_json::Map::new())
    };
    for (path, value) in changes {
        set_path(&mut content, path, value.clone());
    }
    let text = encrypt_new(&args.file, &content, format, &recipients, &options, SystemTime::now());
    wipe(content);
    Ok(text?)
}

/// The name of a file up to its first dot.
pub(crate) fn stem(file: &Path) -> String {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    name.split('.').find(|part| !part.is_empty()).unwrap_or("example").to_owned()
}
