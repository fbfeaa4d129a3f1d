//! Fields that somebody else owns.

use std::{
    collections::BTreeMap,
    fmt::{self, Display},
};

use crate::{field_set::FieldSet, go_print::Quoted, path::Path};

/// A field that an apply would change and another manager owns.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct Conflict {
    /// Who owns it.
    pub manager: String,
    /// The field.
    pub path: Path,
}

impl Display for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "conflict with {}: {}", Quoted(&self.manager), self.path)
    }
}

/// Everything that stands against an apply; never empty. Forcing it takes the fields from their owners.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflicts(Vec<Conflict>);

impl Conflicts {
    /// The conflicts of some sets with those who own them, if there are any.
    pub(crate) fn of(owned: &[(String, FieldSet)]) -> Option<Self> {
        let conflicts = owned
            .iter()
            .flat_map(|(manager, fields)| fields.paths().map(|path| Conflict { manager: manager.clone(), path }));
        let conflicts: Vec<Conflict> = conflicts.collect();
        (!conflicts.is_empty()).then_some(Self(conflicts))
    }

    /// The conflicts, by manager.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Conflict> {
        self.0.iter()
    }

    /// The fields in conflict, whoever owns them.
    #[must_use]
    pub fn to_field_set(&self) -> FieldSet {
        self.0.iter().map(|conflict| conflict.path.clone()).collect()
    }
}

impl std::error::Error for Conflicts {}

/// In the reference's words: one conflict on a line, several as a list by manager.
impl Display for Conflicts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let [conflict] = self.0.as_slice() {
            return conflict.fmt(f);
        }
        let mut managers: BTreeMap<&str, Vec<&Path>> = BTreeMap::new();
        for conflict in &self.0 {
            managers.entry(&conflict.manager).or_default().push(&conflict.path);
        }
        for (index, (manager, paths)) in managers.into_iter().enumerate() {
            write!(f, "{}conflicts with {}:", if index > 0 { "\n" } else { "" }, Quoted(manager))?;
            paths.into_iter().try_for_each(|path| write!(f, "\n- {path}"))?;
        }
        Ok(())
    }
}
