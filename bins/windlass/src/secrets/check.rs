//! `windlass secrets check`.

use std::io::Write as _;

use serde_json::json;
use windlass_secrets::{CheckFinding, CheckOptions, Kind, Repository, Severity, check};

use crate::kubeconfig::{ClusterArgs, block_on};
use crate::outcome::Outcome;
use crate::output::{self, Output};
use crate::secrets::cluster_keys;
use crate::secrets::rotate::files;
use crate::secrets::settings::Settings;
use crate::table::{Cell, Table};

/// Check the repository: secrets in clear, files that are not what the rules say
///
/// For hooks and CI; no key is needed. Finds secrets in clear and private keys, files that a rule is for and that are not
/// encrypted, files encrypted for others or otherwise than their rule says, selectors that do not compile (sops leaves
/// everything in clear there), rules that select nothing, and files that one key alone opens. Exits with 0 where all is well
/// or only at risk, with 1 where something is wrong.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  windlass secrets check --staged                     in a pre-commit hook (`git-setup --hook` makes it)
  windlass secrets check --history --strict -o json   in CI
  windlass secrets check --cluster                    with the keys that Flux has there")]
pub(crate) struct CheckArgs {
    /// Look through all commits as well
    #[arg(long)]
    history: bool,

    /// Look at what is staged for the next commit, not at the working directory
    #[arg(long)]
    staged: bool,

    /// Exit with 1 where something is only at risk, too
    #[arg(long)]
    strict: bool,

    /// Leave files out, by patterns from the root of the repository: 'fixtures/**'
    #[arg(long, value_name = "PATTERN")]
    exclude: Vec<String>,

    /// Look at the keys in the cluster as well: Secrets that Kustomizations name for decryption
    #[arg(long)]
    cluster: bool,

    #[command(flatten)]
    connection: ClusterArgs,

    /// `table` for people, `yaml` or `json` for other programs
    #[arg(short, long, value_enum, value_name = "FORMAT", default_value_t, hide_possible_values = true)]
    output: Output,
}

pub(crate) fn run(args: &CheckArgs, settings: &Settings<'_>) -> anyhow::Result<Outcome> {
    let repository = Repository::around(&settings.folder)?;
    let mut options = CheckOptions::default();
    options.exclude.clone_from(&args.exclude);
    options.history = args.history;
    options.staged = args.staged;
    let mut findings = check(&repository, &mut settings.rule_files()?, &options)?;
    if args.cluster {
        let keys = block_on(cluster_keys::read(&args.connection))?;
        findings.extend(cluster_keys::findings(&keys, &repository, settings)?);
    }
    let count = |severity| findings.iter().filter(|finding| finding.severity == severity).count();
    let (leaks, faults, risks) = (count(Severity::Leak), count(Severity::Fault), count(Severity::Risk));
    match args.output {
        // Who commits is not told every time what is only at risk; the last line counts it.
        Output::Table if args.staged && !args.strict => {
            print(findings.iter().filter(|finding| finding.severity != Severity::Risk), settings)?;
        }
        Output::Table => print(findings.iter(), settings)?,
        Output::Json => settings.console.data(output::json(&as_json(&findings))?.as_bytes())?,
        Output::Yaml => settings.console.data(output::yaml(&as_json(&findings))?.as_bytes())?,
    }
    let encrypted = repository.texts(Kind::Encrypted)?.len();
    settings
        .console
        .note(&format!("{} encrypted; {leaks} in clear, {faults} wrong, {risks} at risk", files(encrypted)));
    if let Output::Table = args.output {
        hints(&findings, args.staged).for_each(|hint| settings.console.note(hint));
    }
    let is_bad = leaks + faults > 0 || (args.strict && risks > 0);
    Ok(if is_bad { Outcome::Unwelcome } else { Outcome::Done })
}

/// What can be done about findings, each told once.
fn hints(findings: &[CheckFinding], is_staged: bool) -> impl Iterator<Item = &'static str> {
    let has = |code| findings.iter().any(|finding| finding.code == code);
    let leaks = findings.iter().any(|finding| finding.severity == Severity::Leak);
    [
        (
            leaks,
            "help: `windlass secrets encrypt -i FILE` encrypts what is in clear, if a rule in .sops.yaml is for it; what was \
             pushed already has been seen: change it where it comes from",
        ),
        (has("other-recipients"), "help: `windlass secrets rekey --all` encrypts files for those whom their rules name"),
        (
            has("single-recipient") && !is_staged,
            "help: `windlass secrets recovery new` makes a second key that opens everything, for paper",
        ),
    ]
    .into_iter()
    .filter_map(|(applies, hint)| applies.then_some(hint))
}

fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Leak => "leak",
        Severity::Fault => "fault",
        _ => "risk",
    }
}

fn print<'f>(findings: impl Iterator<Item = &'f CheckFinding>, settings: &Settings<'_>) -> anyhow::Result<()> {
    let mut findings = findings.peekable();
    if findings.peek().is_none() {
        return Ok(());
    }
    let mut table = Table::new(&["", "FILE", "FINDING"]);
    for finding in findings {
        let severity = Cell::new(word(finding.severity));
        let severity = if finding.severity == Severity::Risk { severity.pending() } else { severity.bad() };
        let line = finding.line.map(|line| format!(":{line}")).unwrap_or_default();
        let place = format!("{}{line}", finding.path.display());
        table.row(vec![severity, Cell::new(&place), Cell::new(&finding.message)]);
    }
    Ok(write!(settings.console.out(), "{table}")?)
}

fn as_json(findings: &[CheckFinding]) -> serde_json::Value {
    let one = |finding: &CheckFinding| {
        json!({
            "severity": word(finding.severity),
            "code": finding.code,
            "path": finding.path.display().to_string(),
            "line": finding.line,
            "commit": finding.commit,
            "message": finding.message,
        })
    };
    findings.iter().map(one).collect()
}
