//! Which objects a `target` selects.

use regex::Regex;

use crate::Selector;
use crate::patch::label_selector::LabelSelector;
use crate::resource::Resource;

/// A selector, ready to be asked.
pub(crate) struct Target {
    group: Pattern,
    version: Pattern,
    kind: Pattern,
    name: Pattern,
    namespace: Pattern,
    labels: LabelSelector,
    annotations: LabelSelector,
    states_id: bool,
    states_metadata: bool,
}

impl Target {
    /// # Errors
    /// The field that is no regular expression or no label selector, and what is wrong with it.
    pub(crate) fn new(selector: &Selector) -> Result<Self, (&'static str, String)> {
        let pattern = |field: &'static str, text: &str| Pattern::new(text).map_err(|problem| (field, problem));
        let labels = |field, text: &str| LabelSelector::parse(text).map_err(|problem| (field, problem));
        Ok(Self {
            group: pattern("group", &selector.group)?,
            version: pattern("version", &selector.version)?,
            kind: pattern("kind", &selector.kind)?,
            name: pattern("name", &selector.name)?,
            namespace: pattern("namespace", &selector.namespace)?,
            labels: labels("labelSelector", &selector.label_selector)?,
            annotations: labels("annotationSelector", &selector.annotation_selector)?,
            states_id: [&selector.group, &selector.version, &selector.kind, &selector.name, &selector.namespace]
                .iter()
                .any(|text| !text.is_empty()),
            states_metadata: !(selector.label_selector.is_empty() && selector.annotation_selector.is_empty()),
        })
    }

    /// Name and namespace may be those of today or those at first; the type is that of today.
    pub(crate) fn fits(&self, resource: &Resource) -> bool {
        let gvk = resource.gvk();
        let typed = self.group.fits(&gvk.group) && self.version.fits(&gvk.version) && self.kind.fits(&gvk.kind);
        if !typed || resource.deleted {
            return false;
        }
        let (original, current) = (resource.original_id(), resource.id());
        (self.namespace.fits(&original.namespace) || self.namespace.fits(&current.namespace))
            && (self.name.fits(&original.name) || self.name.fits(&current.name))
            && self.labels.fits(resource.labels())
            && self.annotations.fits(resource.annotations())
    }

    /// Whether any id that the object has or had fits; the namespace of today's counts as it is written.
    pub(crate) fn fits_any_id(&self, resource: &Resource) -> bool {
        let (group, version) = resource.group_version();
        if !self.group.fits(group) || !self.version.fits(version) || resource.deleted {
            return false;
        }
        let fits = |kind: &str, name: &str, namespace: &str| {
            self.kind.fits(kind) && self.name.fits(name) && self.namespace.fits(namespace)
        };
        let manifest = &resource.manifest;
        fits(manifest.kind(), manifest.name(), manifest.namespace().unwrap_or_default())
            || resource.history.previous.iter().any(|was| fits(&was.kind, &was.name, &was.namespace))
    }

    /// Whether labels and annotations fit.
    pub(crate) fn fits_metadata(&self, resource: &Resource) -> bool {
        self.labels.fits(resource.labels()) && self.annotations.fits(resource.annotations())
    }

    /// Whether this keeps a replacement away: by any id, or else by labels and annotations. What is not stated rejects
    /// nothing.
    pub(crate) fn rejects(&self, resource: &Resource) -> bool {
        (self.states_id && self.fits_any_id(resource)) || (self.states_metadata && self.fits_metadata(resource))
    }
}

/// A regular expression against a whole text; most are plain words and need none.
enum Pattern {
    Any,
    Plain(String),
    Regex(Regex),
}

impl Pattern {
    fn new(text: &str) -> Result<Self, String> {
        let plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '/' | ':');
        if text.is_empty() {
            return Ok(Self::Any);
        }
        if text.chars().all(plain) {
            return Ok(Self::Plain(text.to_owned()));
        }
        let regex = Regex::new(&format!("^(?:{text})$"));
        regex.map(Self::Regex).map_err(|_| format!("{text:?} is no regular expression"))
    }

    fn fits(&self, text: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Plain(wanted) => wanted == text,
            Self::Regex(regex) => regex.is_match(text),
        }
    }
}

/// What a selector says, for a message.
pub(crate) fn describe(selector: &Selector) -> String {
    let fields = [
        ("group", &selector.group),
        ("version", &selector.version),
        ("kind", &selector.kind),
        ("name", &selector.name),
        ("namespace", &selector.namespace),
        ("labels", &selector.label_selector),
        ("annotations", &selector.annotation_selector),
    ];
    let stated = fields.iter().filter(|(_, text)| !text.is_empty());
    let stated: Vec<_> = stated.map(|(field, text)| format!("{field} {text}")).collect();
    if stated.is_empty() { "anything".to_owned() } else { stated.join(", ") }
}
