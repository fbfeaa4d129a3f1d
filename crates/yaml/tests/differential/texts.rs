//! YAML text in many styles, mostly well-formed.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use crate::values::{TRAPS, key, text};

/// A node and how it is written.
#[derive(Debug, Clone)]
pub(crate) enum Written {
    /// As it stands, whatever that may read as.
    Raw(String),
    Single(String),
    Double(String),
    /// Header (`|`, `>` with indicators) and lines.
    Block(String, Vec<String>),
    Sequence {
        flow: bool,
        items: Vec<Written>,
    },
    Mapping {
        flow: bool,
        entries: Vec<(Written, Written)>,
    },
    /// An anchor or tag before a node.
    Property(String, Box<Written>),
    Alias(String),
}

/// Layout choices for a whole text.
#[derive(Debug, Clone)]
pub(crate) struct Layout {
    indent: usize,
    indented_sequences: bool,
    compact: bool,
    comment: Option<String>,
    crlf: bool,
    head: String,
    tail: String,
}

pub(crate) fn document() -> impl Strategy<Value = String> {
    (written(), layout()).prop_map(|(node, layout)| layout.document(&node))
}

/// Text with a few characters lost, doubled or put in.
pub(crate) fn damaged() -> impl Strategy<Value = String> {
    let scrap = select(vec![
        "", " ", "  ", "\n", "\t", ":", ": ", "-", "- ", "?", "? ", "#", " #", "'", "\"", "[", "]", "{", "}", ",",
        "&a ", "*a", "*a ", "!t ", "!!str ", "! ", "|", ">", "|-\n", "%", "@", "`", "\\", "---\n", "...\n", "<<: ",
        "\r", "\u{85}", "\u{2028}", "\u{feff}", "\n\n", "\n ", "\n- ", "a: ", "é", "\u{7f}", "~",
    ]);
    (document(), vec((any::<prop::sample::Index>(), 0usize..3, scrap), 1..4)).prop_map(|(mut text, edits)| {
        for (place, cut, scrap) in edits {
            let mut start = if text.is_empty() { 0 } else { place.index(text.len()) };
            while !text.is_char_boundary(start) {
                start -= 1;
            }
            let mut end = (start + cut).min(text.len());
            while !text.is_char_boundary(end) {
                end += 1;
            }
            text.replace_range(start..end, scrap);
        }
        text
    })
}

/// A file of documents that kustomize takes for resources.
pub(crate) fn manifests() -> impl Strategy<Value = String> {
    let separator = select(vec![
        "---\n",
        "---\n",
        "--- \n",
        "--- # c\n",
        "---\n---\n",
        "---\n# c\n---\n",
        "---\n{}\n---\n",
        "...\n---\n",
        "--- a\n",
    ]);
    let entries = vec((written_key(), written()), 0..3);
    vec((entries, layout(), separator), 1..4).prop_map(|documents| {
        let mut text = String::new();
        for (index, (entries, layout, separator)) in documents.into_iter().enumerate() {
            if index > 0 {
                text.push_str(separator);
            }
            let head = format!("apiVersion: v1\nkind: Thing\nmetadata: {{name: n{index}}}\n");
            text.push_str(if layout.head.starts_with(['#', '\n', '\u{feff}']) { &layout.head } else { "" });
            text.push_str(&if layout.crlf { head.replace('\n', "\r\n") } else { head });
            let mapping = Written::Mapping { flow: false, entries };
            let layout = Layout { head: String::new(), tail: String::new(), ..layout };
            text.push_str(&layout.document(&mapping));
        }
        text
    })
}

fn layout() -> impl Strategy<Value = Layout> {
    (
        1usize..5,
        any::<bool>(),
        any::<bool>(),
        option::weighted(0.2, select(vec!["c", " c: d", "", " - x", "!", " 'q"]).prop_map(str::to_owned)),
        prop::bool::weighted(0.1),
        select(vec!["", "", "", "", "---\n", "--- # c\n", "# c\n\n", "\n\n", "\u{feff}", "--- "])
            .prop_map(str::to_owned),
        select(vec!["", "", "", "", "...\n", "# end\n", "# end", "\n\n", "---\nb: 2\n", "...\nrest: 1\n", "  "])
            .prop_map(str::to_owned),
    )
        .prop_map(|(indent, indented_sequences, compact, comment, crlf, head, tail)| Layout {
            indent,
            indented_sequences,
            compact,
            comment,
            crlf,
            head,
            tail,
        })
}

fn written() -> impl Strategy<Value = Written> {
    let leaf = prop_oneof![
        3 => select(TRAPS).prop_map(|text| Written::Raw(text.to_owned())),
        8 => "[a-z0-9]{1,6}".prop_map(Written::Raw),
        1 => vec("[a-z]{1,5}", 1..4).prop_map(|lines| Written::Raw(lines.join("\n"))),
        2 => "[-+0-9._:eExobT]{1,8}".prop_map(Written::Raw),
        2 => text().prop_map(Written::Single),
        3 => text().prop_map(Written::Double),
        3 => (header(), vec(line(), 0..5)).prop_map(|(header, lines)| Written::Block(header, lines)),
        1 => select(vec!["a", "b"]).prop_map(|name| Written::Alias(name.to_owned())),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            2 => (prop::bool::weighted(0.3), vec(inner.clone(), 0..4))
                .prop_map(|(flow, items)| Written::Sequence { flow, items }),
            4 => (prop::bool::weighted(0.3), vec((written_key(), inner.clone()), 0..5))
                .prop_map(|(flow, entries)| Written::Mapping { flow, entries }),
            1 => (property(), inner).prop_map(|(property, node)| Written::Property(property, Box::new(node))),
        ]
    })
}

fn written_key() -> impl Strategy<Value = Written> {
    prop_oneof![
        6 => "[a-z]{1,4}".prop_map(Written::Raw),
        1 => Just(Written::Raw("<<".to_owned())),
        1 => select(TRAPS).prop_map(|text| Written::Raw(text.to_owned())),
        1 => key().prop_map(Written::Single),
        1 => key().prop_map(Written::Double),
    ]
}

fn property() -> impl Strategy<Value = String> {
    select(vec![
        "&a",
        "&b",
        "&a",
        "&b",
        "&a-b_1",
        "!t",
        "!!str",
        "!!int",
        "!!float",
        "!!bool",
        "!!null",
        "!!map",
        "!!seq",
        "!!binary",
        "!!timestamp",
        "!",
        "!<tag:yaml.org,2002:str>",
        "&a !!str",
        "!!str &a",
        "!<!x>",
        "!x%21y",
    ])
    .prop_map(str::to_owned)
}

fn header() -> impl Strategy<Value = String> {
    (
        select(vec!["|", ">"]),
        select(vec!["", "", "", "-", "+", "1", "2", "2-", "-2", "+1", "4"]),
        select(vec!["", "", " ", " # c"]),
    )
        .prop_map(|(style, hints, rest)| format!("{style}{hints}{rest}"))
}

fn line() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[a-z]{1,6}",
        2 => Just(String::new()),
        1 => "[ -~]{0,12}",
        1 => " {1,3}[a-z]{0,4}",
        1 => select(vec!["\ta", "# c", "- a", "a: b", "a\tb", "a ", "\u{85}", "x\u{2028}y", "---", "..."]).prop_map(str::to_owned),
    ]
}

impl Layout {
    fn document(&self, node: &Written) -> String {
        let mut out = self.head.clone();
        let mut body = String::new();
        self.block(&mut body, node, 0, true);
        out.push_str(body.trim_start_matches('\n'));
        if !out.ends_with('\n') {
            out.push('\n');
        }
        out.push_str(&self.tail);
        if self.crlf { out.replace('\n', "\r\n") } else { out }
    }

    /// Writes a node after a `key:` or a `-`; `indent` is where its lines start.
    fn block(&self, out: &mut String, node: &Written, indent: usize, root: bool) {
        match node {
            Written::Sequence { flow: false, items } if !items.is_empty() => {
                for item in items {
                    self.line(out, indent);
                    out.push('-');
                    self.item(out, item, indent + if self.compact { 2 } else { self.indent });
                }
            }
            Written::Mapping { flow: false, entries } if !entries.is_empty() => {
                for (key, value) in entries {
                    self.line(out, indent);
                    self.flow(out, key, indent);
                    out.push(':');
                    let indented = match value {
                        Written::Sequence { flow: false, .. } if !self.indented_sequences => indent,
                        _ => indent + self.indent,
                    };
                    self.block(out, value, indented, false);
                }
            }
            Written::Property(property, inner) => {
                out.push(' ');
                out.push_str(property);
                self.block(out, inner, indent, root);
            }
            Written::Block(header, lines) => {
                out.push(' ');
                out.push_str(header);
                for line in lines {
                    out.push('\n');
                    if !line.is_empty() {
                        out.push_str(&" ".repeat(indent));
                        out.push_str(line);
                    }
                }
            }
            _ => {
                if !root {
                    out.push(' ');
                }
                self.flow(out, node, indent);
                if let Some(comment) = &self.comment {
                    out.push_str(" #");
                    out.push_str(comment);
                }
            }
        }
    }

    fn item(&self, out: &mut String, node: &Written, indent: usize) {
        match node {
            // The first entry stands beside the dash.
            Written::Mapping { flow: false, entries } if self.compact && !entries.is_empty() => {
                let mut inner = String::new();
                self.block(&mut inner, node, indent, false);
                out.push(' ');
                out.push_str(inner.trim_start());
            }
            _ => self.block(out, node, indent, false),
        }
    }

    fn flow(&self, out: &mut String, node: &Written, indent: usize) {
        match node {
            Written::Raw(text) => out.push_str(&text.replace('\n', &format!("\n{}", " ".repeat(indent)))),
            Written::Single(text) => {
                out.push('\'');
                out.push_str(&text.replace('\'', "''"));
                out.push('\'');
            }
            Written::Double(text) => out.push_str(&double(text)),
            Written::Alias(name) => {
                out.push('*');
                out.push_str(name);
            }
            Written::Property(property, inner) => {
                out.push_str(property);
                out.push(' ');
                self.flow(out, inner, indent);
            }
            Written::Block(_, lines) => out.push_str(&double(&lines.join("\n"))),
            Written::Sequence { items, .. } => {
                out.push('[');
                for (index, item) in items.iter().enumerate() {
                    out.push_str(if index > 0 { ", " } else { "" });
                    self.flow(out, item, indent);
                }
                out.push(']');
            }
            Written::Mapping { entries, .. } => {
                out.push('{');
                for (index, (key, value)) in entries.iter().enumerate() {
                    out.push_str(if index > 0 { ", " } else { "" });
                    self.flow(out, key, indent);
                    out.push_str(": ");
                    self.flow(out, value, indent);
                }
                out.push('}');
            }
        }
    }

    fn line(&self, out: &mut String, indent: usize) {
        out.push('\n');
        out.push_str(&" ".repeat(indent));
    }
}

/// Some characters escaped, some raw.
fn double(text: &str) -> String {
    let mut out = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\t' => out.push_str("\\t"),
            '\0' => out.push_str("\\0"),
            '\u{7f}'..='\u{9f}' if letter != '\u{85}' => out.push_str(&format!("\\x{:02x}", u32::from(letter))),
            '\u{fffe}' | '\u{ffff}' => out.push_str(&format!("\\u{:04x}", u32::from(letter))),
            '\u{1}'..='\u{1f}' if letter != '\n' => out.push_str(&format!("\\x{:02x}", u32::from(letter))),
            _ => out.push(letter),
        }
    }
    out.push('"');
    out
}
