//! Pieces of a text that are to be replaced.

use std::ops::Range;

use zeroize::Zeroizing;

/// What comes into the place of some ranges of bytes.
#[derive(Default)]
pub(crate) struct TextEdits(Vec<(Range<usize>, Zeroizing<String>)>);

impl TextEdits {
    pub(crate) fn push(&mut self, range: Range<usize>, new: Zeroizing<String>) {
        self.0.push((range, new));
    }

    /// The text with all replaced. None where two ranges overlap, as those of an alias and its anchor do.
    pub(crate) fn apply(mut self, text: &str) -> Option<Zeroizing<String>> {
        self.0.sort_by_key(|(range, _)| range.start);
        let added: usize = self.0.iter().map(|(_, new)| new.len()).sum();
        // The full length at once: a buffer that grows leaves copies of a secret behind.
        let mut out = Zeroizing::new(String::with_capacity(text.len() + added));
        let mut at = 0;
        for (range, new) in self.0 {
            out.push_str(text.get(at..range.start)?);
            out.push_str(&new);
            at = range.end;
        }
        out.push_str(text.get(at..)?);
        Some(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn applied(edits: &[(Range<usize>, &str)]) -> Option<String> {
        let mut all = TextEdits::default();
        for (range, new) in edits {
            all.push(range.clone(), Zeroizing::new((*new).to_owned()));
        }
        all.apply("abcdef").map(|text| (*text).clone())
    }

    #[test]
    fn ranges_in_any_order_but_not_twice() {
        assert_eq!(applied(&[(4..6, "X"), (0..1, ""), (2..2, "-"), (2..2, "+")]).as_deref(), Some("b-+cdX"));
        assert_eq!(applied(&[(0..3, "X"), (2..4, "Y")]), None);
    }
}
