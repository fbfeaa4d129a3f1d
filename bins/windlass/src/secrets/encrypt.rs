//! `windlass secrets encrypt`.

use std::collections::HashMap;
use std::path::PathBuf;

use windlass_secrets::{Change, Kind, change_all, choose, encrypt_text};
use windlass_sops::{Format, Layout};
use zeroize::Zeroizing;

use crate::outcome::Outcome;
use crate::secrets::files::{FormatName, InputArgs, OutputArgs, Source, TreeArgs};
use crate::secrets::recipients::{RecipientArgs, SelectorArgs};
use crate::secrets::settings::{FoundRule, Settings};
use crate::secrets::{failure, rotate};
use crate::trouble::Trouble;

/// Encrypt a file to the standard output, or files in place
///
/// For whom, and which values, says the rule in .sops.yaml that is for the file. Folders, patterns and --all encrypt the
/// files that a rule is for by its path_regex and that are not encrypted yet, but no Kubernetes objects other than Secrets.
/// Without a file the standard input is read, and
/// --filename-override names it.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  windlass secrets encrypt -i apps/web/secret.sops.yaml
  windlass secrets encrypt -i --all                   what a rule is for and lies there in clear
  windlass secrets encrypt --age age1… secret.yaml > secret.sops.yaml")]
pub(crate) struct EncryptArgs {
    #[command(flatten)]
    tree: TreeArgs,

    #[command(flatten)]
    output: OutputArgs,

    #[command(flatten)]
    input: InputArgs,

    /// Write another format; the layout is then that of sops
    #[arg(long, value_name = "FORMAT", hide_possible_values = true)]
    output_type: Option<FormatName>,

    /// The name by which rule and format are found, instead of that of the file
    #[arg(long, value_name = "NAME")]
    filename_override: Option<PathBuf>,

    /// Print YAML and dotenv anew, as sops does, instead of keeping comments, quotes and indentation
    #[arg(long)]
    reformat: bool,

    #[command(flatten)]
    recipients: RecipientArgs,

    #[command(flatten)]
    selector: SelectorArgs,
}

pub(crate) fn run(args: &EncryptArgs, settings: &Settings<'_>) -> anyhow::Result<Outcome> {
    args.output.check()?;
    let source = if args.tree.files.is_empty() && !args.tree.all {
        if args.output.in_place {
            return Err(Trouble::new("the standard input cannot be encrypted in place").code(8).into());
        }
        if args.filename_override.is_none() {
            return Err(Trouble::new("--filename-override must name the standard input").code(8).into());
        }
        Source::stdin(args.filename_override.as_deref())?
    } else {
        match args.tree.single(settings) {
            Some(path) => Source::file(&path, 100)?,
            None => return tree(args, settings),
        }
    };
    let name = args.filename_override.as_deref().unwrap_or(&source.path);
    let format = args.input.format(name);
    let rule = settings.rule_for(name)?;
    let recipients = args.recipients.recipients(rule.as_ref(), name, settings)?;
    let options = args.selector.options(rule.as_ref())?.layout(args.layout(settings)).stores(settings.stores(name));
    let options = settings.with_keys(options, &recipients);
    // As in sops the name of the file says what is written, whatever it was read as.
    let output = args.output_type.map_or_else(|| Format::of_path(name), Format::from);
    let options = if output == format { options } else { options.output(output) };
    let text = encrypt_text(&source.path, &source.text, format, &recipients, &options, std::time::SystemTime::now());
    args.output.write(settings, &source, &text.map_err(failure::of_source)?)?;
    Ok(Outcome::Done)
}

impl EncryptArgs {
    fn layout(&self, settings: &Settings<'_>) -> Layout {
        if self.reformat || settings.prints_anew() { Layout::Sops } else { Layout::Keep }
    }
}

fn tree(args: &EncryptArgs, settings: &Settings<'_>) -> anyhow::Result<Outcome> {
    if !args.output.in_place || args.output_type.is_some() || args.filename_override.is_some() {
        let trouble = Trouble::new("several files can be encrypted in place only (-i), each in its own format");
        return Err(trouble.code(8).into());
    }
    let (repository, files) = args.tree.select(settings, Kind::Plain)?;
    let mut rules = settings.rule_files()?;
    let (mut under_rule, mut rule_of) = (Vec::new(), HashMap::new());
    for file in files {
        let name = settings.absolute(&file.path);
        let Some(found) = rules.for_file(&name)? else { continue };
        let Some(rule) = found.rule_for(&name).cloned() else { continue };
        // The rules themselves, and what a rule matches only because it is broad, is no secret: such a file is named to be
        // encrypted.
        if name != found.path && rule.path_pattern.is_some() {
            rule_of.insert(file.path.clone(), FoundRule { file: found, rule });
            under_rule.push(file);
        }
    }
    let files = settings.with_work("looking", |work| {
        choose(under_rule, work, |file| {
            let (Some(found), format) = (rule_of.get(&file.path), args.input.format(&file.path)) else { return false };
            // Nor is what the rule would leave as it is.
            windlass_sops::selected_values(&file.text, format, &found.rule.selector).is_ok_and(|at| !at.is_empty())
                && !windlass_secrets::is_no_secret(&file.text, format)
        })
    });
    let mut ways = HashMap::new();
    for file in &files {
        let (name, rule) = (settings.absolute(&file.path), rule_of.get(&file.path));
        let recipients = args.recipients.recipients(rule, &name, settings)?;
        let options = args.selector.options(rule)?.layout(args.layout(settings)).stores(settings.stores(&name));
        let options = settings.with_keys(options, &recipients);
        ways.insert(file.path.clone(), (recipients, options));
    }
    let now = std::time::SystemTime::now();
    let encrypted = settings.with_work("encrypting", |work| {
        change_all(&files, work, |file| {
            let Some((recipients, options)) = ways.get(&file.path) else {
                return Ok(Change { text: None, note: () });
            };
            let format = args.input.format(&file.path);
            let text = encrypt_text(&file.path, &file.text, format, recipients, options, now)?;
            Ok(Change { text: Some(Zeroizing::new(text)), note: () })
        })
    });
    match encrypted {
        Ok(notes) => {
            // At one stroke: there may be hundreds of lines.
            let told: String =
                files.iter().map(|file| format!("{}: encrypted\n", repository.shown(&file.path).display())).collect();
            settings.console.note(&format!("{told}{} encrypted", rotate::files(notes.len())));
            Ok(Outcome::Done)
        }
        Err(faults) => Err(failure::of_many(faults, settings.console)),
    }
}
