//! `windlass secrets exec-file`.

use std::io::Write as _;
use std::path::{Component, Path, PathBuf};

use windlass_sops::Format;
use zeroize::Zeroizing;

use crate::outcome::Outcome;
use crate::secrets::files::{FormatName, InputArgs, Source};
use crate::secrets::private_folder::PrivateFolder;
use crate::secrets::settings::Settings;
use crate::secrets::subprocess::{self, Guard, OnInterrupt, User};
use crate::trouble::Trouble;

/// Run a command with the path of the decrypted file in place of {}
///
/// The path is that of a pipe, which can be read once; with --no-fifo that of a file in memory. Neither outlives the
/// command. The command is run by /bin/sh, and its exit code is ours.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  windlass secrets exec-file kubeconfig.sops.yaml 'kubectl --kubeconfig {} get nodes'
  windlass secrets exec-file --no-fifo --filename tls.key tls.key.sops 'openssl rsa -in {} -check'")]
pub(crate) struct ExecFileArgs {
    /// The file
    file: PathBuf,

    /// The command
    command: String,

    /// A file instead of a pipe, for programs that read it twice or in steps
    #[arg(long)]
    no_fifo: bool,

    /// The name of the file
    #[arg(long, value_name = "NAME")]
    filename: Option<String>,

    /// Run it as another user
    #[arg(long, value_name = "NAME")]
    user: Option<String>,

    #[arg(long, hide = true)]
    background: bool,

    #[command(flatten)]
    input: InputArgs,

    /// Give it another format
    #[arg(long, value_name = "FORMAT", hide_possible_values = true)]
    output_type: Option<FormatName>,

    /// Do not verify the message authentication code
    #[arg(long)]
    ignore_mac: bool,
}

const DEFAULT_NAME: &str = "tmp-file";

pub(crate) fn run(args: &ExecFileArgs, settings: &Settings<'_>) -> anyhow::Result<Outcome> {
    if args.background {
        return Err(subprocess::no_background());
    }
    let source = Source::file(&args.file, 2)?;
    let name = file_name(args.filename.as_deref())?;
    let format = args.output_type.map_or_else(|| Format::of_path(&args.file), Format::from);
    let document = settings.hands_for(&args.file, args.ignore_mac).open(
        &args.file,
        &source.text,
        args.input.format(&args.file),
    )?;
    let plaintext = document.print(format)?;
    drop((document, source));
    let given = Given::new(args, name, plaintext)?;
    let path = given.path.to_string_lossy().into_owned();
    let mut command = subprocess::shell(&args.command.replace("{}", &path), args.user.as_deref(), false)?;
    let status = given.guard.run(&mut command)?;
    drop(given);
    Ok(Outcome::Exit(subprocess::exit_code(status)))
}

fn file_name(name: Option<&str>) -> anyhow::Result<&str> {
    let name = name.unwrap_or(DEFAULT_NAME);
    let mut parts = Path::new(name).components();
    match (parts.next(), parts.next()) {
        (Some(Component::Normal(_)), None) => Ok(name),
        _ => Err(Trouble::new(format!("--filename {name:?} is no name of a file")).code(1).into()),
    }
}

/// What the command is given, for as long as it runs.
struct Given {
    path: PathBuf,
    guard: Guard,
    _holder: Holder,
}

/// What is gone when the command has ended.
enum Holder {
    /// A file without a name: there is nothing to be left behind, even if we are killed.
    Nameless {
        _file: std::fs::File,
    },
    Folder {
        _folder: PrivateFolder,
    },
}

impl Given {
    fn new(args: &ExecFileArgs, name: &str, plaintext: Zeroizing<Vec<u8>>) -> anyhow::Result<Self> {
        let trouble = |error| Trouble::new("cannot hand over the plaintext").because(error).code(3);
        if args.no_fifo && args.filename.is_none() && args.user.is_none() && cfg!(target_os = "linux") {
            let guard = Guard::start(None, OnInterrupt::LeaveToProgram)?;
            let (file, path) = nameless(&plaintext).map_err(trouble)?;
            return Ok(Self { path, guard, _holder: Holder::Nameless { _file: file } });
        }
        let folder = PrivateFolder::new()?;
        let guard = Guard::start(Some(folder.path().to_owned()), OnInterrupt::LeaveToProgram)?;
        let path = if args.no_fifo {
            folder.write(name, &plaintext).map_err(trouble)?
        } else {
            let path = folder.path().join(name);
            make_pipe(&path).map_err(trouble)?;
            path
        };
        if let Some(name) = &args.user {
            let user = User::find(name)?;
            for path in [folder.path(), &path] {
                std::os::unix::fs::chown(path, Some(user.id), Some(user.group)).map_err(trouble)?;
            }
        }
        if !args.no_fifo {
            feed(path.clone(), plaintext);
        }
        Ok(Self { path, guard, _holder: Holder::Folder { _folder: folder } })
    }
}

#[cfg(target_os = "linux")]
fn make_pipe(path: &Path) -> std::io::Result<()> {
    use rustix::fs::{CWD, FileType, Mode, mknodat};
    Ok(mknodat(CWD, path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0)?)
}

/// Where there is no call for it without unsafe code, the program of POSIX.
#[cfg(not(target_os = "linux"))]
fn make_pipe(path: &Path) -> std::io::Result<()> {
    let status = std::process::Command::new("mkfifo").args(["-m", "600"]).arg(path).status()?;
    if status.success() { Ok(()) } else { Err(std::io::Error::other("mkfifo failed")) }
}

/// Writes the pipe as soon as somebody reads it. A command that never does leaves the thread waiting, which ends with us.
fn feed(path: PathBuf, plaintext: Zeroizing<Vec<u8>>) {
    std::thread::spawn(move || {
        // A reader that has seen enough is no fault.
        let _ = std::fs::OpenOptions::new().write(true).open(&path).and_then(|mut pipe| pipe.write_all(&plaintext));
    });
}

#[cfg(target_os = "linux")]
fn nameless(plaintext: &[u8]) -> std::io::Result<(std::fs::File, PathBuf)> {
    use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, memfd_create};
    use std::os::fd::AsRawFd as _;
    let file = memfd_create("windlass-secret", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)?;
    let mut file = std::fs::File::from(file);
    file.write_all(plaintext)?;
    fcntl_add_seals(&file, SealFlags::WRITE | SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL)?;
    let path = PathBuf::from(format!("/proc/{}/fd/{}", std::process::id(), file.as_raw_fd()));
    Ok((file, path))
}

#[cfg(not(target_os = "linux"))]
fn nameless(_plaintext: &[u8]) -> std::io::Result<(std::fs::File, PathBuf)> {
    Err(std::io::ErrorKind::Unsupported.into())
}
