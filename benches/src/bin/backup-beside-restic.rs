//! `windlass-backup` beside restic and beside `tar | zstd -3 | age`: the same trees, into the same S3 server.

#[path = "backup_beside_restic"]
mod backup_beside_restic {
    pub(crate) mod ours;
    pub(crate) mod subjects;
    pub(crate) mod traffic;
}

use std::ffi::OsStr;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context as _, bail};
use backup_beside_restic::ours::{self, Ours};
use backup_beside_restic::subjects::{self, Subject};
use backup_beside_restic::traffic::Traffic;
use clap::Parser;
use windlass_benches::child::{self, Run};
use windlass_benches::machine;
use windlass_benches::table::Table;
use windlass_testbed::{SeaweedS3, Testbed, Tool};

/// Backs trees up with windlass, restic, and `tar | zstd -3 | age`, and prints what each took
///
/// Needs the test bed's SeaweedFS, age and zstd (fixtures/testbed/install seaweedfs age debian), and restic
/// (Debian: apt-get install restic).
#[derive(Debug, Parser)]
struct Arguments {
    /// How large the tree of mixed files is, in MB
    #[arg(long, value_name = "MB", default_value_t = 1000)]
    mixed: u64,
    /// How many objects the tree of YAML has
    #[arg(long, value_name = "N", default_value_t = 5000)]
    objects: usize,
    /// How often each is run; the run with the least CPU time counts
    #[arg(long, value_name = "N", default_value_t = 3)]
    runs: usize,
}

struct Bench {
    server: SeaweedS3,
    scratch: tempfile::TempDir,
    testbed: Testbed,
    own: PathBuf,
    runs: usize,
    buckets: usize,
}

/// What one program took, and what the server saw of it.
struct Figures {
    run: Run,
    traffic: Traffic,
}

fn main() -> anyhow::Result<ExitCode> {
    if child::serve_if_asked()? || ours::save_if_asked()? {
        return Ok(ExitCode::SUCCESS);
    }
    let arguments = Arguments::parse();
    let testbed = Testbed::find();
    testbed.require(&[Tool::Age, Tool::AgeKeygen, Tool::Weed, Tool::Zstd])?;
    let version = Command::new("restic").arg("version").output().context("restic is not installed")?;
    let scratch = tempfile::tempdir()?;
    let subjects =
        [subjects::yaml(scratch.path(), arguments.objects)?, subjects::mixed(scratch.path(), arguments.mixed)?];
    let server = SeaweedS3::start(&testbed)?;
    let own = std::env::current_exe()?;
    let mut bench = Bench { server, scratch, testbed, own, runs: arguments.runs, buckets: 0 };
    let mut out = std::io::stdout().lock();
    writeln!(out, "beside {}\n{}\n", String::from_utf8_lossy(&version.stdout).trim(), machine::description())?;
    let mut table =
        Table::new(["tree", "run", "program", "wall s", "CPU s", "peak MB", "requests", "sent MB", "CPU ratio"]);
    for subject in &subjects {
        bench.compare(subject, &mut table)?;
    }
    writeln!(
        out,
        "{table}\nOf each the run with the least CPU time of {}. Load after: {}",
        bench.runs,
        machine::load()
    )?;
    Ok(ExitCode::SUCCESS)
}

impl Bench {
    fn compare(&mut self, subject: &Subject, table: &mut Table) -> anyhow::Result<()> {
        let pipe = self.pipe(subject)?;
        let base = pipe.run.cpu.as_secs_f64();
        add(table, &[&subject.name, "to a file", "tar, zstd -3, age"], &pipe, base);
        let (first, again) = (self.best(|bench| bench.windlass_folder(subject))?, self.windlass(subject)?);
        add(table, &["", "to a folder", "windlass"], &first, base);
        add(table, &["", "first to S3", "windlass"], &again.0, base);
        let restic = self.restic(subject)?;
        add(table, &["", "", "restic, with init"], &restic.0, base);
        add(table, &["", "unchanged", "windlass"], &again.1, base);
        add(table, &["", "", "restic"], &restic.1, base);
        Ok(())
    }

    fn best(&mut self, mut run: impl FnMut(&mut Self) -> anyhow::Result<Figures>) -> anyhow::Result<Figures> {
        let all = (0..self.runs).map(|_| run(self)).collect::<anyhow::Result<Vec<_>>>()?;
        all.into_iter().min_by_key(|figures| figures.run.cpu).context("--runs 0 leaves nothing to measure")
    }

    /// What a person does by hand.
    fn pipe(&mut self, subject: &Subject) -> anyhow::Result<Figures> {
        self.best(|bench| {
            let age = bench.testbed.command(Tool::Age)?.get_program().to_owned();
            let recipients = ours::recipients().map(|recipient| format!("-r {recipient}")).join(" ");
            let out = bench.scratch.path().join("piped");
            let line = format!(
                "tar -C {} -cf - . | zstd -3 -T1 -q | {} {recipients} > {}",
                subject.folder.display(),
                age.display(),
                out.display()
            );
            let run = bench.child("bash".as_ref(), &["-o", "pipefail", "-c", &line])?;
            let bytes = std::fs::metadata(&out)?.len();
            Ok(Figures { run, traffic: Traffic { requests: 0, bytes } })
        })
    }

    fn windlass_folder(&mut self, subject: &Subject) -> anyhow::Result<Figures> {
        let folder = tempfile::tempdir_in(self.scratch.path())?;
        let ours = Ours { store: folder.path().display().to_string(), tree: subject.folder.clone() };
        ours.init()?;
        let run = self.child(&self.own, &ours.arguments())?;
        let bytes = windlass_benches::store::Snapshot::of(folder.path())?.bytes();
        Ok(Figures { run, traffic: Traffic { requests: 0, bytes } })
    }

    /// A first run and one with nothing changed, in buckets of their own.
    fn windlass(&mut self, subject: &Subject) -> anyhow::Result<(Figures, Figures)> {
        let mut pairs = Vec::new();
        for _ in 0..self.runs {
            let bucket = self.bucket()?;
            let store = format!("s3://{bucket}/home?endpoint={}", self.server.endpoint());
            let ours = Ours { store, tree: subject.folder.clone() };
            ours.init()?;
            let arguments = ours.arguments();
            let first = self.seen(&bucket, |bench| bench.child(&bench.own, &arguments))?;
            let again = self.seen(&bucket, |bench| bench.child(&bench.own, &arguments))?;
            pairs.push((first, again));
        }
        least(pairs)
    }

    fn restic(&mut self, subject: &Subject) -> anyhow::Result<(Figures, Figures)> {
        let mut pairs = Vec::new();
        for _ in 0..self.runs {
            let bucket = self.bucket()?;
            let at = format!("s3:{}/{bucket}/home", self.server.endpoint());
            let cache = tempfile::tempdir_in(self.scratch.path())?;
            let environment = format!(
                "export AWS_ACCESS_KEY_ID={} AWS_SECRET_ACCESS_KEY={} RESTIC_PASSWORD=bench RESTIC_REPOSITORY={at} RESTIC_CACHE_DIR={}",
                SeaweedS3::ACCESS_KEY,
                SeaweedS3::SECRET_KEY,
                cache.path().display()
            );
            let save = format!("restic backup -q {}", subject.folder.display());
            let (first, again) = (format!("{environment}; restic init -q && {save}"), format!("{environment}; {save}"));
            let first = self.seen(&bucket, |bench| bench.child("bash".as_ref(), &["-c", &first]))?;
            let again = self.seen(&bucket, |bench| bench.child("bash".as_ref(), &["-c", &again]))?;
            pairs.push((first, again));
        }
        least(pairs)
    }

    fn bucket(&mut self) -> anyhow::Result<String> {
        self.buckets += 1;
        let name = format!("bench-{}", self.buckets);
        self.server.create_bucket(&name)?;
        Ok(name)
    }

    fn seen(&self, bucket: &str, run: impl FnOnce(&Self) -> anyhow::Result<Run>) -> anyhow::Result<Figures> {
        let before = Traffic::of(&self.server, bucket)?;
        let run = run(self)?;
        Ok(Figures { run, traffic: Traffic::of(&self.server, bucket)?.since(&before) })
    }

    fn child(&self, program: &Path, arguments: &[impl AsRef<OsStr>]) -> anyhow::Result<Run> {
        let arguments: Vec<&OsStr> = arguments.iter().map(AsRef::as_ref).collect();
        child::run(program, &arguments, self.scratch.path())
    }
}

/// The least of first runs and of later ones.
fn least(pairs: Vec<(Figures, Figures)>) -> anyhow::Result<(Figures, Figures)> {
    let (first, again): (Vec<_>, Vec<_>) = pairs.into_iter().unzip();
    let least = |all: Vec<Figures>| all.into_iter().min_by_key(|figures| figures.run.cpu);
    let (Some(first), Some(again)) = (least(first), least(again)) else {
        bail!("--runs 0 leaves nothing to measure");
    };
    Ok((first, again))
}

fn add(table: &mut Table, names: &[&str; 3], figures: &Figures, base: f64) {
    let Figures { run, traffic } = figures;
    let requests = if traffic.requests == 0 { "-".to_owned() } else { traffic.requests.to_string() };
    table.row([
        names[0].to_owned(),
        names[1].to_owned(),
        names[2].to_owned(),
        format!("{:.2}", run.wall.as_secs_f64()),
        format!("{:.2}", run.cpu.as_secs_f64()),
        format!("{:.1}", run.peak_memory / 1e6),
        requests,
        format!("{:.3}", traffic.bytes as f64 / 1e6),
        format!("{:.2} x", run.cpu.as_secs_f64() / base),
    ]);
}
