//! Values as text, as go-yaml v2 prints them for `sigs.k8s.io/yaml`.

use serde_json::{Map, Number, Value};

use crate::go_float::format_g;
use crate::key_order;
use crate::number::{self, Number as Parsed};
use crate::print_scalar::{Place, Printer};

/// Prints a value as one document, which ends with a line break.
///
/// Keys are sorted naturally, sequences are not indented under their key, long plain and quoted strings are folded at 80
/// columns. Nothing of how the value was written survives.
#[must_use]
pub fn print(value: &Value) -> String {
    let mut printer = Printer::default();
    node(&mut printer, value, Level::Root);
    printer.end_line();
    printer.finish()
}

/// Prints values as documents joined by `---`.
#[must_use]
pub fn print_documents<'a>(values: impl IntoIterator<Item = &'a Value>) -> String {
    let mut printer = Printer::default();
    for (index, value) in values.into_iter().enumerate() {
        if index > 0 {
            printer.next_document();
        }
        node(&mut printer, value, Level::Root);
        printer.end_line();
    }
    printer.finish()
}

/// What stands around a node.
#[derive(Clone, Copy)]
enum Level {
    Root,
    /// An item of a block sequence at this indentation.
    Item(usize),
    /// A value whose key stands at this indentation.
    Value(usize),
    /// A value after a `? key`, at the indentation of the `?`.
    ComplexValue(usize),
}

fn node(printer: &mut Printer, value: &Value, level: Level) {
    match value {
        Value::Null => printer.word("null"),
        Value::Bool(true) => printer.word("true"),
        Value::Bool(false) => printer.word("false"),
        Value::Number(value) => printer.word(&number_text(value)),
        Value::String(text) => printer.string(text, level.scalar_place()),
        Value::Array(items) if items.is_empty() => printer.word("[]"),
        Value::Object(entries) if entries.is_empty() => printer.word("{}"),
        Value::Array(items) => sequence(printer, items, level),
        Value::Object(entries) => mapping(printer, entries, level),
    }
}

impl Level {
    /// Where the lines of a folded or literal scalar start.
    fn scalar_place(self) -> Place {
        Place::Value {
            indent: match self {
                Self::Root => 2,
                Self::Item(indent) | Self::Value(indent) | Self::ComplexValue(indent) => indent + 2,
            },
        }
    }
}

fn sequence(printer: &mut Printer, items: &[Value], level: Level) {
    let indent = match level {
        Level::Root => 0,
        // A sequence that is a value stands under its key, not to the right of it.
        Level::Value(indent) => indent,
        Level::Item(indent) | Level::ComplexValue(indent) => indent + 2,
    };
    for item in items {
        printer.line(indent);
        printer.indicator('-');
        node(printer, item, Level::Item(indent));
    }
}

fn mapping(printer: &mut Printer, entries: &Map<String, Value>, level: Level) {
    let indent = match level {
        Level::Root => 0,
        Level::Item(indent) | Level::Value(indent) | Level::ComplexValue(indent) => indent + 2,
    };
    let mut entries: Vec<_> = entries.iter().map(|(key, value)| (key.as_str(), value)).collect();
    key_order::sort(&mut entries);
    for (key, value) in entries {
        printer.line(indent);
        if Printer::is_simple_key(key) {
            printer.string(key, Place::Key);
            printer.colon();
            node(printer, value, Level::Value(indent));
        } else {
            printer.indicator('?');
            printer.string(key, Place::Value { indent: indent + 2 });
            printer.line(indent);
            printer.indicator(':');
            node(printer, value, Level::ComplexValue(indent));
        }
    }
}

fn number_text(value: &Number) -> String {
    match value.as_f64() {
        Some(float) if value.is_f64() => match number::through_json(float) {
            Parsed::Int(value) => value.to_string(),
            Parsed::UInt(value) => value.to_string(),
            Parsed::Float(value) => format_g(value),
        },
        _ => value.to_string(),
    }
}
