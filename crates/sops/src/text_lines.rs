//! From places in a YAML text to byte offsets.

use windlass_yaml::Position;

/// The start of each line of a text.
pub(crate) struct TextLines<'t> {
    text: &'t str,
    starts: Vec<usize>,
}

impl<'t> TextLines<'t> {
    pub(crate) fn new(text: &'t str) -> Self {
        // The lines as go-yaml counts them: U+0085, U+2028 and U+2029 end one too.
        let ends = text.char_indices().filter(|(_, letter)| windlass_yaml::is_break(*letter));
        let ends = ends.filter(|(at, letter)| !(*letter == '\r' && text[at + 1..].starts_with('\n')));
        let starts = std::iter::once(0).chain(ends.map(|(at, letter)| at + letter.len_utf8())).collect();
        Self { text, starts }
    }

    pub(crate) fn text(&self) -> &'t str {
        self.text
    }

    /// The byte where a position is; the end of its line for a column beyond it.
    pub(crate) fn offset(&self, at: Position) -> Option<usize> {
        let start = *self.starts.get(at.line.checked_sub(1)?)?;
        let letters = self.text[start..].char_indices();
        Some(letters.map(|(byte, _)| start + byte).nth(at.column - 1).unwrap_or(self.text.len()))
    }

    /// The first byte of the line that holds an offset.
    pub(crate) fn line_start(&self, offset: usize) -> usize {
        self.text[..offset].rfind('\n').map_or(0, |at| at + 1)
    }

    /// The line break that ends the line of an offset, or the end of the text.
    pub(crate) fn line_end(&self, offset: usize) -> usize {
        let end = self.text[offset..].find('\n').map_or(self.text.len(), |at| offset + at);
        if end > offset && self.text[..end].ends_with('\r') { end - 1 } else { end }
    }

    /// The first byte of the line below an offset.
    pub(crate) fn next_line(&self, offset: usize) -> usize {
        self.text[offset..].find('\n').map_or(self.text.len(), |at| offset + at + 1)
    }

    /// How far from the start of its line an offset is, in characters.
    pub(crate) fn column(&self, offset: usize) -> usize {
        self.text[self.line_start(offset)..offset].chars().count()
    }

    /// Whether nothing but blanks stands before an offset on its line.
    pub(crate) fn is_first(&self, offset: usize) -> bool {
        self.text[self.line_start(offset)..offset].trim_start_matches(' ').is_empty()
    }
}
