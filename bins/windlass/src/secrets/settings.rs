//! What every verb needs: where it was called, the rules, the identities, the time.

use std::cell::OnceCell;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use windlass_secrets::{Error, Hands, Progress, RuleFile, RuleFiles, Work};
use windlass_sops::{
    CreationRule, DecryptOptions, DecryptionOrder, EncryptOptions, Identities, RecipientKind, Recipients, StoresConfig,
};

use crate::output::Console;
use crate::secrets::keyring;
use crate::trouble::Trouble;

pub(crate) struct Settings<'c> {
    pub(crate) console: &'c Console,
    /// The working directory, absolute.
    pub(crate) folder: PathBuf,
    config: Option<PathBuf>,
    order: DecryptionOrder,
    indent: Option<u16>,
    identities: OnceCell<Identities>,
}

/// A rule, and the file that it stands in.
pub(crate) struct FoundRule {
    pub(crate) file: Arc<RuleFile>,
    pub(crate) rule: CreationRule,
}

impl<'c> Settings<'c> {
    pub(crate) fn new(
        config: Option<PathBuf>,
        order: &str,
        indent: Option<u16>,
        console: &'c Console,
    ) -> anyhow::Result<Self> {
        let folder = std::env::current_dir()
            .map_err(|error| Trouble::new("there is no working directory").because(error).code(1))?;
        let config = config.filter(|path| !path.as_os_str().is_empty());
        let order = DecryptionOrder::parse(order).map_err(|error| Trouble::new(error.to_string()).code(112))?;
        Ok(Self { console, folder, config, order, indent, identities: OnceCell::new() })
    }

    /// The identities of whoever calls, looked for once and only where they are needed.
    pub(crate) fn identities(&self) -> &Identities {
        self.identities.get_or_init(keyring::find)
    }

    pub(crate) fn hands(&self, ignore_mac: bool) -> Hands<'_> {
        let options = DecryptOptions::default().order(self.order);
        let options = if ignore_mac { options.ignore_mac() } else { options };
        Hands { identities: self.identities(), options, now: SystemTime::now() }
    }

    /// The same, to print as the `stores` of the rules for a file want it. Rules that cannot be used are no reason not to
    /// decrypt.
    pub(crate) fn hands_for(&self, file: &Path, ignore_mac: bool) -> Hands<'_> {
        let mut hands = self.hands(ignore_mac);
        hands.options = hands.options.stores(self.stores(file));
        hands
    }

    /// Choices for encryption, with the keys that those recipients need who are of another kind than age.
    pub(crate) fn with_keys(&self, options: EncryptOptions, recipients: &Recipients) -> EncryptOptions {
        if recipients.iter().all(|recipient| recipient.kind == RecipientKind::Age) {
            return options;
        }
        options.keys_of(&keyring::find_services())
    }

    /// Whether it was said how far to indent, which only a text that is printed anew can be.
    pub(crate) fn prints_anew(&self) -> bool {
        self.indent.is_some()
    }

    /// How formats are printed: as was said, or by the rules above a file.
    pub(crate) fn stores(&self, file: &Path) -> StoresConfig {
        if let Some(blanks) = self.indent {
            return StoresConfig::indent(blanks);
        }
        let found = self.rule_files().and_then(|mut files| files.for_file(&self.absolute(file)));
        found.ok().flatten().map(|rules| rules.stores).unwrap_or_default()
    }

    pub(crate) fn rule_files(&self) -> Result<RuleFiles, Error> {
        match &self.config {
            Some(path) => Ok(RuleFiles::named(RuleFile::load(self.folder.join(path))?)),
            None => Ok(RuleFiles::above(Some(self.folder.clone()))),
        }
    }

    /// The rule for a file. None where there are no rules at all, or none is for it.
    pub(crate) fn rule_for(&self, file: &Path) -> Result<Option<FoundRule>, Error> {
        let file = self.absolute(file);
        let found = self.rule_files()?.for_file(&file)?;
        Ok(found.and_then(|found| found.rule_for(&file).cloned().map(|rule| FoundRule { file: found.clone(), rule })))
    }

    /// A path without links in its folders, as the rules of a repository know it.
    pub(crate) fn absolute(&self, file: &Path) -> PathBuf {
        let file = self.folder.join(file);
        let folder = file.parent().and_then(|folder| folder.canonicalize().ok());
        match (folder, file.file_name()) {
            (Some(folder), Some(name)) => folder.join(name),
            _ => file,
        }
    }

    /// Does something on all processors, and shows how far it is where somebody watches.
    pub(crate) fn with_work<T>(&self, doing: &str, run: impl FnOnce(&Work<'_>) -> T) -> T {
        use std::io::{IsTerminal as _, Write as _};
        let is_watched = std::io::stderr().is_terminal();
        let show = |progress: Progress| {
            if is_watched {
                // A progress that is not seen is no fault.
                let _ = write!(std::io::stderr(), "\r\x1b[K{doing} {}/{}", progress.done, progress.of);
            }
        };
        let threads = std::thread::available_parallelism().map_or(1, Into::into);
        let result = run(&Work { threads, progress: &show });
        if is_watched {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        }
        result
    }
}
