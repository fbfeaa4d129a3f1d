//! Walks the documents of a file in order, and tells a visitor of every value and comment: whether it is one of those that
//! are encrypted, and with which additional data.

use zeroize::Zeroizing;

use crate::scalar::Scalar;
use crate::selector::{Rule, Sight};
use crate::tree::{Branch, Comment, Item, Node, Value};
use crate::{Location, PathStep};

/// What is done with values and comments.
pub(crate) trait Visit {
    /// What stops the walk.
    type Error;

    /// A value that is encrypted, or is to be, and where it stands.
    fn selected(&mut self, scalar: &Scalar, aad: &str, at: &dyn Fn() -> Location) -> Result<Value, Self::Error>;

    /// A value that stands in clear.
    fn clear(&mut self, scalar: &Scalar);

    /// A comment that is encrypted, or is to be. It belongs to the first of the additional data.
    fn comment<'a>(
        &mut self,
        text: &str,
        aads: impl Iterator<Item = &'a str>,
    ) -> Result<Option<Zeroizing<String>>, Self::Error>;

    /// A value became a comment that no list holds.
    fn misplaced_comment(&mut self, _at: &Location) {}
}

/// Walks all documents and changes them in place.
pub(crate) fn walk<V: Visit>(documents: &mut [Branch], rule: &Rule, visitor: &mut V) -> Result<(), V::Error> {
    for (number, document) in documents.iter_mut().enumerate() {
        let at = Location { document: number, ..Location::default() };
        Walk { sight: Sight::new(rule), at, aad: String::new(), visitor: &mut *visitor }.branch(document)?;
    }
    Ok(())
}

struct Walk<'a, V> {
    sight: Sight<'a>,
    at: Location,
    /// The additional data of the values here: the keys of the path, each followed by a colon.
    aad: String,
    visitor: &'a mut V,
}

impl<V: Visit> Walk<'_, V> {
    fn branch(&mut self, items: &mut Branch) -> Result<(), V::Error> {
        self.sight.enter_collection();
        let last_entry = items.iter().rposition(|item| matches!(item, Item::Entry { .. }));
        for (position, item) in items.iter_mut().enumerate() {
            match item {
                Item::Comment(comment) => self.comment(comment, Some(position) > last_entry)?,
                Item::Entry { key, node } => self.entry(key, node)?,
            }
        }
        self.sight.leave_collection();
        Ok(())
    }

    fn entry(&mut self, key: &str, node: &mut Node) -> Result<(), V::Error> {
        let aad_length = self.aad.len();
        self.aad.push_str(key);
        self.aad.push(':');
        self.at.path.push(PathStep::Key(key.to_owned()));
        self.sight.enter_key(key);
        self.node(node)?;
        if let Value::Comment(_) = node.value {
            self.visitor.misplaced_comment(&self.at);
        }
        self.sight.leave_key();
        self.sight.pass_item();
        self.at.path.pop();
        self.aad.truncate(aad_length);
        Ok(())
    }

    fn list(&mut self, nodes: &mut [Node]) -> Result<(), V::Error> {
        self.sight.enter_collection();
        let last_item = nodes.iter().rposition(|node| !matches!(node.value, Value::Comment(_)));
        for (position, node) in nodes.iter_mut().enumerate() {
            if let Value::Comment(comment) = &mut node.value {
                self.comment(comment, Some(position) > last_item)?;
                continue;
            }
            self.at.path.push(PathStep::Index(position));
            self.node(node)?;
            self.at.path.pop();
            self.sight.pass_item();
        }
        self.sight.leave_collection();
        Ok(())
    }

    fn node(&mut self, node: &mut Node) -> Result<(), V::Error> {
        match &mut node.value {
            Value::Null | Value::Comment(_) => {}
            Value::Map(items) => self.branch(items)?,
            Value::List(nodes) => self.list(nodes)?,
            Value::Scalar(scalar) if self.sight.selects_value() => {
                let at = || Location { line: node.line, ..self.at.clone() };
                node.value = self.visitor.selected(scalar, &self.aad, &at)?;
            }
            Value::Scalar(scalar) => self.visitor.clear(scalar),
        }
        Ok(())
    }

    fn comment(&mut self, comment: &mut Comment, is_last: bool) -> Result<(), V::Error> {
        self.sight.pass_comment(&comment.text);
        if !self.sight.selects_comment() {
            return Ok(());
        }
        // Which collection a comment below its last entry belongs to is a matter of indentation, and formatters change it:
        // there the collections around are candidates as well.
        let candidates = enclosing(&self.aad).take(if is_last { usize::MAX } else { 1 });
        if let Some(text) = self.visitor.comment(&comment.text, candidates)? {
            comment.text = text;
        }
        Ok(())
    }
}

/// The additional data of comments in a collection and in those around it. At the top of a document it is a lone colon.
fn enclosing(aad: &str) -> impl Iterator<Item = &str> {
    let colons = aad.match_indices(':').map(|(at, _)| &aad[..=at]).rev();
    colons.chain(std::iter::once(":"))
}
