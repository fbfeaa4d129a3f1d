//! `patches` and what they point at.

use crate::decode::{Cursor, Decode, Fields, Problem};

/// One entry of `patches`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Patch {
    /// Where the patch stands.
    pub source: PatchSource,
    /// The objects that are patched; without it a strategic merge patch names its object itself.
    pub target: Option<Selector>,
    /// `options.allowNameChange`: the patch may rename its object. Default: it may not.
    pub allow_name_change: bool,
    /// `options.allowKindChange`: the patch may change the kind of its object. Default: it may not.
    pub allow_kind_change: bool,
}

impl Patch {
    /// A patch given as text, as Flux has it.
    #[must_use]
    pub fn inline(text: impl Into<String>, target: Option<Selector>) -> Self {
        Self { source: PatchSource::Inline(text.into()), target, ..Self::default() }
    }
}

/// Where the text of a patch stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PatchSource {
    /// `patch`: the text itself, a strategic merge patch or JSON 6902.
    Inline(String),
    /// `path`: a file, relative to the kustomization.
    File(String),
    /// Neither or both were given, which is an error when the patch is read.
    Unclear {
        /// Whether both were given.
        both: bool,
    },
}

impl Default for PatchSource {
    fn default() -> Self {
        Self::Unclear { both: false }
    }
}

/// Which objects are meant. An empty field fits all; the others are regular expressions against the whole text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Selector {
    /// The API group.
    pub group: String,
    /// The API version.
    pub version: String,
    /// The kind.
    pub kind: String,
    /// The name, now or before any renaming.
    pub name: String,
    /// The namespace, now or before any change; objects without one are in `default`.
    pub namespace: String,
    /// A label selector in Kubernetes' syntax.
    pub label_selector: String,
    /// The same for annotations.
    pub annotation_selector: String,
}

impl Patch {
    pub(crate) fn take(fields: &mut Fields<'_, '_>) -> Self {
        let (path, text): (String, String) = (fields.take("path"), fields.take("patch"));
        // Blanks around the text are none of it: kustomize trims them before it looks.
        let source = match (path.is_empty(), text.trim().is_empty()) {
            (true, false) => PatchSource::Inline(text),
            (false, true) => PatchSource::File(path),
            (empty, _) => PatchSource::Unclear { both: !empty },
        };
        let target = fields.take("target");
        let options: Options = fields.take("options");
        Self {
            source,
            target,
            allow_name_change: options.allow_name_change,
            allow_kind_change: options.allow_kind_change,
        }
    }
}

impl Decode for Patch {
    fn decode(cursor: Cursor<'_>, problems: &mut Vec<Problem>) -> Self {
        let mut fields = Fields::of(cursor, problems);
        let patch = Self::take(&mut fields);
        fields.finish();
        patch
    }
}

#[derive(Default)]
struct Options {
    allow_name_change: bool,
    allow_kind_change: bool,
}

impl Decode for Options {
    fn decode(cursor: Cursor<'_>, problems: &mut Vec<Problem>) -> Self {
        let mut fields = Fields::of(cursor, problems);
        let options = Self {
            allow_name_change: fields.take("allowNameChange"),
            allow_kind_change: fields.take("allowKindChange"),
        };
        fields.finish();
        options
    }
}

impl Decode for Selector {
    fn decode(cursor: Cursor<'_>, problems: &mut Vec<Problem>) -> Self {
        let mut fields = Fields::of(cursor, problems);
        let selector = Self {
            group: fields.take("group"),
            version: fields.take("version"),
            kind: fields.take("kind"),
            name: fields.take("name"),
            namespace: fields.take("namespace"),
            label_selector: fields.take("labelSelector"),
            annotation_selector: fields.take("annotationSelector"),
        };
        fields.finish();
        selector
    }
}
