use std::fmt;
use std::ops::Range;

use windlass_manifest::{FieldPath, ObjectId, Origin};

/// Why a text could not be expanded. No retry helps but with other variables or another text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ExpandError {
    /// An expression is malformed.
    #[error("`{expression}` is no expression: {fault}")]
    Syntax {
        /// The expression, as far as it was understood and a little further.
        expression: String,
        /// Its line in the text, from 1.
        line: usize,
        /// What is wrong with it.
        fault: SyntaxFault,
    },
    /// Variables have no value and no default.
    #[error(
        "{}: give a value in postBuild.substitute or substituteFrom, or a default as in `${{NAME:=value}}`; `$${{NAME}}` is plain text",
        Unset::list(unset)
    )]
    NotSet {
        /// Each of them where it is first used, in the order of the text.
        unset: Vec<Unset>,
    },
    /// The expressions cost more than they may.
    #[error("substitution takes more than {value} {limit}")]
    Limit {
        /// What there is too much of.
        limit: &'static str,
        /// How much there may be.
        value: usize,
        /// The line where it was met, from 1.
        line: usize,
    },
    /// Offsets that count bytes have cut through a character.
    #[error("the result is no text: an offset such as `${{NAME:0:1}}` counts bytes, and has cut through a character")]
    NotText,
}

/// What is wrong with an expression.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SyntaxFault {
    /// No name stands after the opening brace.
    #[error("a name must follow the brace; write `$${{` where the text itself is meant")]
    Name,
    /// The text ends before the expression does.
    #[error("its closing brace is missing; write `$${{` where the text itself is meant")]
    Unclosed,
    /// Something stands after the name that is no operator.
    #[error(
        "`{found}` is no operator; a default takes `:-` or `:=`, and where the text itself is meant it starts with `$${{`"
    )]
    Operator {
        /// What stands there.
        found: char,
    },
    /// An operator lacks its argument, or has more than one.
    #[error("its operator takes one piece of text, or one expression, and then the closing brace")]
    Argument,
}

/// A variable without a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unset {
    /// Its name.
    pub name: String,
    /// The expression that asked for it.
    pub expression: String,
    /// The line of that, from 1.
    pub line: usize,
}

impl Unset {
    fn list(unset: &[Self]) -> String {
        let each: Vec<_> = unset.iter().map(Self::to_string).collect();
        each.join(", ")
    }
}

impl fmt::Display for Unset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "variable {} is not set", self.name)?;
        if self.expression.len() > self.name.len() + "${}".len() {
            write!(f, " in `{}`", self.expression)?;
        }
        Ok(())
    }
}

/// An object in which variables could not be filled in.
#[derive(Debug, thiserror::Error)]
#[error("{origin}: {object}{}: {fault}", at_field(field.as_ref()))]
pub struct SubstituteError {
    /// The object.
    pub object: ObjectId,
    /// Where it came from.
    pub origin: Origin,
    /// The field whose value (or key) holds the expression, where it is known.
    pub field: Option<FieldPath>,
    /// What is wrong.
    pub fault: SubstituteFault,
}

/// What is wrong with an object's substitution.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SubstituteFault {
    /// Its text could not be expanded.
    #[error(transparent)]
    Expand(ExpandError),
    /// The expanded text is no YAML: a value has brought in a character that means something there.
    #[error(
        "with its variables filled in it is no YAML at line {line} of the printed object; quote the value, or take out what is special in YAML"
    )]
    Yaml {
        /// The line of the printed object.
        line: usize,
        /// What the reader said; nothing where that could show a secret.
        source: Option<windlass_yaml::Error>,
    },
    /// The expanded text is YAML and no object any more.
    #[error("with its variables filled in it is no Kubernetes object")]
    NotAnObject {
        /// Why.
        source: windlass_manifest::Error,
    },
}

impl ExpandError {
    pub(super) fn syntax(text: &str, read: Range<usize>, fault: SyntaxFault) -> Self {
        Self::Syntax { line: line_of(text, read.start), expression: excerpt(text, &read), fault }
    }

    /// The expression that is to blame, where there is one.
    pub(super) fn expression(&self) -> Option<&str> {
        match self {
            Self::Syntax { expression, .. } => Some(expression),
            Self::NotSet { unset } => unset.first().map(|unset| unset.expression.as_str()),
            _ => None,
        }
    }

    /// The same without any text of the object but the names of variables.
    pub(super) fn redacted(mut self) -> Self {
        match &mut self {
            Self::Syntax { expression, .. } => "<redacted>".clone_into(expression),
            Self::NotSet { unset } => {
                unset.iter_mut().for_each(|unset| unset.expression = format!("${{{}}}", unset.name));
            }
            _ => {}
        }
        self
    }
}

/// The line of `position`, from 1.
pub(super) fn line_of(text: &str, position: usize) -> usize {
    let before = text.as_bytes().get(..position).unwrap_or_default();
    before.iter().filter(|byte| **byte == b'\n').count() + 1
}

/// One line of what was read, and a little more, so that one sees where it goes on.
pub(super) fn excerpt(text: &str, read: &Range<usize>) -> String {
    const LONGEST: usize = 60;
    let rest = text.get(read.start..).unwrap_or_default();
    let line = rest.lines().next().unwrap_or_default();
    let read = read.len();
    // Up to the brace that closes it, if it is near; braces of inner expressions close those.
    let end = line.match_indices('}').map(|(at, _)| at + 1).find(|end| *end >= read).unwrap_or(line.len());
    match line.char_indices().nth(LONGEST) {
        Some((cut, _)) if cut < end => format!("{}…", &line[..cut]),
        _ => line[..end].to_owned(),
    }
}

fn at_field(field: Option<&FieldPath>) -> String {
    field.map(|field| format!(" at {field}")).unwrap_or_default()
}
