//! Whether a value is of its type.

use serde_json::{Map, Value};

use crate::{
    definition::Scalar,
    field_set::MAX_DEPTH,
    go_print::{Literal, Plain, go_type},
    list_items::ListItems,
    schema::{ListType, MapType, Schema, Shape, Type, TypeId},
    validation_error::{Fault, Trail, ValidationError, ValidationErrors},
};

/// Whether list items that cannot be told apart are an error. They come into objects through updates, and an apply has
/// to live with them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Duplicates {
    Refused,
    Allowed,
}

/// Checks the value, and that it nests no deeper than walks over it can go.
pub(crate) fn validate(value: &Value, ty: &Type, duplicates: Duplicates) -> Result<(), ValidationErrors> {
    let mut validator = Validator { schema: &ty.schema, duplicates, errors: Vec::new(), depth: 0 };
    validator.value(value, ty.id, &Trail::Root);
    ValidationErrors::from_all(validator.errors)
}

struct Validator<'s> {
    schema: &'s Schema,
    duplicates: Duplicates,
    errors: Vec<ValidationError>,
    depth: usize,
}

impl Validator<'_> {
    fn report(&mut self, at: &Trail<'_>, fault: Fault) {
        self.errors.push(ValidationError { path: at.to_string(), fault });
    }

    fn value(&mut self, value: &Value, ty: TypeId, at: &Trail<'_>) {
        let atom = self.schema.atom(ty);
        if self.depth > MAX_DEPTH {
            return self.report(at, Fault::TooDeep);
        }
        self.depth += 1;
        match (atom.shape_of(Some(value)), value) {
            (None, _) => self.report(at, atom.fault()),
            (Some(_), Value::Null) => {}
            (Some(Shape::Map(map)), Value::Object(fields)) => self.fields(fields, map, at),
            (Some(Shape::List(list)), Value::Array(items)) if list.atomic => self.values(items, list, at),
            (Some(Shape::List(list)), Value::Array(items)) => self.items(items, list, at),
            (Some(shape), _) => {
                if let Some(fault) = misfit(shape, value) {
                    self.report(at, fault);
                }
            }
        }
        self.depth -= 1;
    }

    fn fields(&mut self, fields: &Map<String, Value>, map: &MapType, at: &Trail<'_>) {
        for (name, value) in fields {
            let at = Trail::Field(at, name);
            match map.type_of(name) {
                Some(ty) => self.value(value, ty, &at),
                // As the reference, which says nothing about the rest of a mapping after that. Its order is by chance.
                None => return self.report(&at, Fault::NotDeclared),
            }
        }
    }

    fn values(&mut self, items: &[Value], list: &ListType, at: &Trail<'_>) {
        for (index, item) in items.iter().enumerate() {
            self.value(item, list.element, &Trail::Index(at, index));
        }
    }

    fn items(&mut self, items: &[Value], list: &ListType, at: &Trail<'_>) {
        let (known, fault) = ListItems::read(self.schema, list, items);
        for (index, item) in items.iter().take(known.len()).enumerate() {
            if self.duplicates == Duplicates::Refused && known.positions_of(&known, index).first() != Some(&index) {
                self.report(at, Fault::Duplicate { key: known.element(index).to_string() });
            }
            self.value(item, list.element, &Trail::Item(at, &known, index));
        }
        if let Some(fault) = fault {
            self.report(at, Fault::Item { index: known.len(), fault });
        }
    }
}

/// What is wrong with a value that is neither null nor of the shape.
fn misfit(shape: Shape<'_>, value: &Value) -> Option<Fault> {
    // The reference prints its wrapper of the value along with it.
    let plain = || format!("&{{{}}}", Plain(value));
    let (expected, got) = match (shape, value) {
        (Shape::Scalar(Scalar::Unknown), _) => return Some(Fault::UnknownScalar),
        (Shape::Map(_), _) => ("map", plain()),
        (Shape::List(_), _) => ("list", plain()),
        (Shape::Scalar(Scalar::Numeric), Value::Number(_))
        | (Shape::Scalar(Scalar::String), Value::String(_))
        | (Shape::Scalar(Scalar::Boolean), Value::Bool(_))
        | (Shape::Scalar(Scalar::Untyped), Value::Number(_) | Value::String(_) | Value::Bool(_)) => return None,
        (Shape::Scalar(Scalar::Numeric), _) => ("numeric (int or float)", go_type(value).to_owned()),
        (Shape::Scalar(Scalar::String), _) => {
            ("string", format!("&value.valueUnstructured{{Value:{}}}", Literal(value)))
        }
        (Shape::Scalar(Scalar::Boolean), _) => ("boolean", plain()),
        (Shape::Scalar(Scalar::Untyped), _) => ("any scalar", plain()),
    };
    Some(Fault::Kind { expected, got })
}
