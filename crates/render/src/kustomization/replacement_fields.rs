//! `replacements`.

use crate::Selector;
use crate::decode::{At, Cursor, Decode, Fields, Problem};

/// One entry of `replacements`: a replacement, or the file that holds some.
#[derive(Debug, Clone, Default)]
pub(crate) struct ReplacementEntry {
    pub(crate) path: String,
    pub(crate) replacement: Replacement,
}

/// A value, and the fields that it is copied to.
#[derive(Debug, Clone, Default)]
pub(crate) struct Replacement {
    pub(crate) source: Option<Source>,
    /// The value itself, in the place of a source.
    pub(crate) source_value: Option<String>,
    pub(crate) targets: Option<Vec<At<Target>>>,
}

/// The one field that a value is taken from. An empty field of the id fits all; nothing here is a pattern.
#[derive(Debug, Clone, Default)]
pub(crate) struct Source {
    pub(crate) id: Selector,
    pub(crate) field_path: String,
    pub(crate) options: FieldOptions,
}

/// Fields of the objects that are selected and not rejected.
#[derive(Debug, Clone, Default)]
pub(crate) struct Target {
    pub(crate) select: Option<Selector>,
    pub(crate) reject: Vec<At<Selector>>,
    pub(crate) field_paths: Vec<At<String>>,
    pub(crate) options: FieldOptions,
}

/// Which part of a field is meant, and whether it may be made.
#[derive(Debug, Clone, Default)]
pub(crate) struct FieldOptions {
    pub(crate) delimiter: String,
    pub(crate) index: i64,
    pub(crate) create: bool,
}

impl Decode for ReplacementEntry {
    fn decode(cursor: Cursor<'_>, problems: &mut Vec<Problem>) -> Self {
        let mut fields = Fields::of(cursor, problems);
        let entry = Self { path: fields.take("path"), replacement: Replacement::take(&mut fields) };
        fields.finish();
        entry
    }
}

impl Decode for Replacement {
    fn decode(cursor: Cursor<'_>, problems: &mut Vec<Problem>) -> Self {
        let mut fields = Fields::of(cursor, problems);
        let replacement = Self::take(&mut fields);
        fields.finish();
        replacement
    }
}

impl Replacement {
    fn take(fields: &mut Fields<'_, '_>) -> Self {
        Self {
            source: fields.take("source"),
            source_value: fields.take("sourceValue"),
            targets: fields.take("targets"),
        }
    }

    /// Whether nothing is stated beside a path.
    pub(crate) fn is_empty(&self) -> bool {
        self.source.is_none() && self.targets.as_ref().is_none_or(Vec::is_empty)
    }
}

impl Decode for Source {
    fn decode(cursor: Cursor<'_>, problems: &mut Vec<Problem>) -> Self {
        let mut fields = Fields::of(cursor, problems);
        let id = Selector {
            group: fields.take("group"),
            version: fields.take("version"),
            kind: fields.take("kind"),
            name: fields.take("name"),
            namespace: fields.take("namespace"),
            ..Selector::default()
        };
        let source = Self { id, field_path: fields.take("fieldPath"), options: fields.take("options") };
        fields.finish();
        source
    }
}

impl Decode for Target {
    fn decode(cursor: Cursor<'_>, problems: &mut Vec<Problem>) -> Self {
        let mut fields = Fields::of(cursor, problems);
        let target = Self {
            select: fields.take("select"),
            reject: fields.take("reject"),
            field_paths: fields.take("fieldPaths"),
            options: fields.take("options"),
        };
        fields.finish();
        target
    }
}

impl Decode for FieldOptions {
    fn decode(cursor: Cursor<'_>, problems: &mut Vec<Problem>) -> Self {
        let mut fields = Fields::of(cursor, problems);
        let options =
            Self { delimiter: fields.take("delimiter"), index: fields.take("index"), create: fields.take("create") };
        // Known to kustomize, which does nothing with it.
        let _: String = fields.take("encoding");
        fields.finish();
        options
    }
}
