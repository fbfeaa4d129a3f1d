use jiff::civil::Date;
use windlass_paperkey::{RecoveryKey, paper_rows};
use zeroize::Zeroizing;

use super::Identities;
use crate::{Error, Recipient, WriterId};

/// What stands on a recovery card besides the key.
#[derive(Debug, Clone)]
pub struct PaperKey<'a> {
    /// Whose key it is, and its public half.
    pub recipient: &'a Recipient,
    /// When it was printed.
    pub printed: Date,
    /// Where the backups are, without credentials.
    pub place: &'a str,
    /// Whose backups to believe.
    pub writers: &'a [WriterId],
}

impl PaperKey<'_> {
    /// The card as text: the key in numbered rows, each with check letters behind, so that who types it in is told which row is
    /// wrong.
    ///
    /// # Errors
    /// When the text is no age identity, or another recipient's.
    pub fn print(&self, identity: &str) -> Result<Zeroizing<String>, Error> {
        let refuse = |reason: &str| Error::KeyText { what: "an identity of age", reason: reason.to_owned() };
        let own = Identities::parse(identity)?;
        if own.len() != 1 || own.of(std::slice::from_ref(self.recipient)).is_empty() {
            return Err(refuse("it is not the key of the recipient that the card is for"));
        }
        let key = identity.lines().find_map(|line| RecoveryKey::parse(line).ok());
        let key = key.ok_or_else(|| refuse("only AGE-SECRET-KEY-1… can be printed"))?;
        let mut card = Zeroizing::new(String::with_capacity(4096));
        card.push_str(&format!("WINDLASS RECOVERY KEY \"{}\", printed {}\n\n", self.recipient.label, self.printed));
        card.push_str("Whoever has this page can read all backups. Keep it away from the machines that it is for.\n");
        card.push_str("Type the numbered rows in: windlass backup key read. Spaces and case do not matter.\n\n");
        for row in paper_rows(&key.expose()) {
            card.push_str("  ");
            card.push_str(&row);
            card.push('\n');
        }
        card.push_str("\nThe last three letters of a row check it; the rest, in one piece, is the key for age -i.\n\n");
        card.push_str(&format!("Opens what is encrypted to\n  {}\n", self.recipient.key));
        card.push_str(&format!("Backups are at\n  {} (RESTORE.txt there says how)\n", self.place));
        card.push_str("Believe backups of\n");
        for writer in self.writers {
            card.push_str(&format!("  {writer}\n"));
        }
        Ok(card)
    }
}

#[cfg(test)]
mod tests {
    use age::secrecy::ExposeSecret as _;

    use super::*;
    use crate::WriterKey;

    fn card() -> (String, String) {
        let identity = age::x25519::Identity::generate();
        let recipient = Recipient::new("paper", identity.to_public().to_string()).unwrap();
        let writers = [WriterKey::generate().unwrap().id()];
        let printed = "2026-11-20".parse().unwrap();
        let paper = PaperKey { recipient: &recipient, printed, place: "s3://backups/home", writers: &writers };
        let secret = identity.to_string().expose_secret().to_owned();
        (paper.print(&secret).unwrap().to_string(), secret)
    }

    #[test]
    fn what_is_printed_is_read_back() {
        let (card, secret) = card();
        assert_eq!(*RecoveryKey::from_paper(&[&card]).unwrap().expose(), secret);
        assert_eq!(*RecoveryKey::from_paper(&[card.to_ascii_lowercase()]).unwrap().expose(), secret);
        assert!(card.lines().all(|line| line.len() <= 120));
    }

    #[test]
    fn another_key_is_not_printed() {
        let (recipient, other) = (age::x25519::Identity::generate(), age::x25519::Identity::generate());
        let recipient = Recipient::new("paper", recipient.to_public().to_string()).unwrap();
        let paper = PaperKey { recipient: &recipient, printed: Date::MIN, place: "here", writers: &[] };
        let error = paper.print(other.to_string().expose_secret()).unwrap_err().to_string();
        assert!(error.contains("recipient") && !error.contains("SECRET"), "{error}");
    }
}
