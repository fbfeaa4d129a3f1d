//! Flux's post-build substitution: `${variables}` in built objects, filled in as kustomize-controller does it.
//!
//! [`expand`] works on any text, [`substitute`] on one object and [`substitute_all`] on those of a build. An object is
//! printed as YAML, its text is expanded, and the result is read again in the YAML 1.1 dialect: so a value may change its
//! type, and `port: "${PORT}"` becomes a number, since printing has dropped the quotes.
//!
//! ```
//! use windlass_render::substitute::{Mode, Variables, expand};
//!
//! let mut variables = Variables::new();
//! variables.insert("DOMAIN", "home.example.test")?;
//! let text = "host: dash.${DOMAIN}\nzone: ${DOMAIN//./-}\ntz: ${TZ:=UTC}\nshell: $${HOME}\n";
//! assert_eq!(
//!     expand(text, &variables, Mode::Strict)?.as_str(),
//!     "host: dash.home.example.test\nzone: home-example-test\ntz: UTC\nshell: ${HOME}\n"
//! );
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! | written | means |
//! |---|---|
//! | `${v}` | the value |
//! | `${v:=d}` `${v:-d}` `${v=d}` | the value, or `d` where it is empty or not set; `d` may hold expressions. `:?` and `:+` mean the same |
//! | `${#v}` | its length in bytes |
//! | `${v^}` `${v^^}` `${v,}` `${v,,}` | first or all letters in upper or lower case |
//! | `${v:pos}` `${v:pos:len}` | a part, counted in bytes; negative numbers count from the end |
//! | `${v#p}` `${v##p}` `${v%p}` `${v%%p}` | without the shortest or longest prefix or suffix that the pattern matches |
//! | `${v/a/b}` `//` `/#` `/%` | `a` replaced by `b`: once, everywhere, at the start, at the end; `\/` and `\\` for a slash and a backslash |
//! | `$$` | one dollar, before a brace or not: `$${v}` is the text `${v}` |
//! | `$v` | itself |
//!
//! # Where this differs from Flux
//! * A variable is checked for its name when it is [inserted](Variables::insert), and all that are not set are reported
//!   together.
//! * Nesting, output and pattern matching have [limits](ExpandError::Limit); `${v:1:9223372036854775807}`, which makes
//!   Flux panic, is the rest of the value.
//! * Text after a NUL character is kept (Flux drops it; YAML cannot hold one anyway).
//!
//! What it copies, though it looks odd: all numbers of an object pass through floating point, so integers beyond 2^53 are
//! rounded, wherever there are variables at all; the default of a set variable must be well-formed and in strict mode its variables
//! must be set; `${v/#a/}` with an empty replacement changes nothing; `${v%p}` reverses value and pattern, so that classes
//! in the pattern (`[a-z]`) never match.

mod error;
mod evaluate;
mod glob;
mod object;
mod parse;
mod scan;
mod transform;
mod variables;

pub use error::{ExpandError, SubstituteError, SubstituteFault, SyntaxFault, Unset};
pub use evaluate::expand;
pub use object::{Options, Strategy, Substitution, substitute, substitute_all};
pub use variables::{InvalidName, Variables};

/// What becomes of a variable that is not set and has no default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Mode {
    /// An error, as in Flux since 2.9.
    #[default]
    Strict,
    /// Nothing stands in its place.
    Lenient,
}
