//! The file formats that SOPS knows.

use std::fmt;
use std::path::Path;

/// The format a SOPS document is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// YAML, of one or several documents.
    Yaml,
    /// One JSON object.
    Json,
    /// `KEY=value` lines, taken as they stand: quotes are a part of the value.
    Dotenv,
    /// Sections of `key = value` lines, as go-ini reads them.
    Ini,
    /// Any bytes, kept as one value in a JSON envelope.
    Binary,
}

impl Format {
    /// The format SOPS takes a file of this name for: `.yaml` and `.yml`, `.json`, `.env`, `.ini`, and
    /// [`Binary`](Format::Binary) for every other name.
    ///
    /// As in SOPS the suffix is compared letter by letter: `SECRET.YAML` is binary.
    ///
    /// ```
    /// use windlass_sops::Format;
    ///
    /// assert_eq!(Format::of_path("apps/web/secret.sops.yaml"), Format::Yaml);
    /// assert_eq!(Format::of_path("tls.key"), Format::Binary);
    /// ```
    pub fn of_path(path: impl AsRef<Path>) -> Self {
        let path = path.as_ref().as_os_str().as_encoded_bytes();
        let known: [(&[u8], Self); 5] = [
            (b".yaml", Self::Yaml),
            (b".yml", Self::Yaml),
            (b".json", Self::Json),
            (b".env", Self::Dotenv),
            (b".ini", Self::Ini),
        ];
        known.iter().find(|(suffix, _)| path.ends_with(suffix)).map_or(Self::Binary, |(_, format)| *format)
    }

    /// The text that every file encrypted in this format holds, as Flux looks for it.
    fn marker(self) -> &'static [u8] {
        match self {
            Self::Yaml => b"mac: ENC[",
            Self::Json | Self::Binary => b"\"mac\": \"ENC[",
            Self::Dotenv => b"sops_mac=ENC[",
            Self::Ini => b"[sops]",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Yaml => "YAML",
            Self::Json => "JSON",
            Self::Dotenv => "dotenv",
            Self::Ini => "INI",
            Self::Binary => "binary",
        })
    }
}

/// Whether a file looks encrypted: a search for the marker text of its format, without parsing.
///
/// This is the test kustomize-controller applies to every file of a repository, so it answers as Flux
/// does; it costs one pass over the bytes. A file that was encrypted and then re-formatted by hand
/// (`"mac":"ENC[` without the space) is not seen, by Flux neither; [`Metadata::read`](crate::Metadata::read)
/// gives the exact answer.
pub fn is_encrypted(text: &[u8], format: Format) -> bool {
    let marker = format.marker();
    text.windows(marker.len()).any(|window| window == marker)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suffix_decides_and_everything_else_is_binary() {
        for (path, format) in [
            ("a.yaml", Format::Yaml),
            ("a.yml", Format::Yaml),
            ("dir.json/x.json", Format::Json),
            (".env", Format::Dotenv),
            ("a.ini", Format::Ini),
            ("a.YAML", Format::Binary),
            ("yaml", Format::Binary),
            (".dockerconfigjson", Format::Binary),
        ] {
            assert_eq!(Format::of_path(path), format, "{path}");
        }
    }

    #[test]
    fn sniff_needs_the_marker_of_the_format() {
        assert!(is_encrypted(b"a: b\nsops:\n  mac: ENC[AES", Format::Yaml));
        assert!(!is_encrypted(b"a: b\nsops:\n  mac: ENC[AES", Format::Json));
        assert!(is_encrypted(br#"{"sops": {"mac": "ENC["#, Format::Json));
        assert!(!is_encrypted(b"", Format::Yaml));
    }
}
