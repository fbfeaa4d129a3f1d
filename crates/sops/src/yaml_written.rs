//! How envelopes were written in a text, to write them the same way again.

use std::collections::BTreeMap;

use windlass_yaml::{Limits, Style};

use crate::tree::MAX_DEPTH;
use crate::yaml_spans::Spans;

/// Envelopes that stand in quotes, with their quotes.
pub(crate) type Written = BTreeMap<String, String>;

/// Those of a text.
pub(crate) fn quoted_envelopes(text: &str) -> Written {
    let limits = Limits { depth: MAX_DEPTH, ..Limits::default() };
    let mut written = Written::new();
    let spans = Spans::new(text);
    for document in windlass_yaml::compose(text, &limits).unwrap_or_default() {
        spans.each_scalar(&document, &mut |value, style, range| {
            let quoted = matches!(style, Style::SingleQuoted | Style::DoubleQuoted);
            if quoted && value.starts_with("ENC[") && text[range.clone()].starts_with(['\'', '"']) {
                written.insert(value.to_owned(), text[range].to_owned());
            }
        });
    }
    written
}
