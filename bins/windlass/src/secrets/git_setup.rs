//! `windlass secrets git-setup`.

use std::path::Path;
use std::process::Command;

use windlass_secrets::{Repository, replace_file};

use crate::outcome::Outcome;
use crate::secrets::settings::Settings;
use crate::trouble::Trouble;

/// Let Git merge and compare the encrypted files of this repository
///
/// Prints what is to be set; with --apply sets it: in .git/config the drivers, in .gitattributes the files that they are for.
/// Plaintext that `git diff` prints goes to your terminal and pager; Git is told not to cache it.
#[derive(Debug, clap::Args)]
pub(crate) struct GitSetupArgs {
    /// Set it
    #[arg(long)]
    apply: bool,

    /// A pre-commit hook as well, which refuses commits with secrets in clear; one that is there is left alone
    #[arg(long)]
    hook: bool,

    /// The files, as in .gitattributes
    #[arg(long, value_name = "PATTERN", default_value = "*.sops.*")]
    pattern: Vec<String>,
}

/// The name of the drivers in Git's settings.
const DRIVER: &str = "windlass-secrets";

pub(crate) fn run(args: &GitSetupArgs, settings: &Settings<'_>) -> anyhow::Result<Outcome> {
    let config = [
        (format!("merge.{DRIVER}.name"), "encrypted files, merged by key".to_owned()),
        (format!("merge.{DRIVER}.driver"), "windlass secrets merge %O %A %B %P".to_owned()),
        (format!("diff.{DRIVER}.textconv"), "windlass secrets textconv".to_owned()),
        (format!("diff.{DRIVER}.cachetextconv"), "false".to_owned()),
    ];
    let lines: Vec<String> =
        args.pattern.iter().map(|pattern| format!("{pattern} diff={DRIVER} merge={DRIVER}")).collect();
    if !args.apply {
        let mut text = String::new();
        config.iter().for_each(|(name, value)| text += &format!("git config {name} '{value}'\n"));
        lines.iter().for_each(|line| text += &format!("echo '{line}' >> .gitattributes\n"));
        if args.hook {
            let hook = HOOK.replace('\n', "\\n");
            text += &format!("printf '{hook}' > .git/hooks/pre-commit && chmod +x .git/hooks/pre-commit\n");
        }
        settings.console.data(text.as_bytes())?;
        settings.console.note("nothing was set; --apply does it");
        return Ok(Outcome::Done);
    }
    let repository = Repository::around(&settings.folder)?;
    for (name, value) in &config {
        let status = Command::new("git").arg("-C").arg(repository.root()).args(["config", name, value]).status();
        if !status.is_ok_and(|status| status.success()) {
            return Err(Trouble::new("git config failed").help("is this a Git repository?").code(1).into());
        }
    }
    add_lines(&repository.root().join(".gitattributes"), &lines)?;
    if args.hook {
        add_hook(repository.root())?;
    }
    settings.console.note("set in .git/config, and in .gitattributes, which belongs into a commit");
    Ok(Outcome::Done)
}

const HOOK: &str = "#!/bin/sh\nexec windlass secrets check --staged\n";

/// Makes the hook where there is none.
fn add_hook(root: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let trouble = || Trouble::new("cannot make the pre-commit hook").code(1);
    // Wherever the hooks of this repository lie.
    let asked = Command::new("git").arg("-C").arg(root).args(["rev-parse", "--git-path", "hooks/pre-commit"]).output();
    let asked = asked.map_err(|error| trouble().because(error))?;
    let path = root.join(String::from_utf8_lossy(&asked.stdout).trim_end());
    match std::fs::read_to_string(&path) {
        Ok(text) if text == HOOK => return Ok(()),
        Ok(_) => {
            let help = format!("{} is there already; add to it: windlass secrets check --staged", path.display());
            return Err(trouble().help(help).into());
        }
        Err(_) => replace_file(&path, None, HOOK.as_bytes())?,
    }
    let executable = std::fs::Permissions::from_mode(0o755);
    Ok(std::fs::set_permissions(&path, executable).map_err(|error| trouble().because(error))?)
}

/// Adds lines that are not there.
fn add_lines(path: &Path, lines: &[String]) -> anyhow::Result<()> {
    let old = std::fs::read_to_string(path).ok();
    let mut text = old.clone().unwrap_or_default();
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    for line in lines.iter().filter(|line| !old.iter().flat_map(|old| old.lines()).any(|known| known == line.as_str()))
    {
        text += &format!("{line}\n");
    }
    if old.as_ref() != Some(&text) {
        replace_file(path, old.as_ref().map(String::as_bytes), text.as_bytes())?;
    }
    Ok(())
}
