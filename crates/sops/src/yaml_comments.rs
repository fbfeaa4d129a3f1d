//! Finds the comments of a YAML text, which no reader of values keeps.
//!
//! A comment starts at a `#` that stands outside every scalar, at the start of a line or behind a blank. The reader has the
//! places of the scalars, so nothing is parsed twice.

use windlass_yaml::{Content, Node, Position, Span, Style};
use zeroize::Zeroizing;

/// A comment and what decides where it belongs.
pub(crate) struct Found {
    /// The text behind the `#`.
    pub(crate) text: Zeroizing<String>,
    pub(crate) at: Position,
    /// Something else stands before it on the line.
    pub(crate) inline: bool,
    /// It stands further right than what follows it, or nothing follows.
    pub(crate) deep: bool,
    /// The number of the document it stands in.
    pub(crate) document: usize,
    /// It stands behind the brackets of the collection that starts here.
    pub(crate) behind: Option<Position>,
}

/// What a line holds, for the comments above it.
#[derive(Clone, Copy)]
enum Line {
    Nothing,
    Separator,
    Content { column: usize },
}

/// Finds all comments, in order: one behind brackets comes before those between them.
pub(crate) fn find(text: &str, documents: &[Node]) -> Vec<Found> {
    // Most files have none, and no line is worth a look.
    if !text.contains('#') {
        return Vec::new();
    }
    let (mut scalars, mut brackets) = (Vec::new(), Vec::new());
    documents.iter().for_each(|node| collect_scalars(node, &mut scalars, &mut brackets));
    scalars.sort_unstable();
    brackets.sort_unstable_by_key(|span| span.end);
    let mut scalars = &scalars[..];
    let (mut found, mut lines) = (Vec::<Found>::new(), Vec::new());
    let (mut document, mut has_content) = (0, false);
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    for (index, line) in lines_of(text).enumerate() {
        let number = index + 1;
        let start = Position { line: number, column: 1 };
        let comment = comment_in(line, number, &mut scalars);
        let before = comment.map_or(line, |(_, before, _)| before);
        let kind = kind_of(before, scalars.first().is_some_and(|span| span.start < start));
        match kind {
            Line::Separator if has_content => document += 1,
            Line::Content { .. } => has_content = true,
            _ => {}
        }
        // A document may be empty, but for the first there has to be a separator for it to exist.
        has_content |= matches!(kind, Line::Separator);
        lines.push(kind);
        if let Some((column, before, text)) = comment {
            let behind = brackets_before(before, number, &brackets);
            let comment = Found {
                text: Zeroizing::new(text.to_owned()),
                at: Position { line: number, column },
                inline: !before.trim().is_empty() && !matches!(kind, Line::Separator),
                deep: true,
                document,
                behind: behind.map(|span| span.start),
            };
            // All that was found since the bracket opened stands between.
            let between = behind.map_or(0, |span| found.iter().rev().take_while(|other| other.at > span.start).count());
            found.insert(found.len() - between, comment);
        }
    }
    mark_depth(&mut found, &lines);
    found
}

/// The lines as go-yaml counts them: U+0085, U+2028 and U+2029 end one too.
fn lines_of(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let Some((line, after)) = text.find(windlass_yaml::is_break).map(|at| text.split_at(at)) else {
            rest = None;
            return Some(text);
        };
        let length = if after.starts_with("\r\n") { 2 } else { after.chars().next().map_or(0, char::len_utf8) };
        rest = Some(&after[length..]);
        Some(line)
    })
}

/// The brackets that close last before a comment, with commas at most between, of brackets sorted by their ends.
fn brackets_before(before: &str, number: usize, brackets: &[Span]) -> Option<Span> {
    let text = before.trim_end_matches([' ', '\t', ',']);
    // That of an alias ends with its name.
    if !text.ends_with([']', '}']) {
        return None;
    }
    let end = Position { line: number, column: text.chars().count() + 1 };
    brackets.binary_search_by_key(&end, |span| span.end).ok().map(|place| brackets[place])
}

fn collect_scalars(node: &Node, spans: &mut Vec<Span>, brackets: &mut Vec<Span>) {
    if node.flow {
        brackets.push(node.span);
    }
    match &node.content {
        // The header of a block scalar can have a comment; its text starts on the line below.
        Content::Scalar { style: Style::Literal | Style::Folded, .. } => {
            let start = Position { line: node.span.start.line + 1, column: 1 };
            spans.push(Span { start, end: node.span.end.max(start) });
        }
        Content::Scalar { .. } => spans.push(node.span),
        Content::Sequence(items) => items.iter().for_each(|item| collect_scalars(item, spans, brackets)),
        Content::Mapping(entries) => entries.iter().for_each(|(key, value)| {
            collect_scalars(key, spans, brackets);
            collect_scalars(value, spans, brackets);
        }),
    }
}

/// The column of a comment in a line, what stands before it, and its text. Drops the scalars that end before it.
fn comment_in<'t>(line: &'t str, number: usize, scalars: &mut &[Span]) -> Option<(usize, &'t str, &'t str)> {
    let mut after_blank = true;
    for (index, (offset, letter)) in line.char_indices().enumerate() {
        let at = Position { line: number, column: index + 1 };
        while let [first, rest @ ..] = scalars
            && first.end <= at
        {
            *scalars = rest;
        }
        let in_scalar = scalars.first().is_some_and(|span| span.start <= at);
        if letter == '#' && after_blank && !in_scalar {
            return Some((index + 1, &line[..offset], &line[offset + 1..]));
        }
        after_blank = matches!(letter, ' ' | '\t');
    }
    None
}

fn kind_of(before_comment: &str, in_scalar: bool) -> Line {
    let text = before_comment.trim();
    let marks = |mark: &str| {
        before_comment.strip_prefix(mark).is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t']))
    };
    if text.is_empty() || before_comment.starts_with('%') {
        Line::Nothing
    } else if !in_scalar && (marks("---") || marks("...")) {
        Line::Separator
    } else {
        let column = before_comment.chars().take_while(|letter| *letter == ' ').count() + 1;
        Line::Content { column }
    }
}

fn mark_depth(found: &mut [Found], lines: &[Line]) {
    let mut next = None;
    // The order of lines, which that of the comments is not where some stand between brackets.
    let mut comments: Vec<&mut Found> = found.iter_mut().collect();
    comments.sort_by_key(|comment| comment.at);
    for (index, line) in lines.iter().enumerate().rev() {
        if let Some(comment) = comments.pop_if(|comment| comment.at.line == index + 1) {
            comment.deep = next.is_none_or(|column| comment.at.column > column);
        }
        match line {
            Line::Nothing => {}
            Line::Separator => next = None,
            Line::Content { column } => next = Some(*column),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_as_in_yaml_1_1() {
        let lines: Vec<_> = lines_of("a\r\nb\rc\u{2028}d\u{85}\n").collect();
        assert_eq!(lines, ["a", "b", "c", "d", "", ""]);
    }

    #[test]
    fn scalars_hide_what_looks_like_a_comment() {
        let text = "# head\na: | # one\n  text\n  # none\nb: 'x # none'  #two\nc: \"d\n  # none\" # three\nd: a#none\n  # deep\n---\n#last\n";
        let documents = windlass_yaml::compose(text, &windlass_yaml::Limits::default()).unwrap();
        let found = find(text, &documents);
        let shown: Vec<_> = found.iter().map(|f| (f.text.as_str(), f.at.line, f.inline, f.deep, f.document)).collect();
        assert_eq!(
            shown,
            [
                (" head", 1, false, false, 0),
                (" one", 2, true, true, 0),
                ("two", 5, true, true, 0),
                (" three", 7, true, true, 0),
                (" deep", 9, false, true, 0),
                ("last", 11, false, true, 1),
            ]
        );
    }
}
