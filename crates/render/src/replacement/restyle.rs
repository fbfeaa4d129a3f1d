//! Printing changed YAML in the style that its text had: order, quotes and brackets stay, and so do comments.

use serde_json::Value;
use windlass_yaml::{Content, Limits, Node, Style, compose};

use crate::replacement::assign::untyped;
use crate::transform::scalar::text_of;

/// Prints `value` like `text`, which held nearly the same; `None` where the text cannot be read.
pub(crate) fn print_like(text: &str, value: &Value) -> Option<String> {
    let mut nodes = compose(text, &Limits::default()).ok()?;
    let mut node = nodes.pop().filter(|_| nodes.is_empty())?;
    update(&mut node, value);
    let mut printer = Printer { lines: text.lines().collect(), out: String::new() };
    printer.block(&node, 0);
    printer.comments_above(printer.lines.len() + 1, 0);
    Some(printer.out.trim().to_owned())
}

/// Brings a node up to date with a value.
fn update(node: &mut Node, value: &Value) {
    match (&mut node.content, value) {
        (Content::Mapping(entries), Value::Object(fields)) => {
            for (key, child) in entries.iter_mut() {
                if let Some(value) = key.text().and_then(|key| fields.get(key)) {
                    update(child, value);
                }
            }
            for (key, value) in fields {
                if !entries.iter().any(|(known, _)| known.text() == Some(key)) {
                    let line = node.span.end;
                    let made = |value: &Value| made(value, windlass_yaml::Span { start: line, end: line });
                    entries.push((made(&Value::from(key.as_str())), made(value)));
                }
            }
        }
        (Content::Sequence(items), Value::Array(values)) => {
            for (item, value) in items.iter_mut().zip(values) {
                update(item, value);
            }
            for value in values.iter().skip(items.len()) {
                items.push(made(value, node.span));
            }
        }
        (Content::Scalar { text, style }, value) if !value.is_object() && !value.is_array() => {
            let same = if *style == Style::Plain { untyped(text) == *value } else { value == text.as_str() };
            if !same && node.tag.is_none() {
                *text = text_of(value);
                if *style == Style::Plain && untyped(text) != *value {
                    *style = Style::DoubleQuoted;
                }
            }
        }
        _ => *node = made(value, node.span),
    }
}

fn made(value: &Value, span: windlass_yaml::Span) -> Node {
    let content = match value {
        Value::Object(fields) => Content::Mapping(
            fields.iter().map(|(key, value)| (made(&Value::from(key.as_str()), span), made(value, span))).collect(),
        ),
        Value::Array(items) => Content::Sequence(items.iter().map(|item| made(item, span)).collect()),
        scalar => {
            let text = text_of(scalar);
            let style = match scalar {
                Value::String(text) if text.contains('\n') => Style::Literal,
                Value::String(text) if untyped(text) != *scalar => Style::DoubleQuoted,
                _ => Style::Plain,
            };
            Content::Scalar { text, style }
        }
    };
    Node { content, flow: false, tag: None, span }
}

struct Printer<'t> {
    /// The lines of the old text, for their comments. Lines that were printed are emptied.
    lines: Vec<&'t str>,
    out: String,
}

impl Printer<'_> {
    fn indent(&mut self, depth: usize) {
        self.out.extend(std::iter::repeat_n(' ', depth));
    }

    /// Prints the comments on lines of their own above a line, and forgets them.
    fn comments_above(&mut self, line: usize, depth: usize) {
        let above = line.saturating_sub(1).min(self.lines.len());
        let mut first = above;
        while first > 0 && (self.lines[first - 1].trim_start().starts_with('#') || self.lines[first - 1].is_empty()) {
            first -= 1;
        }
        for index in first..above {
            let comment = std::mem::take(&mut self.lines[index]).trim();
            if !comment.is_empty() {
                self.indent(depth);
                self.out.push_str(comment);
                self.out.push('\n');
            }
        }
    }

    /// Ends a line, with the comment that the old one ended with.
    fn end_line(&mut self, node: &Node) {
        let line = node.span.end;
        let rest = self.lines.get(line.line.saturating_sub(1)).map(|text| {
            let behind: String = text.chars().skip(line.column.saturating_sub(1)).collect();
            behind.trim().to_owned()
        });
        if let Some(comment) = rest.filter(|rest| rest.starts_with('#')) {
            self.out.push(' ');
            self.out.push_str(&comment);
        }
        self.out.push('\n');
    }

    /// Prints a node that starts on a line of its own.
    fn block(&mut self, node: &Node, depth: usize) {
        match &node.content {
            Content::Mapping(entries) if !node.flow && !entries.is_empty() => self.mapping(entries, depth, false),
            Content::Sequence(items) if !node.flow && !items.is_empty() => self.sequence(items, depth, false),
            _ => {
                self.inline(node, depth, false);
                self.end_line(node);
            }
        }
    }

    fn mapping(&mut self, entries: &[(Node, Node)], depth: usize, mut within_line: bool) {
        for (key, value) in entries {
            if !std::mem::take(&mut within_line) {
                self.comments_above(key.span.start.line, depth);
                self.indent(depth);
            }
            self.inline(key, depth, false);
            self.out.push(':');
            match &value.content {
                Content::Mapping(below) if !value.flow && !below.is_empty() => {
                    self.end_line(key);
                    self.mapping(below, depth + 2, false);
                }
                // Items stand below their key, not behind it.
                Content::Sequence(items) if !value.flow && !items.is_empty() => {
                    self.end_line(key);
                    self.sequence(items, depth, false);
                }
                Content::Scalar { text, style: Style::Plain } if text.is_empty() => self.end_line(value),
                _ => {
                    self.out.push(' ');
                    self.inline(value, depth + 2, false);
                    self.end_line(value);
                }
            }
        }
    }

    fn sequence(&mut self, items: &[Node], depth: usize, mut within_line: bool) {
        for item in items {
            if !std::mem::take(&mut within_line) {
                self.comments_above(item.span.start.line, depth);
                self.indent(depth);
            }
            self.out.push_str("- ");
            match &item.content {
                Content::Mapping(below) if !item.flow && !below.is_empty() => self.mapping(below, depth + 2, true),
                Content::Sequence(below) if !item.flow && !below.is_empty() => self.sequence(below, depth + 2, true),
                _ => {
                    self.inline(item, depth + 2, false);
                    self.end_line(item);
                }
            }
        }
    }

    fn inline(&mut self, node: &Node, depth: usize, in_flow: bool) {
        if let Some(tag) = &node.tag {
            self.out.push_str(tag);
            self.out.push(' ');
        }
        match &node.content {
            Content::Scalar { text, style } => self.scalar(text, *style, depth, in_flow),
            Content::Sequence(items) => {
                self.out.push('[');
                for (index, item) in items.iter().enumerate() {
                    self.out.push_str(if index > 0 { ", " } else { "" });
                    self.inline(item, depth, true);
                }
                self.out.push(']');
            }
            Content::Mapping(entries) => {
                self.out.push('{');
                for (index, (key, value)) in entries.iter().enumerate() {
                    self.out.push_str(if index > 0 { ", " } else { "" });
                    self.inline(key, depth, true);
                    self.out.push_str(": ");
                    self.inline(value, depth, true);
                }
                self.out.push('}');
            }
        }
    }

    fn scalar(&mut self, text: &str, style: Style, depth: usize, in_flow: bool) {
        match style {
            Style::Plain if is_plain(text, in_flow) => self.out.push_str(text),
            Style::DoubleQuoted => self.out.push_str(&serde_json::Value::from(text).to_string()),
            Style::Literal | Style::Folded if !in_flow && !text.is_empty() => {
                self.out.push(if style == Style::Literal { '|' } else { '>' });
                self.out.push_str(match (text.ends_with('\n'), text.ends_with("\n\n")) {
                    (_, true) => "+",
                    (true, _) => "",
                    _ => "-",
                });
                for line in text.trim_end_matches('\n').split('\n') {
                    self.out.push('\n');
                    if !line.is_empty() {
                        self.indent(depth);
                        self.out.push_str(line);
                    }
                }
            }
            _ => {
                self.out.push('\'');
                self.out.push_str(&text.replace('\'', "''"));
                self.out.push('\'');
            }
        }
    }
}

/// Whether text can stand without quotes.
fn is_plain(text: &str, in_flow: bool) -> bool {
    let flow = |c: char| ",[]{}".contains(c);
    !text.contains(": ")
        && !text.contains(" #")
        && !text.contains('\n')
        && !text.ends_with([':', ' '])
        && !text.starts_with(['#', ',', '[', ']', '{', '}', '&', '*', '!', '|', '>', '\'', '"', '%', '@', '`', ' '])
        && !["- ", "? "].iter().any(|start| text.starts_with(start))
        && !(in_flow && (text.contains(flow) || text.is_empty()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_does_not_change_looks_as_before() {
        let text = "# top\na: 'x' # one\nb:\n  # two\n  - c: \"1\"\n    d: [1, '2']\ne: |\n  f\n";
        let value = json!({"a": "y", "b": [{"c": "1", "d": [1, "2"]}], "e": "f\n", "g": {"h": "80"}});
        let printed = print_like(text, &value).unwrap();
        let expected = "# top\na: 'y' # one\nb:\n# two\n- c: \"1\"\n  d: [1, '2']\ne: |\n  f\ng:\n  h: \"80\"";
        assert_eq!(printed, expected);
    }
}
