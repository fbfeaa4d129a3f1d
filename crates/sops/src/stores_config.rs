//! How the formats are printed: the `stores` of a `.sops.yaml`, or `--indent`.

use crate::yaml_layout::INDENT;

/// How the formats are printed where they are printed as sops does: the `stores` of a `.sops.yaml`, or `--indent`.
///
/// What is patched in place keeps the indentation of its text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoresConfig {
    /// Blanks per level in YAML. 0 stands for 4; and as go-yaml does, 1 and everything beyond 9 for 2.
    pub yaml_indent: u16,
    /// Blanks per level in JSON. Default: a tab.
    pub json_indent: Option<u16>,
    /// Blanks per level in the JSON around a binary file. Default: a tab.
    pub json_binary_indent: Option<u16>,
}

impl StoresConfig {
    /// The same number of blanks in all formats, as `sops --indent` sets it.
    pub fn indent(blanks: u16) -> Self {
        Self { yaml_indent: blanks, json_indent: Some(blanks), json_binary_indent: Some(blanks) }
    }

    /// The step of YAML.
    pub(crate) fn yaml_step(self) -> usize {
        match self.yaml_indent {
            0 => INDENT,
            step @ 2..=9 => step.into(),
            _ => 2,
        }
    }

    /// What a level of JSON is indented with.
    pub(crate) fn json_text(self) -> String {
        indentation(self.json_indent)
    }

    /// The same for the envelope of a binary file.
    pub(crate) fn json_binary_text(self) -> String {
        indentation(self.json_binary_indent)
    }
}

fn indentation(blanks: Option<u16>) -> String {
    blanks.map_or_else(|| "\t".to_owned(), |blanks| " ".repeat(blanks.into()))
}
