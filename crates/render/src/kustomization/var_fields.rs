//! `vars`.

use windlass_manifest::Gvk;

use crate::decode::{Cursor, Decode, Fields, Problem};

/// One entry of `vars`: a name for the value of a field of an object.
#[derive(Debug, Clone, Default)]
pub(crate) struct Var {
    pub(crate) name: String,
    pub(crate) object: ObjectRef,
    pub(crate) field_path: String,
}

/// The object of a var, by its whole type.
#[derive(Debug, Clone, Default)]
pub(crate) struct ObjectRef {
    pub(crate) api_version: String,
    pub(crate) group: String,
    pub(crate) version: String,
    pub(crate) kind: String,
    pub(crate) name: String,
    pub(crate) namespace: String,
}

impl ObjectRef {
    pub(crate) fn gvk(&self) -> Gvk {
        match self.api_version.as_str() {
            "" => Gvk { group: self.group.clone(), version: self.version.clone(), kind: self.kind.clone() },
            api_version => Gvk::from_api_version(api_version, &self.kind),
        }
    }
}

impl Decode for Var {
    fn decode(cursor: Cursor<'_>, problems: &mut Vec<Problem>) -> Self {
        let mut fields = Fields::of(cursor, problems);
        let field: FieldRef = fields.take("fieldref");
        let var = Self { name: fields.take("name"), object: fields.take("objref"), field_path: field.path };
        fields.finish();
        var
    }
}

impl Decode for ObjectRef {
    fn decode(cursor: Cursor<'_>, problems: &mut Vec<Problem>) -> Self {
        let mut fields = Fields::of(cursor, problems);
        let object = Self {
            api_version: fields.take("apiVersion"),
            group: fields.take("group"),
            version: fields.take("version"),
            kind: fields.take("kind"),
            name: fields.take("name"),
            namespace: fields.take("namespace"),
        };
        fields.finish();
        object
    }
}

struct FieldRef {
    path: String,
}

impl Default for FieldRef {
    fn default() -> Self {
        Self { path: "metadata.name".to_owned() }
    }
}

impl Decode for FieldRef {
    fn decode(cursor: Cursor<'_>, problems: &mut Vec<Problem>) -> Self {
        let mut fields = Fields::of(cursor, problems);
        let path: String = fields.take("fieldPath");
        fields.finish();
        if path.is_empty() { Self::default() } else { Self { path } }
    }
}
