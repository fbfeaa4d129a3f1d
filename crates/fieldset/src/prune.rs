//! The removal of what a manager has stopped applying.

use std::collections::BTreeMap;

use crate::{
    convert::Convert,
    field_set::FieldSet,
    managed_fields::{ManagedFields, ManagedSet},
    typed_value::TypedValue,
    updater::{UpdateError, Writer, in_version},
};

/// A removal on behalf of a writer, whose new set is among the managers already.
pub(crate) struct Pruning<'a, C> {
    pub(crate) converter: &'a C,
    pub(crate) managers: &'a ManagedFields,
    pub(crate) writer: Writer<'a>,
}

impl<C: Convert> Pruning<'_, C> {
    /// Removes what the writer applied last time, does not apply now, and nobody else owns.
    ///
    /// Three steps, as in the reference: everything of the last time goes; what anybody owns comes back; and so does what
    /// is left over without ever having been the writer's, such as items of others in a list of his.
    pub(crate) fn prune(&self, merged: TypedValue, last: &ManagedSet) -> Result<TypedValue, UpdateError> {
        if last.fields.is_empty() || self.still_applies(last) {
            return Ok(merged);
        }
        let Some(merged_then) = self.convert(&merged, &last.api_version)? else { return Ok(merged) };
        let pruned = merged_then.remove_items(&merged_then.with_declared_fields(&last.fields));
        let pruned = self.add_back_owned(merged_then.clone(), pruned, &last.api_version)?;
        let pruned = self.add_back_dangling(merged_then, &pruned, last)?;
        let version = self.writer.api_version;
        self.convert(&pruned, version)?.map_or_else(|| Ok(pruned), Ok)
    }

    /// Whether nothing was left out, in which case none of the steps would do anything: the usual case, and three walks
    /// over the whole object saved.
    fn still_applies(&self, last: &ManagedSet) -> bool {
        self.managers
            .get(self.writer.manager)
            .is_some_and(|now| now.api_version == last.api_version && last.fields.is_subset(&now.fields))
    }

    fn convert(&self, object: &TypedValue, api_version: &str) -> Result<Option<TypedValue>, UpdateError> {
        in_version(self.converter, object, api_version)
    }

    fn add_back_owned(
        &self,
        mut merged: TypedValue,
        mut pruned: TypedValue,
        last_version: &str,
    ) -> Result<TypedValue, UpdateError> {
        let mut owned: BTreeMap<&str, FieldSet> = BTreeMap::new();
        for (_, set) in self.managers.iter() {
            let fields = owned.entry(&set.api_version).or_default();
            *fields = fields.union(&set.fields);
        }
        // The version of the removal comes first: what others convert from may be needed for the conversion.
        let first = owned.remove(last_version).map(|fields| (last_version, fields));
        for (version, owned) in first.into_iter().chain(owned) {
            let (Some(merged_now), Some(pruned_now)) =
                (self.convert(&merged, version)?, self.convert(&pruned, version)?)
            else {
                continue;
            };
            let kept = pruned_now.to_field_set();
            let kept = merged_now.with_declared_fields(&kept).union(&merged_now.with_declared_fields(&owned));
            let all = merged_now.with_declared_fields(&merged_now.to_field_set());
            pruned = merged_now.remove_items(&all.difference(&kept));
            merged = merged_now;
        }
        Ok(pruned)
    }

    fn add_back_dangling(
        &self,
        merged: TypedValue,
        pruned: &TypedValue,
        last: &ManagedSet,
    ) -> Result<TypedValue, UpdateError> {
        let Some(pruned) = self.convert(pruned, &last.api_version)? else { return Ok(merged) };
        let declared = |fields: &FieldSet| merged.with_declared_fields(fields);
        let gone = declared(&merged.to_field_set()).difference(&declared(&pruned.to_field_set()));
        Ok(merged.remove_items(&gone.intersection(&declared(&last.fields))))
    }
}
