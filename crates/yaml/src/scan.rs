//! From characters to tokens, by go-yaml's rules.
//!
//! go-yaml is a YAML 1.1 scanner of the libyaml family: U+0085, U+2028 and U+2029 break lines, a key ends on its line and
//! within 1,024 characters, a tab may stand after a token but not before one that could be a key. YAML 1.2 parsers take and refuse other texts, and read some that both take otherwise.

mod block_scalar;
mod cursor;
mod directive;
mod plain_scalar;
mod property;
mod quoted_scalar;
mod scanner;
mod token;

pub(crate) use scanner::Scanner;
pub(crate) use token::TokenKind;
