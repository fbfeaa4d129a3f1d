use crate::Node;
use crate::table::{KindLine, Table};

/// Whether objects of a kind live in a namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    /// Each object has a namespace.
    Namespaced,
    /// No object has one.
    Cluster,
}

/// What one version of one kind looks like.
#[derive(Debug, Clone, Copy)]
pub struct KindSchema<'a> {
    line: KindLine<'a>,
    table: &'a Table,
}

impl<'a> KindSchema<'a> {
    pub(crate) fn new(table: &'a Table, line: KindLine<'a>) -> Self {
        Self { line, table }
    }

    /// The API group, empty for the core group.
    #[must_use]
    pub fn group(&self) -> &'a str {
        self.line.group
    }

    /// The version.
    #[must_use]
    pub fn version(&self) -> &'a str {
        self.line.version
    }

    /// The kind.
    #[must_use]
    pub fn kind(&self) -> &'a str {
        self.line.kind
    }

    /// Whether objects of the kind live in a namespace.
    #[must_use]
    pub fn scope(&self) -> Scope {
        if self.line.namespaced { Scope::Namespaced } else { Scope::Cluster }
    }

    /// The object itself.
    #[must_use]
    pub fn root(&self) -> Node<'a> {
        Node::new(self.table, self.line.expression)
    }

    /// The top-level field `name`.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<Node<'a>> {
        self.root().field(name)
    }
}
