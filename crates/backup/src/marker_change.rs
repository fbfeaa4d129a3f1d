//! Changing for whom is encrypted, and who may write.

use bytes::Bytes;

use crate::format::{MARKER, MARKER_KIND, Marker, marker_key, sign, snapshot_id};
use crate::repository::{check_recipients, tool};
use crate::store::PutMode;
use crate::{Error, Recipient, Repository, WriterId, WriterKey};

/// What is to be changed.
#[derive(Debug, Clone, Default)]
pub struct KeyChange {
    /// For whom is encrypted from now on. `None` leaves it.
    pub recipients: Option<Vec<Recipient>>,
    /// Who may write from now on. `None` leaves it. The one who changes stays among them.
    pub writers: Option<Vec<WriterId>>,
    /// Go on with a single recipient.
    pub waive_second_recipient: bool,
}

/// For whom is encrypted, and who may write.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeyHolders {
    /// For whom is encrypted.
    pub recipients: Vec<Recipient>,
    /// Who may write.
    pub writers: Vec<WriterId>,
}

impl Repository {
    /// What [`change_keys`](Self::change_keys) would make of recipients and writers. Nothing is written.
    ///
    /// # Errors
    /// As there.
    pub async fn plan_keys(&self, writer: &WriterKey, change: KeyChange) -> Result<KeyHolders, Error> {
        self.inner.row(None).await?;
        let Marker { recipients, writers, .. } = self.changed_marker(writer, change)?;
        Ok(KeyHolders { recipients, writers })
    }

    /// Changes recipients or writers. The next backup of each host encrypts everything anew to the new recipients; what
    /// was saved before stays as it is: a key that is taken out still opens older snapshots.
    ///
    /// # Errors
    /// When the writer may not, when there would be too few recipients, or the store does not take it.
    pub async fn change_keys(&self, writer: &WriterKey, change: KeyChange) -> Result<(), Error> {
        let inner = &self.inner;
        let row = inner.row(None).await?;
        let bytes = sign(&self.changed_marker(writer, change)?, writer)?;
        let id = snapshot_id(row.highest + 1, inner.now())?;
        inner.store.put(&marker_key(&id), Bytes::from(bytes), PutMode::Replace).await?;
        inner.follow_marker(&id).await.map_err(|error| match error {
            Error::Untrusted { writer, .. } => Error::ForeignMarker { key: MARKER.to_owned(), writer },
            other => other,
        })
    }

    fn changed_marker(&self, writer: &WriterKey, change: KeyChange) -> Result<Marker, Error> {
        self.inner.marker_is_ours(writer)?;
        let current = self.inner.marker().document.clone();
        let KeyChange { recipients, writers, waive_second_recipient } = change;
        let recipients = recipients.unwrap_or(current.recipients);
        check_recipients(&recipients, waive_second_recipient)?;
        let mut writers = writers.unwrap_or(current.writers);
        if !writers.contains(&writer.id()) {
            writers.insert(0, writer.id());
        }
        Ok(Marker {
            kind: MARKER_KIND.to_owned(),
            number: current.number + 1,
            tool: tool(),
            recipients,
            second_recipient_waived: waive_second_recipient,
            writers,
            writer: writer.id(),
            ..current
        })
    }
}
