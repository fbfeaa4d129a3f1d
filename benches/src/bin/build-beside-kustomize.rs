//! `windlass build` beside `kustomize build` and `kubectl kustomize`: the same directories, run by run in turns, with the
//! same output.

use std::ffi::OsStr;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, ensure};
use clap::Parser;
use windlass_benches::child::{self, Run};
use windlass_benches::samples::Samples;
use windlass_benches::table::Table;
use windlass_benches::{homelab, large, machine, overlay, program};
use windlass_testbed::{Testbed, Tool};

/// What `windlass build` may take for a directory of the example repository.
const TARGET_WALL_MS: f64 = 20.0;
const TARGET_MEMORY_MB: f64 = 30.0;

/// Runs `windlass build` beside `kustomize build` and `kubectl kustomize`, in turns, and prints the time and memory of
/// each and the ratios
///
/// Needs the test bed's peers (fixtures/testbed/install kustomize kubernetes). A run in which the outputs differ is an
/// error. With --large, kustomizations of 3,000 objects and of 200 overlays are built too, a few times, and some of up to
/// 100,000 objects by windlass alone.
#[derive(Debug, Parser)]
struct Arguments {
    /// The directories to build; those of fixtures/homelab and a generated overlay by default
    directories: Vec<PathBuf>,
    /// How often each is built by each program
    #[arg(long, value_name = "N", default_value_t = 40)]
    runs: usize,
    /// How often before that, uncounted
    #[arg(long, value_name = "N", default_value_t = 3)]
    warm_ups: usize,
    /// How many objects the generated overlay has
    #[arg(long, value_name = "N", default_value_t = 300)]
    objects: usize,
    /// Build large kustomizations too: that takes some minutes
    #[arg(long)]
    large: bool,
    /// How often each large one is built by each program
    #[arg(long, value_name = "N", default_value_t = 3)]
    large_runs: usize,
    /// The windlass to measure, instead of building it in the release profile
    #[arg(long, value_name = "PATH")]
    windlass: Option<PathBuf>,
}

/// What is built, and what it is called in the table.
struct Subject {
    name: String,
    directory: PathBuf,
    is_large: bool,
}

/// The figures of one program.
struct Figures {
    wall_ms: Samples,
    cpu_ms: Samples,
    memory_mb: Samples,
}

struct Comparison {
    objects: usize,
    /// In the order of [`Programs::all`].
    figures: [Figures; 3],
}

struct Programs {
    kustomize: PathBuf,
    kubectl: PathBuf,
    windlass: PathBuf,
    scratch: tempfile::TempDir,
}

impl Programs {
    /// Each with its name and the verb that builds; ours comes last.
    fn all(&self) -> [(&'static str, &Path, &'static str); 3] {
        [
            ("kustomize", &self.kustomize, "build"),
            ("kubectl", &self.kubectl, "kustomize"),
            ("windlass", &self.windlass, "build"),
        ]
    }

    fn build(&self, (_, program, verb): (&str, &Path, &str), directory: &Path) -> anyhow::Result<Run> {
        child::run(program, &[OsStr::new(verb), directory.as_os_str()], self.scratch.path())
    }
}

fn main() -> anyhow::Result<ExitCode> {
    if child::serve_if_asked()? {
        return Ok(ExitCode::SUCCESS);
    }
    let arguments = Arguments::parse();
    let testbed = Testbed::find();
    let peer = |tool| -> anyhow::Result<PathBuf> { Ok(testbed.command(tool)?.get_program().into()) };
    let (kustomize, kubectl) = (peer(Tool::Kustomize)?, peer(Tool::Kubectl)?);
    let windlass = arguments.windlass.clone().map_or_else(|| program::release("windlass"), Ok)?;
    let programs = Programs { kustomize, kubectl, windlass, scratch: tempfile::tempdir()? };
    let folder = tempfile::tempdir()?;
    let subjects = subjects(&arguments, folder.path())?;

    let mut out = std::io::stdout().lock();
    writeln!(out, "{}\n", introduction(&arguments, &programs)?)?;
    let (mut figures, mut verdicts) = (figures_table(), Table::new(["target", "wall < 20 ms", "memory < 30 MB"]));
    for subject in &subjects {
        let comparison = compare(&programs, subject, &arguments)?;
        add_figures(&mut figures, &programs, &subject.name, &comparison);
        if !subject.is_large {
            add_verdict(&mut verdicts, &subject.name, &comparison.figures[2]);
        }
    }
    writeln!(out, "{figures}\nMedians, but for p90; memory is the peak; MB are 10^6 bytes. All outputs were equal.\n")?;
    writeln!(out, "{verdicts}")?;
    if arguments.large {
        writeln!(out, "{}", growth(&programs, folder.path(), arguments.large_runs)?)?;
    }
    writeln!(out, "Load after: {}", machine::load())?;
    Ok(ExitCode::SUCCESS)
}

fn subjects(arguments: &Arguments, folder: &Path) -> anyhow::Result<Vec<Subject>> {
    if !arguments.directories.is_empty() {
        let given = arguments.directories.iter();
        let subject =
            |path: &PathBuf| Subject { name: path.display().to_string(), directory: path.clone(), is_large: false };
        return Ok(given.map(subject).collect());
    }
    let root = homelab::root();
    let mut subjects: Vec<Subject> = homelab::DIRECTORIES
        .iter()
        .map(|name| Subject { name: (*name).to_owned(), directory: root.join(name), is_large: false })
        .collect();
    let directory = overlay::write(folder, arguments.objects.div_ceil(overlay::OBJECTS_PER_APP))?;
    subjects.push(Subject { name: "generated".to_owned(), directory, is_large: false });
    if arguments.large {
        for (name, directory) in [
            ("one large base", large::base(&folder.join("base-1000"), 1000)?),
            ("200 overlays", large::overlays(&folder.join("overlays"), 200)?),
        ] {
            subjects.push(Subject { name: name.to_owned(), directory, is_large: true });
        }
    }
    Ok(subjects)
}

/// The programs, the machine, and the least memory that can be measured.
fn introduction(arguments: &Arguments, programs: &Programs) -> anyhow::Result<String> {
    let version = |program: &Path, arguments: &[&str]| -> anyhow::Result<String> {
        let arguments: Vec<&OsStr> = arguments.iter().map(OsStr::new).collect();
        let run = child::run(program, &arguments, programs.scratch.path())?;
        Ok(String::from_utf8_lossy(&run.output).trim().to_owned())
    };
    let (ours, theirs) = (version(&programs.windlass, &["--version"])?, version(&programs.kustomize, &["version"])?);
    let kubectl = version(&programs.kubectl, &["version", "--client"])?;
    let kubectl = kubectl.lines().next().unwrap_or_default();
    let nothing = figures_of(
        &(0..10)
            .map(|_| child::run("true".as_ref(), &[], programs.scratch.path()))
            .collect::<anyhow::Result<Vec<_>>>()?,
    );
    Ok(format!(
        "{ours} beside kustomize {theirs} and kubectl ({kubectl}): {} runs each, in turns, after {} warm-ups\n{}\n\
         A program that does nothing takes {:.1} ms and {:.1} MB here.",
        arguments.runs,
        arguments.warm_ups,
        machine::description(),
        nothing.wall_ms.median(),
        nothing.memory_mb.median(),
    ))
}

fn compare(programs: &Programs, subject: &Subject, arguments: &Arguments) -> anyhow::Result<Comparison> {
    let (warm_ups, runs) = match subject.is_large {
        true => (0, arguments.large_runs),
        false => (arguments.warm_ups, arguments.runs),
    };
    let mut all: [Vec<Run>; 3] = Default::default();
    for round in 0..warm_ups + runs {
        let mut turns: Vec<_> = programs.all().into_iter().enumerate().collect();
        // Whoever comes later finds the caches of the processor as another left them: each is first now and then.
        turns.rotate_left(round % 3);
        let mut outputs = Vec::new();
        for (index, program) in turns {
            let run = programs.build(program, &subject.directory)?;
            outputs.push(run.output.clone());
            if round >= warm_ups {
                all[index].push(run);
            }
        }
        ensure!(outputs.windows(2).all(|two| two[0] == two[1]), "outputs differ for {}", subject.directory.display());
    }
    let output = &all[2].first().context("--runs 0 leaves nothing to measure")?.output;
    Ok(Comparison { objects: objects_in(output), figures: all.map(|runs| figures_of(&runs)) })
}

/// How many documents an output has.
fn objects_in(output: &[u8]) -> usize {
    String::from_utf8_lossy(output).lines().filter(|line| *line == "---").count() + 1
}

/// What ten times as many objects cost windlass.
fn growth(programs: &Programs, folder: &Path, runs: usize) -> anyhow::Result<Table> {
    let mut table = Table::new(["growth", "objects", "wall ms", "CPU ms", "memory MB", "times the CPU"]);
    let mut before: Option<f64> = None;
    for apps in [333, 3_333, 33_333] {
        let directory = large::base(&folder.join(format!("growth-{apps}")), apps)?;
        let [.., ours] = programs.all();
        let runs = (0..runs).map(|_| programs.build(ours, &directory)).collect::<anyhow::Result<Vec<_>>>()?;
        let objects = runs.first().map_or(0, |run| objects_in(&run.output));
        let figures = figures_of(&runs);
        let cpu = figures.cpu_ms.median();
        table.row([
            "one large base".to_owned(),
            objects.to_string(),
            format!("{:.0}", figures.wall_ms.median()),
            format!("{cpu:.0}"),
            format!("{:.0}", figures.memory_mb.median()),
            before.map_or_else(String::new, |before| format!("{:.1}", cpu / before)),
        ]);
        before = Some(cpu);
    }
    Ok(table)
}

fn figures_of(runs: &[Run]) -> Figures {
    let samples = |figure: fn(&Run) -> f64| runs.iter().map(figure).collect();
    Figures {
        wall_ms: samples(|run| run.wall.as_secs_f64() * 1e3),
        cpu_ms: samples(|run| run.cpu.as_secs_f64() * 1e3),
        memory_mb: samples(|run| run.peak_memory / 1e6),
    }
}

fn figures_table() -> Table {
    Table::new(["directory", "objects", "program", "wall ms", "p90 ms", "CPU ms", "memory MB"])
}

fn add_figures(table: &mut Table, programs: &Programs, name: &str, comparison: &Comparison) {
    let cells = |figures: &Figures| {
        let Figures { wall_ms, cpu_ms, memory_mb } = figures;
        [wall_ms.median(), wall_ms.p90(), cpu_ms.median(), memory_mb.median()]
    };
    let all = comparison.figures.each_ref().map(cells);
    let mut row = |head: [&str; 3], [wall, p90, cpu, memory]: [String; 4]| {
        let [name, objects, program] = head.map(str::to_owned);
        table.row([name, objects, program, wall, p90, cpu, memory]);
    };
    let objects = comparison.objects.to_string();
    for (index, (program, ..)) in programs.all().into_iter().enumerate() {
        let head = if index == 0 { [name, &objects, program] } else { ["", "", program] };
        row(head, all[index].map(|figure| format!("{figure:.1}")));
    }
    for (index, label) in ["kustomize / windlass", "kubectl / windlass"].into_iter().enumerate() {
        row(["", "", label], std::array::from_fn(|cell| format!("{:.1} x", all[index][cell] / all[2][cell])));
    }
}

fn add_verdict(table: &mut Table, name: &str, ours: &Figures) {
    let verdict =
        |figure: f64, target: f64| format!("{} ({figure:.1})", if figure < target { "met" } else { "not met" });
    table.row([
        name.to_owned(),
        verdict(ours.wall_ms.median(), TARGET_WALL_MS),
        // The worst of all runs, for a limit that is exceeded once kills a Pod.
        verdict(ours.memory_mb.max(), TARGET_MEMORY_MB),
    ]);
}
