//! The table: text that is indexed once and read where it lies.
//!
//! ```text
//! windlass-schema 1 <version of the server>
//! kind <version> <kind> <namespaced|cluster> <expression> [<group>]
//! …
//! @<number> <flags> <name>
//!  <field> <expression> [retain] [merge | merge:<key> | replace] [=<default as JSON>]
//! ```
//!
//! Kinds are sorted by version, kind and group, definitions are numbered from 0 in order, and `flags` is `-` or made of `!` (atomic),
//! `*` (unknown fields are kept) and `e` (holds a whole object). A field whose name holds more than visible ASCII is written
//! as a JSON string.

use std::borrow::Cow;

use crate::notes::Notes;

pub(crate) const HEADER: &str = "windlass-schema 1 ";

/// Why a text is no table.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TableError {
    /// The first line is not that of a table in a format this version reads.
    #[error("not a schema table of format 1: the first line must read `windlass-schema 1 <server version>`")]
    Header,
    /// The table is larger than this crate reads.
    #[error("a schema table may have {limit} bytes, this one has {found}")]
    TooLarge {
        /// The bytes found.
        found: usize,
        /// The bytes allowed.
        limit: usize,
    },
    /// A line is no kind, no definition and no field of one.
    #[error("line {line} of the schema table: {fault}")]
    Line {
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        fault: &'static str,
    },
}

/// Offsets are kept in 32 bits.
const LIMIT: usize = 256 << 20;

/// A table and where its lines start.
#[derive(Debug)]
pub(crate) struct Table {
    text: Cow<'static, str>,
    kinds: Vec<u32>,
    definitions: Vec<u32>,
}

/// A line that names a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct KindLine<'a> {
    pub(crate) group: &'a str,
    pub(crate) version: &'a str,
    pub(crate) kind: &'a str,
    pub(crate) namespaced: bool,
    pub(crate) expression: &'a str,
}

/// A line that names a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FieldLine<'a> {
    /// As it is written: a name, or a JSON string.
    pub(crate) name: &'a str,
    pub(crate) expression: &'a str,
    pub(crate) notes: Notes<'a>,
}

impl Table {
    /// Finds the lines of `text`; nothing else is looked at.
    pub(crate) fn index(text: impl Into<Cow<'static, str>>) -> Result<Self, TableError> {
        let text = text.into();
        if !text.starts_with(HEADER) {
            return Err(TableError::Header);
        }
        if text.len() > LIMIT {
            return Err(TableError::TooLarge { found: text.len(), limit: LIMIT });
        }
        let (mut kinds, mut definitions) = (Vec::new(), Vec::new());
        let mut start = 0u32;
        for (number, line) in text.split_inclusive('\n').enumerate() {
            match line.as_bytes().first() {
                Some(b'k') => kinds.push(start),
                Some(b'@') => definitions.push(start),
                Some(b' ') if !definitions.is_empty() => {}
                _ if number == 0 => {}
                _ => {
                    let fault = "expected a kind, a definition, or a field of one";
                    return Err(TableError::Line { line: number + 1, fault });
                }
            }
            start += line.len() as u32;
        }
        Ok(Self { text, kinds, definitions })
    }

    /// The version of the server that the table was made from.
    pub(crate) fn server_version(&self) -> &str {
        self.line_at(0).strip_prefix(HEADER).unwrap_or_default()
    }

    pub(crate) fn kind(&self, group: &str, version: &str, kind: &str) -> Option<KindLine<'_>> {
        let order = |line: &KindLine<'_>| (line.version, line.kind, line.group).cmp(&(version, kind, group));
        let found = self
            .kinds
            .binary_search_by(|start| self.kind_at(*start).map_or(std::cmp::Ordering::Less, |line| order(&line)));
        found.ok().and_then(|index| self.kind_at(self.kinds[index]))
    }

    pub(crate) fn kinds(&self) -> impl Iterator<Item = KindLine<'_>> {
        self.kinds.iter().filter_map(|start| self.kind_at(*start))
    }

    fn kind_at(&self, start: u32) -> Option<KindLine<'_>> {
        let mut words = self.line_at(start as usize).strip_prefix("kind ")?.split(' ');
        let (version, kind, scope) = (words.next()?, words.next()?, words.next()?);
        let (expression, group) = (words.next()?, words.next().unwrap_or_default());
        Some(KindLine { group, version, kind, namespaced: scope == "namespaced", expression })
    }

    /// The flags and the name of definition `number`.
    pub(crate) fn definition(&self, number: usize) -> Option<(&str, &str)> {
        let line = self.line_at(*self.definitions.get(number)? as usize);
        let mut words = line.split(' ').skip(1);
        Some((words.next()?, words.next().unwrap_or_default()))
    }

    /// The fields of definition `number`, in the order of their names.
    pub(crate) fn fields(&self, number: usize) -> impl Iterator<Item = FieldLine<'_>> {
        self.field_lines(number).filter_map(FieldLine::read)
    }

    /// The field `name` of definition `number`.
    pub(crate) fn field(&self, number: usize, name: &str) -> Option<FieldLine<'_>> {
        let written = written_name(name);
        let names = |line: &&str| line.strip_prefix(&*written).is_some_and(|rest| rest.starts_with(' '));
        self.field_lines(number).find(names).and_then(FieldLine::read)
    }

    fn field_lines(&self, number: usize) -> impl Iterator<Item = &str> {
        let body = self.definitions.get(number).and_then(|start| self.text.get(*start as usize..)).unwrap_or_default();
        body.split('\n').skip(1).map_while(|line| line.strip_prefix(' '))
    }

    fn line_at(&self, start: usize) -> &str {
        self.text.get(start..).and_then(|rest| rest.lines().next()).unwrap_or_default()
    }
}

impl<'a> FieldLine<'a> {
    fn read(line: &'a str) -> Option<Self> {
        let name_end = if line.starts_with('"') { quoted_end(line)? } else { line.find(' ')? };
        let (name, rest) = line.split_at_checked(name_end)?;
        let rest = rest.strip_prefix(' ')?;
        let (expression, notes) = rest.split_once(' ').unwrap_or((rest, ""));
        Some(Self { name, expression, notes: Notes(notes) })
    }

    /// The name as it is in objects.
    pub(crate) fn plain_name(&self) -> Cow<'a, str> {
        if self.name.starts_with('"') {
            return serde_json::from_str::<String>(self.name).map_or(Cow::Borrowed(self.name), Cow::Owned);
        }
        Cow::Borrowed(self.name)
    }
}

/// Where a JSON string at the start of `line` ends.
fn quoted_end(line: &str) -> Option<usize> {
    let mut escaped = false;
    for (at, byte) in line.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return Some(at + 1),
            _ => {}
        }
    }
    None
}

/// A field's name as the table writes it.
pub(crate) fn written_name(name: &str) -> Cow<'_, str> {
    let plain = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"');
    if plain { Cow::Borrowed(name) } else { Cow::Owned(serde_json::Value::from(name).to_string()) }
}
