//! The simple JSON paths of printer columns: `.spec.size`, `.list[0].x`, `.status.conditions[?(@.type=="Ready")].status`,
//! `.metadata.annotations['a\.b/c']`.

use serde_json::Value;

/// The first value that a path leads to.
pub(super) fn first<'a>(object: &'a Value, path: &str) -> Option<&'a Value> {
    let mut found = vec![object];
    let mut rest = path;
    while !rest.is_empty() {
        let (step, after) = step(rest)?;
        rest = after;
        found = found.into_iter().flat_map(|value| step.of(value)).collect();
        if found.is_empty() {
            return None;
        }
    }
    found.first().copied()
}

enum Step {
    Field(String),
    Index(i64),
    All,
    /// The items in which the path leads to the value; or not, where the flag says so.
    Where(String, Value, bool),
}

impl Step {
    fn of<'a>(&self, value: &'a Value) -> Vec<&'a Value> {
        match (self, value) {
            (Self::Field(name), Value::Object(fields)) => fields.get(name).into_iter().collect(),
            (Self::Index(index), Value::Array(items)) => {
                let length = i64::try_from(items.len()).unwrap_or(i64::MAX);
                let index = if *index < 0 { length + index } else { *index };
                usize::try_from(index).ok().and_then(|index| items.get(index)).into_iter().collect()
            }
            (Self::All, Value::Array(items)) => items.iter().collect(),
            (Self::All, Value::Object(fields)) => fields.values().collect(),
            (Self::Where(path, wanted, equal), Value::Array(items)) => {
                items.iter().filter(|item| first(item, path).is_some_and(|found| (found == wanted) == *equal)).collect()
            }
            _ => Vec::new(),
        }
    }
}

/// The step with which a path begins, and the rest of the path.
fn step(path: &str) -> Option<(Step, &str)> {
    if let Some(inside) = path.strip_prefix('[') {
        let (inside, after) = bracket(inside)?;
        return Some((bracketed(inside)?, after));
    }
    let path = path.strip_prefix('.').unwrap_or(path);
    if path.starts_with('[') {
        return step(path);
    }
    let mut name = String::new();
    let mut letters = path.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '\\' => name.extend(letters.next().map(|one| one.1)),
            '.' | '[' => return Some((named(name), &path[at..])),
            other => name.push(other),
        }
    }
    Some((named(name), ""))
}

fn named(name: String) -> Step {
    if name == "*" { Step::All } else { Step::Field(name) }
}

/// What stands in brackets, quotes regarded, and what comes after.
fn bracket(text: &str) -> Option<(&str, &str)> {
    let mut quote = None;
    let mut depth = 0;
    for (at, letter) in text.char_indices() {
        match (quote, letter) {
            (Some(open), letter) if letter == open => quote = None,
            (None, '\'' | '"') => quote = Some(letter),
            (None, '[') => depth += 1,
            (None, ']') if depth == 0 => return Some((&text[..at], &text[at + 1..])),
            (None, ']') => depth -= 1,
            _ => {}
        }
    }
    None
}

fn bracketed(inside: &str) -> Option<Step> {
    let quoted = |text: &str| {
        let text = text.trim();
        let inner = |quote: char| text.strip_prefix(quote).and_then(|text| text.strip_suffix(quote));
        inner('\'').or_else(|| inner('"')).map(|text| text.replace('\\', ""))
    };
    if inside == "*" {
        return Some(Step::All);
    }
    if let Some(name) = quoted(inside) {
        return Some(Step::Field(name));
    }
    if let Ok(index) = inside.parse() {
        return Some(Step::Index(index));
    }
    let condition = inside.strip_prefix("?(")?.strip_suffix(')')?.trim().strip_prefix('@')?;
    let (path, wanted, equal) = match condition.split_once("==") {
        Some((path, wanted)) => (path, wanted, true),
        None => condition.split_once("!=").map(|(path, wanted)| (path, wanted, false))?,
    };
    let wanted = match quoted(wanted) {
        Some(text) => text.into(),
        None => serde_json::from_str(wanted.trim()).ok()?,
    };
    Some(Step::Where(path.trim().to_owned(), wanted, equal))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::first;

    #[test]
    fn paths_lead_to_what_columns_show() {
        let object = json!({
            "spec": {"size": "small", "list": [1, 2], "a.b": 3},
            "status": {"conditions": [{"type": "Other", "status": "False"}, {"type": "Ready", "status": "True"}]},
        });
        for (path, found) in [
            (".spec.size", Some(json!("small"))),
            (".spec.list[1]", Some(json!(2))),
            (".spec.list[-1]", Some(json!(2))),
            (".spec.list[*]", Some(json!(1))),
            (".spec['a.b']", Some(json!(3))),
            (r".spec.a\.b", Some(json!(3))),
            (r#".status.conditions[?(@.type=="Ready")].status"#, Some(json!("True"))),
            (".status.conditions[?(@.type=='Never')].status", None),
            (".spec.nothing", None),
            (".spec[", None),
        ] {
            assert_eq!(first(&object, path).cloned(), found, "{path}");
        }
    }
}
