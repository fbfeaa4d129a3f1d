//! Sets fitted to the schema of the day.

use crate::{
    field_set::{FieldSet, Node},
    path::PathElement,
    schema::{AtomType, Schema, Shape, TypeId},
    validation_error::ValidationErrors,
};

/// What the schema makes of a part of a set.
enum Fit {
    Same,
    /// It has become one value: who owned something in it owns it as a whole.
    Whole,
    Other(FieldSet),
}

/// The set as it would have been written under this schema; `None` where nothing changes.
pub(crate) fn reconcile(schema: &Schema, ty: TypeId, set: &FieldSet) -> Result<Option<FieldSet>, ValidationErrors> {
    match fit(schema, ty, set, false)? {
        Fit::Same | Fit::Whole => Ok(None),
        Fit::Other(set) => Ok(Some(set)),
    }
}

fn fit(schema: &Schema, ty: TypeId, set: &FieldSet, is_leaf: bool) -> Result<Fit, ValidationErrors> {
    let atom = schema.atom(ty);
    match atom.shape() {
        None => Err(ValidationErrors::new(String::new(), atom.fault())),
        Some(Shape::Scalar(_)) => Ok(Fit::Same),
        Some(Shape::List(list)) if list.atomic && !is_leaf => Ok(Fit::Whole),
        Some(Shape::List(list)) => fit_children(schema, set, |_| Some(list.element)),
        // Of such it is not known what is one value.
        Some(Shape::Map(map)) if map.deduced => Ok(Fit::Same),
        Some(Shape::Map(map)) if map.atomic && !is_leaf => Ok(if set.is_empty() { Fit::Same } else { Fit::Whole }),
        Some(Shape::Map(map)) => fit_children(schema, set, |element| match element {
            PathElement::Field(name) => map.type_of(name),
            _ => map.element,
        }),
    }
}

fn fit_children(
    schema: &Schema,
    set: &FieldSet,
    type_of: impl Fn(&PathElement) -> Option<TypeId>,
) -> Result<Fit, ValidationErrors> {
    let mut changed: Option<Vec<Node>> = None;
    for (index, node) in set.nodes().iter().enumerate() {
        let fitted = match type_of(&node.element) {
            Some(ty) => fit(schema, ty, node.below(), node.member && !node.has_children())?,
            None => Fit::Same,
        };
        let fitted = match fitted {
            Fit::Same => None,
            Fit::Whole => Some(Node::leaf(node.element.clone())),
            Fit::Other(below) => Some(Node::new(node.element.clone(), node.member, below)),
        };
        if let Some(fitted) = fitted {
            let nodes = changed.get_or_insert_with(|| set.nodes().to_vec());
            nodes[index] = fitted;
        }
    }
    Ok(changed.map_or(Fit::Same, |nodes| Fit::Other(FieldSet::of_sorted_nodes(nodes))))
}

/// The set with the declared fields on the way to its members.
///
/// Sets leave them out, as a structure is nobody's. Where a set says what to remove or to keep they have to count.
pub(crate) fn with_declared_fields(schema: &Schema, ty: Option<TypeId>, set: &FieldSet) -> FieldSet {
    let atom = ty.map(|ty| schema.atom(ty));
    let nodes = set.nodes().iter().map(|node| {
        if !node.has_children() {
            return node.clone();
        }
        let (declared, ty) = child(atom, &node.element);
        let below = with_declared_fields(schema, ty, node.below());
        Node::new(node.element.clone(), node.member || declared, below)
    });
    FieldSet::of_sorted_nodes(nodes.collect())
}

/// Whether a child is a declared field, and its type.
fn child(atom: Option<&AtomType>, element: &PathElement) -> (bool, Option<TypeId>) {
    match (atom, element) {
        (Some(AtomType { map: Some(map), .. }), PathElement::Field(name)) => match map.field(name) {
            Some(field) => (true, Some(field.ty)),
            None => (false, map.element),
        },
        (Some(AtomType { list: Some(list), .. }), PathElement::Key(_)) => (false, Some(list.element)),
        _ => (false, None),
    }
}
