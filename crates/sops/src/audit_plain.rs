//! Looks for secrets in files that are not encrypted.

use crate::finding::Problem;
use crate::rules::CreationRule;
use crate::tree::{Branch, Item, Value};
use crate::{Format, Location, PathStep, Selector, selector_use, stores};

/// What private keys start with, and what they are.
const KEYS: [(&[u8], &str); 6] = [
    (b"AGE-SECRET-KEY-1", "an age identity"),
    (b"AGE-SECRET-KEY-PQ-1", "an age identity"),
    (b"-----BEGIN OPENSSH PRIVATE KEY-----", "an SSH private key"),
    (b"-----BEGIN PGP PRIVATE KEY BLOCK-----", "a PGP private key"),
    (b"-----BEGIN PRIVATE KEY-----", "a private key"),
    (b"-----BEGIN RSA PRIVATE KEY-----", "an RSA private key"),
];

/// The shortest text behind the start of a key that makes one: documentation has `AGE-SECRET-KEY-1...`.
const LONG_ENOUGH: usize = 32;

pub(crate) fn problems(text: &[u8], format: Format, rule: Option<&CreationRule>) -> Vec<Problem> {
    let mut problems: Vec<_> = private_key(text).into_iter().collect();
    let plain = plain_secrets(text, format);
    if let Some(rule) = rule
        && selects_something(text, format, rule)
    {
        problems.push(Problem::NotEncrypted { rule: rule.number });
    } else if !plain.is_empty() {
        problems.push(Problem::PlainSecret { at: plain });
    }
    problems
}

fn private_key(text: &[u8]) -> Option<Problem> {
    text.split(|byte| *byte == b'\n').zip(1..).find_map(|(line, number)| {
        let (_, kind) = KEYS.iter().find(|(start, _)| {
            let at = line.windows(start.len()).position(|window| window == *start);
            // A PEM key goes on below its first line.
            at.is_some_and(|at| start.starts_with(b"-") || is_long(&line[at + start.len()..]))
        })?;
        Some(Problem::PrivateKey { kind, line: number })
    })
}

fn is_long(rest: &[u8]) -> bool {
    rest.iter().take_while(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit()).count() >= LONG_ENOUGH
}

/// Whether there is anything in the file that the rule would encrypt.
fn selects_something(text: &[u8], format: Format, rule: &CreationRule) -> bool {
    let Ok(mut documents) = stores::read_plain(text, format) else { return false };
    selector_use::count(&mut documents, &rule.selector).is_some_and(|count| count > 0)
}

/// The values of Kubernetes Secrets.
fn plain_secrets(text: &[u8], format: Format) -> Vec<Location> {
    if !matches!(format, Format::Yaml | Format::Json) {
        return Vec::new();
    }
    let Ok(documents) = stores::read(text, format) else { return Vec::new() };
    let mut places = Vec::new();
    for (number, document) in documents.iter().enumerate() {
        if field(document, "kind").as_deref() != Some("Secret")
            || field(document, "apiVersion").as_deref() != Some("v1")
        {
            continue;
        }
        let selector = Selector::EncryptedRegex("^(data|stringData)$".to_owned());
        let found = selector_use::select(&mut [document.clone()], &selector).unwrap_or_default();
        let values = found.clear.into_iter().filter(|at| at.path.len() > 1);
        places.extend(values.map(|at| Location { document: number, ..at }).filter(is_at_the_top));
    }
    places
}

/// `data` of the Secret itself, not of an annotation of that name.
fn is_at_the_top(at: &Location) -> bool {
    matches!(at.path.first(), Some(PathStep::Key(key)) if key == "data" || key == "stringData")
}

fn field(document: &Branch, name: &str) -> Option<String> {
    document.iter().find_map(|item| match item {
        Item::Entry { key, node } if key == name && matches!(node.value, Value::Scalar(_)) => node.as_text(),
        _ => None,
    })
}
