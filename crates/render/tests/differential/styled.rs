//! YAML as people write it: block and flow, all kinds of quotes, comments, scalars that say more than they seem to.

use serde_json::Value;

use crate::choices::Choices;

/// In front of a text that is written as it is, without quotes.
const RAW: char = '\u{1}';

/// A scalar that is written as it is.
pub(crate) fn raw(text: &str) -> Value {
    Value::String(format!("{RAW}{text}"))
}

/// Writes a document. Some are in the style of `kustomize`, some are JSON, most are neither.
pub(crate) fn document(value: &Value, choices: &mut Choices<'_>) -> String {
    write(value, choices, 3)
}

/// Writes a document without comments: kustomize prints those of a patch also where it cannot read them again.
pub(crate) fn bare_document(value: &Value, choices: &mut Choices<'_>) -> String {
    write(value, choices, 0)
}

fn write(value: &Value, choices: &mut Choices<'_>, comments: usize) -> String {
    let mut writer = Writer { choices, out: String::new(), lists_indented: false, lively: false, comments };
    match writer.choices.below(10) {
        0..4 => writer.block(value, 0),
        4 if !holds_raw(value) => return format!("{value:#}\n"),
        _ => {
            writer.lively = true;
            writer.lists_indented = writer.choices.chance(50);
            if writer.choices.chance(20) {
                writer.out.push_str("# yaml-language-server: $schema=https://example.test/schema.json\n");
            }
            writer.block(value, 0);
        }
    }
    writer.out
}

fn holds_raw(value: &Value) -> bool {
    match value {
        Value::String(text) => text.starts_with(RAW),
        Value::Array(items) => items.iter().any(holds_raw),
        Value::Object(fields) => fields.values().any(holds_raw),
        _ => false,
    }
}

struct Writer<'w, 'b> {
    choices: &'w mut Choices<'b>,
    out: String,
    lists_indented: bool,
    lively: bool,
    /// How many places of a hundred get a comment.
    comments: usize,
}

impl Writer<'_, '_> {
    fn block(&mut self, value: &Value, indent: usize) {
        match value {
            Value::Object(fields) if !fields.is_empty() => {
                for (key, value) in fields {
                    self.out.push_str(&" ".repeat(indent));
                    self.out.push_str(&key_text(key));
                    self.out.push(':');
                    let below = if value.is_array() && !self.lists_indented { indent } else { indent + 2 };
                    self.after_colon(value, below);
                }
            }
            Value::Array(items) if !items.is_empty() => {
                for item in items {
                    self.out.push_str(&" ".repeat(indent));
                    self.out.push('-');
                    if is_nested(item) && !self.wants_flow(item) {
                        let start = self.out.len();
                        self.block(item, indent + 2);
                        // The first line of the item stands beside its dash.
                        self.out.replace_range(start..start + indent + 1, "");
                    } else {
                        self.out.push(' ');
                        self.inline(item, indent + 2);
                    }
                }
            }
            other => self.inline(other, indent),
        }
    }

    fn after_colon(&mut self, value: &Value, indent: usize) {
        if is_nested(value) && !self.wants_flow(value) {
            self.comment();
            self.out.push('\n');
            self.block(value, indent);
        } else {
            self.out.push(' ');
            self.inline(value, indent);
        }
    }

    fn wants_flow(&mut self, value: &Value) -> bool {
        self.lively && !value.to_string().contains("\\n") && self.choices.chance(15)
    }

    /// The rest of a line.
    fn inline(&mut self, value: &Value, indent: usize) {
        match value {
            Value::String(text)
                if self.lively && text.contains('\n') && is_literal(text) && self.choices.chance(60) =>
            {
                let mark = if text.ends_with('\n') { "|" } else { "|-" };
                self.out.push_str(mark);
                self.out.push('\n');
                for line in text.lines() {
                    let indent = if line.is_empty() { 0 } else { indent.max(2) };
                    self.out.push_str(&" ".repeat(indent));
                    self.out.push_str(line);
                    self.out.push('\n');
                }
            }
            value => {
                let text = self.flow(value);
                self.out.push_str(&text);
                self.comment();
                self.out.push('\n');
            }
        }
    }

    fn flow(&mut self, value: &Value) -> String {
        match value {
            Value::Object(fields) => {
                let fields = fields.iter().map(|(key, value)| format!("{}: {}", key_text(key), self.flow(value)));
                format!("{{{}}}", fields.collect::<Vec<_>>().join(", "))
            }
            Value::Array(items) => {
                format!("[{}]", items.iter().map(|item| self.flow(item)).collect::<Vec<_>>().join(", "))
            }
            Value::String(text) => self.text(text),
            other => other.to_string(),
        }
    }

    fn text(&mut self, text: &str) -> String {
        if let Some(raw) = text.strip_prefix(RAW) {
            return raw.to_owned();
        }
        let in_double_quotes = || Value::from(text).to_string();
        let is_word = !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "-/.".contains(c));
        let is_plain = is_word && text.starts_with(|c: char| c.is_ascii_alphabetic());
        match if self.lively { self.choices.below(8) } else { 0 } {
            0..6 if is_plain && !KEYWORDS.contains(&text.to_lowercase().as_str()) => text.to_owned(),
            6 if !text.contains(['\n', '\t']) && text.is_ascii() => format!("'{}'", text.replace('\'', "''")),
            _ => in_double_quotes(),
        }
    }

    fn comment(&mut self) {
        if self.lively && self.choices.chance(self.comments) {
            self.out.push_str(" # why: 'so'");
        }
    }
}

const KEYWORDS: [&str; 9] = ["y", "n", "yes", "no", "on", "off", "true", "false", "null"];

fn is_nested(value: &Value) -> bool {
    match value {
        Value::Object(fields) => !fields.is_empty(),
        Value::Array(items) => !items.is_empty(),
        _ => false,
    }
}

/// Whether a text can stand in a literal block without an indentation digit.
fn is_literal(text: &str) -> bool {
    !text.starts_with([' ', '\n']) && !text.ends_with("\n\n") && !text.contains(['\t', '\r']) && text != "\n"
}

fn key_text(key: &str) -> String {
    let is_word = key.chars().all(|c| c.is_ascii_alphanumeric() || "-/._$".contains(c));
    let is_plain = is_word && key.starts_with(|c: char| c.is_ascii_alphabetic() || c == '$');
    if is_plain && !KEYWORDS.contains(&key.to_lowercase().as_str()) {
        key.to_owned()
    } else {
        Value::from(key).to_string()
    }
}
