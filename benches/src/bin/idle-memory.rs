//! What `windlassd` takes while it has nothing to do: memory, requests, writes.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::io::Write as _;
use std::path::PathBuf;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use clap::Parser;
use windlass_benches::daemon::Daemon;
use windlass_benches::process_memory::{Process, mappings};
use windlass_benches::repository::Repository;
use windlass_benches::store::Snapshot;
use windlass_benches::table::Table;
use windlass_benches::{audit, homelab, machine, program};
use windlass_testbed::{GitHttp, KubeApi, KubeApiOptions, Testbed};

const TARGET_MEMORY_MB: f64 = 30.0;
/// The user that `windlassd` is, so that the audit log tells its requests from others'.
const USER: &str = "windlassd";
const PATIENCE: Duration = Duration::from_secs(180);

/// Brings fixtures/homelab onto a cluster with windlassd, and measures what it takes when all is in order
///
/// Needs the test bed (fixtures/testbed/install kubernetes etcd git-http).
#[derive(Debug, Parser)]
struct Arguments {
    /// The windlassd to measure, instead of building it in the release profile
    #[arg(long, value_name = "PATH")]
    windlassd: Option<PathBuf>,
    /// How long to wait once everything is ready, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 20)]
    settle: u64,
    /// How long to watch what it does, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    window: u64,
    /// How often the repository is polled; shorter than the window shows what polls take
    #[arg(long, value_name = "DURATION", default_value = "5m")]
    interval: String,
}

/// The peers around the daemon.
struct Stage {
    kube: KubeApi,
    repository: Repository,
}

/// Everything that counts up.
struct Counters {
    events: usize,
    git_requests: u64,
    store: Snapshot,
    log_lines: usize,
    process: Process,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let windlassd = arguments.windlassd.clone().map_or_else(|| program::release("windlassd"), Ok)?;
    let stage = Stage::set(&Testbed::find(), &arguments.interval)?;
    let kubeconfig = stage.kube.user(USER, &["system:masters"])?;
    let home = tempfile::tempdir()?;
    let start = Instant::now();
    let daemon = Daemon::start(&windlassd, &kubeconfig, home.path())?;
    stage.wait_all_ready(&daemon)?;
    let until_ready = start.elapsed();
    let ready = Process::read(daemon.id())?;
    let bringing = audit::requests(&stage.kube.audit()?, USER);
    sleep(Duration::from_secs(arguments.settle));
    let before = stage.counters(&daemon)?;
    sleep(Duration::from_secs(arguments.window));
    let after = stage.counters(&daemon)?;

    let mut out = std::io::stdout().lock();
    writeln!(out, "windlassd on fixtures/homelab, polled every {}; {}\n", arguments.interval, machine::description())?;
    writeln!(
        out,
        "All {} Kustomizations ready after {:.1} s and {} API requests; the store has {} bytes.\n",
        homelab::KUSTOMIZATIONS.len(),
        until_ready.as_secs_f64(),
        bringing.values().sum::<usize>(),
        before.store.bytes(),
    )?;
    let idle = format!("after {} s idle", arguments.settle);
    let end = format!("after {} s idle", arguments.settle + arguments.window);
    let moments = [("when ready", &ready), (&idle, &before.process), (&end, &after.process)];
    writeln!(out, "{}", memory_table(&moments))?;
    writeln!(out, "{}\n", verdict(after.process.resident))?;
    writeln!(out, "{}", mappings_table(daemon.id())?)?;
    report_window(&mut out, &stage, &arguments, &before, &after)
}

impl Stage {
    /// A cluster with Flux's definitions, told to follow a repository that is the homelab.
    fn set(testbed: &Testbed, interval: &str) -> anyhow::Result<Self> {
        testbed.require(&[KubeApi::NEEDS, GitHttp::NEEDS].concat())?;
        let repository = Repository::serve(testbed, interval)?;
        let kube = KubeApi::start_with(testbed, KubeApiOptions::default().with_controllers().with_audit())?;
        kube.apply(&windlass_yaml::print_documents(&windlass_flux::crds()))?;
        for kind in ["gitrepositories.source", "kustomizations.kustomize"] {
            let definition = format!("crd/{kind}.toolkit.fluxcd.io");
            kube.kubectl(["wait", "--for=condition=Established", "--timeout=30s", &definition])?;
        }
        kube.kubectl(["create", "namespace", "flux-system"])?;
        let key = format!("--from-file=age.agekey={}", homelab::root().join("age.agekey").display());
        kube.kubectl(["create", "secret", "generic", "sops-age", "-n", "flux-system", &key])?;
        kube.apply(repository.root_objects())?;
        Ok(Self { kube, repository })
    }

    fn wait_all_ready(&self, daemon: &Daemon) -> anyhow::Result<()> {
        let start = Instant::now();
        for name in homelab::KUSTOMIZATIONS {
            while !self.is_ready(name) {
                if start.elapsed() > PATIENCE {
                    bail!("{name} is not ready; windlassd says:\n{}", daemon.log());
                }
                sleep(Duration::from_millis(250));
            }
        }
        Ok(())
    }

    fn is_ready(&self, name: &str) -> bool {
        let kind = "kustomizations.v1.kustomize.toolkit.fluxcd.io";
        // It is made by another one, so at first it is not there.
        let Ok(object) = self.kube.get(kind, "flux-system", name) else { return false };
        let status = &object["status"];
        let conditions = status["conditions"].as_array().into_iter().flatten();
        let is_ready = conditions.filter(|one| one["type"] == "Ready").any(|one| one["status"] == "True");
        let applied = status["lastAppliedRevision"].as_str().unwrap_or_default();
        is_ready && applied.contains(self.repository.revision())
    }

    fn counters(&self, daemon: &Daemon) -> anyhow::Result<Counters> {
        Ok(Counters {
            events: self.kube.audit()?.len(),
            git_requests: self.repository.requests()?,
            store: Snapshot::of(&daemon.store())?,
            log_lines: daemon.log().lines().count(),
            process: Process::read(daemon.id()).context("windlassd is gone")?,
        })
    }
}

fn mb(bytes: f64) -> String {
    format!("{:.1}", bytes / 1e6)
}

fn memory_table(moments: &[(&str, &Process)]) -> Table {
    let mut table = Table::new(["MB (10^6)", "VmRSS", "VmHWM", "PSS", "RssAnon", "threads"]);
    for (name, process) in moments {
        let Process { resident, peak, proportional, anonymous, threads, .. } = process;
        let [resident, peak, proportional, anonymous] = [resident, peak, proportional, anonymous].map(|size| mb(*size));
        table.row([(*name).to_owned(), resident, peak, proportional, anonymous, threads.to_string()]);
    }
    table
}

fn verdict(resident: f64) -> String {
    let is_met = resident / 1e6 < TARGET_MEMORY_MB;
    format!("Target VmRSS < {TARGET_MEMORY_MB} MB: {} ({})", if is_met { "met" } else { "not met" }, mb(resident))
}

fn mappings_table(id: u32) -> anyhow::Result<Table> {
    let mut table = Table::new(["resident at", "MB"]);
    let mut sizes: Vec<_> = mappings(id)?.into_iter().filter(|(_, size)| *size >= 5e4).collect();
    sizes.sort_by(|one, other| other.1.total_cmp(&one.1));
    for (name, size) in sizes {
        table.row([name, format!("{:.2}", size / 1e6)]);
    }
    Ok(table)
}

fn report_window(
    out: &mut impl std::io::Write,
    stage: &Stage,
    arguments: &Arguments,
    before: &Counters,
    after: &Counters,
) -> anyhow::Result<()> {
    let events = stage.kube.audit()?;
    let during = events.get(before.events..after.events).unwrap_or_default();
    let requests = audit::requests(during, USER);
    let files = before.store.written_until(&after.store);
    writeln!(out, "During {} s of idling:", arguments.window)?;
    writeln!(out, "* API requests: {}", requests.values().sum::<usize>())?;
    list(out, &requests)?;
    writeln!(out, "* Git requests: {}", after.git_requests - before.git_requests)?;
    writeln!(out, "* bytes written to the store: {}", files.values().sum::<u64>())?;
    list(out, &files.into_iter().map(|(path, size)| (path.display().to_string(), size)).collect())?;
    writeln!(out, "* bytes written to any file: {}", after.process.written - before.process.written)?;
    writeln!(out, "* log lines: {}", after.log_lines - before.log_lines)?;
    writeln!(out, "* wake-ups: {}", after.process.wake_ups - before.process.wake_ups)?;
    Ok(())
}

fn list(out: &mut impl std::io::Write, counts: &BTreeMap<String, impl Display>) -> anyhow::Result<()> {
    for (what, count) in counts {
        writeln!(out, "  * {count} {what}")?;
    }
    Ok(())
}
