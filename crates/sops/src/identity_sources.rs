//! Finds identities wherever sops looks for them.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::identity_error::IdentityError;
#[cfg(feature = "pgp")]
use crate::keyring_file::KeyringFile;
use crate::{GpgProgram, Identities, ProgramCall, Prompt, command_words, key_file, public_text};

/// The places where sops looks for keys, as the caller describes them: the library reads no environment, knows no
/// home directory and runs no program by itself.
///
/// ```
/// use windlass_sops::{IdentitySources, Platform};
///
/// let identities = IdentitySources::new(|name| std::env::var(name).ok())
///     .home("/home/me", Platform::Unix)
///     .find();
/// ```
#[must_use]
pub struct IdentitySources<'a> {
    lookup: Box<Lookup<'a>>,
    home: Option<PathBuf>,
    platform: Platform,
    run: Option<Box<Run<'a>>>,
    gpg: Option<GpgRun>,
    prompt: Prompt,
}

type GpgRun = Arc<dyn Fn(&ProgramCall) -> Result<Zeroizing<Vec<u8>>, String> + Send + Sync>;

type Lookup<'a> = dyn Fn(&str) -> Option<String> + 'a;

type Run<'a> = dyn Fn(&[String]) -> Result<Zeroizing<String>, String> + 'a;

/// The systems that keep their users' settings at different places.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Platform {
    /// `$XDG_CONFIG_HOME`, or `.config` in the home directory.
    #[default]
    Unix,
    /// `$XDG_CONFIG_HOME`, or `Library/Application Support` in the home directory.
    MacOs,
    /// `%AppData%`.
    Windows,
}

impl Platform {
    /// The one this program was built for.
    pub fn current() -> Self {
        if cfg!(target_os = "macos") {
            Self::MacOs
        } else if cfg!(windows) {
            Self::Windows
        } else {
            Self::Unix
        }
    }
}

/// The key file in the folder of the user's settings.
const DEFAULT_FILE: &str = "sops/age/keys.txt";

/// The SSH keys in the home directory.
const SSH_FILES: [&str; 2] = [".ssh/id_ed25519", ".ssh/id_rsa"];

impl<'a> IdentitySources<'a> {
    /// Looks up variables. For age `SOPS_AGE_KEY`, `SOPS_AGE_KEY_FILE`, `SOPS_AGE_SSH_PRIVATE_KEY_FILE` and, where
    /// [`commands`](Self::commands) can be run, `SOPS_AGE_KEY_CMD` and `SOPS_AGE_SSH_PRIVATE_KEY_CMD`; for PGP `SOPS_GPG_EXEC` and
    /// `GNUPGHOME`; for Vault those of `VaultTransit::from_environment`.
    pub fn new(lookup: impl Fn(&str) -> Option<String> + 'a) -> Self {
        Self {
            lookup: Box::new(lookup),
            home: None,
            platform: Platform::default(),
            run: None,
            gpg: None,
            prompt: Prompt::default(),
        }
    }

    /// Looks in a home directory too: the default key file, `~/.ssh/id_ed25519` and `~/.ssh/id_rsa`. What is not there is no
    /// fault.
    pub fn home(mut self, home: impl Into<PathBuf>, platform: Platform) -> Self {
        self.home = Some(home.into());
        self.platform = platform;
        self
    }

    /// Runs the commands that the variables name, already split into words, without a shell. The answer is what the command
    /// printed, or why it failed.
    pub fn commands(mut self, run: impl Fn(&[String]) -> Result<Zeroizing<String>, String> + 'a) -> Self {
        self.run = Some(Box::new(run));
        self
    }

    /// Runs `gpg` (or what `SOPS_GPG_EXEC` names) for PGP recipients: see [`GpgProgram`]. It looks for keys itself.
    pub fn gpg(
        mut self,
        run: impl Fn(&ProgramCall) -> Result<Zeroizing<Vec<u8>>, String> + Send + Sync + 'static,
    ) -> Self {
        self.gpg = Some(Arc::new(run));
        self
    }

    /// Asks for passphrases of SSH keys and of encrypted key files, and for the PINs of plugins.
    pub fn prompt(mut self, prompt: Prompt) -> Self {
        self.prompt = prompt;
        self
    }

    /// The key file in the folder of the user's settings, whether it is there or not. None without a [`home`](Self::home).
    pub fn default_key_file(&self) -> Option<PathBuf> {
        self.config_folder().map(|folder| folder.join(DEFAULT_FILE))
    }

    /// Reads all sources into one set. What cannot be read is a [warning](Identities::warnings) of it.
    pub fn find(&self) -> Identities {
        let mut all = Identities::new();
        all.read_settings(&self.lookup);
        if let Some(path) = self.variable("SOPS_AGE_SSH_PRIVATE_KEY_FILE") {
            let origin = format!("SOPS_AGE_SSH_PRIVATE_KEY_FILE {}", public_text::plain(&path));
            all.pool(
                read(Path::new(&*path), &origin).and_then(|text| Identities::parse_ssh(&text, &origin, &self.prompt)),
            );
        }
        self.command("SOPS_AGE_SSH_PRIVATE_KEY_CMD", &mut all, Identities::parse_ssh);
        for file in SSH_FILES {
            self.default_file(self.home.as_ref().map(|home| home.join(file)), &mut all, Identities::parse_ssh);
        }
        if let Some(text) = self.variable("SOPS_AGE_KEY") {
            all.pool(age_keys(&text, "SOPS_AGE_KEY", &self.prompt));
        }
        if let Some(path) = self.variable("SOPS_AGE_KEY_FILE") {
            let origin = format!("SOPS_AGE_KEY_FILE {}", public_text::plain(&path));
            all.pool(read(Path::new(&*path), &origin).and_then(|text| age_keys(&text, &origin, &self.prompt)));
        }
        self.command("SOPS_AGE_KEY_CMD", &mut all, age_keys);
        self.default_file(self.default_key_file(), &mut all, age_keys);
        all.extend(self.find_services());
        all
    }

    /// Only what opens and seals for other kinds of recipients than age: for encryption, which needs no age identity and should
    /// run no command for one.
    pub fn find_services(&self) -> Identities {
        let mut all = Identities::new();
        #[cfg(feature = "pgp")]
        self.keyrings(&mut all);
        if let Some(run) = self.gpg.clone() {
            let program = self.variable("SOPS_GPG_EXEC").unwrap_or_else(|| Zeroizing::new("gpg".to_owned()));
            all.add_master_key(Arc::new(GpgProgram::new(&program, move |call| run(call))));
        }
        #[cfg(feature = "vault")]
        self.vault(&mut all);
        all
    }

    /// The public keyrings of GnuPG, for encryption in-process. Private keys are the agent's alone.
    #[cfg(feature = "pgp")]
    fn keyrings(&self, all: &mut Identities) {
        let named = self.variable("GNUPGHOME").map(|path| PathBuf::from(&*path));
        let Some(folder) = named.or_else(|| Some(self.home.as_ref()?.join(".gnupg"))) else { return };
        for name in ["pubring.kbx", "pubring.gpg"] {
            let file = folder.join(name);
            if file.is_file() {
                all.add_master_key(Arc::new(KeyringFile(file)));
            }
        }
    }

    /// Vault, where there is a token for it.
    #[cfg(feature = "vault")]
    fn vault(&self, all: &mut Identities) {
        let lookup = |name: &str| (self.lookup)(name);
        match crate::VaultTransit::from_environment(lookup, self.home.as_deref()) {
            Ok(Some(vault)) => all.add_master_key(Arc::new(vault)),
            Ok(None) => {}
            Err(error) => {
                let unreadable = IdentityError::Unreadable { origin: "Vault".to_owned(), reason: error.to_string() };
                all.pool(Err(unreadable));
            }
        }
    }

    fn variable(&self, name: &str) -> Option<Zeroizing<String>> {
        (self.lookup)(name).filter(|text| !text.is_empty()).map(Zeroizing::new)
    }

    fn config_folder(&self) -> Option<PathBuf> {
        let named = match self.platform {
            Platform::Windows => self.variable("AppData"),
            Platform::Unix | Platform::MacOs => self.variable("XDG_CONFIG_HOME"),
        };
        let default = match self.platform {
            Platform::Unix => Some(".config"),
            Platform::MacOs => Some("Library/Application Support"),
            Platform::Windows => None,
        };
        named.map(|path| PathBuf::from(&*path)).or_else(|| Some(self.home.as_ref()?.join(default?)))
    }

    /// A file that need not be there.
    fn default_file(&self, path: Option<PathBuf>, all: &mut Identities, parse: Parse) {
        let Some(path) = path.filter(|path| path.is_file()) else { return };
        let origin = path.display().to_string();
        all.pool(read(&path, &origin).and_then(|text| parse(&text, &origin, &self.prompt)));
    }

    fn command(&self, variable: &str, all: &mut Identities, parse: Parse) {
        let (Some(run), Some(line)) = (&self.run, self.variable(variable)) else { return };
        let unreadable = |reason| IdentityError::Unreadable { origin: variable.to_owned(), reason };
        let printed = match command_words::split_words(&line) {
            Some(words) if !words.is_empty() => run(&words),
            _ => Err("the command is empty, or a quote in it is not closed".to_owned()),
        };
        all.pool(printed.map_err(unreadable).and_then(|text| parse(&text, variable, &self.prompt)));
    }
}

type Parse = fn(&str, &str, &Prompt) -> Result<Identities, IdentityError>;

fn age_keys(text: &str, origin: &str, prompt: &Prompt) -> Result<Identities, IdentityError> {
    let text = key_file::open(text, origin, prompt)?;
    Identities::parse_with(&text, origin, prompt)
}

fn read(path: &Path, origin: &str) -> Result<Zeroizing<String>, IdentityError> {
    let unreadable = |reason| IdentityError::Unreadable { origin: origin.to_owned(), reason };
    let size = std::fs::metadata(path).map_err(|error| unreadable(error.to_string()))?.len();
    if size > key_file::LARGEST {
        return Err(unreadable("a key file of more than 16 MiB".to_owned()));
    }
    let bytes = std::fs::read(path).map(Zeroizing::new).map_err(|error| unreadable(error.to_string()))?;
    key_file::text(&bytes, origin)
}

impl fmt::Debug for IdentitySources<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IdentitySources")
            .field("home", &self.home)
            .field("platform", &self.platform)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "AGE-SECRET-KEY-1SA80FVW2E6CKNH9MGLS08S0GWEU9R8FSEM3EQQD270WRR4EHYFKS3VAP6R";
    const RECIPIENT: &str = "age12sazq8d83w7zjc8sc5fgrljngakjqt5f9z3l782f25g64cjzvdxqmxs0rx";

    fn write(folder: &Path, name: &str, text: &str) {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    #[test]
    fn the_default_file_is_where_the_platform_has_it() {
        for (platform, variable, name) in [
            (Platform::Unix, None, ".config/sops/age/keys.txt"),
            (Platform::Unix, Some("XDG_CONFIG_HOME"), "named/sops/age/keys.txt"),
            (Platform::MacOs, None, "Library/Application Support/sops/age/keys.txt"),
            (Platform::MacOs, Some("XDG_CONFIG_HOME"), "named/sops/age/keys.txt"),
            (Platform::Windows, Some("AppData"), "named/sops/age/keys.txt"),
        ] {
            let home = tempfile::tempdir().unwrap();
            write(home.path(), name, KEY);
            let named = home.path().join("named").display().to_string();
            let lookup = |name: &str| variable.filter(|own| *own == name).map(|_| named.clone());
            let found = IdentitySources::new(lookup).home(home.path(), platform).find();
            assert_eq!(found.recipients().collect::<Vec<_>>(), [RECIPIENT], "{platform:?}");
            assert!(found.warnings().is_empty());
        }
    }

    #[test]
    fn commands_are_split_and_run_by_the_caller() {
        let lookup = |name: &str| (name == "SOPS_AGE_KEY_CMD").then(|| "pass 'my key' -x".to_owned());
        assert!(IdentitySources::new(lookup).find().is_empty(), "nobody to run it");
        let found = IdentitySources::new(lookup)
            .commands(|words| {
                assert_eq!(words, ["pass", "my key", "-x"]);
                Ok(Zeroizing::new(KEY.to_owned()))
            })
            .find();
        assert_eq!(found.recipients().count(), 1);
        let failed = IdentitySources::new(lookup).commands(|_| Err("exit code 1".to_owned())).find();
        assert_eq!(failed.warnings()[0].to_string(), "SOPS_AGE_KEY_CMD: cannot be read: exit code 1");
    }

    #[test]
    fn a_named_file_that_is_missing_is_a_warning_and_a_default_one_is_not() {
        let home = tempfile::tempdir().unwrap();
        let lookup = |name: &str| (name == "SOPS_AGE_SSH_PRIVATE_KEY_FILE").then(|| "/no/such/file".to_owned());
        let found = IdentitySources::new(lookup).home(home.path(), Platform::Unix).find();
        assert_eq!(found.warnings().len(), 1);
        write(home.path(), ".ssh/id_rsa", "no key");
        let found = IdentitySources::new(|_| None).home(home.path(), Platform::Unix).find();
        assert!(found.warnings()[0].to_string().ends_with(".ssh/id_rsa: not an SSH private key"));
    }
}
