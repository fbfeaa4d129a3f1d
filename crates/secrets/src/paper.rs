//! Keys on paper: rows that can be typed again, each with letters that tell a slip of the finger at once.

use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

/// Why a typed key is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PaperError {
    /// The letters of a row do not fit the check letters behind it.
    #[error("row {0} does not fit its check letters: look for a slip in it")]
    Row(usize),
    /// A row is missing, or the rows are not in their order.
    #[error("row {0} is missing: type all rows, in their order")]
    Missing(usize),
    /// The text is neither a recovery key nor a share of one.
    #[error("this is neither an age identity (AGE-SECRET-KEY-1…) nor a share of one (WINDLASS-SHARE-1…)")]
    Neither,
    /// The checksum inside does not fit.
    #[error("the key is damaged: its checksum does not fit")]
    Checksum,
    /// Shares of different keys.
    #[error("these are shares of different keys")]
    Different,
    /// The same share twice.
    #[error("the same share is there twice")]
    Twice,
    /// Not enough shares.
    #[error("{have} of {needed} shares are there")]
    TooFew {
        /// Those there are.
        have: usize,
        /// Those needed.
        needed: usize,
    },
}

const GROUP: usize = 5;
const GROUPS: usize = 5;
const CHECK: usize = 3;
/// Crockford's base 32: no letter is taken for a digit.
const LETTERS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// The rows of a key on paper: a number, up to five groups of five letters, and three check letters.
///
/// Without the numbers and the check letters the groups are the key as it is, which any age or sops takes: nobody needs this
/// program to get at the secrets.
pub fn paper_rows(key: &str) -> Vec<Zeroizing<String>> {
    let letters: Vec<char> = key.trim().to_uppercase().chars().collect();
    let row = |(at, letters): (usize, &[char])| {
        let groups: Vec<Zeroizing<String>> =
            letters.chunks(GROUP).map(|group| Zeroizing::new(group.iter().collect())).collect();
        let mut text = Zeroizing::new(format!("{:>2} ", at + 1));
        for group in &groups {
            text.push(' ');
            text.push_str(group);
        }
        let width = 3 + GROUPS * (GROUP + 1);
        let gap = width.saturating_sub(text.len()) + 3;
        text.extend(std::iter::repeat_n(' ', gap));
        text.push_str(&check_letters(at + 1, &letters.iter().collect::<String>()));
        text
    };
    letters.chunks(GROUP * GROUPS).enumerate().map(row).collect()
}

/// Reads one row, its number first: the letters of the key in it.
///
/// # Errors
///
/// [`PaperError::Row`], and [`PaperError::Missing`] where it is another row.
pub fn read_paper_row(text: &str, number: usize) -> Result<Zeroizing<String>, PaperError> {
    let mut words = text.split_whitespace();
    let own = words.next().and_then(|word| word.trim_end_matches([':', '.', ')']).parse::<usize>().ok());
    if own != Some(number) {
        return Err(PaperError::Missing(number));
    }
    let letters: Zeroizing<String> = Zeroizing::new(words.collect::<String>().to_uppercase());
    let cut = letters.len().checked_sub(CHECK).filter(|cut| *cut > 0 && letters.is_char_boundary(*cut));
    let (key, check) = letters.split_at(cut.ok_or(PaperError::Row(number))?);
    if check_letters(number, key) == check { Ok(Zeroizing::new(key.to_owned())) } else { Err(PaperError::Row(number)) }
}

/// Reads a key as it stands on paper, row by row, or in one piece, as a QR code gives it.
///
/// # Errors
///
/// See [`PaperError`].
pub fn read_paper(text: &str) -> Result<Zeroizing<String>, PaperError> {
    let is_key = |text: &str| text.starts_with("AGE-SECRET-KEY-1") || text.starts_with("WINDLASS-SHARE-1");
    let whole = Zeroizing::new(text.trim().to_uppercase());
    if is_key(&whole) && !whole.contains(char::is_whitespace) {
        return Ok(whole);
    }
    let starts_with_number = |line: &&str| line.trim_start().starts_with(|letter: char| letter.is_ascii_digit());
    let mut key = Zeroizing::new(String::with_capacity(text.len()));
    for (at, line) in text.lines().filter(starts_with_number).enumerate() {
        key.push_str(&read_paper_row(line, at + 1)?);
    }
    if is_key(&key) { Ok(key) } else { Err(PaperError::Neither) }
}

/// Three letters, 15 bits: of 32,768 slips one goes unseen, and then the checksum of the key itself is left.
fn check_letters(number: usize, letters: &str) -> String {
    let digest = Sha256::digest(format!("{number} {letters}").as_bytes());
    let bits = u32::from(digest[0]) << 8 | u32::from(digest[1]);
    (0..CHECK).map(|at| char::from(LETTERS[(bits >> (5 * at) & 31) as usize])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "AGE-SECRET-KEY-1SA80FVW2E6CKNH9MGLS08S0GWEU9R8FSEM3EQQD270WRR4EHYFKS3VAP6R";

    fn sheet() -> String {
        paper_rows(KEY).iter().map(|row| format!("{}\n", row.as_str())).collect()
    }

    #[test]
    fn rows_are_read_again_in_any_case_and_spacing() {
        assert_eq!(
            sheet().lines().next().unwrap(),
            format!(" 1  AGE-S ECRET -KEY- 1SA80 FVW2E   {}", check_letters(1, &KEY[..25]))
        );
        assert_eq!(*read_paper(&sheet()).unwrap(), KEY);
        let typed = sheet().to_lowercase().replace("  ", " ").replace("1 ", "1: ");
        assert_eq!(*read_paper(&format!("The key:\n{typed}\nEnd")).unwrap(), KEY);
        assert_eq!(*read_paper(&format!(" {KEY}\n")).unwrap(), KEY);
    }

    #[test]
    fn a_slip_is_told_by_its_row() {
        let sheet = sheet();
        let rows: Vec<&str> = sheet.lines().collect();
        let slip = rows[1].replacen('H', "N", 1);
        assert_ne!(slip, rows[1]);
        assert_eq!(read_paper(&[rows[0], &slip, rows[2]].join("\n")), Err(PaperError::Row(2)));
        assert_eq!(read_paper(&[rows[0], rows[2], rows[1]].join("\n")), Err(PaperError::Missing(2)));
        assert_eq!(read_paper(rows[1]), Err(PaperError::Missing(1)));
        assert_eq!(read_paper("nothing"), Err(PaperError::Neither));
        assert_eq!(read_paper_row("1 A", 1), Err(PaperError::Row(1)));
        assert_eq!(read_paper_row("1 éé", 1), Err(PaperError::Row(1)));
    }
}
