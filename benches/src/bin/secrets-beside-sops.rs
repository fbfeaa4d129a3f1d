//! `windlass secrets` beside the real sops: one file, and a tree of them that a shell goes through.

use std::ffi::OsStr;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context as _, ensure};
use clap::Parser;
use windlass_benches::child::{self, Run};
use windlass_benches::samples::Samples;
use windlass_benches::table::Table;
use windlass_benches::{machine, program, secret_tree};
use windlass_testbed::{Testbed, Tool};

/// How many times faster than sops a tree has to be, and the decryption of a single file.
const TARGET_TREE: f64 = 50.0;
const TARGET_FILE: f64 = 5.0;

/// Where both programs look for the key. This program starts itself again with it set.
const KEY_FILE: &str = "SOPS_AGE_KEY_FILE";

/// Runs `windlass secrets` beside sops, in turns: one file, and a tree of files in place
///
/// sops changes one file per process, so a shell calls it for each; windlass is given the folder. Needs the test bed's sops
/// and age (fixtures/testbed/install sops age). What one encrypts the other must open, else the run is an error.
#[derive(Debug, Parser)]
struct Arguments {
    /// How many files the tree has
    #[arg(long, value_name = "N", default_value_t = 500)]
    files: usize,
    /// How often a tree is gone through by each program
    #[arg(long, value_name = "N", default_value_t = 5)]
    runs: usize,
    /// How often a single file is
    #[arg(long, value_name = "N", default_value_t = 40)]
    single_runs: usize,
    /// The windlass to measure, instead of building it in the release profile
    #[arg(long, value_name = "PATH")]
    windlass: Option<PathBuf>,
}

#[derive(Clone, Copy)]
enum Verb {
    Decrypt,
    Encrypt,
}

impl Verb {
    fn name(self) -> &'static str {
        match self {
            Self::Decrypt => "decrypt",
            Self::Encrypt => "encrypt",
        }
    }
}

/// The two programs, and the trees they work on.
struct Bench {
    sops: PathBuf,
    windlass: PathBuf,
    folder: PathBuf,
    names: Vec<String>,
}

fn main() -> anyhow::Result<ExitCode> {
    if child::serve_if_asked()? {
        return Ok(ExitCode::SUCCESS);
    }
    let arguments = Arguments::parse();
    let testbed = Testbed::find();
    let Some(key) = std::env::var_os(KEY_FILE) else { return again_with_key(&testbed) };
    let recipient = recipient(Path::new(&key))?;
    let sops: PathBuf = testbed.command(Tool::Sops)?.get_program().into();
    let windlass = arguments.windlass.clone().map_or_else(|| program::release("windlass"), Ok)?;
    let folder = tempfile::tempdir()?;
    secret_tree::keep_apart(folder.path());
    let [sops, windlass] = [sops, windlass].map(|program| installed(&program, folder.path()));
    let (sops, windlass) = (sops?, windlass?);
    let names = secret_tree::write(&folder.path().join("plain"), arguments.files, &recipient)?;
    let bench = Bench { sops, windlass, folder: folder.path().to_owned(), names };

    let mut out = std::io::stdout().lock();
    writeln!(out, "{}\n", bench.introduction(&arguments)?)?;
    let mut table = Table::new(["what", "program", "wall ms", "p90 ms", "CPU ms", "memory MB"]);
    let mut verdicts = Table::new(["target", "wall", "CPU"]);
    // Encrypted by sops: what is decrypted afterwards is its own.
    bench.encrypt_all()?;
    for verb in [Verb::Encrypt, Verb::Decrypt] {
        let single = (0..arguments.single_runs).map(|round| bench.single(verb, round));
        let single = single.collect::<anyhow::Result<Vec<_>>>()?;
        let target = matches!(verb, Verb::Decrypt).then_some(TARGET_FILE);
        add(&mut table, &mut verdicts, &format!("{} one file", verb.name()), &single, target);
        let trees = (0..arguments.runs).map(|round| bench.tree(verb, round));
        let trees = trees.collect::<anyhow::Result<Vec<_>>>()?;
        let tree = format!("{} {} files", verb.name(), arguments.files);
        add(&mut table, &mut verdicts, &tree, &trees, Some(TARGET_TREE));
    }
    writeln!(
        out,
        "{table}\nMedians, but for p90; memory is the peak; MB are 10^6 bytes. Each opened what the other wrote.\n"
    )?;
    writeln!(out, "{verdicts}\nLoad after: {}", machine::load())?;
    Ok(ExitCode::SUCCESS)
}

/// Makes a key and starts this program again with it.
fn again_with_key(testbed: &Testbed) -> anyhow::Result<ExitCode> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("keys.txt");
    fs::write(&file, testbed.run(Tool::AgeKeygen, [""; 0])?)?;
    let program = std::env::current_exe().context("this program has no path")?;
    let status = Command::new(program).args(std::env::args_os().skip(1)).env(KEY_FILE, &file).status()?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// A copy of a program, as an installation makes one. What a linker has just written lies in memory in small pieces, which makes
/// every start of it slower.
fn installed(program: &Path, folder: &Path) -> anyhow::Result<PathBuf> {
    let copy = folder.join(program.file_name().context("a program has a name")?);
    fs::copy(program, &copy).with_context(|| format!("cannot copy {}", program.display()))?;
    Ok(copy)
}

fn recipient(key: &Path) -> anyhow::Result<String> {
    let text = fs::read_to_string(key)?;
    let named = text.lines().find_map(|line| line.strip_prefix("# public key: "));
    named.map(str::to_owned).context("the key file names no public key")
}

/// Both in one round; who goes first changes, since the second finds the caches of the first.
struct Pair {
    sops: Run,
    windlass: Run,
}

impl Bench {
    fn introduction(&self, arguments: &Arguments) -> anyhow::Result<String> {
        let version = |program: &Path| -> anyhow::Result<String> {
            let run = child::run(program, &["--version".as_ref()], &self.folder)?;
            Ok(String::from_utf8_lossy(&run.output).lines().next().unwrap_or_default().to_owned())
        };
        Ok(format!(
            "{} beside {}: a file {} times, a tree of {} files {} times, in turns\n{}",
            version(&self.windlass)?,
            version(&self.sops)?,
            arguments.single_runs,
            arguments.files,
            arguments.runs,
            machine::description(),
        ))
    }

    /// Fills `encrypted` with what sops makes of `plain`.
    fn encrypt_all(&self) -> anyhow::Result<()> {
        let folder = secret_tree::copy(&self.folder.join("plain"), &self.folder.join("encrypted"))?;
        self.loop_of_sops(Verb::Encrypt, &folder).map(drop)
    }

    /// A shell calls sops for each file.
    fn loop_of_sops(&self, verb: Verb, folder: &Path) -> anyhow::Result<Run> {
        let script = format!("cd \"$1\" && for file in *.yaml; do \"$0\" {} -i \"$file\" || exit 1; done", verb.name());
        let arguments = ["-c".as_ref(), script.as_ref(), self.sops.as_os_str(), folder.as_os_str()];
        child::run("sh".as_ref(), &arguments, &self.folder)
    }

    fn tree(&self, verb: Verb, round: usize) -> anyhow::Result<Pair> {
        let source = self.folder.join(match verb {
            Verb::Decrypt => "encrypted",
            Verb::Encrypt => "plain",
        });
        // Each round has trees of its own, and they stay until the end.
        let [theirs, ours] = ["theirs", "ours"].map(|name| self.folder.join(format!("{}-{round}-{name}", verb.name())));
        for folder in [&theirs, &ours] {
            secret_tree::copy(&source, folder)?;
        }
        let sops = || self.loop_of_sops(verb, &theirs);
        let arguments = ["secrets".as_ref(), verb.name().as_ref(), "-i".as_ref(), ours.as_os_str()];
        let windlass = || child::run(&self.windlass, &arguments, &self.folder);
        let pair = in_turn(round, sops, windlass)?;
        self.check(verb, &theirs, &ours)?;
        Ok(pair)
    }

    /// What was decrypted is what there was; what was encrypted opens with the other program.
    fn check(&self, verb: Verb, theirs: &Path, ours: &Path) -> anyhow::Result<()> {
        let plain = self.folder.join("plain");
        if let Verb::Encrypt = verb {
            self.loop_of_sops(Verb::Decrypt, ours)?;
            let arguments = ["secrets".as_ref(), "decrypt".as_ref(), "-i".as_ref(), theirs.as_os_str()];
            child::run(&self.windlass, &arguments, &self.folder)?;
        }
        for folder in [theirs, ours] {
            let differing = secret_tree::differences(folder, &plain, &self.names)?;
            ensure!(differing.is_empty(), "{} files differ, {} first", differing.len(), differing[0]);
        }
        Ok(())
    }

    /// One file to the standard output.
    fn single(&self, verb: Verb, round: usize) -> anyhow::Result<Pair> {
        let folder = self.folder.join(match verb {
            Verb::Decrypt => "encrypted",
            Verb::Encrypt => "plain",
        });
        let file = folder.join(self.names.get(round % self.names.len()).context("--files 0 leaves nothing")?);
        let config = folder.join(".sops.yaml");
        let verb_and_file = [OsStr::new(verb.name()), file.as_os_str()];
        // sops looks for rules above the working directory, windlass above the file.
        let with_config = [OsStr::new("--config"), config.as_os_str(), verb_and_file[0], verb_and_file[1]];
        let sops = || match verb {
            Verb::Decrypt => child::run(&self.sops, &verb_and_file, &self.folder),
            Verb::Encrypt => child::run(&self.sops, &with_config, &self.folder),
        };
        let windlass = || {
            let arguments = [OsStr::new("secrets"), verb_and_file[0], verb_and_file[1]];
            child::run(&self.windlass, &arguments, &self.folder)
        };
        let pair = in_turn(round, sops, windlass)?;
        if let Verb::Decrypt = verb {
            ensure!(pair.sops.output == pair.windlass.output, "the outputs differ for {}", file.display());
        }
        Ok(pair)
    }
}

fn in_turn(
    round: usize,
    sops: impl Fn() -> anyhow::Result<Run>,
    windlass: impl Fn() -> anyhow::Result<Run>,
) -> anyhow::Result<Pair> {
    if round.is_multiple_of(2) {
        let sops = sops()?;
        return Ok(Pair { sops, windlass: windlass()? });
    }
    let windlass = windlass()?;
    Ok(Pair { sops: sops()?, windlass })
}

fn add(table: &mut Table, verdicts: &mut Table, what: &str, pairs: &[Pair], target: Option<f64>) {
    let cells = |run: fn(&Pair) -> &Run| {
        let samples = |figure: fn(&Run) -> f64| pairs.iter().map(|pair| figure(run(pair))).collect::<Samples>();
        let wall = samples(|run| run.wall.as_secs_f64() * 1e3);
        let (cpu, memory) = (samples(|run| run.cpu.as_secs_f64() * 1e3), samples(|run| run.peak_memory / 1e6));
        [wall.median(), wall.p90(), cpu.median(), memory.median()]
    };
    let (theirs, ours) = (cells(|pair| &pair.sops), cells(|pair| &pair.windlass));
    let ratio: [f64; 4] = std::array::from_fn(|index| theirs[index] / ours[index]);
    for (name, figures) in [("sops", theirs), ("windlass", ours)] {
        let [wall, p90, cpu, memory] = figures.map(|figure| format!("{figure:.1}"));
        let what = if name == "sops" { what.to_owned() } else { String::new() };
        table.row([what, name.to_owned(), wall, p90, cpu, memory]);
    }
    let [wall, p90, cpu, memory] = ratio.map(|ratio| format!("{ratio:.1} x"));
    table.row([String::new(), "ratio".to_owned(), wall, p90, cpu, memory]);
    let Some(target) = target else { return };
    let verdict = |ratio: f64| format!("{} ({ratio:.1} x)", if ratio >= target { "met" } else { "not met" });
    verdicts.row([format!("{what}: {target:.0} x"), verdict(ratio[0]), verdict(ratio[2])]);
}
