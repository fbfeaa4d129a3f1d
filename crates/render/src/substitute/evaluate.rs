use std::collections::BTreeSet;

use zeroize::{Zeroize, Zeroizing};

use super::error::{ExpandError, Unset, excerpt, line_of};
use super::glob::Steps;
use super::parse::{Expression, Operator, Part, parse};
use super::transform::{TransformFault, transform};
use super::{Mode, Variables};

/// How many bytes the text, and every value on the way, may have together. An object in a cluster has at most 3 MiB.
const MAX_BYTES: usize = 32 << 20;

/// How many steps the matching of patterns may take.
const MAX_STEPS: usize = 4_000_000;

/// Fills the variables into a text.
///
/// The text is taken apart as a whole before any of it is filled in. What comes out is not read again: a `${…}` in a value
/// stays.
///
/// # Errors
/// Where an expression is malformed, a variable is not set in [`Mode::Strict`], or a limit is met. The error holds no value.
pub fn expand(text: &str, variables: &Variables, mode: Mode) -> Result<Zeroizing<String>, ExpandError> {
    expand_tracked(text, variables, mode).map(|expanded| expanded.text)
}

/// A text with its variables filled in, and what that took.
pub(super) struct Expanded {
    pub(super) text: Zeroizing<String>,
    /// The names that were asked for, set or not.
    pub(super) used: BTreeSet<String>,
    /// Whether a secret value was among them.
    pub(super) secret: bool,
}

pub(super) fn expand_tracked(text: &str, variables: &Variables, mode: Mode) -> Result<Expanded, ExpandError> {
    let parts = parse(text)?;
    let mut evaluation = Evaluation {
        text,
        variables,
        mode,
        steps: Steps(MAX_STEPS),
        spent: 0,
        used: BTreeSet::new(),
        secret: false,
        unset: Vec::new(),
    };
    let mut out = Output::new(text.len(), MAX_BYTES);
    for part in &parts {
        evaluation.part(part, &mut out)?;
    }
    if !evaluation.unset.is_empty() {
        return Err(ExpandError::NotSet { unset: evaluation.unset });
    }
    let Evaluation { used, secret, .. } = evaluation;
    Ok(Expanded { text: out.into_text().ok_or(ExpandError::NotText)?, used, secret })
}

struct Evaluation<'a> {
    text: &'a str,
    variables: &'a Variables,
    mode: Mode,
    steps: Steps,
    /// The bytes of values looked at.
    spent: usize,
    used: BTreeSet<String>,
    secret: bool,
    unset: Vec<Unset>,
}

impl<'a> Evaluation<'a> {
    fn part(&mut self, part: &Part<'_>, out: &mut Output) -> Result<(), ExpandError> {
        match part {
            Part::Text(text) => out.push(text.as_bytes()).map_err(|fault| limit(fault, 0, self.text)),
            Part::Expression(expression) => self.expression(expression, out),
        }
    }

    fn expression(&mut self, expression: &Expression<'_>, out: &mut Output) -> Result<(), ExpandError> {
        let mut arguments = Vec::with_capacity(expression.arguments.len());
        for argument in &expression.arguments {
            let mut value = out.limited_alike();
            self.part(argument, &mut value)?;
            arguments.push(value);
        }
        let start = expression.span.start;
        let value = self.value(expression);
        self.spent += value.len();
        if self.spent > MAX_BYTES {
            return Err(limit(TransformFault::Output, start, self.text));
        }
        transform(expression.operator, value, &arguments, out, &mut self.steps)
            .map_err(|fault| limit(fault, start, self.text))
    }

    /// The value of the variable, empty where there is none; that is noted where it is a fault.
    fn value(&mut self, expression: &Expression<'_>) -> &'a str {
        let Expression { name, operator, span, .. } = expression;
        if !self.used.contains(*name) {
            self.used.insert((*name).to_owned());
            self.secret |= self.variables.is_secret(name);
        }
        let value = self.variables.get(name);
        let fault = value.is_none() && self.mode == Mode::Strict && *operator != Operator::Default;
        if fault && self.unset.iter().all(|unset| unset.name != *name) {
            self.unset.push(Unset {
                name: (*name).to_owned(),
                expression: excerpt(self.text, span),
                line: line_of(self.text, span.start),
            });
        }
        value.unwrap_or_default()
    }
}

fn limit(fault: TransformFault, start: usize, text: &str) -> ExpandError {
    let (limit, value) = match fault {
        TransformFault::Output => ("bytes", MAX_BYTES),
        TransformFault::Steps => ("steps of matching patterns", MAX_STEPS),
    };
    ExpandError::Limit { limit, value, line: line_of(text, start) }
}

/// Bytes that are wiped, wherever they have been, and that end at a limit.
pub(super) struct Output {
    bytes: Zeroizing<Vec<u8>>,
    limit: usize,
}

impl Output {
    fn new(capacity: usize, limit: usize) -> Self {
        Self { bytes: Zeroizing::new(Vec::with_capacity(capacity)), limit }
    }

    /// An empty one that may hold what this one may still take.
    pub(super) fn limited_alike(&self) -> Self {
        Self::new(0, self.limit - self.bytes.len())
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(super) fn push(&mut self, more: &[u8]) -> Result<(), TransformFault> {
        let length = self.bytes.len() + more.len();
        if length > self.limit {
            return Err(TransformFault::Output);
        }
        if length > self.bytes.capacity() {
            // A vector that grows by itself leaves its old bytes behind.
            let mut larger = Zeroizing::new(Vec::with_capacity(length.max(2 * self.bytes.capacity())));
            larger.extend_from_slice(&self.bytes);
            self.bytes = larger;
        }
        self.bytes.extend_from_slice(more);
        Ok(())
    }

    fn into_text(mut self) -> Option<Zeroizing<String>> {
        match String::from_utf8(std::mem::take(&mut *self.bytes)) {
            Ok(text) => Some(Zeroizing::new(text)),
            Err(error) => {
                error.into_bytes().zeroize();
                None
            }
        }
    }
}
