use std::borrow::Cow;
use std::fmt;

use serde_json::Value;

use crate::notes::Notes;
use crate::table::Table;
use crate::type_expression::{Core, TypeExpression};
use crate::{ListType, MapType, PatchStrategy, Schema, Shape};

/// What may stand at one place of an object, and how it is merged.
///
/// A node is four words that point into the table; walking the schema beside an object allocates nothing.
#[derive(Clone, Copy)]
pub struct Node<'a> {
    table: &'a Table,
    expression: &'a str,
    notes: Notes<'a>,
}

impl<'a> Node<'a> {
    pub(crate) fn new(table: &'a Table, expression: &'a str) -> Self {
        Self { table, expression, notes: Notes::default() }
    }

    /// What may stand here.
    #[must_use]
    pub fn shape(self) -> Shape<'a> {
        let read = self.read();
        match read.core {
            Core::Scalar(scalar) => Shape::Scalar(scalar),
            Core::Any => Shape::Any,
            Core::ObjectMeta => Shape::Object(MapType::Granular),
            Core::Definition(_) => Shape::Object(self.map_type().unwrap_or(MapType::Granular)),
            Core::Map(_) => Shape::Map(read.map_type.unwrap_or(MapType::Granular)),
            Core::List(list_type, _) => Shape::List(list_type),
        }
    }

    /// The field `name`: a declared one, any of a map or of what may be anything, or an unknown one where the mapping keeps
    /// those. `None` where the server would refuse or drop such a field.
    #[must_use]
    pub fn field(self, name: &str) -> Option<Self> {
        match self.read().core {
            Core::ObjectMeta => object_meta()?.field(name),
            Core::Definition(number) => match self.table.field(number, name) {
                Some(line) => Some(Self { expression: line.expression, notes: line.notes, ..self }),
                None => self.preserves_unknown().then(|| self.anything()),
            },
            Core::Map(value) => Some(Self::new(self.table, value)),
            Core::Any => Some(self.anything()),
            Core::Scalar(_) | Core::List(..) => None,
        }
    }

    /// The elements of a list; `None` where no list may stand.
    #[must_use]
    pub fn item(self) -> Option<Self> {
        match self.read().core {
            Core::List(_, item) => Some(Self::new(self.table, item)),
            Core::Any => Some(self.anything()),
            _ => None,
        }
    }

    /// The values of a map whose keys are free; `None` for anything else.
    #[must_use]
    pub fn value(self) -> Option<Self> {
        match self.read().core {
            Core::Map(value) => Some(Self::new(self.table, value)),
            _ => None,
        }
    }

    /// The place that `path` leads to. A step into a list means its elements, whatever the step says: `0`, `-`, `[]`.
    #[must_use]
    pub fn at<'p>(self, path: impl IntoIterator<Item = &'p str>) -> Option<Self> {
        path.into_iter().try_fold(self, |node, step| match node.shape() {
            Shape::List(_) => node.item(),
            _ => node.field(step),
        })
    }

    /// The declared fields of a mapping, in the order of their names; none for everything else.
    #[must_use]
    pub fn fields(self) -> Fields<'a> {
        let node = if self.read().core == Core::ObjectMeta { object_meta().unwrap_or(self) } else { self };
        let lines: Box<dyn Iterator<Item = (Cow<'a, str>, Self)> + 'a> = match node.read().core {
            Core::Definition(number) => {
                let table = node.table;
                Box::new(table.fields(number).map(move |line| {
                    (line.plain_name(), Self { table, expression: line.expression, notes: line.notes })
                }))
            }
            _ => Box::new(std::iter::empty()),
        };
        Fields(lines)
    }

    /// How a list that stands here is merged; `None` where none may. A list where anything may stand is atomic.
    #[must_use]
    pub fn list_type(self) -> Option<ListType<'a>> {
        match self.read().core {
            Core::List(list_type, _) => Some(list_type),
            Core::Any => Some(ListType::Atomic),
            _ => None,
        }
    }

    /// How a mapping that stands here is merged; `None` where none may.
    #[must_use]
    pub fn map_type(self) -> Option<MapType> {
        let read = self.read();
        match read.core {
            Core::Definition(_) if read.map_type.is_none() && self.has_flag('!') => Some(MapType::Atomic),
            Core::Definition(_) | Core::ObjectMeta | Core::Map(_) | Core::Any => {
                Some(read.map_type.unwrap_or(MapType::Granular))
            }
            Core::Scalar(_) | Core::List(..) => None,
        }
    }

    /// What a strategic merge patch does here.
    #[must_use]
    pub fn patch(self) -> PatchStrategy<'a> {
        self.notes.patch()
    }

    /// The default in the schema. For built-in kinds that includes the empty text, zero and false that Go would have put
    /// there by itself, and leaves out empty mappings.
    #[must_use]
    pub fn default_value(self) -> Option<Value> {
        self.notes.default_value()
    }

    /// Whether `null` is a value here (`nullable`).
    #[must_use]
    pub fn nullable(self) -> bool {
        self.read().nullable
    }

    /// Whether fields that are not declared are kept here (`x-kubernetes-preserve-unknown-fields`, written at this very
    /// place, or a schema that says nothing).
    #[must_use]
    pub fn preserves_unknown(self) -> bool {
        self.read().core == Core::Any || self.has_flag('*')
    }

    /// Whether a whole object, with `apiVersion`, `kind` and `metadata`, stands here (`x-kubernetes-embedded-resource`).
    #[must_use]
    pub fn is_embedded_object(self) -> bool {
        self.has_flag('e')
    }

    /// The name of the definition in the OpenAPI document, without the leading `io.k8s.`, as in `api.core.v1.Container`;
    /// definitions written inline have none.
    #[must_use]
    pub fn definition_name(self) -> Option<&'a str> {
        match self.read().core {
            Core::Definition(number) => {
                self.table.definition(number).map(|found| found.1).filter(|name| !name.is_empty())
            }
            _ => None,
        }
    }

    fn read(self) -> TypeExpression<'a> {
        TypeExpression::read(self.expression)
    }

    fn has_flag(self, flag: char) -> bool {
        match self.read().core {
            Core::Definition(number) => self.table.definition(number).is_some_and(|found| found.0.contains(flag)),
            _ => false,
        }
    }

    /// What stands below a place of which nothing is known: an atomic place stays atomic.
    fn anything(self) -> Self {
        let atomic = self.read().core == Core::Any && self.read().map_type == Some(MapType::Atomic);
        Self::new(self.table, if atomic { "!a" } else { "a" })
    }
}

/// The metadata of every object, of custom kinds too: their definitions do not repeat it.
fn object_meta() -> Option<Node<'static>> {
    Schema::builtin_table()?.kinds().next().and_then(|line| {
        let table = Schema::builtin_table()?;
        Node::new(table, line.expression).field("metadata")
    })
}

impl fmt::Debug for Node<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Node({:?})", self.shape())
    }
}

/// The declared fields of a mapping: name and what stands there.
pub struct Fields<'a>(Box<dyn Iterator<Item = (Cow<'a, str>, Node<'a>)> + 'a>);

impl<'a> Iterator for Fields<'a> {
    type Item = (Cow<'a, str>, Node<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next()
    }
}

impl fmt::Debug for Fields<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fields")
    }
}
