/// One entry of `images`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Image {
    /// The name to match: as kustomize does, a regular expression against the whole name.
    pub name: String,
    /// The name instead of the matched one.
    pub new_name: Option<String>,
    /// The tag instead of tag and digest.
    pub new_tag: Option<String>,
    /// The digest instead of tag and digest.
    pub digest: Option<String>,
    /// What is added behind the tag.
    pub tag_suffix: Option<String>,
}

/// One entry of `patches`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Patch {
    /// Where the patch stands.
    pub source: PatchSource,
    /// The objects that are patched; without it a strategic merge patch names its object itself.
    pub target: Option<Selector>,
    /// `options.allowNameChange`: the patch may rename its object.
    pub allow_name_change: bool,
    /// `options.allowKindChange`: the patch may change the kind of its object.
    pub allow_kind_change: bool,
}

impl Patch {
    /// A patch given as text, as Flux has it.
    #[must_use]
    pub fn inline(text: impl Into<String>, target: Option<Selector>) -> Self {
        Self {
            source: PatchSource::Inline(text.into()),
            target,
            allow_name_change: false,
            allow_kind_change: false,
        }
    }
}

/// Where the text of a patch stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PatchSource {
    /// `patch`: the text itself, a strategic merge patch or JSON 6902.
    Inline(String),
    /// `path`: a file, relative to the kustomization.
    File(String),
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
