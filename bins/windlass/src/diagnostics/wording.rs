//! What is said about a fault, beyond what the library says.

use windlass_render::Fault;

use super::Sources;

/// The fault's own words, with the paths in them written for the reader.
pub(super) fn title(fault: &Fault, sources: &Sources<'_>) -> String {
    let text = fault.to_string();
    let path = match fault {
        Fault::Restricted { directory: path, .. }
        | Fault::NoKustomization { directory: path }
        | Fault::ManyKustomizations { directory: path, .. }
        | Fault::Decrypt { path, .. } => path.as_str(),
        Fault::Tree(error) => error.path().as_str(),
        Fault::Conflict { other, .. } => other.file().unwrap_or_default(),
        _ => "",
    };
    if path.is_empty() { text } else { text.replacen(path, &sources.shown(path), 1) }
}

/// What to do about a fault on the command line, where that is not what to do in the files.
pub(super) fn help(fault: &Fault) -> Option<&'static str> {
    match fault {
        Fault::Restricted { .. } => {
            Some("windlass build --load-restrictor LoadRestrictionsNone lifts the restriction, as Flux does")
        }
        Fault::Remote { .. } => Some("windlass build --allow-remote-bases fetches what is named by a URL"),
        _ => None,
    }
}

/// The text to mark in the line of a fault, where the library knows the line only.
pub(super) fn needle(fault: &Fault) -> Option<&str> {
    match fault {
        Fault::Missing { path, .. }
        | Fault::Escapes { path }
        | Fault::Absolute { path }
        | Fault::Restricted { path, .. }
        | Fault::NotAFile { path }
        | Fault::NotADirectory { path }
        | Fault::Cycle { path }
        | Fault::IsAComponent { path }
        | Fault::NotAComponent { path } => Some(path),
        Fault::Remote { url } | Fault::Fetch { url, .. } => Some(url),
        Fault::UnknownField { field, .. }
        | Fault::WrongType { field, .. }
        | Fault::InvalidValue { field, .. }
        | Fault::Charts { field }
        | Fault::Unsupported { field } => last_name(field),
        Fault::Generator { name, .. } => Some(name),
        _ => None,
    }
}

/// The last name of a field path: `key` of `patches[0].key`.
fn last_name(field: &str) -> Option<&str> {
    field.split(['.', '[', ']']).rfind(|part| !part.is_empty() && part.parse::<usize>().is_err())
}

#[cfg(test)]
mod tests {
    use super::last_name;

    #[test]
    fn the_name_of_a_field_is_its_last() {
        assert_eq!(last_name("patches[0].target"), Some("target"));
        assert_eq!(last_name("resources[12]"), Some("resources"));
        assert_eq!(last_name("crds"), Some("crds"));
    }
}
