//! `windlass build` beside `kustomize build`: the same directories, run by run in turns, with the same output.

use std::ffi::OsStr;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, ensure};
use clap::Parser;
use windlass_benches::child::{self, Run};
use windlass_benches::samples::Samples;
use windlass_benches::table::Table;
use windlass_benches::{homelab, machine, overlay, program};
use windlass_testbed::{Testbed, Tool};

/// What `windlass build` may take for a directory of the example repository.
const TARGET_WALL_MS: f64 = 20.0;
const TARGET_MEMORY_MB: f64 = 30.0;

/// Runs `windlass build` beside `kustomize build`, in turns, and prints the time and memory of both and the ratio
///
/// Needs the test bed's kustomize (fixtures/testbed/install kustomize). A run in which the two outputs differ is an error.
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
    /// The windlass to measure, instead of building it in the release profile
    #[arg(long, value_name = "PATH")]
    windlass: Option<PathBuf>,
}

/// What is built, and what it is called in the table.
struct Subject {
    name: String,
    directory: PathBuf,
}

/// The figures of one program.
struct Figures {
    wall_ms: Samples,
    cpu_ms: Samples,
    memory_mb: Samples,
}

struct Comparison {
    objects: usize,
    kustomize: Figures,
    windlass: Figures,
}

struct Programs {
    kustomize: PathBuf,
    windlass: PathBuf,
    scratch: tempfile::TempDir,
}

fn main() -> anyhow::Result<ExitCode> {
    if child::serve_if_asked()? {
        return Ok(ExitCode::SUCCESS);
    }
    let arguments = Arguments::parse();
    let kustomize = Testbed::find().command(Tool::Kustomize)?.get_program().into();
    let windlass = arguments.windlass.clone().map_or_else(|| program::release("windlass"), Ok)?;
    let programs = Programs { kustomize, windlass, scratch: tempfile::tempdir()? };
    let folder = tempfile::tempdir()?;
    let subjects = subjects(&arguments, folder.path())?;

    let mut out = std::io::stdout().lock();
    writeln!(out, "{}\n", introduction(&arguments, &programs)?)?;
    let (mut figures, mut verdicts) = (figures_table(), Table::new(["target", "wall < 20 ms", "memory < 30 MB"]));
    for subject in &subjects {
        let comparison = compare(&programs, subject, &arguments)?;
        add_figures(&mut figures, &subject.name, &comparison);
        add_verdict(&mut verdicts, &subject.name, &comparison.windlass);
    }
    writeln!(out, "{figures}\nMedians, but for p90; memory is the peak; MB are 10^6 bytes. All outputs were equal.\n")?;
    writeln!(out, "{verdicts}\nLoad after: {}", machine::load())?;
    Ok(ExitCode::SUCCESS)
}

fn subjects(arguments: &Arguments, folder: &Path) -> anyhow::Result<Vec<Subject>> {
    if !arguments.directories.is_empty() {
        let given = arguments.directories.iter();
        return Ok(given.map(|path| Subject { name: path.display().to_string(), directory: path.clone() }).collect());
    }
    let root = homelab::root();
    let mut subjects: Vec<Subject> = homelab::DIRECTORIES
        .iter()
        .map(|name| Subject { name: (*name).to_owned(), directory: root.join(name) })
        .collect();
    let directory = overlay::write(folder, arguments.objects.div_ceil(overlay::OBJECTS_PER_APP))?;
    subjects.push(Subject { name: "generated".to_owned(), directory });
    Ok(subjects)
}

/// The programs, the machine, and the least memory that can be measured.
fn introduction(arguments: &Arguments, programs: &Programs) -> anyhow::Result<String> {
    let version = |program: &Path, argument: &str| -> anyhow::Result<String> {
        let run = child::run(program, &[argument.as_ref()], programs.scratch.path())?;
        Ok(String::from_utf8_lossy(&run.output).trim().to_owned())
    };
    let (ours, theirs) = (version(&programs.windlass, "--version")?, version(&programs.kustomize, "version")?);
    let nothing = figures_of(
        &(0..10)
            .map(|_| child::run("true".as_ref(), &[], programs.scratch.path()))
            .collect::<anyhow::Result<Vec<_>>>()?,
    );
    Ok(format!(
        "{ours} beside kustomize {theirs}: {} runs each, in turns, after {} warm-ups\n{}\n\
         A program that does nothing takes {:.1} ms and {:.1} MB here.",
        arguments.runs,
        arguments.warm_ups,
        machine::description(),
        nothing.wall_ms.median(),
        nothing.memory_mb.median(),
    ))
}

fn compare(programs: &Programs, subject: &Subject, arguments: &Arguments) -> anyhow::Result<Comparison> {
    let (mut theirs, mut ours) = (Vec::new(), Vec::new());
    for round in 0..arguments.warm_ups + arguments.runs {
        let build = |program: &Path| {
            child::run(program, &[OsStr::new("build"), subject.directory.as_os_str()], programs.scratch.path())
        };
        // Whoever comes second finds the caches of the processor as the other left them: each is second half of the time.
        let (their, our) = if round % 2 == 0 {
            let their = build(&programs.kustomize)?;
            (their, build(&programs.windlass)?)
        } else {
            let our = build(&programs.windlass)?;
            (build(&programs.kustomize)?, our)
        };
        ensure!(their.output == our.output, "the outputs differ for {}", subject.directory.display());
        if round >= arguments.warm_ups {
            theirs.push(their);
            ours.push(our);
        }
    }
    let output = &ours.first().context("--runs 0 leaves nothing to measure")?.output;
    let objects =
        windlass_yaml::read_documents(&String::from_utf8_lossy(output), &windlass_yaml::ReadOptions::resource())?;
    Ok(Comparison { objects: objects.len(), kustomize: figures_of(&theirs), windlass: figures_of(&ours) })
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

fn add_figures(table: &mut Table, name: &str, comparison: &Comparison) {
    let cells = |figures: &Figures| {
        let Figures { wall_ms, cpu_ms, memory_mb } = figures;
        [wall_ms.median(), wall_ms.p90(), cpu_ms.median(), memory_mb.median()]
    };
    let (theirs, ours) = (cells(&comparison.kustomize), cells(&comparison.windlass));
    let [first, second] = [theirs, ours].map(|figures| figures.map(|figure| format!("{figure:.1}")));
    let ratios: [String; 4] = std::array::from_fn(|index| format!("{:.1} x", theirs[index] / ours[index]));
    let mut row = |head: [&str; 3], [wall, p90, cpu, memory]: [String; 4]| {
        let [name, objects, program] = head.map(str::to_owned);
        table.row([name, objects, program, wall, p90, cpu, memory]);
    };
    row([name, &comparison.objects.to_string(), "kustomize"], first);
    row(["", "", "windlass"], second);
    row(["", "", "ratio"], ratios);
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
