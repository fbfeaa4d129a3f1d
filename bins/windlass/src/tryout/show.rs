//! What `windlass try` prints.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::time::Instant;

use anstyle::{AnsiColor, Style};
use windlass_cluster::Health;
use windlass_drift::{Action, Change, Report};
use windlass_tryout::{Drift, Listed, Overview, Owner, Repair, Standing, Tryout};

use crate::output::Console;
use crate::report;

/// Prints a trial as it goes: plain lines, coloured where somebody can see it.
pub(super) struct Show<'c> {
    console: &'c Console,
    started: Instant,
    /// What was said of each Flux object last.
    said: BTreeMap<String, String>,
}

/// Whether there is nothing to complain of.
pub(super) fn is_well(owners: &[Owner], overview: &Overview) -> bool {
    let at_rest = |owner: &Owner| matches!(owner.standing, Standing::Ready | Standing::Suspended);
    owners.iter().all(at_rest) && overview.unwell().next().is_none()
}

impl<'c> Show<'c> {
    pub(super) fn new(console: &'c Console, started: Instant) -> Self {
        Self { console, started, said: BTreeMap::new() }
    }

    /// What is tried, and how.
    pub(super) fn start(&self, tryout: &Tryout) -> io::Result<()> {
        let mut out = self.console.out();
        let (title, path) = (tryout.repository().title(), tryout.path());
        writeln!(out, "Trying {title}, {path}, on a Kubernetes API inside of this program.")?;
        for note in tryout.notes() {
            writeln!(out, "  {note}")?;
        }
        self.at(&mut out)?;
        writeln!(out, "the API is up, the reconciler starts")
    }

    /// How a Flux object stands now, unless that was said.
    pub(super) fn progress(&mut self, owner: &Owner) -> io::Result<()> {
        let name = format!("{}/{}", owner.kind, owner.name);
        let (word, style) = standing(owner.standing);
        let detail = match owner.standing {
            Standing::Ready if owner.kind == "Kustomization" => counted(owner.objects, "object"),
            Standing::Ready | Standing::Suspended => String::new(),
            Standing::Working | Standing::Waiting | Standing::Failed => first_line(&owner.message),
        };
        let line = format!("{name}  {style}{word}{style:#}  {detail}");
        if self.said.get(&name) == Some(&line) {
            return Ok(());
        }
        let mut out = self.console.out();
        self.at(&mut out)?;
        writeln!(out, "{}", line.trim_end())?;
        self.said.insert(name, line);
        Ok(())
    }

    /// The tree of what was created.
    pub(super) fn overview(&self, overview: &Overview) -> io::Result<()> {
        let mut out = self.console.out();
        for (owner, listed) in overview.owners.iter().filter(|(owner, _)| owner.kind == "Kustomization") {
            let (word, style) = standing(owner.standing);
            let bold = Style::new().bold();
            writeln!(out, "\n{bold}Kustomization/{}{bold:#}  {style}{word}{style:#}", owner.name)?;
            if owner.standing == Standing::Failed {
                for line in owner.message.lines() {
                    writeln!(out, "  {line}")?;
                }
            }
            let width = listed.iter().map(|one| one.id.to_string().chars().count()).max().unwrap_or(0);
            for (position, one) in listed.iter().enumerate() {
                let branch = if position + 1 == listed.len() { "└─" } else { "├─" };
                writeln!(out, "{branch} {:width$}  {}", one.id.to_string(), health(one))?;
            }
        }
        Ok(())
    }

    /// What a stranger changed, and who that was.
    pub(super) fn drift(&self, drift: &Drift) -> io::Result<()> {
        let mut out = self.console.out();
        writeln!(out, "\nA stranger changes {} behind Git's back. The next look finds (live → Git):", drift.id)?;
        for action in drift.plan.actions.iter().filter(|action| action.verb.is_change()) {
            report::line(&mut out, &object(action))?;
            for change in action.verb.changes() {
                report::line(&mut out, &format!("    {change}"))?;
                blame(&mut out, drift, change)?;
            }
        }
        Ok(())
    }

    /// Whether it was put right.
    pub(super) fn repair(&self, drift: &Drift, repair: &Repair) -> io::Result<()> {
        let mut out = self.console.out();
        let millis = repair.took.as_millis();
        if repair.is_repaired {
            writeln!(out, "Asked to look, Kustomization/{} puts it right in {millis} ms.", drift.owner)
        } else {
            writeln!(out, "Kustomization/{} has not put it right after {millis} ms.", drift.owner)
        }
    }

    /// What it took, and what to do next.
    pub(super) fn summary(&self, tryout: &Tryout, overview: &Overview) -> io::Result<()> {
        let mut out = self.console.out();
        let (objects, unwell) = (overview.objects().count(), overview.unwell().count());
        let makers = overview.owners.iter().filter(|(owner, _)| owner.kind == "Kustomization").count();
        let mut verbs: BTreeMap<&str, usize> = BTreeMap::new();
        for request in tryout.server().requests().all() {
            *verbs.entry(request.verb).or_default() += 1;
        }
        let total: usize = verbs.values().sum();
        let verbs: Vec<String> = verbs.iter().map(|(verb, count)| format!("{count} {verb}")).collect();
        let seconds = self.started.elapsed().as_secs_f64();
        let is_unready = |owner: &&Owner| owner.kind == "Kustomization" && owner.standing != Standing::Ready;
        let unready = overview.owners.iter().map(|(owner, _)| owner).filter(is_unready).count();
        // One that is an object itself is counted there; the root is none.
        let health = match (unwell, unready) {
            (0, 0) => "all healthy".to_owned(),
            (0, unready) => format!("{} not ready", counted(unready, "Kustomization")),
            (unwell, _) => format!("{unwell} not healthy"),
        };
        let (objects, makers) = (counted(objects, "object"), counted(makers, "Kustomization"));
        writeln!(out, "\n{objects} from {makers}, {health}, in {seconds:.2} s")?;
        writeln!(out, "{total} API requests: {}", verbs.join(", "))?;
        writeln!(out, "\nNext:")?;
        writeln!(out, "  windlass try ~/homelab                         your own repository, before it is pushed")?;
        writeln!(out, "  windlass try --keep                            and look around with kubectl")?;
        writeln!(out, "  windlass diff ~/homelab --path clusters/home   what it would change in your cluster")
    }

    /// The time since the start, which a line begins with.
    fn at(&self, out: &mut impl Write) -> io::Result<()> {
        write!(out, "{:6.2} s  ", self.started.elapsed().as_secs_f64())
    }
}

/// Who the live value of the changed field is from.
fn blame(out: &mut impl Write, drift: &Drift, change: &Change) -> io::Result<()> {
    let Some(culprit) = drift.culprit.as_ref().filter(|_| change.path == drift.field) else { return Ok(()) };
    let time = culprit.time.as_deref().map_or_else(String::new, |time| format!(" at {time}"));
    writeln!(out, "      the live value was written by {:?}{time}", culprit.manager)
}

fn object(action: &Action) -> String {
    let origin = action.origin.file().map_or_else(String::new, |_| format!("  {}", action.origin));
    format!("{} {}{origin}", Report::sign(&action.verb), action.id)
}

fn standing(standing: Standing) -> (&'static str, Style) {
    match standing {
        Standing::Ready => ("ready", AnsiColor::Green.on_default()),
        Standing::Working => ("works", AnsiColor::Yellow.on_default()),
        Standing::Waiting => ("waits", AnsiColor::Yellow.on_default()),
        Standing::Failed => ("failed", AnsiColor::Red.on_default()),
        Standing::Suspended => ("suspended", Style::new()),
    }
}

fn health(one: &Listed) -> String {
    let style = match &one.health {
        Health::Current => AnsiColor::Green.on_default(),
        Health::InProgress(_) | Health::Terminating => AnsiColor::Yellow.on_default(),
        _ => AnsiColor::Red.on_default(),
    };
    format!("{style}{}{style:#}", one.health)
}

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

fn first_line(message: &str) -> String {
    message.lines().next().unwrap_or_default().chars().take(120).collect()
}
