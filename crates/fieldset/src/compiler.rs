//! Makes a schema out of definitions.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

use crate::{
    definition::{Atom, ElementRelationship, Field, List, Map, Scalar, TypeDefinition, TypeRef},
    schema::{AtomType, DEDUCED, FieldType, Label, ListType, MapType, TypeId, Types},
};

/// References are resolved breadth first, so that types that contain themselves, and types given in place however deep,
/// take no stack.
pub(crate) struct Compiler<'d> {
    definitions: HashMap<&'d str, &'d Atom>,
    /// The types that references with names lead to, the override of their relationship apart.
    known: HashMap<(&'d str, Option<ElementRelationship>), TypeId>,
    atoms: Vec<AtomType>,
    pending: VecDeque<Pending<'d>>,
}

struct Pending<'d> {
    id: TypeId,
    atom: &'d Atom,
    relationship: Option<ElementRelationship>,
    label: Label,
}

impl<'d> Compiler<'d> {
    pub(crate) fn compile(types: &'d [TypeDefinition]) -> Types {
        let mut compiler = Self {
            definitions: types.iter().map(|ty| (ty.name.as_str(), &ty.atom)).collect(),
            known: HashMap::new(),
            atoms: Vec::new(),
            pending: VecDeque::new(),
        };
        let names = types.iter().map(|ty| (ty.name.clone(), compiler.named(&ty.name, None))).collect();
        while let Some(pending) = compiler.pending.pop_front() {
            let atom = compiler.atom(pending.atom, pending.relationship, pending.label);
            if let Some(place) = compiler.atoms.get_mut(pending.id.0) {
                *place = atom;
            }
        }
        Types { atoms: compiler.atoms, names }
    }

    fn reserve(&mut self) -> TypeId {
        self.atoms.push(AtomType::default());
        TypeId(self.atoms.len() - 1)
    }

    fn resolve(&mut self, reference: &'d TypeRef) -> Option<TypeId> {
        match reference {
            TypeRef::Nothing => None,
            TypeRef::Named { name, element_relationship } => Some(self.named(name, *element_relationship)),
            TypeRef::Inlined { atom, element_relationship } => {
                let id = self.reserve();
                let label = Label::Inlined;
                self.pending.push_back(Pending { id, atom, relationship: *element_relationship, label });
                Some(id)
            }
        }
    }

    fn named(&mut self, name: &'d str, relationship: Option<ElementRelationship>) -> TypeId {
        if let Some(id) = self.known.get(&(name, relationship)) {
            return *id;
        }
        let id = self.reserve();
        self.known.insert((name, relationship), id);
        match self.definitions.get(name) {
            Some(atom) => {
                let label = Label::Named(name.to_owned());
                self.pending.push_back(Pending { id, atom, relationship, label });
            }
            None => self.atoms[id.0].label = Label::Missing(name.to_owned()),
        }
        id
    }

    fn atom(&mut self, atom: &'d Atom, relationship: Option<ElementRelationship>, label: Label) -> AtomType {
        if relationship.is_some() && atom.map.is_none() && atom.list.is_none() {
            let name = match label {
                Label::Inlined => "inlined type".to_owned(),
                Label::Named(name) | Label::Missing(name) => name,
            };
            return AtomType { label: Label::Missing(name), ..AtomType::default() };
        }
        // An override goes to the mapping, if there is one, else to the list.
        let list_relationship = relationship.filter(|_| atom.map.is_none());
        let map = atom.map.as_ref().map(|map| self.map(map, relationship));
        let list = atom.list.as_ref().map(|list| self.list(list, list_relationship));
        AtomType { map, scalar: atom.scalar, list, label }
    }

    fn map(&mut self, map: &'d Map, relationship: Option<ElementRelationship>) -> MapType {
        MapType {
            fields: self.fields(&map.fields),
            element: self.resolve(&map.element_type),
            atomic: relationship.unwrap_or(map.element_relationship) == ElementRelationship::Atomic,
            deduced: map.fields.is_empty() && is_deduced(&map.element_type),
        }
    }

    fn fields(&mut self, fields: &'d [Field]) -> Arc<[FieldType]> {
        // Of fields with the same name the last counts.
        let mut last: HashMap<&str, &'d Field> = HashMap::with_capacity(fields.len());
        last.extend(fields.iter().map(|field| (&*field.name, field)));
        let mut fields: Vec<&'d Field> = last.into_values().collect();
        fields.sort_unstable_by(|left, right| left.name.cmp(&right.name));
        let fields = fields.into_iter().map(|field| FieldType {
            name: Arc::clone(&field.name),
            ty: self.resolve(&field.ty).unwrap_or_else(|| self.reserve()),
            default: field.default.clone(),
        });
        fields.collect()
    }

    fn list(&mut self, list: &'d List, relationship: Option<ElementRelationship>) -> ListType {
        ListType {
            element: self.resolve(&list.element_type).unwrap_or_else(|| self.reserve()),
            atomic: relationship.unwrap_or(list.element_relationship) != ElementRelationship::Associative,
            keys: {
                let mut sorted = list.keys.clone();
                sorted.sort_unstable();
                sorted.into()
            },
            keys_as_given: list.keys.as_slice().into(),
        }
    }
}

fn is_deduced(reference: &TypeRef) -> bool {
    match reference {
        TypeRef::Nothing => false,
        TypeRef::Named { name, .. } => name == DEDUCED,
        TypeRef::Inlined { atom, .. } => atom.scalar == Some(Scalar::Untyped),
    }
}
