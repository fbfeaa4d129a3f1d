use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, LazyLock};

use serde_json::Value;

use crate::table::Table;
use crate::{CrdError, KindSchema, TableError, crd};

/// The kinds that are known: those of a server, and those of any custom resource definitions that were added.
///
/// Cheap to clone.
#[derive(Clone)]
pub struct Schema {
    base: Base,
    /// By group, then by kind.
    custom: BTreeMap<String, BTreeMap<String, Arc<Table>>>,
}

#[derive(Clone)]
enum Base {
    Builtin,
    Owned(Arc<Table>),
}

/// Indexed when it is first asked for.
static BUILTIN: LazyLock<Option<Table>> = LazyLock::new(|| Table::index(include_str!("builtin.txt")).ok());

impl Schema {
    /// The kinds that a server of [`Schema::server_version`] serves by default.
    #[must_use]
    pub fn builtin() -> Self {
        Self { base: Base::Builtin, custom: BTreeMap::new() }
    }

    /// The kinds of a table that [`distil`](crate::distil) made.
    ///
    /// # Errors
    /// Where `table` is none. Lines are looked at when they are needed; one that says nothing sensible means that anything
    /// may stand there.
    pub fn from_table(table: String) -> Result<Self, TableError> {
        Ok(Self { base: Base::Owned(Arc::new(Table::index(table)?)), custom: BTreeMap::new() })
    }

    /// The version of the server that the table was made from, such as `v1.36.3`.
    #[must_use]
    pub fn server_version(&self) -> &str {
        self.table().map(Table::server_version).unwrap_or_default()
    }

    /// What `kind` looks like in this version; `None` where it is not known.
    #[must_use]
    pub fn kind(&self, group: &str, version: &str, kind: &str) -> Option<KindSchema<'_>> {
        let in_table = |table| Table::kind(table, group, version, kind).map(|line| KindSchema::new(table, line));
        // A definition cannot take over a kind that the server has itself.
        self.table().and_then(in_table).or_else(|| in_table(self.custom.get(group)?.get(kind)?))
    }

    /// Every kind in every version: the server's, then the custom ones by group and kind.
    pub fn kinds(&self) -> impl Iterator<Item = KindSchema<'_>> {
        let custom = self.custom.values().flat_map(BTreeMap::values).map(|table| &**table);
        self.table()
            .into_iter()
            .chain(custom)
            .flat_map(|table| table.kinds().map(move |line| KindSchema::new(table, line)))
    }

    /// The same schema with the kind that a `CustomResourceDefinition` defines, in each version that is served. It takes
    /// the place of what an earlier definition of that group and kind said.
    ///
    /// # Errors
    /// As [`add_crd`](Self::add_crd).
    pub fn with_crd(mut self, definition: &Value) -> Result<Self, CrdError> {
        self.add_crd(definition)?;
        Ok(self)
    }

    /// Adds the kind that a `CustomResourceDefinition` defines, in each version that is served, in place of what an earlier
    /// definition of that group and kind said. Descriptions and validation are not kept.
    ///
    /// # Errors
    /// Where the definition lacks its group, kind, scope or versions, or says what the table cannot hold; the schema is as
    /// it was.
    pub fn add_crd(&mut self, definition: &Value) -> Result<(), CrdError> {
        let read = crd::read(definition)?;
        let table = Table::index(read.table).map_err(|source| CrdError::Table { name: read.kind.clone(), source })?;
        self.custom.entry(read.group).or_default().insert(read.kind, Arc::new(table));
        Ok(())
    }

    /// Takes away a custom kind. Returns whether it was there.
    pub fn remove_crd(&mut self, group: &str, kind: &str) -> bool {
        let Some(kinds) = self.custom.get_mut(group) else {
            return false;
        };
        let removed = kinds.remove(kind).is_some();
        if kinds.is_empty() {
            self.custom.remove(group);
        }
        removed
    }

    pub(crate) fn builtin_table() -> Option<&'static Table> {
        BUILTIN.as_ref()
    }

    fn table(&self) -> Option<&Table> {
        match &self.base {
            Base::Builtin => Self::builtin_table(),
            Base::Owned(table) => Some(table),
        }
    }
}

impl Default for Schema {
    fn default() -> Self {
        Self::builtin()
    }
}

impl fmt::Debug for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let custom = self.custom.values().map(BTreeMap::len).sum::<usize>();
        write!(f, "Schema({} and {custom} custom kinds)", self.server_version())
    }
}
