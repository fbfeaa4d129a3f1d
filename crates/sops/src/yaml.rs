//! Reads YAML into the tree: scalars typed as go-yaml v3 types them, comments where go-yaml hangs them.

use std::collections::VecDeque;
use std::ops::RangeInclusive;

use windlass_yaml::{Content, Dialect, Limits, Position, Style};
use zeroize::Zeroizing;

use crate::scalar::Scalar;
use crate::tree::{Branch, Comment, Item, MAX_DEPTH, Node, Value};
use crate::yaml_comments::{self, Found};
use crate::{Error, Format, Location, PathStep};

/// Reads all documents of a stream.
pub(crate) fn read(text: &[u8]) -> Result<Vec<Branch>, Error> {
    let syntax = |line, reason: String| Error::Syntax { format: Format::Yaml, line, reason };
    let text = std::str::from_utf8(text).map_err(|error| {
        let line = 1 + text[..error.valid_up_to()].iter().filter(|b| **b == b'\n').count();
        syntax(Some(line), "not UTF-8".into())
    })?;
    let limits = Limits { depth: MAX_DEPTH, ..Limits::default() };
    let documents = windlass_yaml::compose(text, &limits)
        .map_err(|error| syntax(Some(error.position().line), without_line(&error.to_string())))?;
    let comments = yaml_comments::find(text, &documents).into();
    let mut reader = Reader { at: Location::default(), comments };
    let document = |(number, node): (usize, &windlass_yaml::Node)| {
        reader.at = Location { document: number, ..Location::default() };
        reader.document(node)
    };
    documents.iter().enumerate().map(document).collect()
}

/// The line is told before.
fn without_line(text: &str) -> String {
    let rest = text.strip_prefix("line ").and_then(|rest| rest.split_once(", "));
    rest.map_or(text, |(_, rest)| rest).to_owned()
}

struct Reader {
    at: Location,
    /// The comments not placed yet.
    comments: VecDeque<Found>,
}

impl Reader {
    fn document(&mut self, node: &windlass_yaml::Node) -> Result<Branch, Error> {
        let mut branch = match self.node(node, usize::MAX)?.value {
            Value::Map(branch) => branch,
            // A document of comments only.
            Value::Null => Branch::new(),
            _ => return Err(self.refuse(node, "the top of a document must be a mapping")),
        };
        branch.extend(self.comments_before(usize::MAX).into_iter().map(Item::Comment));
        Ok(branch)
    }

    /// Reads a node. `limit` is the line where whatever follows it starts.
    fn node(&mut self, node: &windlass_yaml::Node, limit: usize) -> Result<Node, Error> {
        let value = match &node.content {
            Content::Scalar { .. } => self.scalar(node)?,
            Content::Sequence(items) => Value::List(self.list(node, items, limit)?),
            Content::Mapping(entries) => Value::Map(self.map(node, entries, limit)?),
        };
        Ok(Node { value, line: Some(line_of(node)) })
    }

    fn list(
        &mut self,
        list: &windlass_yaml::Node,
        items: &[windlass_yaml::Node],
        limit: usize,
    ) -> Result<Vec<Node>, Error> {
        let comment = |comment| Node { value: Value::Comment(comment), line: None };
        let mut nodes = Vec::with_capacity(items.len());
        nodes.extend(self.comment_behind(list).map(comment));
        for (position, item) in items.iter().enumerate() {
            nodes.extend(self.comments_before(line_of(item)).into_iter().map(comment));
            match &item.content {
                Content::Scalar { .. } => {
                    nodes.extend(self.comment_beside(line_of(item)..=last_line(item), None).map(comment));
                }
                _ => nodes.extend(self.comment_behind(item).map(comment)),
            }
            self.at.path.push(PathStep::Index(position));
            let limit = items.get(position + 1).map_or(limit, line_of);
            nodes.push(self.node(item, limit)?);
            self.at.path.pop();
        }
        nodes.extend(self.comments_inside(list.span.start.column, limit).into_iter().map(comment));
        Ok(nodes)
    }

    fn map(
        &mut self,
        map: &windlass_yaml::Node,
        entries: &[(windlass_yaml::Node, windlass_yaml::Node)],
        limit: usize,
    ) -> Result<Branch, Error> {
        let mut items = Branch::with_capacity(entries.len());
        items.extend(self.comment_behind(map).map(Item::Comment));
        for (position, (key_node, value)) in entries.iter().enumerate() {
            let key = self.key(key_node)?;
            items.extend(self.comments_before(line_of(key_node)).into_iter().map(Item::Comment));
            let end = value.flow.then_some(value.span.start);
            items.extend(self.comment_beside(lines_of_entry(key_node, value), end).map(Item::Comment));
            self.at.path.push(PathStep::Key(key.clone()));
            let limit = entries.get(position + 1).map_or(limit, |(key, _)| line_of(key));
            items.push(Item::Entry { key, node: self.node(value, limit)? });
            self.at.path.pop();
        }
        items.extend(self.comments_inside(map.span.start.column, limit).into_iter().map(Item::Comment));
        Ok(items)
    }

    fn key(&self, node: &windlass_yaml::Node) -> Result<String, Error> {
        match (self.scalar(node), node.text()) {
            (Ok(Value::Scalar(Scalar::Str(_))), Some(text)) => Ok(text.to_owned()),
            _ => Err(self.refuse(node, "a key must be a string, sops encrypts no other")),
        }
    }

    fn scalar(&self, node: &windlass_yaml::Node) -> Result<Value, Error> {
        let Content::Scalar { text, style } = &node.content else {
            return Err(self.refuse(node, "must be a scalar"));
        };
        let resolved = windlass_yaml::resolve(text, *style, node.tag.as_deref(), Dialect::Resource)
            .ok_or_else(|| self.refuse(node, "the value does not fit its tag"))?;
        Ok(Value::Scalar(match resolved {
            windlass_yaml::Scalar::Null => return Ok(Value::Null),
            windlass_yaml::Scalar::Bool(flag) => Scalar::Bool(flag),
            windlass_yaml::Scalar::Int(number) => Scalar::Int(number),
            windlass_yaml::Scalar::UInt(_) => {
                return Err(self.refuse(node, "an integer that does not fit 64 bits, which sops refuses"));
            }
            windlass_yaml::Scalar::Float(number) => Scalar::Float(number),
            windlass_yaml::Scalar::Timestamp(time) => Scalar::Time(time),
            windlass_yaml::Scalar::Str => Scalar::text(text),
            windlass_yaml::Scalar::Binary(bytes) => Scalar::Str(Zeroizing::new(bytes)),
        }))
    }

    fn refuse(&self, node: &windlass_yaml::Node, reason: &'static str) -> Error {
        Error::Shape { at: Location { line: Some(line_of(node)), ..self.at.clone() }, reason }
    }

    fn take_while(&mut self, belongs: impl Fn(&Found) -> bool) -> Vec<Comment> {
        let document = self.at.document;
        let mut taken = Vec::new();
        while let Some(found) = self.comments.pop_front_if(|found| found.document == document && belongs(found)) {
            taken.push(Comment { text: found.text, inline: false });
        }
        taken
    }

    /// Comments above a line: they belong to the outermost collection with an entry that starts there.
    fn comments_before(&mut self, line: usize) -> Vec<Comment> {
        self.take_while(|found| found.at.line < line)
    }

    /// Comments below the last entry of a collection that are indented like it, and deeper than what follows.
    fn comments_inside(&mut self, column: usize, limit: usize) -> Vec<Comment> {
        self.take_while(|found| !found.inline && found.deep && found.at.line < limit && found.at.column >= column)
    }

    /// The comment on the lines of an entry, before the end given. It comes before the entry in the tree, and is printed
    /// beside it.
    fn comment_beside(&mut self, lines: RangeInclusive<usize>, end: Option<Position>) -> Option<Comment> {
        let document = self.at.document;
        let beside = |found: &mut Found| {
            found.inline
                && found.behind.is_none()
                && found.document == document
                && lines.contains(&found.at.line)
                && end.is_none_or(|end| found.at < end)
        };
        self.comments.pop_front_if(beside).map(|found| Comment { text: found.text, inline: true })
    }

    /// The comment behind the brackets of a collection. That of an entry's value comes before all that is in it, that of an
    /// item before the item.
    fn comment_behind(&mut self, node: &windlass_yaml::Node) -> Option<Comment> {
        let document = self.at.document;
        let behind =
            |found: &mut Found| node.flow && found.document == document && found.behind == Some(node.span.start);
        self.comments.pop_front_if(behind).map(|found| Comment { text: found.text, inline: false })
    }
}

fn line_of(node: &windlass_yaml::Node) -> usize {
    node.span.start.line
}

/// The last line on which a comment can stand beside a scalar: below its header, a block scalar takes all.
fn last_line(node: &windlass_yaml::Node) -> usize {
    match &node.content {
        Content::Scalar { style, .. } if is_block(*style) => line_of(node),
        _ => node.span.end.line,
    }
}

fn is_block(style: Style) -> bool {
    matches!(style, Style::Literal | Style::Folded)
}

/// The lines on which a comment belongs to an entry, and to nothing in its value.
fn lines_of_entry(key: &windlass_yaml::Node, value: &windlass_yaml::Node) -> RangeInclusive<usize> {
    let last = match &value.content {
        Content::Scalar { .. } => last_line(value),
        _ => line_of(key),
    };
    line_of(key)..=last.max(line_of(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outline(items: &Branch) -> String {
        let node = |node: &Node| match &node.value {
            Value::Comment(comment) => format!("#{}", *comment.text),
            Value::Map(items) => format!("{{{}}}", outline(items)),
            Value::List(nodes) => format!("[{}]", outline_list(nodes)),
            _ => "_".to_owned(),
        };
        let item = |item: &Item| match item {
            Item::Comment(comment) => format!("#{}{}", if comment.inline { ">" } else { "" }, *comment.text),
            Item::Entry { key, node: value } => format!("{key}:{}", node(value)),
        };
        items.iter().map(item).collect::<Vec<_>>().join(" ")
    }

    fn outline_list(nodes: &[Node]) -> String {
        let wrap = |node: &Node| outline(&vec![Item::Entry { key: String::new(), node: node.clone() }]);
        nodes.iter().map(wrap).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn comments_hang_where_go_yaml_hangs_them() {
        let text = "\
#1
a: 1 #2
#3
b: #4
  #5
  c: x
  #6
  d:
  - l #7
  #8
  - m: 1
    #9
#10
e: |
  #text
#11
";
        let branch = &read(text.as_bytes()).unwrap()[0];
        assert_eq!(outline(branch), "#1 #>2 a:_ #3 #>4 b:{#5 c:_ #6 d:[:#7 :_ :#8 :{m:_ #9}]} #10 e:_ #11");
    }

    #[test]
    fn unicode_breaks_are_breaks_as_in_yaml_1_1() {
        let branch = &read("a: '\u{2028}        ls'\nb: \"\\L  x\"\n".as_bytes()).unwrap()[0];
        let texts: Vec<_> = branch
            .iter()
            .filter_map(|item| match item {
                Item::Entry { node, .. } => node.as_text(),
                Item::Comment(_) => None,
            })
            .collect();
        assert_eq!(texts, ["\u{2028}ls", "\u{2028}  x"]);
    }

    #[test]
    fn what_sops_cannot_hold_is_refused_with_its_line() {
        for (text, message) in [
            ("- a", "the top of the document (line 1): the top of a document must be a mapping"),
            ("a: 1\n1: b", "the top of the document (line 2): a key must be a string, sops encrypts no other"),
            ("a:\n  - 18446744073709551615", "a[0] (line 2): an integer that does not fit 64 bits, which sops refuses"),
            ("a: !!int x", "a (line 1): the value does not fit its tag"),
        ] {
            assert_eq!(read(text.as_bytes()).unwrap_err().to_string(), message);
        }
    }
}
