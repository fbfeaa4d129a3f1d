//! PGP keys that `gpg` and its agent hold.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::master_key::{MasterKey, MasterKeyError};
use crate::recipient::{Recipient, RecipientKind};

/// PGP keys that `gpg` and its agent hold, which the caller runs: the library runs no program by itself.
///
/// It is asked as sops asks it. In-process keys (cargo feature `pgp`) do not need it; keys on a card or known to an agent do.
///
/// ```
/// use std::io::Write as _;
/// use std::process::{Command, Stdio};
/// use windlass_sops::{GpgProgram, Identities, ProgramCall};
/// use zeroize::Zeroizing;
///
/// let run = |call: &ProgramCall| {
///     let mut command = Command::new(&call.program);
///     command.args(&call.arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
///     let mut child = command.spawn().map_err(|error| error.to_string())?;
///     if let Some(mut stdin) = child.stdin.take() {
///         stdin.write_all(&call.input).map_err(|error| error.to_string())?;
///     }
///     let output = child.wait_with_output().map_err(|error| error.to_string())?;
///     match output.status.success() {
///         true => Ok(Zeroizing::new(output.stdout)),
///         false => Err(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
///     }
/// };
/// let mut identities = Identities::new();
/// identities.add_master_key(std::sync::Arc::new(GpgProgram::new("gpg", run)));
/// ```
#[must_use]
pub struct GpgProgram {
    program: String,
    home: Option<PathBuf>,
    run: Arc<Run>,
}

/// A program to be run: what is written to its standard input, and what it is called with. What it prints is a secret.
#[non_exhaustive]
pub struct ProgramCall {
    /// Its name or path.
    pub program: String,
    /// Its arguments. They show no secret.
    pub arguments: Vec<String>,
    /// Its standard input.
    pub input: Zeroizing<Vec<u8>>,
}

type Run = dyn Fn(&ProgramCall) -> Result<Zeroizing<Vec<u8>>, String> + Send + Sync;

impl GpgProgram {
    /// Asks a program (`SOPS_GPG_EXEC`, or else `gpg`), which `run` runs: the answer is what it printed, or what it said went
    /// wrong.
    pub fn new(
        program: &str,
        run: impl Fn(&ProgramCall) -> Result<Zeroizing<Vec<u8>>, String> + Send + Sync + 'static,
    ) -> Self {
        Self { program: program.to_owned(), home: None, run: Arc::new(run) }
    }

    /// Lets it look for keys in a folder other than the one that it finds itself.
    pub fn home(mut self, folder: impl AsRef<Path>) -> Self {
        self.home = Some(folder.as_ref().to_owned());
        self
    }

    fn call(&self, arguments: &[&str], input: &[u8]) -> Result<Zeroizing<Vec<u8>>, MasterKeyError> {
        let mut all = Vec::new();
        if let Some(home) = &self.home {
            all.extend(["--homedir".to_owned(), home.display().to_string()]);
        }
        all.extend(arguments.iter().map(|argument| (*argument).to_owned()));
        let input = Zeroizing::new(input.to_vec());
        let printed = (self.run)(&ProgramCall { program: self.program.clone(), arguments: all, input })?;
        if printed.is_empty() { Err(format!("{} printed nothing", self.program).into()) } else { Ok(printed) }
    }
}

/// The end of a fingerprint that `--trusted-key` takes: 16 digits, and the `!` of a subkey.
fn short_id(fingerprint: &str) -> &str {
    let length = 16 + usize::from(fingerprint.ends_with('!'));
    fingerprint.get(fingerprint.len().saturating_sub(length)..).unwrap_or(fingerprint)
}

impl MasterKey for GpgProgram {
    fn kind(&self) -> RecipientKind {
        RecipientKind::Pgp
    }

    fn seal(&self, recipient: &Recipient, data_key: &[u8]) -> Result<String, MasterKeyError> {
        let id = recipient.id.as_str();
        let arguments = [
            "--no-default-recipient",
            "--yes",
            "--encrypt",
            "-a",
            "-r",
            id,
            "--trusted-key",
            short_id(id),
            "--no-encrypt-to",
        ];
        let armored = self.call(&arguments, data_key)?;
        Ok(std::str::from_utf8(&armored)?.trim().to_owned())
    }

    fn open(&self, _recipient: &Recipient, sealed: &str) -> Result<Zeroizing<Vec<u8>>, MasterKeyError> {
        self.call(&["-d"], sealed.as_bytes())
    }
}

impl fmt::Debug for GpgProgram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GpgProgram").field("program", &self.program).field("home", &self.home).finish_non_exhaustive()
    }
}

impl fmt::Debug for ProgramCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProgramCall")
            .field("program", &self.program)
            .field("arguments", &self.arguments)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gpg_is_asked_as_sops_asks_it() {
        let gpg = GpgProgram::new("gpg2", |call| {
            assert_eq!(call.program, "gpg2");
            assert_eq!(&call.arguments[..2], ["--homedir", "/keys"]);
            assert_eq!(call.arguments[9], "8E0C3BE9D1A1A15A!");
            assert_eq!(*call.input, b"key");
            Ok(Zeroizing::new(b"armor\n".to_vec()))
        });
        let recipient = Recipient::pgp("00112233445566778E0C3BE9D1A1A15A!").unwrap();
        assert_eq!(gpg.home("/keys").seal(&recipient, b"key").unwrap(), "armor");
        let silent = GpgProgram::new("gpg", |_| Ok(Zeroizing::default()));
        assert_eq!(silent.open(&recipient, "x").unwrap_err().to_string(), "gpg printed nothing");
        let failing = GpgProgram::new("gpg", |_| Err("no secret key".to_owned()));
        assert_eq!(failing.open(&recipient, "x").unwrap_err().to_string(), "no secret key");
    }
}
