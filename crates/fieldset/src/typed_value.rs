//! Values together with their type.

use std::sync::Arc;

use serde_json::Value;

use crate::{
    compare::{Comparison, compare},
    field_set::FieldSet,
    merge::merge,
    pick::{Pick, pick, with_keys},
    schema::Type,
    schema_change::{reconcile, with_declared_fields},
    to_field_set::field_set,
    validate::{Duplicates, validate},
    validation_error::{Fault, ValidationErrors},
};

/// A value that is of its type.
///
/// Clones share the value.
///
/// ```
/// use serde_json::json;
/// use windlass_fieldset::{Type, TypedValue};
///
/// let live = TypedValue::new(json!({"data": {"a": "1", "b": "2"}}), &Type::deduced())?;
/// let config = TypedValue::new(json!({"data": {"b": "3"}}), &Type::deduced())?;
///
/// assert_eq!(*live.merge(&config)?.value(), json!({"data": {"a": "1", "b": "3"}}));
/// assert_eq!(config.to_field_set().to_fields_v1(), json!({"f:data": {".": {}, "f:b": {}}}));
/// assert_eq!(live.compare(&config)?.removed.to_string(), ".data.a");
/// # Ok::<(), windlass_fieldset::ValidationErrors>(())
/// ```
#[derive(Clone, Debug)]
pub struct TypedValue {
    value: Arc<Value>,
    ty: Type,
    /// Whether list items were let in that cannot be told apart.
    duplicates: Duplicates,
}

impl TypedValue {
    /// A value that somebody applies.
    ///
    /// # Errors
    /// When it is not of the type, when a list holds two items with the same keys, or when it nests deeper than 256
    /// levels.
    pub fn new(value: impl Into<Arc<Value>>, ty: &Type) -> Result<Self, ValidationErrors> {
        Self::validated(value.into(), ty, Duplicates::Refused)
    }

    /// A value that is stored, or is about to be by something else than an apply: its lists may hold items that cannot be
    /// told apart. They are owned together.
    ///
    /// # Errors
    /// When it is not of the type, or nests deeper than 256 levels.
    pub fn with_duplicates(value: impl Into<Arc<Value>>, ty: &Type) -> Result<Self, ValidationErrors> {
        Self::validated(value.into(), ty, Duplicates::Allowed)
    }

    fn validated(value: Arc<Value>, ty: &Type, duplicates: Duplicates) -> Result<Self, ValidationErrors> {
        validate(&value, ty, duplicates)?;
        Ok(Self { value, ty: ty.clone(), duplicates })
    }

    /// The value.
    #[must_use]
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// The value, shared with whoever else has it.
    #[must_use]
    pub fn into_value(self) -> Arc<Value> {
        self.value
    }

    /// Its type.
    #[must_use]
    pub fn ty(&self) -> &Type {
        &self.ty
    }

    /// Whether both are the same value in the same place.
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.value, &other.value) && self.ty.is(&other.ty)
    }

    fn with_value(&self, value: Value) -> Self {
        Self { value: Arc::new(value), ..self.clone() }
    }

    /// The fields that the value mentions: what its applier owns.
    ///
    /// Leaves, that is scalars and whatever is one value by its type; list items; keys that are not declared; nulls and
    /// empty mappings. Not declared structures, and not lists.
    #[must_use]
    pub fn to_field_set(&self) -> FieldSet {
        field_set(&self.ty.schema, self.ty.id, &self.value)
    }

    /// This value with what `config` says put over it. Nothing is removed by that.
    ///
    /// Keys keep the order that they have here, new ones come last. Items in both lists take the order of `config`, the
    /// others stay near their neighbours.
    ///
    /// # Errors
    /// When the two are of different types, or `config` has list items that cannot be told apart.
    pub fn merge(&self, config: &Self) -> Result<Self, ValidationErrors> {
        self.same_type(config)?;
        if config.duplicates == Duplicates::Allowed {
            validate(&config.value, &config.ty, Duplicates::Refused)?;
        }
        let merged = merge(&self.ty.schema, Some(self.ty.id), Some(&self.value), &config.value);
        Ok(merged.map_or_else(|| self.clone(), |merged| self.with_value(merged)))
    }

    /// What changed from this value to a newer one.
    ///
    /// # Errors
    /// When the two are of different types.
    pub fn compare(&self, newer: &Self) -> Result<Comparison, ValidationErrors> {
        self.same_type(newer)?;
        Ok(if self.is(newer) {
            Comparison::default()
        } else {
            compare(&self.ty.schema, self.ty.id, &self.value, &newer.value)
        })
    }

    /// The value without the fields in the set; what becomes empty by that is null.
    #[must_use]
    pub fn remove_items(&self, set: &FieldSet) -> Self {
        self.with_value(pick(&self.ty.schema, Some(self.ty.id), &self.value, set, Pick::Remove))
    }

    /// The value with nothing but the fields in the set, such as what one manager owns.
    ///
    /// The set should hold leaves alone: a field that is in it together with fields below it does not come out whole.
    #[must_use]
    pub fn extract_items(&self, leaves: &FieldSet) -> Self {
        self.with_value(pick(&self.ty.schema, Some(self.ty.id), &self.value, leaves, Pick::Extract))
    }

    /// As [`extract_items`](Self::extract_items), with the keys of every list item that is on the way to a field.
    #[must_use]
    pub fn extract_items_with_keys(&self, leaves: &FieldSet) -> Self {
        self.extract_items(&with_keys(leaves, &self.to_field_set()))
    }

    /// A set that was written for an older schema of this type, as it has to be under today's; `None` where nothing
    /// changes.
    ///
    /// Who owned fields in what has become one value owns the whole of it. Where one value was taken apart, who owned it
    /// keeps owning it as one.
    ///
    /// # Errors
    /// When the set leads to types that the schema does not have.
    pub fn reconcile_field_set(&self, set: &FieldSet) -> Result<Option<FieldSet>, ValidationErrors> {
        reconcile(&self.ty.schema, self.ty.id, set)
    }

    /// The set with the declared fields on the way to its members as members.
    pub(crate) fn with_declared_fields(&self, set: &FieldSet) -> FieldSet {
        with_declared_fields(&self.ty.schema, Some(self.ty.id), set)
    }

    fn same_type(&self, other: &Self) -> Result<(), ValidationErrors> {
        let fault = if !self.ty.schema.is(&other.ty.schema) {
            Fault::OtherSchema
        } else if !self.ty.is(&other.ty) {
            Fault::OtherType
        } else {
            return Ok(());
        };
        Err(ValidationErrors::new(String::new(), fault))
    }
}
