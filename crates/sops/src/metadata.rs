//! The `sops` entry of a document: for whom it is encrypted, and how.

use crate::recipient::Recipient;
use crate::scalar::time_in_seconds;
use crate::selector::Selector;
use crate::{Error, Format, metadata_fields, stores};

/// What the `sops` entry of a document says. It holds no key in clear, and its `Debug` leaves out the encrypted ones.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Metadata {
    /// Who can open the document. One group: each recipient alone. Several: see
    /// [`shamir_threshold`](Self::shamir_threshold).
    pub groups: Vec<KeyGroup>,
    /// How many groups have to be opened, where there are several. Absent: as many as open, at least two.
    pub shamir_threshold: Option<usize>,
    /// Which values are encrypted.
    pub selector: Selector,
    /// Whether the MAC covers the encrypted values only.
    pub mac_only_encrypted: bool,
    /// The time of the last change, as it stands there.
    pub last_modified: Option<String>,
    /// The version of the program that wrote the document.
    pub version: Option<String>,
    pub(crate) mac: Option<String>,
}

impl Metadata {
    /// Reads the metadata of an encrypted document. No identity is needed.
    ///
    /// ```
    /// use windlass_sops::{Format, Metadata, Selector};
    ///
    /// let text = br#"{"sops": {"age": [{"recipient": "age1abc", "enc": "..."}], "encrypted_regex": "^data$"}}"#;
    /// let metadata = Metadata::read(text, Format::Json)?;
    /// assert_eq!(metadata.recipients().next().unwrap().id, "age1abc");
    /// assert_eq!(metadata.selector, Selector::EncryptedRegex("^data$".into()));
    /// # Ok::<(), windlass_sops::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// When the text is not of the format, has no `sops` entry, or has a broken one.
    pub fn read(text: &[u8], format: Format) -> Result<Self, Error> {
        let mut documents = stores::read(text, format)?;
        metadata_fields::take(&mut documents, format)
    }

    /// sops looks for the time first, whether or not the MAC bound to it will be verified: a file cut off in its metadata is
    /// told as such.
    pub(crate) fn check_time(&self) -> Result<(), Error> {
        let reason = match &self.last_modified {
            None => "is missing: the metadata is incomplete",
            Some(time) if time_in_seconds(time).is_none() => "is no time as in 2026-11-20T05:25:08Z",
            Some(_) => return Ok(()),
        };
        Err(Error::Metadata { field: "sops.lastmodified".to_owned(), reason: reason.to_owned() })
    }

    /// The command of sops refuses a file without a version, which is often the last line: a file cut off in it is told as
    /// such. Its library, and so Flux, does not ask.
    pub(crate) fn check_version(&self) -> Result<(), Error> {
        let reason = match self.version.as_deref() {
            None | Some("") => "is missing: the metadata is incomplete",
            Some(version) if !is_version(version) => "is no version such as 3.11.0: the metadata is incomplete",
            Some(_) => return Ok(()),
        };
        Err(Error::Metadata { field: "sops.version".to_owned(), reason: reason.to_owned() })
    }

    /// All recipients of all groups.
    pub fn recipients(&self) -> impl Iterator<Item = &Recipient> {
        self.groups.iter().flat_map(|group| &group.recipients)
    }
}

/// A semantic version, with a `v` before it or none, or what begins like the first ones of sops.
fn is_version(text: &str) -> bool {
    let is_number = |part: &str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()) && (part == "0" || !part.starts_with('0'))
    };
    let number = text.strip_prefix('v').unwrap_or(text);
    let core = number.split(['-', '+']).next().unwrap_or_default();
    let rest = &number[core.len()..];
    let parts: Vec<_> = core.split('.').collect();
    text.starts_with("1.") || (parts.len() == 3 && parts.iter().all(|part| is_number(part)) && rest.len() != 1)
}

/// Recipients of whom each can open the document, or this group's share of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeyGroup {
    /// The recipients, age first, then in the order of the document.
    pub recipients: Vec<Recipient>,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As sops 3.11.0 takes and refuses them.
    #[test]
    fn versions_are_told_from_what_is_none() {
        for text in ["3.11.0", "v3.11.0", "3.11.0-rc.1", "1.14", "1.2.3.4", "99.1.1"] {
            assert!(is_version(text), "{text}");
        }
        for text in ["", "3", "3.11", "abc", "3.11.x", "3..1", "03.1.1", "V3.11.0", "vv3.11.0", " 3.11.0", "3.11.0-"] {
            assert!(!is_version(text), "{text}");
        }
    }
}
