//! Files that a rule matches by its pattern alone.

use serde_json::Value as Json;
use windlass_sops::Format;
use windlass_yaml::ReadOptions;

/// Whether a text in clear is made of Kubernetes objects of which none is a Secret.
///
/// Rules are often as broad as `.*\.yaml` with `^(data|stringData)$`: they say how a file is encrypted once somebody decides to,
/// and a ConfigMap has `data` too. Nobody means that every ConfigMap of the repository is to be encrypted.
pub fn is_no_secret(text: &[u8], format: Format) -> bool {
    if !matches!(format, Format::Yaml | Format::Json) {
        return false;
    }
    let documents = std::str::from_utf8(text)
        .ok()
        .and_then(|text| windlass_yaml::read_documents(text, &ReadOptions::resource()).ok());
    let field = |value: &Json, name: &str| value.get(name).and_then(Json::as_str).map(str::to_owned);
    documents.is_some_and(|documents| {
        !documents.is_empty()
            && documents.iter().all(|document| {
                let kind = field(&document.value, "kind");
                field(&document.value, "apiVersion").is_some() && kind.is_some_and(|kind| kind != "Secret")
            })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_are_told_apart() {
        let is = |text: &str| is_no_secret(text.as_bytes(), Format::Yaml);
        let map = "apiVersion: v1\nkind: ConfigMap\ndata: {a: b}\n";
        assert!(is(map));
        assert!(!is(&format!("{map}---\napiVersion: v1\nkind: Secret\n")));
        assert!(!is("password: x\n") && !is("") && !is("a: ["));
        assert!(!is_no_secret(map.as_bytes(), Format::Dotenv));
    }
}
