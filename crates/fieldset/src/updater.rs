//! Writes to an object, and what they make of its owners.

use crate::{
    changes::Changes,
    compare::Comparison,
    conflict::Conflicts,
    convert::{Convert, ConvertError, NoConversion},
    field_set::FieldSet,
    filter::FieldFilter,
    managed_fields::{ManagedFields, ManagedSet, Operation},
    prune::Pruning,
    typed_value::TypedValue,
    validation_error::ValidationErrors,
    value_order::equal,
};

/// Applies and updates objects as the API server does, and keeps account of who owns their fields.
///
/// ```
/// use serde_json::json;
/// use windlass_fieldset::{ManagedFields, Type, TypedValue, UpdateError, Updater, Writer};
///
/// let object = |value| TypedValue::new(value, &Type::deduced());
/// let updater = Updater::new();
/// let created = updater.apply(
///     &object(json!({}))?,
///     &object(json!({"spec": {"replicas": 2, "paused": true}}))?,
///     &ManagedFields::default(),
///     Writer::new("windlass", "apps/v1"),
/// )?;
/// let live = created.object.expect("it was not there before");
///
/// // Somebody else has another opinion.
/// let theirs = object(json!({"spec": {"replicas": 5}}))?;
/// let Err(UpdateError::Conflicts(conflicts)) =
///     updater.apply(&live, &theirs, &created.managers, Writer::new("kubectl", "apps/v1"))
/// else {
///     panic!("the field is windlass's");
/// };
/// assert_eq!(conflicts.to_string(), r#"conflict with "windlass": .spec.replicas"#);
///
/// let forced = updater.apply(&live, &theirs, &created.managers, Writer::new("kubectl", "apps/v1").force())?;
/// assert_eq!(forced.managers.get("windlass").expect("it owns the rest").fields.to_string(), ".spec\n.spec.paused");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Updater<C = NoConversion> {
    pub(crate) converter: C,
    filters: Vec<(String, FieldFilter)>,
}

/// Who writes.
#[derive(Clone, Copy, Debug)]
pub struct Writer<'a> {
    pub(crate) manager: &'a str,
    pub(crate) api_version: &'a str,
    force: bool,
}

impl<'a> Writer<'a> {
    /// A manager, writing in a version of the API. It does not take fields from others by applying.
    #[must_use]
    pub fn new(manager: &'a str, api_version: &'a str) -> Self {
        Self { manager, api_version, force: false }
    }

    /// Takes the fields that it applies from whoever owns them. An update does so anyway.
    #[must_use]
    pub fn force(self) -> Self {
        Self { force: true, ..self }
    }
}

/// What came of an apply.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Applied {
    /// The object as it is now; `None` where it has not changed, order of keys apart.
    pub object: Option<TypedValue>,
    /// Who owns what of it now.
    pub managers: ManagedFields,
}

/// Why an object could not be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UpdateError {
    /// Others own what would change. Trying again helps when they give it up, forcing always.
    #[error(transparent)]
    Conflicts(#[from] Conflicts),
    /// What is applied cannot be put over what is there.
    #[error("failed to merge config: {0}")]
    Merge(ValidationErrors),
    /// Old and new are not of one type.
    #[error("failed to compare objects: {0}")]
    Compare(ValidationErrors),
    /// The schema does not have the types that a manager's fields lead to.
    #[error("errors reconciling field set with schema: {0}")]
    Reconcile(ValidationErrors),
    /// An object cannot be had in the version in which a manager names its fields.
    #[error("failed to convert object to version {api_version}: {error}")]
    Convert {
        /// The version.
        api_version: String,
        /// Why not.
        error: ConvertError,
    },
}

impl Updater {
    /// An updater for objects that are the same in all versions, all of whose fields can be owned.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl<C: Convert> Updater<C> {
    /// An updater for objects that differ from version to version.
    #[must_use]
    pub fn with_converter(converter: C) -> Self {
        Self { converter, filters: Vec::new() }
    }

    /// Lets only some fields be owned, of those written in that version.
    #[must_use]
    pub fn filtered(mut self, api_version: impl Into<String>, filter: FieldFilter) -> Self {
        self.filters.push((api_version.into(), filter));
        self
    }

    /// Applies `config` to the object: what it says holds from now on, and what the writer applied before and does not
    /// any more is removed, unless somebody else owns it too.
    ///
    /// `live` is the object as it is, in the writer's version; null or empty where there is none yet. Applying the same
    /// again changes neither object nor owners.
    ///
    /// # Errors
    /// [`UpdateError::Conflicts`] when it would change what others own, without force. Nothing has changed then.
    pub fn apply(
        &self,
        live: &TypedValue,
        config: &TypedValue,
        managers: &ManagedFields,
        writer: Writer<'_>,
    ) -> Result<Applied, UpdateError> {
        let mut managers = self.reconciled(live, managers)?;
        let merged = live.merge(config).map_err(UpdateError::Merge)?;
        let fields = self.filter(config.to_field_set(), writer.api_version);
        let set = ManagedSet { fields, api_version: writer.api_version.to_owned(), operation: Operation::Apply };
        let last = managers.insert(writer.manager, set);
        let object = match last {
            Some(last) => Pruning { converter: &self.converter, managers: &managers, writer }.prune(merged, &last)?,
            None => merged,
        };
        let (managers, _) = self.settle(live, &object, managers, writer)?;
        let changed = !live.is(&object) && !equal(live.value(), object.value());
        Ok(Applied { object: changed.then_some(object), managers })
    }

    /// Says who owns what after the object was written in another way: the writer owns all that changed.
    ///
    /// `live` is the object as it was, in the writer's version; null or empty where it is created.
    ///
    /// # Errors
    /// When the object cannot be had in the version of one of its managers.
    pub fn update(
        &self,
        live: &TypedValue,
        object: &TypedValue,
        managers: &ManagedFields,
        writer: Writer<'_>,
    ) -> Result<ManagedFields, UpdateError> {
        let managers = self.reconciled(live, managers)?;
        let (mut managers, changes) = self.settle(live, object, managers, writer.force())?;
        let Comparison { removed, modified, added } = changes;
        let owned = managers.remove(writer.manager).map(|set| set.fields).unwrap_or_default();
        let fields = self.filter(owned.difference(&removed).union(&modified).union(&added), writer.api_version);
        if !fields.is_empty() {
            let api_version = writer.api_version.to_owned();
            managers.insert(writer.manager, ManagedSet { fields, api_version, operation: Operation::Update });
        }
        Ok(managers)
    }

    /// Takes from everybody but the writer what has changed, or says why that must not be.
    fn settle(
        &self,
        live: &TypedValue,
        object: &TypedValue,
        managers: ManagedFields,
        writer: Writer<'_>,
    ) -> Result<(ManagedFields, Comparison), UpdateError> {
        let mut changes = Changes::new(self, live, object, writer.api_version)?;
        let mut settled = ManagedFields::default();
        let mut conflicts = Vec::new();
        for (manager, mut set) in managers {
            if manager != writer.manager {
                // Of a version that is gone nobody can own anything.
                let Some(changes) = changes.in_version(&set.api_version)? else { continue };
                let taken = set.fields.intersection(&changes.written);
                set.fields = set.fields.difference(&taken).difference(&changes.comparison.removed);
                if !taken.is_empty() {
                    conflicts.push((manager.clone(), taken));
                }
            }
            if !set.fields.is_empty() {
                settled.insert(manager, set);
            }
        }
        match Conflicts::of(&conflicts) {
            Some(conflicts) if !writer.force => Err(conflicts.into()),
            _ => Ok((settled, changes.into_own())),
        }
    }

    /// The owners as they are under today's schema.
    fn reconciled(&self, live: &TypedValue, managers: &ManagedFields) -> Result<ManagedFields, UpdateError> {
        let mut reconciled = ManagedFields::default();
        for (manager, set) in managers.iter() {
            if let Some(live) = in_version(&self.converter, live, &set.api_version)? {
                let fields = live.reconcile_field_set(&set.fields).map_err(UpdateError::Reconcile)?;
                let fields = fields.unwrap_or_else(|| set.fields.clone());
                reconciled.insert(manager, ManagedSet { fields, ..set.clone() });
            }
        }
        Ok(reconciled)
    }

    pub(crate) fn filter_of(&self, api_version: &str) -> Option<&FieldFilter> {
        self.filters.iter().find(|(version, _)| version == api_version).map(|(_, filter)| filter)
    }

    fn filter(&self, fields: FieldSet, api_version: &str) -> FieldSet {
        self.filter_of(api_version).map_or_else(|| fields.clone(), |filter| filter.filter(&fields))
    }
}

/// The object in a version; `None` where there is no such any more.
pub(crate) fn in_version(
    converter: &impl Convert,
    object: &TypedValue,
    api_version: &str,
) -> Result<Option<TypedValue>, UpdateError> {
    match converter.convert(object, api_version) {
        Ok(object) => Ok(Some(object)),
        Err(ConvertError::NoSuchVersion { .. }) => Ok(None),
        Err(error) => Err(UpdateError::Convert { api_version: api_version.to_owned(), error }),
    }
}
