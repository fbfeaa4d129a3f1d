use jiff::civil::Date;
use ring::digest;
use zeroize::Zeroizing;

use super::words::WORDS;
use super::{Identities, text};
use crate::{Error, Recipient, WriterId};

/// Four groups of four on a line.
const GROUP: usize = 4;
const LINE: usize = 4 * GROUP;

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
    /// The card as text: the key in short lines, each with a number and a word that fits nothing but that line, so that
    /// who types it in is told which line is wrong.
    ///
    /// # Errors
    /// When the text is no age identity, or another recipient's.
    pub fn print(&self, identity: &str) -> Result<Zeroizing<String>, Error> {
        let refuse = |reason: &str| Error::KeyText { what: "an identity of age", reason: reason.to_owned() };
        let own = Identities::parse(identity)?;
        if own.len() != 1 || own.of(std::slice::from_ref(self.recipient)).is_empty() {
            return Err(refuse("it is not the key of the recipient that the card is for"));
        }
        let line = identity.lines().map(str::trim).find(|line| line.starts_with(text::AGE_PREFIX));
        let payload = line.and_then(|line| line.strip_prefix(text::AGE_PREFIX));
        let payload = payload.ok_or_else(|| refuse("only AGE-SECRET-KEY-1… can be printed"))?;
        let mut card = Zeroizing::new(String::with_capacity(4096));
        card.push_str(&format!("WINDLASS RECOVERY KEY \"{}\", printed {}\n\n", self.recipient.label, self.printed));
        card.push_str("Whoever has this page can read all backups. Keep it away from the machines that it is for.\n");
        card.push_str(
            "Type the numbered lines in, words included: windlass backup key read. Spaces and case do not matter.\n\n",
        );
        for (number, line) in lines(payload).enumerate() {
            let groups = Zeroizing::new(
                line.as_bytes()
                    .chunks(GROUP)
                    .map(|group| String::from_utf8_lossy(group).into_owned())
                    .collect::<Vec<_>>(),
            );
            let joined = Zeroizing::new(groups.join(" "));
            card.push_str(&format!("  {}  {:<19}  {}\n", number + 1, *joined, word(number + 1, line)));
        }
        card.push_str("\nWithout windlass: AGE-SECRET-KEY-1 and then the groups, without spaces and words, is the key for age -i.\n\n");
        card.push_str(&format!("Opens what is encrypted to\n  {}\n", self.recipient.key));
        card.push_str(&format!("Backups are at\n  {} (RESTORE.txt there says how)\n", self.place));
        card.push_str("Believe backups of\n");
        for writer in self.writers {
            card.push_str(&format!("  {writer}\n"));
        }
        Ok(card)
    }
}

/// Reads the numbered lines of a [`PaperKey`], typed in or scanned, and gives the identity. Other lines are skipped.
///
/// # Errors
/// When a line does not fit its word, naming the line; when one is missing; when the whole is no key.
pub fn read_paper_key(typed: &str) -> Result<Zeroizing<String>, Error> {
    let refuse = |reason: String| Error::KeyText { what: "a recovery key", reason };
    let mut payload = Zeroizing::new(String::with_capacity(128));
    let mut expected = 1;
    for line in typed.lines() {
        let mut pieces = line.split_whitespace();
        let Some(number) = pieces.next().and_then(|number| number.trim_end_matches('.').parse::<usize>().ok()) else {
            continue;
        };
        let pieces: Vec<&str> = pieces.collect();
        let Some((last, groups)) = pieces.split_last() else {
            return Err(refuse(format!("line {number} is empty")));
        };
        if number != expected {
            return Err(refuse(format!("line {expected} is missing, or line {number} is out of order")));
        }
        let typed = Zeroizing::new(groups.concat().to_ascii_uppercase());
        if word(number, &typed) != last.to_ascii_lowercase() {
            return Err(refuse(format!("line {number} and its word do not fit: look at that line again")));
        }
        payload.push_str(&typed);
        expected += 1;
    }
    if expected == 1 {
        return Err(refuse("there is no numbered line in it".to_owned()));
    }
    let key = Zeroizing::new(format!("{}{}", text::AGE_PREFIX, *payload));
    Identities::parse(&key)
        .map_err(|_| refuse("the lines fit, and are not a whole key: is the last one missing?".to_owned()))?;
    Ok(key)
}

fn lines(payload: &str) -> impl Iterator<Item = &str> {
    (0..payload.len()).step_by(LINE).filter_map(|at| payload.get(at..payload.len().min(at + LINE)))
}

/// The word of a line. Lines that were swapped do not fit either.
fn word(number: usize, line: &str) -> &'static str {
    let hash = digest::digest(&digest::SHA256, format!("windlass paper {number} {line}").as_bytes());
    WORDS[usize::from(hash.as_ref()[0])]
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
        assert_eq!(*read_paper_key(&card).unwrap(), secret);
        assert_eq!(*read_paper_key(&card.to_ascii_lowercase()).unwrap(), secret);
        assert!(card.lines().all(|line| line.len() <= 120));
    }

    #[test]
    fn a_mistyped_line_is_named_and_not_shown() {
        let (card, _) = card();
        let wrong: String = card
            .lines()
            .map(|line| match line.trim_start().strip_prefix("2  ") {
                Some(rest) => {
                    let first = if rest.starts_with('Q') { "P" } else { "Q" };
                    format!("2  {first}{}\n", &rest[1..])
                }
                None => format!("{line}\n"),
            })
            .collect();
        // One in 256 wrong lines has the same word; then the key's own checksum tells.
        let error = read_paper_key(&wrong).unwrap_err().to_string();
        assert!(error.contains("line 2") || error.contains("whole key"), "{error}");
    }

    #[test]
    fn a_missing_line_is_named() {
        let (card, _) = card();
        let without: String =
            card.lines().filter(|line| !line.trim_start().starts_with("3  ")).map(|line| format!("{line}\n")).collect();
        assert!(read_paper_key(&without).unwrap_err().to_string().contains("line 3 is missing"));
        let cut: String =
            card.lines().filter(|line| !line.trim_start().starts_with("4  ")).map(|line| format!("{line}\n")).collect();
        assert!(read_paper_key(&cut).unwrap_err().to_string().contains("last one"));
    }
}
