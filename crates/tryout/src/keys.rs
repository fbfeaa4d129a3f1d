use std::fmt;

use windlass_sops::{Identities, IdentityError};
use zeroize::Zeroizing;

/// age keys as text, which Secrets are made of. Wiped when dropped, and never shown.
#[derive(Clone, Default)]
pub struct AgeKeys(Vec<Zeroizing<String>>);

impl AgeKeys {
    /// No keys.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the keys of a key file: one identity a line, blank lines and `#` comments between. `origin` names the file in
    /// messages.
    ///
    /// # Errors
    /// When the text is no such file, or holds no key.
    pub fn add(&mut self, text: Zeroizing<String>, origin: &str) -> Result<(), IdentityError> {
        Identities::parse(&text, origin)?;
        self.0.push(text);
        Ok(())
    }

    /// Adds the keys of another set.
    pub fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The keys as files can be opened with.
    pub(crate) fn identities(&self) -> Result<Identities, IdentityError> {
        let mut all = Identities::new();
        for text in &self.0 {
            all.extend(Identities::parse(text, "the keys given")?);
        }
        Ok(all)
    }

    /// The keys as one file, which a Secret holds.
    pub(crate) fn file(&self) -> Zeroizing<String> {
        let mut file = Zeroizing::new(String::new());
        for text in &self.0 {
            file.push_str(text.trim_end());
            file.push('\n');
        }
        file
    }
}

impl fmt::Debug for AgeKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AgeKeys({} files)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "AGE-SECRET-KEY-1SA80FVW2E6CKNH9MGLS08S0GWEU9R8FSEM3EQQD270WRR4EHYFKS3VAP6R";

    #[test]
    fn keys_are_checked_joined_and_never_shown() {
        let mut keys = AgeKeys::new();
        keys.add(Zeroizing::new(format!("# mine\n{KEY}")), "keys.txt").unwrap();
        keys.add(Zeroizing::new(format!("{KEY}\n")), "more.txt").unwrap();
        assert!(keys.add(Zeroizing::new("nonsense".to_owned()), "bad.txt").is_err());
        assert_eq!(keys.file().as_str(), format!("# mine\n{KEY}\n{KEY}\n"));
        assert_eq!(keys.identities().unwrap().recipients().count(), 2);
        assert_eq!(format!("{keys:?}"), "AgeKeys(2 files)");
    }
}
