//! `images`.

use regex::Regex;
use serde_json::Value;

use crate::Image;
use crate::resource::Resource;
use crate::transform::field_spec::{Create, FieldSpecs, visit};
use crate::transform::scalar::type_of;

/// A rule, ready to be applied.
pub(crate) struct ImageRule<'i> {
    image: &'i Image,
    name: NamePattern<'i>,
}

/// kustomize takes the name for a regular expression. Most are plain enough to do without one, whose making costs more
/// than all the rest of a small overlay.
enum NamePattern<'i> {
    /// Letters that stand for themselves, and dots, each of which stands for any letter.
    Plain(&'i str),
    Regex(Regex),
}

const TAG: &str = "(:[a-zA-Z0-9_.{}-]*)?";
const DIGEST: &str = "(@[a-zA-Z0-9]+([.+_-][a-zA-Z0-9]+)*:[a-zA-Z0-9_.{}-]*)?";

impl<'i> ImageRule<'i> {
    /// # Errors
    /// Where the name is no regular expression.
    pub(crate) fn new(image: &'i Image) -> Result<Self, String> {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '-' | '_' | ':' | '.');
        let name = if image.name.chars().all(plain) {
            NamePattern::Plain(&image.name)
        } else {
            let pattern = format!("^{}{TAG}{DIGEST}$", image.name);
            let regex = Regex::new(&pattern);
            NamePattern::Regex(regex.map_err(|_| format!("{:?} is no regular expression", image.name))?)
        };
        Ok(Self { image, name })
    }

    /// Changes the images of an object: those of all `containers` and `initContainers`, wherever they stand, and then
    /// those in `specs`. An image in both is changed twice, which shows where a suffix is added.
    pub(crate) fn apply(&self, specs: &FieldSpecs, resource: &mut Resource) -> Result<(), String> {
        if resource.manifest.kind() != "CustomResourceDefinition" {
            in_containers(resource.manifest.value_mut(), &mut |image| self.change(image));
        }
        self.apply_specs(specs, resource)
    }

    /// Whether it would change any of these.
    pub(crate) fn fits_any(&self, images: &[String]) -> bool {
        images.iter().any(|image| self.fits(image))
    }

    /// Changes the images in `specs` alone.
    pub(crate) fn apply_specs(&self, specs: &FieldSpecs, resource: &mut Resource) -> Result<(), String> {
        in_specs(specs, resource, &mut |image| self.change(image))
    }

    fn change(&self, value: &mut Value) {
        if let Value::String(text) = value
            && self.fits(text)
        {
            *text = self.changed(text);
        }
    }

    fn fits(&self, image: &str) -> bool {
        match &self.name {
            NamePattern::Regex(regex) => regex.is_match(image),
            NamePattern::Plain(name) => after_name(name, image).is_some_and(is_tag_and_digest),
        }
    }

    fn changed(&self, image: &str) -> String {
        let Image { new_name, new_tag, digest: new_digest, tag_suffix, .. } = self.image;
        let (name, tag, digest) = split(image);
        let name = if new_name.is_empty() { name } else { new_name };
        let (tag, digest) = match (new_tag.as_str(), new_digest.as_str()) {
            ("", "") if !tag_suffix.is_empty() => (format!("{tag}{tag_suffix}"), ""),
            ("", "") => (tag.to_owned(), digest),
            (tag, digest) => (tag.to_owned(), digest),
        };
        let mut changed = name.to_owned();
        for (mark, part) in [(':', tag.as_str()), ('@', digest)] {
            if !part.is_empty() {
                changed.push(mark);
                changed.push_str(part);
            }
        }
        changed
    }
}

/// The images of an object that rules may change.
pub(crate) fn images_of(specs: &FieldSpecs, resource: &mut Resource) -> Result<Vec<String>, String> {
    let mut images = Vec::new();
    let mut note = |image: &mut Value| images.extend(image.as_str().map(str::to_owned));
    if resource.manifest.kind() != "CustomResourceDefinition" {
        in_containers(resource.manifest.value_mut(), &mut note);
    }
    in_specs(specs, resource, &mut note)?;
    Ok(images)
}

fn in_containers(value: &mut Value, change: &mut dyn FnMut(&mut Value)) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| in_containers(item, change)),
        Value::Object(fields) => {
            for (key, value) in fields.iter_mut().filter(|(_, value)| value.is_object() || value.is_array()) {
                in_containers(value, change);
                if let ("containers" | "initContainers", Value::Array(items)) = (key.as_str(), value) {
                    items.iter_mut().filter_map(|item| item.get_mut("image")).for_each(&mut *change);
                }
            }
        }
        _ => {}
    }
}

fn in_specs(specs: &FieldSpecs, resource: &mut Resource, change: &mut dyn FnMut(&mut Value)) -> Result<(), String> {
    let gvk = resource.gvk();
    if gvk.kind == "CustomResourceDefinition" {
        return Ok(());
    }
    let object = resource.manifest.value_mut();
    for spec in specs.iter().filter(|spec| spec.on.fits_gvk(&gvk)) {
        visit(object, spec, Create::Nothing, &mut |value| match value {
            Value::Array(_) | Value::Object(_) => Err(format!("expected an image, found {}", type_of(value))),
            scalar => {
                change(scalar);
                Ok(())
            }
        })?;
    }
    Ok(())
}

/// What follows a name in an image, where the image starts with it.
fn after_name<'t>(name: &str, image: &'t str) -> Option<&'t str> {
    let mut letters = image.chars();
    let fits = |wanted: char, found: char| wanted == found || (wanted == '.' && found != '\n');
    let starts = name.chars().all(|wanted| letters.next().is_some_and(|found| fits(wanted, found)));
    if starts { Some(letters.as_str()) } else { None }
}

/// Whether a text is what may follow a name: `:tag`, `@algorithm:digest`, both or nothing.
fn is_tag_and_digest(rest: &str) -> bool {
    let word = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || "_.{}-".contains(c));
    let (tag, digest) = rest.split_once('@').map_or((rest, None), |(tag, digest)| (tag, Some(digest)));
    let tag_fits = tag.is_empty() || tag.strip_prefix(':').is_some_and(word);
    let digest_fits = digest.is_none_or(|digest| {
        digest.split_once(':').is_some_and(|(algorithm, digest)| {
            let parts = algorithm.split(['.', '+', '_', '-']);
            let mut parts = parts.map(|part| !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric()));
            parts.all(|fits| fits) && word(digest)
        })
    });
    tag_fits && digest_fits
}

/// Name, tag and digest of an image. A colon before the first slash belongs to a port.
fn split(image: &str) -> (&str, &str, &str) {
    let host = image.find('/').unwrap_or(0);
    let (before_digest, digest) = match image[host..].find('@') {
        Some(at) => (&image[..host + at], &image[host + at + 1..]),
        None => (image, ""),
    };
    match before_digest[host..].find(':') {
        Some(at) => (&before_digest[..host + at], &before_digest[host + at + 1..], digest),
        None => (before_digest, "", digest),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changed(image: Image, text: &str) -> String {
        let rule = ImageRule::new(&image).unwrap();
        let mut value = Value::from(text);
        rule.change(&mut value);
        value.as_str().unwrap().to_owned()
    }

    #[test]
    fn tags_and_digests_replace_one_another() {
        let tag = || Image { name: "nginx".into(), new_tag: "2".into(), ..Image::default() };
        assert_eq!(changed(tag(), "nginx:1@sha256:abc"), "nginx:2");
        assert_eq!(changed(tag(), "nginx"), "nginx:2");
        assert_eq!(changed(tag(), "nginx-other:1"), "nginx-other:1");
        let digest = || Image { name: "nginx".into(), digest: "sha256:d".into(), ..Image::default() };
        assert_eq!(changed(digest(), "nginx:1"), "nginx@sha256:d");
        let name = || Image { name: "r.io:5000/a".into(), new_name: "b".into(), ..Image::default() };
        assert_eq!(changed(name(), "r.io:5000/a:1@sha256:abc"), "b:1@sha256:abc");
    }

    #[test]
    fn a_dot_of_a_name_stands_for_any_letter() {
        let image = || Image { name: "r.io:5000/a".into(), new_tag: "9".into(), ..Image::default() };
        assert_eq!(changed(image(), "r.io:5000/a:1"), "r.io:5000/a:9");
        assert_eq!(changed(image(), "rüio:5000/a"), "rüio:5000/a:9");
        for other in ["r.io:5000/ab", "r\nio:5000/a", "x/r.io:5000/a", "r.io:5000/"] {
            assert_eq!(changed(image(), other), other);
        }
    }

    #[test]
    fn names_are_regular_expressions() {
        let image = Image { name: "registry.*/(web|api)".into(), new_tag: "9".into(), ..Image::default() };
        assert_eq!(changed(image, "registry.local/web:1"), "registry.local/web:9");
        assert!(ImageRule::new(&Image { name: "[".into(), ..Image::default() }).is_err());
    }
}
