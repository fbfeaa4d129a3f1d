//! The types of the table, one expression each, read where they stand.
//!
//! ```text
//! expression := flag* core
//! flag       := '?' may be null | '!' atomic | '~' granular, whatever the definition says
//! core       := 's' string | 'f' formatted string | 'y' bytes | 't' time | 'i' integer | 'n' number | 'b' boolean
//!             | 'x' int-or-string | 'q' quantity | 'a' anything | 'M' the metadata of a built-in object
//!             | '@' number            the definition of that number
//!             | '{' expression        mapping with such values
//!             | '[' expression        atomic list, '[=' set, '[key,key]' list merged by these keys
//! ```

use crate::{Keys, ListType, MapType, Scalar};

/// An expression taken apart at its first level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TypeExpression<'a> {
    pub(crate) nullable: bool,
    /// What a flag says about the mapping; the definition decides where there is none.
    pub(crate) map_type: Option<MapType>,
    pub(crate) core: Core<'a>,
}

/// What an expression names once its flags are off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Core<'a> {
    Scalar(Scalar),
    Any,
    ObjectMeta,
    Definition(usize),
    /// With the expression of the values.
    Map(&'a str),
    /// With the expression of the elements.
    List(ListType<'a>, &'a str),
}

impl<'a> TypeExpression<'a> {
    /// Reads `text`; what is no expression is anything at all, since a reader of schemas must not fail on one field.
    pub(crate) fn read(text: &'a str) -> Self {
        let mut expression = Self { nullable: false, map_type: None, core: Core::Any };
        let mut rest = text;
        while let Some(flag) = rest.as_bytes().first() {
            match flag {
                b'?' => expression.nullable = true,
                b'!' => expression.map_type = Some(MapType::Atomic),
                b'~' => expression.map_type = Some(MapType::Granular),
                _ => break,
            }
            rest = &rest[1..];
        }
        expression.core = Core::read(rest);
        expression
    }
}

impl<'a> Core<'a> {
    fn read(text: &'a str) -> Self {
        if let Some(number) = text.strip_prefix('@') {
            return number.parse().map_or(Self::Any, Self::Definition);
        }
        if let Some(value) = text.strip_prefix('{') {
            return Self::Map(value);
        }
        if let Some(rest) = text.strip_prefix('[') {
            return Self::read_list(rest);
        }
        match text {
            "M" => Self::ObjectMeta,
            _ => scalar(text).map_or(Self::Any, Self::Scalar),
        }
    }

    fn read_list(rest: &'a str) -> Self {
        if let Some(item) = rest.strip_prefix('=') {
            return Self::List(ListType::Set, item);
        }
        // Keys end at the first bracket that closes; nested lists only open them before their own keys.
        match rest.split_once(']') {
            Some((keys, item)) if !keys.contains(['[', '{', '@']) => {
                Self::List(ListType::Map { keys: Keys(keys) }, item)
            }
            _ => Self::List(ListType::Atomic, rest),
        }
    }
}

fn scalar(text: &str) -> Option<Scalar> {
    Some(match text {
        "s" => Scalar::String,
        "f" => Scalar::FormattedString,
        "y" => Scalar::Bytes,
        "t" => Scalar::Time,
        "i" => Scalar::Integer,
        "n" => Scalar::Number,
        "b" => Scalar::Boolean,
        "x" => Scalar::IntOrString,
        "q" => Scalar::Quantity,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn core(text: &str) -> Core<'_> {
        TypeExpression::read(text).core
    }

    #[test]
    fn lists_carry_their_type_and_their_elements() {
        assert_eq!(core("[=s"), Core::List(ListType::Set, "s"));
        assert_eq!(core("[[s"), Core::List(ListType::Atomic, "[s"));
        assert_eq!(core("[port,protocol]@3"), Core::List(ListType::Map { keys: Keys("port,protocol") }, "@3"));
        // The keys belong to the inner list.
        assert_eq!(core("[[name]@3"), Core::List(ListType::Atomic, "[name]@3"));
    }

    #[test]
    fn flags_stand_before_anything() {
        let read = TypeExpression::read("?!@12");
        assert!(read.nullable);
        assert_eq!((read.map_type, read.core), (Some(MapType::Atomic), Core::Definition(12)));
        assert_eq!(core("{q"), Core::Map("q"));
    }

    #[test]
    fn nonsense_is_anything() {
        for text in ["", "@", "@x", "é", "@99999999999999999999", "?", "zz"] {
            assert_eq!(core(text), Core::Any, "{text}");
        }
    }
}
