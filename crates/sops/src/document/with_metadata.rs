//! The plaintext with the `sops` entry beside it: recipients and selector edited like values.

use zeroize::Zeroizing;

use super::Document;
use crate::encrypt::refuse_repeated_keys;
use crate::metadata::Metadata;
use crate::same::{Extent, same_documents};
use crate::tree::Branch;
use crate::{Error, Format, Recipients, WriteError, metadata_fields, recipients, stores, written, yaml_written};

/// What [`save`](Document::save) makes.
const MADE: [&str; 3] = ["mac", "lastmodified", "version"];

impl Document {
    /// The plaintext in the layout of the file with its `sops` entry, as `sops edit --show-master-keys` shows it. A binary
    /// document is shown as the JSON that it is kept as.
    ///
    /// # Errors
    ///
    /// Where the format cannot hold the values, as a binary document that is no text.
    pub fn plaintext_with_metadata(&self) -> Result<Zeroizing<Vec<u8>>, WriteError> {
        let mut documents = self.plain.clone();
        for (number, document) in documents.iter_mut().enumerate() {
            let behind = self.behind.get(number).copied().unwrap_or_default();
            stores::put_metadata(document, &self.fields, self.format, behind);
        }
        let text = written::decrypted(&self.as_source(), &documents)?;
        let read = stores::read(&text, self.format).map_err(|error| WriteError::Unreadable(Some(error)))?;
        if same_documents(&read, &documents, Extent::Values) { Ok(text) } else { Err(WriteError::Unreadable(None)) }
    }

    /// Takes a new plaintext with its `sops` entry: values as [`replace`](Self::replace) does, recipients, key groups and
    /// their threshold, the selector and whatever fields nobody here knows. Says whether that changed anything.
    ///
    /// A recipient that is new needs no `enc`: it is made when the document is saved. Where somebody was removed the data key
    /// is [rotated](Self::rotate), since whoever had it could go on reading.
    ///
    /// # Errors
    ///
    /// As for [`replace`](Self::replace), and [`Error::Metadata`] where something was changed that saving makes: MAC, time,
    /// version, an encrypted data key. The document is then as it was.
    pub fn replace_with_metadata(&mut self, text: &[u8]) -> Result<bool, WriteError> {
        if *self.plaintext_with_metadata()? == *text {
            return Ok(false);
        }
        let source = stores::read(text, self.format).map_err(WriteError::Plaintext)?;
        let mut plain = source.clone();
        let metadata = metadata_fields::take(&mut plain, self.format).map_err(|error| match error {
            Error::NotEncrypted => fault("sops", "is gone, and with it the recipients of the document"),
            error => error.into(),
        })?;
        if self.format == Format::Yaml {
            plain.iter().try_for_each(|document| refuse_repeated_keys(document)).map_err(WriteError::Plaintext)?;
        }
        let fields = stores::metadata_of_first(&source, self.format)?;
        self.check_metadata(&metadata, &fields, &source)?;
        metadata.selector.compile()?;

        self.set_recipients(Recipients::of(&metadata));
        if !self.removed_recipients().is_empty() {
            self.rotate()?;
        }
        if self.written.is_empty() && self.format == Format::Yaml {
            self.written = std::str::from_utf8(&self.text).map(yaml_written::quoted_envelopes).unwrap_or_default();
        }
        self.metadata.selector = metadata.selector;
        self.metadata.mac_only_encrypted = metadata.mac_only_encrypted;
        self.fields = fields;
        self.behind = source.iter().map(|document| stores::items_below_metadata(document)).collect();
        self.text = Zeroizing::new(text.to_vec());
        (self.source, self.plain) = (source, plain);
        self.changed = true;
        Ok(true)
    }

    /// Refuses what would be lost: edits of what saving makes, and of the copies of the entry that do not count.
    fn check_metadata(&self, new: &Metadata, fields: &Branch, source: &[Branch]) -> Result<(), WriteError> {
        let old = [&self.metadata.mac, &self.metadata.last_modified, &self.metadata.version];
        let made = MADE.into_iter().zip(old.into_iter().zip([&new.mac, &new.last_modified, &new.version]));
        if let Some((name, _)) = made.into_iter().find(|(_, (old, new))| old != new) {
            return Err(fault(&format!("sops.{name}"), "is made when the document is saved: leave it as it was"));
        }
        for recipient in new.recipients() {
            let known = self.metadata.recipients().find(|known| recipients::same(known, recipient));
            let is_edited = known.is_none_or(|known| known.sealed() != recipient.sealed());
            if is_edited && !recipient.sealed().trim().is_empty() {
                let field = format!("sops.{}.enc", recipient.kind.list_name());
                return Err(fault(&field, "is made when the document is saved: leave it as it was, or out"));
            }
        }
        for copy in &source[1..] {
            let copy = stores::metadata_of_first(std::slice::from_ref(copy), self.format)?;
            let one = std::slice::from_ref;
            let is = |other: &Branch| same_documents(one(&copy), one(other), Extent::Values);
            if !copy.is_empty() && !is(fields) && !is(&self.fields) {
                return Err(fault("sops", "counts in the first document alone: edit it there"));
            }
        }
        Ok(())
    }
}

fn fault(field: &str, reason: &str) -> WriteError {
    Error::Metadata { field: field.to_owned(), reason: reason.to_owned() }.into()
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;
    use crate::{DecryptOptions, EncryptOptions, Identities, encrypt};

    const KEYS: [(&str, &str); 2] = [
        (
            "AGE-SECRET-KEY-1SA80FVW2E6CKNH9MGLS08S0GWEU9R8FSEM3EQQD270WRR4EHYFKS3VAP6R",
            "age12sazq8d83w7zjc8sc5fgrljngakjqt5f9z3l782f25g64cjzvdxqmxs0rx",
        ),
        (
            "AGE-SECRET-KEY-10R24G3RFULPP5H7Y8W030RQYZS84J0D0D067SC4M2FZ3DSEWME5SMH5MDW",
            "age1h6vae9979yxet5v27ez8e9tvw8zne0c43ms7d48uwvxa97fpress444crk",
        ),
    ];

    fn document(text: &[u8], format: Format, person: usize) -> Document {
        let identities = Identities::parse(KEYS[person].0, "the test").unwrap();
        Document::open(text, format, &identities, &DecryptOptions::default()).unwrap()
    }

    #[test]
    fn every_format_is_edited_beside_its_metadata() {
        let now = SystemTime::now();
        for (format, text) in [
            (Format::Yaml, "# c\na: old # d\nb: [1, 2]\n---\nc: 3\n"),
            (Format::Json, "{\"a\": \"old\", \"b\": [1, null]}\n"),
            (Format::Dotenv, "# c\nA=old\n"),
            (Format::Ini, "[s]\na = old\n"),
            (Format::Binary, "old\n"),
        ] {
            let recipients = Recipients::age([KEYS[0].1]).unwrap();
            let encrypted = encrypt(text.as_bytes(), format, &recipients, &EncryptOptions::default(), now).unwrap();
            let mut document = self::document(&encrypted, format, 0);
            let shown = document.plaintext_with_metadata().unwrap();
            let shown = std::str::from_utf8(&shown).unwrap();
            assert!(shown.contains("old") && shown.contains("lastmodified"), "{format}: {shown}");
            assert!(!document.replace_with_metadata(shown.as_bytes()).unwrap());

            // One person takes the place of another: the new name, and no key for it.
            let start = shown.find("-----BEGIN").unwrap();
            let end = shown[start..].find("-----END AGE ENCRYPTED FILE-----").unwrap() + start;
            let sealed = &shown[start..end + "-----END AGE ENCRYPTED FILE-----".len()];
            let new = shown.replace(sealed, "").replace(KEYS[0].1, KEYS[1].1).replace("old", "new");
            assert!(document.replace_with_metadata(new.as_bytes()).unwrap(), "{format}");
            let saved = document.save(now).unwrap();
            let plaintext = self::document(&saved, format, 1).plaintext().unwrap();
            // JSON is printed anew.
            let bare = |text: &str| text.split_whitespace().collect::<String>();
            assert_eq!(bare(std::str::from_utf8(&plaintext).unwrap()), bare(&text.replace("old", "new")), "{format}");
            let error =
                Document::open(&saved, format, &Identities::parse(KEYS[0].0, "").unwrap(), &DecryptOptions::default());
            assert!(matches!(error, Err(Error::NoIdentity(_))), "{format}");
        }
    }

    #[test]
    fn copies_of_the_metadata_do_not_count() {
        let recipients = Recipients::age([KEYS[0].1]).unwrap();
        let text = b"a: 1\n---\nb: 2\n";
        let now = SystemTime::now();
        let encrypted = encrypt(text, Format::Yaml, &recipients, &EncryptOptions::default(), now).unwrap();
        let mut document = document(&encrypted, Format::Yaml, 0);
        let shown = document.plaintext_with_metadata().unwrap();
        let shown = std::str::from_utf8(&shown).unwrap();
        let at = shown.rfind("_unencrypted").unwrap();
        let edited = format!("{}_clear{}", &shown[..at], &shown[at + "_unencrypted".len()..]);
        let error = document.replace_with_metadata(edited.as_bytes()).unwrap_err();
        assert!(error.to_string().contains("first document alone"), "{error}");
        // In the first, or in all, it is taken.
        for edited in [shown.replacen("_unencrypted", "_clear", 1), shown.replace("_unencrypted", "_clear")] {
            let mut document = self::document(&encrypted, Format::Yaml, 0);
            assert!(document.replace_with_metadata(edited.as_bytes()).unwrap());
            let saved = document.save(now).unwrap();
            assert_eq!(std::str::from_utf8(&saved).unwrap().matches("suffix: _clear").count(), 2);
        }
    }
}
