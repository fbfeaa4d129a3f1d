//! The file of a verb: its name, its format, its text in and out.

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use windlass_secrets::{Kind, Repository, RepositoryText, replace_file};
use windlass_sops::Format;
use zeroize::Zeroizing;

use crate::secrets::settings::Settings;
use crate::trouble::Trouble;

/// A format by the name that sops has for it.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub(crate) enum FormatName {
    Yaml,
    Json,
    Dotenv,
    Ini,
    Binary,
}

impl From<FormatName> for Format {
    fn from(name: FormatName) -> Self {
        match name {
            FormatName::Yaml => Self::Yaml,
            FormatName::Json => Self::Json,
            FormatName::Dotenv => Self::Dotenv,
            FormatName::Ini => Self::Ini,
            FormatName::Binary => Self::Binary,
        }
    }
}

/// What a file is read as
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct InputArgs {
    /// What the file is: yaml, json, dotenv, ini or binary; by its name, if this is not given
    #[arg(long, value_name = "FORMAT", hide_possible_values = true)]
    pub(crate) input_type: Option<FormatName>,
}

impl InputArgs {
    pub(crate) fn format(&self, name: &Path) -> Format {
        self.input_type.map_or_else(|| Format::of_path(name), Format::from)
    }
}

/// Where a text goes
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct OutputArgs {
    /// Replace the file
    #[arg(short, long)]
    pub(crate) in_place: bool,

    /// Write to another file; one that is new is for its owner alone
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

impl OutputArgs {
    pub(crate) fn check(&self) -> anyhow::Result<()> {
        if self.in_place && self.output.is_some() {
            return Err(Trouble::new("--output and --in-place contradict each other").code(8).into());
        }
        Ok(())
    }

    pub(crate) fn write(&self, settings: &Settings<'_>, source: &Source, text: &[u8]) -> anyhow::Result<()> {
        if self.in_place {
            replace_file(&source.path, Some(&source.text), text)?;
            settings.console.note(&format!("{}: written", source.path.display()));
            return Ok(());
        }
        let Some(output) = &self.output else { return Ok(settings.console.data(text)?) };
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt as _;
            options.mode(0o600);
        }
        let written = options.open(output).and_then(|mut file| file.write_all(text));
        written
            .map_err(|error| Trouble::new(format!("cannot write {}", output.display())).because(error).code(3).into())
    }
}

/// A text, and the file it comes from.
pub(crate) struct Source {
    pub(crate) path: PathBuf,
    pub(crate) text: Zeroizing<Vec<u8>>,
}

impl Source {
    /// Reads a file. One that is not there is told with the exit code that sops has for it.
    pub(crate) fn file(path: &Path, if_missing: u8) -> anyhow::Result<Self> {
        let name = path.display();
        if !path.exists() {
            return Err(Trouble::new(format!("there is no file {name}")).code(if_missing).into());
        }
        let text = std::fs::read(path).map_err(|error| {
            let code = if path.is_dir() { 1 } else { 2 };
            Trouble::new(format!("cannot read {name}")).because(error).code(code)
        })?;
        Ok(Self { path: path.to_owned(), text: Zeroizing::new(text) })
    }

    /// Reads the standard input, which bears the name given for it.
    pub(crate) fn stdin(name: Option<&Path>) -> anyhow::Result<Self> {
        Ok(Self { path: name.map(Path::to_owned).unwrap_or_default(), text: read_stdin()? })
    }
}

pub(crate) fn read_stdin() -> anyhow::Result<Zeroizing<Vec<u8>>> {
    // Room for most: a buffer that grows leaves copies of its content behind.
    let mut text = Zeroizing::new(Vec::with_capacity(1 << 16));
    std::io::stdin()
        .read_to_end(&mut text)
        .map_err(|error| Trouble::new("cannot read the standard input").because(error).code(2))?;
    Ok(text)
}

/// Several files at once
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct TreeArgs {
    /// Files, folders or patterns such as 'apps/**/*.yaml'; all of them are changed, or none
    #[arg(value_name = "FILE")]
    pub(crate) files: Vec<String>,

    /// All files of the repository
    #[arg(long)]
    pub(crate) all: bool,
}

impl TreeArgs {
    /// The one file that is named, where it is one and no folder or pattern.
    pub(crate) fn single(&self, settings: &Settings<'_>) -> Option<PathBuf> {
        match &self.files[..] {
            [name] if !self.all => {
                let path = settings.folder.join(name);
                let is_pattern = name.contains(['*', '?', '[', '{']);
                (path.is_file() || (!path.exists() && !is_pattern)).then(|| PathBuf::from(name))
            }
            _ => None,
        }
    }

    /// The files that are meant, and the repository they are in.
    pub(crate) fn select(
        &self,
        settings: &Settings<'_>,
        kind: Kind,
    ) -> anyhow::Result<(Repository, Vec<RepositoryText>)> {
        let repository = Repository::around(&settings.folder)?;
        if self.all && !self.files.is_empty() {
            return Err(Trouble::new("--all and names of files contradict each other").code(8).into());
        }
        if self.files.is_empty() && !self.all {
            return Err(Trouble::new("no file is named")
                .help("name files, folders or patterns, or --all")
                .code(100)
                .into());
        }
        let files =
            if self.all { repository.texts(kind)? } else { repository.select(&settings.folder, &self.files, kind)? };
        Ok((repository, files))
    }
}
