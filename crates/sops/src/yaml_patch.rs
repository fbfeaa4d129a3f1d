//! Writes a changed tree into the YAML text it was read from: only what changed is replaced, the rest stays byte for byte.
//!
//! The old tree and the nodes of the text are walked side by side with the new tree. Where the text is of a form that this
//! module does not know how to change, it gives up, and the caller prints the document anew; so it does if what comes out
//! does not read back as the new tree.

use std::ops::Range;

use windlass_yaml::{Content, Limits};
use zeroize::Zeroizing;

use crate::align::{Step, align_items, align_nodes};
use crate::same::{Extent, same_nodes};
use crate::text_edits::TextEdits;
use crate::text_lines::TextLines;
use crate::tree::{Branch, Comment, Item, MAX_DEPTH, Node, Value};
use crate::yaml_comments::{self, Found};
use crate::yaml_heads::has_entries;
use crate::yaml_layout::Layout;
use crate::yaml_print;
use crate::yaml_shape::{can_descend, comments_in, same_shape};
use crate::yaml_spans::Spans;
use crate::yaml_written::Written;

mod replace;

/// The text with the new tree in the place of the old one.
pub(crate) fn patch(text: &str, old: &[Branch], new: &[Branch], written: &Written) -> Option<Zeroizing<String>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let limits = Limits { depth: MAX_DEPTH, ..Limits::default() };
    let documents = windlass_yaml::compose(text, &limits).ok()?;
    if documents.len() != old.len() || old.len() != new.len() {
        return None;
    }
    let found = yaml_comments::find(text, &documents);
    let spans = Spans::new(text);
    let layout = Layout { step: spans.indentation(&documents), as_sops: false, ..Layout::default() };
    let mut patcher = Patcher { spans, found, next: 0, edits: TextEdits::default(), layout, in_flow: false, written };
    for ((document, old), new) in documents.iter().zip(old).zip(new) {
        patcher.document(document, old, new)?;
    }
    (patcher.next == patcher.found.len()).then_some(())?;
    patcher.edits.apply(text)
}

/// What stands in front of a value.
struct Place {
    /// Behind the `:` of its key or behind its dash.
    after: usize,
    /// The column of its key or dash, from 0.
    indent: usize,
    /// It is an item of a list.
    in_list: bool,
}

struct Patcher<'t> {
    spans: Spans<'t>,
    found: Vec<Found>,
    /// The comment that the walk comes to next.
    next: usize,
    edits: TextEdits,
    layout: Layout,
    in_flow: bool,
    written: &'t Written,
}

impl Patcher<'_> {
    fn lines(&self) -> &TextLines<'_> {
        self.spans.lines()
    }

    fn edit(&mut self, range: Range<usize>, new: &str) {
        self.edits.push(range, Zeroizing::new(new.to_owned()));
    }

    fn document(&mut self, node: &windlass_yaml::Node, old: &Branch, new: &Branch) -> Option<()> {
        match &node.content {
            Content::Mapping(entries) if !node.flow => self.map(entries, old, new),
            _ => None,
        }
    }

    fn map(
        &mut self,
        entries: &[(windlass_yaml::Node, windlass_yaml::Node)],
        old: &[Item],
        new: &[Item],
    ) -> Option<()> {
        let first = self.spans.start(&entries.first()?.0)?;
        let indent = self.lines().column(first);
        let mut entries = entries.iter();
        // The start of the line below what was passed last.
        let mut below = None;
        for step in align_items(old, new) {
            match step {
                Step::Keep(Item::Comment(_), Item::Comment(new)) => below = Some(self.comment(new)?),
                Step::Keep(Item::Entry { node: old, .. }, Item::Entry { node: new, .. }) => {
                    let (key, value) = entries.next()?;
                    let end = self.spans.deep_end(value)?.max(self.spans.end(key)?);
                    let before = self.next;
                    self.entry(key, value, old, new, indent)?;
                    below = Some(self.lines().next_line(self.end_with_comments(end, before)?));
                }
                Step::Delete(Item::Comment(_)) => self.drop_comment()?,
                Step::Delete(Item::Entry { node, .. }) => {
                    let (key, value) = entries.next()?;
                    let start = self.spans.start(key)?;
                    let end = self.spans.deep_end(value)?.max(self.spans.end(key)?);
                    self.delete(start, end, node)?;
                }
                Step::Insert(item @ Item::Entry { .. }) => {
                    let lines = yaml_print::entry(item, indent, self.layout);
                    self.insert(below, first, &lines)?;
                }
                _ => return None,
            }
        }
        Some(())
    }

    fn list(&mut self, items: &[windlass_yaml::Node], old: &[Node], new: &[Node]) -> Option<()> {
        let first = self.spans.dash(items.first()?);
        let mut items = items.iter();
        let mut below = None;
        for step in align_nodes(old, new) {
            match step {
                Step::Keep(Node { value: Value::Comment(_), .. }, Node { value: Value::Comment(new), .. }) => {
                    below = Some(self.comment(new)?);
                }
                Step::Keep(old, new) => {
                    let item = items.next()?;
                    let (end, before) = (self.spans.deep_end(item)?, self.next);
                    self.item(item, old, new)?;
                    below = Some(self.lines().next_line(self.end_with_comments(end, before)?));
                }
                Step::Delete(Node { value: Value::Comment(_), .. }) => self.drop_comment()?,
                Step::Delete(node) => {
                    let item = items.next()?;
                    self.delete(self.spans.dash(item)?, self.spans.deep_end(item)?, node)?;
                }
                Step::Insert(node) if !matches!(node.value, Value::Comment(_)) => {
                    let indent = self.lines().column(first?);
                    let lines = yaml_print::item(node, indent, self.layout);
                    self.insert(below, first?, &lines)?;
                }
                Step::Insert(_) => return None,
            }
        }
        Some(())
    }

    fn entry(
        &mut self,
        key: &windlass_yaml::Node,
        value: &windlass_yaml::Node,
        old: &Node,
        new: &Node,
        indent: usize,
    ) -> Option<()> {
        if same_nodes(old, new, Extent::Comments) {
            return self.skip(old);
        }
        let after = self.spans.behind_colon(key)?;
        self.value(value, old, new, &Place { after, indent, in_list: false })
    }

    fn item(&mut self, item: &windlass_yaml::Node, old: &Node, new: &Node) -> Option<()> {
        if same_nodes(old, new, Extent::Comments) {
            return self.skip(old);
        }
        if self.in_flow {
            return self.value(item, old, new, &Place { after: self.spans.start(item)?, indent: 0, in_list: true });
        }
        let dash = self.spans.dash(item)?;
        if let Value::Comment(comment) = &new.value {
            // The item that sops makes of a comment becomes one, on a line of its own.
            let end = self.spans.deep_end(item)?;
            if self.lines().is_first(dash) {
                self.edit(dash..end, &format!("#{}", *comment.text));
            } else {
                let start = self.lines().text()[..dash].trim_end().len();
                let pad = " ".repeat(self.lines().column(dash));
                self.edit(start..end, &format!("\n{pad}#{}", *comment.text));
            }
            return Some(());
        }
        let indent = self.lines().column(dash);
        self.value(item, old, new, &Place { after: dash + 1, indent, in_list: true })
    }

    fn value(&mut self, node: &windlass_yaml::Node, old: &Node, new: &Node, place: &Place) -> Option<()> {
        if node.flow && !has_entries(&old.value) && comments_in(old) > 0 && same_shape(old, new) {
            return self.comments_of_empty(&new.value);
        }
        let outer = self.in_flow;
        if self.spans.is_alias(node)? || !can_descend(node, old, new) {
            return self.replace(node, old, new, place);
        }
        self.in_flow |= node.flow;
        match (&node.content, &old.value, &new.value) {
            (Content::Mapping(entries), Value::Map(old), Value::Map(new)) => self.map(entries, old, new)?,
            (Content::Sequence(items), Value::List(old), Value::List(new)) => self.list(items, old, new)?,
            _ => return None,
        }
        self.in_flow = outer;
        Some(())
    }

    /// Empty brackets with comments behind or between them.
    fn comments_of_empty(&mut self, new: &Value) -> Option<()> {
        let items = match new {
            Value::Map(items) => items
                .iter()
                .filter_map(|item| match item {
                    Item::Comment(comment) => Some(comment),
                    Item::Entry { .. } => None,
                })
                .collect::<Vec<_>>(),
            Value::List(nodes) => nodes
                .iter()
                .filter_map(|node| match &node.value {
                    Value::Comment(comment) => Some(comment),
                    _ => None,
                })
                .collect(),
            _ => Vec::new(),
        };
        items.into_iter().try_for_each(|comment| self.comment(comment).map(drop))
    }

    fn insert(&mut self, below: Option<usize>, first: usize, lines: &str) -> Option<()> {
        let text = self.lines().text();
        if self.in_flow || (below.is_none() && !self.lines().is_first(first)) {
            return None;
        }
        let at = below.unwrap_or_else(|| self.lines().line_start(first));
        if at == text.len() && !text.ends_with('\n') {
            let lines = format!("\n{}", lines.strip_suffix('\n').unwrap_or(lines));
            self.edit(at..at, &lines);
        } else {
            self.edit(at..at, lines);
        }
        Some(())
    }

    /// Takes out the lines of an entry or item.
    fn delete(&mut self, start: usize, end: usize, old: &Node) -> Option<()> {
        let before = self.next;
        self.skip(old)?;
        if self.in_flow || !self.lines().is_first(start) {
            return None;
        }
        let end = self.end_with_comments(end, before)?;
        let range = self.lines().line_start(start)..self.lines().next_line(end);
        self.edit(range, "");
        Some(())
    }

    fn drop_comment(&mut self) -> Option<()> {
        let comment = self.found.get(self.next)?;
        let at = self.lines().offset(comment.at)?;
        // One beside an entry goes with it.
        if !comment.inline {
            let range = self.lines().line_start(at)..self.lines().next_line(at);
            self.edit(range, "");
        }
        self.next += 1;
        Some(())
    }

    /// Passes a comment. Gives the start of the line below it.
    fn comment(&mut self, new: &Comment) -> Option<usize> {
        let found = self.found.get(self.next)?;
        let start = self.lines().offset(found.at)? + 1;
        let range = start..start + found.text.len();
        let below = self.lines().next_line(start);
        if *found.text != *new.text {
            if new.text.contains(['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}']) {
                return None;
            }
            self.edits.push(range, new.text.clone());
        }
        self.next += 1;
        Some(below)
    }

    /// Where an entry ends whose comments were passed since `before`: some may stand below its last value.
    fn end_with_comments(&self, end: usize, before: usize) -> Option<usize> {
        match self.found[before..self.next].last() {
            None => Some(end),
            Some(comment) => Some(end.max(self.lines().offset(comment.at)? + 1 + comment.text.len())),
        }
    }

    fn skip(&mut self, old: &Node) -> Option<()> {
        self.next += comments_in(old);
        (self.next <= self.found.len()).then_some(())
    }
}
