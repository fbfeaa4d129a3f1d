//! What a write changed, in each of the versions in which managers name their fields.

use crate::{
    compare::Comparison,
    convert::Convert,
    field_set::FieldSet,
    typed_value::TypedValue,
    updater::{UpdateError, Updater, in_version},
};

/// The changes from one state of an object to the next, found out once for each version.
pub(crate) struct Changes<'a, C> {
    updater: &'a Updater<C>,
    live: &'a TypedValue,
    object: &'a TypedValue,
    /// What changed in the writer's version, with what cannot be owned.
    unfiltered: Comparison,
    own: VersionChanges,
    own_version: &'a str,
    others: Vec<(String, Option<VersionChanges>)>,
}

pub(crate) struct VersionChanges {
    pub(crate) comparison: Comparison,
    /// What has a new value.
    pub(crate) written: FieldSet,
}

impl<'a, C: Convert> Changes<'a, C> {
    pub(crate) fn new(
        updater: &'a Updater<C>,
        live: &'a TypedValue,
        object: &'a TypedValue,
        own_version: &'a str,
    ) -> Result<Self, UpdateError> {
        let unfiltered = live.compare(object).map_err(UpdateError::Compare)?;
        let own = filtered(updater, &unfiltered, own_version);
        Ok(Self { updater, live, object, unfiltered, own, own_version, others: Vec::new() })
    }

    /// `None` where there is no such version any more.
    pub(crate) fn in_version(&mut self, api_version: &str) -> Result<Option<&VersionChanges>, UpdateError> {
        if api_version == self.own_version {
            return Ok(Some(&self.own));
        }
        let known = self.others.iter().position(|(version, _)| version == api_version);
        let known = match known {
            Some(known) => known,
            None => {
                let changes = self.find(api_version)?;
                self.others.push((api_version.to_owned(), changes));
                self.others.len() - 1
            }
        };
        Ok(self.others.get(known).and_then(|(_, changes)| changes.as_ref()))
    }

    fn find(&self, api_version: &str) -> Result<Option<VersionChanges>, UpdateError> {
        let converted = |object| in_version(&self.updater.converter, object, api_version);
        let (Some(live), Some(object)) = (converted(self.live)?, converted(self.object)?) else { return Ok(None) };
        if live.is(self.live) && object.is(self.object) {
            return Ok(Some(filtered(self.updater, &self.unfiltered, api_version)));
        }
        let comparison = live.compare(&object).map_err(UpdateError::Compare)?;
        Ok(Some(filtered(self.updater, &comparison, api_version)))
    }

    /// The changes in the writer's version.
    pub(crate) fn into_own(self) -> Comparison {
        self.own.comparison
    }
}

fn filtered<C: Convert>(updater: &Updater<C>, comparison: &Comparison, api_version: &str) -> VersionChanges {
    let filter = updater.filter_of(api_version);
    let comparison = filter.map_or_else(|| comparison.clone(), |filter| comparison.filtered(filter));
    let written = comparison.modified.union(&comparison.added);
    VersionChanges { comparison, written }
}
