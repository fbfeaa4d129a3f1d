use std::borrow::Cow;
use std::ops::Range;

use super::error::{ExpandError, SyntaxFault};
use super::scan::{Escapes, Scanner};

/// How deep expressions may stand in one another.
pub(super) const MAX_DEPTH: usize = 64;

/// A part of a text.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Part<'t> {
    Text(Cow<'t, str>),
    Expression(Expression<'t>),
}

/// `${…}`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Expression<'t> {
    pub(super) name: &'t str,
    pub(super) operator: Operator,
    /// A default is all of them, one after the other; other operators take each for itself.
    pub(super) arguments: Vec<Part<'t>>,
    /// Where it stands in the text.
    pub(super) span: Range<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Value,
    Length,
    Default,
    UpperFirst,
    Upper,
    LowerFirst,
    Lower,
    Substring,
    TrimPrefix { longest: bool },
    TrimSuffix { longest: bool },
    ReplaceFirst,
    ReplaceAll,
    ReplacePrefix,
    ReplaceSuffix,
}

/// Takes a text apart.
pub(super) fn parse(text: &str) -> Result<Vec<Part<'_>>, ExpandError> {
    let mut parser = Parser { text, scanner: Scanner::new(text), start: 0 };
    let mut parts = Vec::new();
    while parser.scanner.peek().is_some() {
        parts.push(if parser.scanner.at_expression() {
            Part::Expression(parser.expression(0)?)
        } else {
            Part::Text(parser.scanner.word(&[], Escapes::Dollar))
        });
    }
    Ok(parts)
}

struct Parser<'t> {
    text: &'t str,
    scanner: Scanner<'t>,
    /// Where the outermost expression starts, which is what an error shows.
    start: usize,
}

impl<'t> Parser<'t> {
    fn expression(&mut self, depth: usize) -> Result<Expression<'t>, ExpandError> {
        let start = self.scanner.position();
        if depth == 0 {
            self.start = start;
        }
        if depth > MAX_DEPTH {
            let line = super::error::line_of(self.text, start);
            return Err(ExpandError::Limit { limit: "levels of nested expressions", value: MAX_DEPTH, line });
        }
        self.scanner.take("${");
        let length = self.scanner.take("#");
        let name = self.scanner.name();
        if name.is_empty() {
            return Err(self.fault(SyntaxFault::Name));
        }
        let (operator, arguments) = if length { (Operator::Length, Vec::new()) } else { self.operation(depth)? };
        if !self.scanner.take("}") {
            let fault = self.scanner.peek().map_or(SyntaxFault::Unclosed, |found| match operator {
                Operator::Value => SyntaxFault::Operator { found },
                _ => SyntaxFault::Argument,
            });
            return Err(self.fault(fault));
        }
        Ok(Expression { name, operator, arguments, span: start..self.scanner.position() })
    }

    /// What stands between the name and the brace.
    fn operation(&mut self, depth: usize) -> Result<(Operator, Vec<Part<'t>>), ExpandError> {
        match self.scanner.peek() {
            Some(':') => {
                self.scanner.take(":");
                if ["=", "-", "?", "+"].into_iter().any(|sign| self.scanner.take(sign)) {
                    return Ok((Operator::Default, self.defaults(depth)?));
                }
                // Flux's scanner loses its place here.
                if self.scanner.peek().is_some_and(|next| !next.is_ascii()) {
                    return Err(self.fault(SyntaxFault::Argument));
                }
                Ok((Operator::Substring, self.bounds(depth)?))
            }
            Some('=') => {
                self.scanner.take("=");
                Ok((Operator::Default, self.defaults(depth)?))
            }
            Some(',' | '^') => Ok((self.casing(), Vec::new())),
            Some('/') => self.replacement(depth),
            Some(sign @ ('#' | '%')) => {
                let mut buffer = [0; 4];
                let sign = &*sign.encode_utf8(&mut buffer);
                self.scanner.take(sign);
                let longest = self.scanner.take(sign);
                let operator = match sign {
                    "#" => Operator::TrimPrefix { longest },
                    _ => Operator::TrimSuffix { longest },
                };
                Ok((operator, vec![self.argument(&['}'], Escapes::None, depth)?]))
            }
            _ => Ok((Operator::Value, Vec::new())),
        }
    }

    fn casing(&mut self) -> Operator {
        const SIGNS: [(&str, Operator); 6] = [
            ("^^", Operator::Upper),
            (",,", Operator::Lower),
            // Mixed signs are accepted and change nothing.
            ("^,", Operator::Value),
            (",^", Operator::Value),
            ("^", Operator::UpperFirst),
            (",", Operator::LowerFirst),
        ];
        let found = SIGNS.into_iter().find(|(signs, _)| self.scanner.take(signs));
        found.map_or(Operator::Value, |(_, operator)| operator)
    }

    fn replacement(&mut self, depth: usize) -> Result<(Operator, Vec<Part<'t>>), ExpandError> {
        const SIGNS: [(&str, Operator); 4] = [
            ("//", Operator::ReplaceAll),
            ("/#", Operator::ReplacePrefix),
            ("/%", Operator::ReplaceSuffix),
            ("/", Operator::ReplaceFirst),
        ];
        let found = SIGNS.into_iter().find(|(signs, _)| self.scanner.take(signs));
        let operator = found.map_or(Operator::ReplaceFirst, |(_, operator)| operator);
        let mut arguments = vec![self.argument(&['/'], Escapes::DollarAndBackslash, depth)?];
        if !self.scanner.take("/") {
            let fault = if self.scanner.peek().is_none() { SyntaxFault::Unclosed } else { SyntaxFault::Argument };
            return Err(self.fault(fault));
        }
        while self.scanner.take("/") {}
        if self.scanner.peek() != Some('}') {
            arguments.push(self.argument(&['}'], Escapes::DollarAndBackslash, depth)?);
        }
        Ok((operator, arguments))
    }

    fn bounds(&mut self, depth: usize) -> Result<Vec<Part<'t>>, ExpandError> {
        let mut arguments = vec![self.argument(&[':', '}'], Escapes::None, depth)?];
        if self.scanner.take(":") {
            while self.scanner.take(":") {}
            arguments.push(self.argument(&['}'], Escapes::None, depth)?);
        }
        Ok(arguments)
    }

    fn defaults(&mut self, depth: usize) -> Result<Vec<Part<'t>>, ExpandError> {
        let mut arguments = Vec::new();
        while self.scanner.peek() != Some('}') {
            arguments.push(self.argument(&['}'], Escapes::None, depth)?);
        }
        Ok(arguments)
    }

    /// One expression, or a word that is not empty.
    fn argument(&mut self, stops: &[char], escapes: Escapes, depth: usize) -> Result<Part<'t>, ExpandError> {
        if self.scanner.at_expression() {
            return Ok(Part::Expression(self.expression(depth + 1)?));
        }
        let before = self.scanner.position();
        let word = self.scanner.word(stops, escapes);
        if self.scanner.position() == before {
            let fault = if self.scanner.peek().is_none() { SyntaxFault::Unclosed } else { SyntaxFault::Argument };
            return Err(self.fault(fault));
        }
        Ok(Part::Text(word))
    }

    fn fault(&self, fault: SyntaxFault) -> ExpandError {
        ExpandError::syntax(self.text, self.start..self.scanner.position(), fault)
    }
}
