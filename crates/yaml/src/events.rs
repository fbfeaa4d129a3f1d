//! The one place that knows the parser: its events as ours, its errors as ours.

use saphyr_parser::{Event as Parsed, Marker, Parser, ScalarStyle, ScanError, StrInput, Tag};

use crate::{Error, Position, Span, Style};

/// An anchor: equal numbers mean the same anchored node, so a name given twice has two numbers.
pub(crate) type Anchor = usize;

/// What follows next in a text.
#[derive(Debug)]
pub(crate) enum Event {
    DocumentStart,
    DocumentEnd,
    Alias(Anchor),
    Scalar { text: String, style: Style, anchor: Option<Anchor>, tag: Option<String> },
    SequenceStart { anchor: Option<Anchor>, tag: Option<String> },
    SequenceEnd,
    MappingStart { anchor: Option<Anchor>, tag: Option<String> },
    MappingEnd,
    End,
}

/// The events of a text, one by one.
pub(crate) struct Events<'a> {
    parser: Parser<'a, StrInput<'a>>,
}

impl<'a> Events<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { parser: Parser::new_from_str(text.strip_prefix('\u{feff}').unwrap_or(text)) }
    }

    pub(crate) fn next(&mut self) -> Result<(Event, Span), Error> {
        loop {
            let Some(next) = self.parser.next_event() else {
                return Ok((Event::End, Span { start: Position::START, end: Position::START }));
            };
            let (event, span) = next.map_err(|error| malformed(&error))?;
            let span = Span { start: position(span.start), end: position(span.end) };
            if let Some(event) = translate(event) {
                return Ok((event, span));
            }
        }
    }
}

fn translate(event: Parsed<'_>) -> Option<Event> {
    Some(match event {
        Parsed::Nothing | Parsed::StreamStart => return None,
        Parsed::StreamEnd => Event::End,
        Parsed::DocumentStart(_) => Event::DocumentStart,
        Parsed::DocumentEnd => Event::DocumentEnd,
        Parsed::Alias(anchor) => Event::Alias(anchor),
        Parsed::Scalar(text, style, anchor, tag) => Event::Scalar {
            text: text.into_owned(),
            style: translate_style(style),
            anchor: translate_anchor(anchor),
            tag: tag.map(|tag| translate_tag(&tag)),
        },
        Parsed::SequenceStart(anchor, tag) => Event::SequenceStart {
            anchor: translate_anchor(anchor),
            tag: tag.map(|tag| translate_tag(&tag)),
        },
        Parsed::SequenceEnd => Event::SequenceEnd,
        Parsed::MappingStart(anchor, tag) => Event::MappingStart {
            anchor: translate_anchor(anchor),
            tag: tag.map(|tag| translate_tag(&tag)),
        },
        Parsed::MappingEnd => Event::MappingEnd,
    })
}

fn translate_style(style: ScalarStyle) -> Style {
    match style {
        ScalarStyle::Plain => Style::Plain,
        ScalarStyle::SingleQuoted => Style::SingleQuoted,
        ScalarStyle::DoubleQuoted => Style::DoubleQuoted,
        ScalarStyle::Literal => Style::Literal,
        ScalarStyle::Folded => Style::Folded,
    }
}

/// The parser's number for "no anchor" is 0.
fn translate_anchor(anchor: Anchor) -> Option<Anchor> {
    (anchor != 0).then_some(anchor)
}

fn translate_tag(tag: &Tag) -> String {
    let whole = format!("{}{}", tag.handle, tag.suffix);
    match whole.strip_prefix("tag:yaml.org,2002:") {
        Some(name) => format!("!!{name}"),
        None => whole,
    }
}

fn position(marker: Marker) -> Position {
    Position { line: marker.line().max(1), column: marker.col() + 1 }
}

fn malformed(error: &ScanError) -> Error {
    let position = position(*error.marker());
    let problem = error.info();
    if problem.contains("unknown anchor") {
        Error::UnknownAlias { position }
    } else if problem.contains("tab") {
        Error::TabIndentation { position }
    } else {
        Error::Malformed { position, problem: problem.to_owned() }
    }
}
