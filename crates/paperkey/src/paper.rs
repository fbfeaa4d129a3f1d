//! Keys on paper: rows that can be typed again, each with letters that tell a slip of the finger at once.

use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::recovery_key::KEY_PREFIX;
use crate::{Error, RecoveryKey, share};

const GROUP: usize = 5;
const GROUPS: usize = 5;
const CHECK: usize = 3;
/// Crockford's base 32: no letter is taken for a digit.
const LETTERS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// The rows of a key on paper: a number, up to five groups of five letters, and three check letters.
///
/// Without the numbers and the check letters the groups are the key as it is.
pub fn paper_rows(key: &str) -> Vec<Zeroizing<String>> {
    let letters = Zeroizing::new(key.trim().to_uppercase().chars().collect::<Vec<char>>());
    let row = |(at, letters): (usize, &[char])| {
        let width = 3 + GROUPS * (GROUP + 1);
        let mut text = Zeroizing::new(String::with_capacity(2 * width));
        text.push_str(&format!("{:>2} ", at + 1));
        for group in letters.chunks(GROUP) {
            text.push(' ');
            text.extend(group);
        }
        let gap = width.saturating_sub(text.len()) + 3;
        text.extend(std::iter::repeat_n(' ', gap));
        let letters = Zeroizing::new(letters.iter().collect::<String>());
        text.push_str(&check_letters(at + 1, &letters));
        text
    };
    letters.chunks(GROUP * GROUPS).enumerate().map(row).collect()
}

/// Reads one row, its number first: the letters of the key in it.
///
/// # Errors
///
/// [`Error::Row`], and [`Error::Missing`] where it is another row.
pub fn read_paper_row(text: &str, number: usize) -> Result<Zeroizing<String>, Error> {
    let (own, words) = numbered(text).ok_or(Error::Missing(number))?;
    if own != number {
        return Err(Error::Missing(number));
    }
    let letters = Zeroizing::new(words.split_whitespace().collect::<String>().to_uppercase());
    let cut = letters.len().checked_sub(CHECK).filter(|cut| *cut > 0 && letters.is_char_boundary(*cut));
    let (key, check) = letters.split_at(cut.ok_or(Error::Row(number))?);
    if check_letters(number, key) == check { Ok(Zeroizing::new(key.to_owned())) } else { Err(Error::Row(number)) }
}

/// Reads what stands on paper: one key or share, or several after another, in rows or in one piece as a QR code or a file has it.
/// Other lines are skipped.
///
/// # Errors
///
/// [`Error::Row`] and [`Error::Missing`] with the number of the row, [`Error::Neither`] where there is no key and no share, and
/// [`Error::Checksum`] for a damaged page of an earlier version, whose rows have no check letters.
pub fn read_paper(text: &str) -> Result<Vec<Zeroizing<String>>, Error> {
    let mut pieces = Vec::new();
    let mut rows = Vec::new();
    for line in text.lines().map(str::trim) {
        if starts_a_key(line) {
            pieces.extend(piece(&std::mem::take(&mut rows))?);
            pieces.push(Zeroizing::new(line.to_uppercase()));
        } else if let Some((number, _)) = numbered(line) {
            if number == 1 {
                pieces.extend(piece(&std::mem::take(&mut rows))?);
            }
            rows.push(line);
        }
    }
    pieces.extend(piece(&rows)?);
    if pieces.is_empty() { Err(Error::Neither) } else { Ok(pieces) }
}

/// What the rows are together; none where there are none.
fn piece(rows: &[&str]) -> Result<Option<Zeroizing<String>>, Error> {
    let Some(first) = rows.first() else { return Ok(None) };
    if is_of_a_card(first) {
        return read_card(rows).map(Some);
    }
    // Room for more than any key: a text that grows leaves copies of itself behind.
    let mut key = Zeroizing::new(String::with_capacity(rows.iter().map(|row| row.len()).sum()));
    for (at, row) in rows.iter().enumerate() {
        key.push_str(&read_paper_row(row, at + 1)?);
    }
    if starts_a_key(&key) { Ok(Some(key)) } else { Err(Error::Neither) }
}

fn starts_a_key(text: &str) -> bool {
    let starts = |prefix: &str| text.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix));
    (starts(KEY_PREFIX) || starts(share::PREFIX)) && !text.contains(char::is_whitespace)
}

/// The number at the start of a line, and what stands behind.
fn numbered(line: &str) -> Option<(usize, &str)> {
    let line = line.trim_start();
    let end = line.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(line.len());
    let (number, rest) = line.split_at(end);
    // `1 AGE-S`, `1: AGE-S`, `1. AGE-S`; a group of letters may begin with a digit, and is no row by itself.
    let rest = rest.strip_prefix([':', '.', ')']).unwrap_or(rest);
    rest.starts_with(char::is_whitespace).then(|| Some((number.parse().ok()?, rest)))?
}

/// A row as `windlass backup` printed it before: four groups of four, and a word. It is shorter than any first row that is
/// printed now.
fn is_of_a_card(row: &str) -> bool {
    let letters = numbered(row).map_or(0, |(_, rest)| rest.chars().filter(|letter| !letter.is_whitespace()).count());
    let row = Zeroizing::new(row.to_uppercase());
    letters < GROUP * GROUPS + CHECK - 2 && !row.contains("AGE-S") && !row.contains("WINDL")
}

/// Reads the rows of such a card. Its words are left out: the checksum of the key tells whether all is right.
fn read_card(rows: &[&str]) -> Result<Zeroizing<String>, Error> {
    let mut key =
        Zeroizing::new(String::with_capacity(rows.iter().map(|row| row.len()).sum::<usize>() + KEY_PREFIX.len()));
    key.push_str(KEY_PREFIX);
    for (at, row) in rows.iter().enumerate() {
        let (number, rest) = numbered(row).ok_or(Error::Missing(at + 1))?;
        if number != at + 1 {
            return Err(Error::Missing(at + 1));
        }
        let groups = rest.trim_end().rsplit_once(char::is_whitespace).map(|(groups, _word)| groups);
        for group in groups.ok_or(Error::Row(number))?.split_whitespace() {
            key.push_str(&Zeroizing::new(group.to_uppercase()));
        }
    }
    RecoveryKey::parse(&key).map(|_| key)
}

/// Three letters, 15 bits: of 32,768 slips one goes unseen, and then the checksum of the key itself is left.
fn check_letters(number: usize, letters: &str) -> String {
    let digest = Sha256::new().chain_update(format!("{number} ")).chain_update(letters).finalize();
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

    fn read(text: &str) -> Result<Zeroizing<String>, Error> {
        read_paper(text).map(|mut pieces| {
            assert_eq!(pieces.len(), 1);
            pieces.remove(0)
        })
    }

    #[test]
    fn rows_are_read_again_in_any_case_and_spacing() {
        assert_eq!(
            sheet().lines().next().unwrap(),
            format!(" 1  AGE-S ECRET -KEY- 1SA80 FVW2E   {}", check_letters(1, &KEY[..25]))
        );
        assert_eq!(*read(&sheet()).unwrap(), KEY);
        let typed = sheet().to_lowercase().replace("  ", " ").replace("1 ", "1: ");
        assert_eq!(*read(&format!("The key:\n{typed}\nEnd")).unwrap(), KEY);
        assert_eq!(*read(&format!(" {KEY}\n")).unwrap(), KEY);
        assert_eq!(*read(&format!("# public key: age1…\n{}\n", KEY.to_lowercase())).unwrap(), KEY);
    }

    #[test]
    fn several_pages_may_stand_in_one_text() {
        let pages = format!("One\n{0}\nTwo\n{KEY}\nThree\n{0}", sheet());
        assert_eq!(read_paper(&pages).unwrap().iter().map(|piece| piece.as_str()).collect::<Vec<_>>(), [KEY; 3]);
    }

    #[test]
    fn a_slip_is_told_by_its_row() {
        let sheet = sheet();
        let rows: Vec<&str> = sheet.lines().collect();
        let slip = rows[1].replacen('H', "N", 1);
        assert_ne!(slip, rows[1]);
        assert_eq!(read(&[rows[0], &slip, rows[2]].join("\n")), Err(Error::Row(2)));
        assert_eq!(read(&[rows[0], rows[2], rows[1]].join("\n")), Err(Error::Missing(2)));
        assert_eq!(read(rows[1]), Err(Error::Missing(1)));
        let first = rows[0].replacen('F', "E", 1);
        assert_eq!(read(&[&first, rows[1], rows[2]].join("\n")), Err(Error::Row(1)));
        for text in ["nothing", "", "12", "1SA80 FVW2E"] {
            assert_eq!(read(text).unwrap_err(), Error::Neither, "{text}");
        }
        assert_eq!(read_paper_row("1 A", 1), Err(Error::Row(1)));
        assert_eq!(read_paper_row("1 éé", 1), Err(Error::Row(1)));
    }

    #[test]
    fn cards_of_earlier_versions_of_the_backup_are_read() {
        // Printed by `windlass backup key paper` before it printed rows as they are printed here.
        let card = "\
WINDLASS RECOVERY KEY \"paper\", printed 2026-11-20

  1  ER97 7C6J LMHN 7ME2  lotus
  2  Z4Q6 JXRG PZFG WYZF  chimney
  3  8X64 RXT8 53HK 3WM4  evening
  4  CVFS L2SZ 0G         chimney

Without windlass: AGE-SECRET-KEY-1 and then the groups, without spaces and words, is the key for age -i.
";
        let key = "AGE-SECRET-KEY-1ER977C6JLMHN7ME2Z4Q6JXRGPZFGWYZF8X64RXT853HK3WM4CVFSL2SZ0G";
        assert_eq!(*read(card).unwrap(), key);
        assert_eq!(*read(&card.to_lowercase()).unwrap(), key);
        assert_eq!(read(&card.replacen("7C6J", "7C6K", 1)), Err(Error::Checksum));
        assert_eq!(read(&card.replace("  2  ", "  3  ")), Err(Error::Missing(2)));
    }
}
