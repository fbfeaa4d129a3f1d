//! From the identities of the caller to the data key of a document.

use std::io::Read as _;

use zeroize::Zeroizing;

use crate::cipher::DataKey;
use crate::error::NoIdentity;
use crate::metadata::{KeyGroup, Metadata};
use crate::recipient::{Recipient, RecipientKind};
use crate::{DecryptionOrder, Error, Identities};

/// More than any data key or share has; an age file can hold more than memory does.
const LONGEST_KEY: u64 = 1024;

/// Opens the data key: with one group directly, with several from the shares of those that open.
pub(crate) fn open(metadata: &Metadata, identities: &Identities, order: DecryptionOrder) -> Result<DataKey, Error> {
    let has_key = |kind| identities.master_keys().iter().any(|key| key.kind() == kind);
    let usable = metadata.recipients().any(|recipient| recipient.kind == RecipientKind::Age || has_key(recipient.kind));
    if !usable {
        return Err(unsupported(metadata, identities));
    }
    let mut closed = Closed { recipients: Vec::new(), broken: Vec::new(), failed: Vec::new() };
    let keys: Vec<_> = metadata.groups.iter().filter_map(|group| closed.open_group(group, identities, order)).collect();
    let key = if let [_group] = &metadata.groups[..] {
        let Some(key) = keys.into_iter().next() else {
            return Err(Error::NoIdentity(Box::new(closed.report(identities))));
        };
        key
    } else {
        // Without a threshold sops takes what it gets: where that is too little, no value opens.
        let needed = metadata.shamir_threshold.unwrap_or_default().max(2);
        if keys.len() < needed {
            return Err(Error::TooFewShares {
                opened: keys.len(),
                groups: metadata.groups.len(),
                needed,
                missing: Box::new(closed.report(identities)),
            });
        }
        windlass_paperkey::join_shares(&keys).map_err(|error| Error::DataKey { reason: reason(&error) })?
    };
    DataKey::from_bytes(&key).ok_or(Error::DataKey { reason: "it is not 32 bytes long" })
}

fn reason(error: &windlass_paperkey::Error) -> &'static str {
    match error {
        windlass_paperkey::Error::Twice => "two of its shares have the same number",
        windlass_paperkey::Error::Different => "its shares differ in length",
        _ => "one share is not enough to put the key together",
    }
}

fn unsupported(metadata: &Metadata, identities: &Identities) -> Error {
    let mut kinds: Vec<_> = metadata.recipients().map(|recipient| recipient.kind).collect();
    kinds.sort_unstable();
    kinds.dedup();
    Error::UnsupportedRecipients {
        kinds,
        recipients: metadata.recipients().map(|recipient| recipient.id.clone()).collect(),
        unread: identities.warnings().to_vec(),
    }
}

/// What did not open so far.
struct Closed {
    recipients: Vec<String>,
    broken: Vec<String>,
    failed: Vec<String>,
}

impl Closed {
    fn open_group(
        &mut self,
        group: &KeyGroup,
        identities: &Identities,
        order: DecryptionOrder,
    ) -> Option<Zeroizing<Vec<u8>>> {
        let is_ours = |recipient: &Recipient| identities.recipients().any(|own| own == recipient.id);
        let mut recipients: Vec<_> = group.recipients.iter().collect();
        // Of age, those that name one of our keys first: the others cost a key agreement each, for nothing most of the time.
        let is_foreign = |recipient: &Recipient| recipient.kind == RecipientKind::Age && !is_ours(recipient);
        recipients.sort_by_key(|recipient| (order.rank(recipient.kind), is_foreign(recipient)));
        for recipient in recipients {
            let key = match recipient.kind {
                RecipientKind::Age => self.open_age(recipient, identities),
                _ => self.open_other(recipient, identities),
            };
            if key.is_some() {
                return key;
            }
        }
        let shown = |recipient: &Recipient| match recipient.kind {
            RecipientKind::Age => recipient.id.clone(),
            kind => format!("{kind} {}", recipient.id),
        };
        self.recipients.extend(group.recipients.iter().map(shown));
        None
    }

    fn open_age(&mut self, recipient: &Recipient, identities: &Identities) -> Option<Zeroizing<Vec<u8>>> {
        match open_age(recipient.sealed(), identities) {
            Ok(key) => return Some(key),
            Err(age::DecryptError::NoMatchingKeys) => {}
            Err(_) => self.broken.push(recipient.id.clone()),
        }
        None
    }

    fn open_other(&mut self, recipient: &Recipient, identities: &Identities) -> Option<Zeroizing<Vec<u8>>> {
        for key in identities.master_keys().iter().filter(|key| key.kind() == recipient.kind) {
            match key.open(recipient, recipient.sealed()) {
                Ok(key) => return Some(key),
                Err(error) => self.failed.push(format!("{} {}: {error}", recipient.kind, recipient.id)),
            }
        }
        None
    }

    fn report(self, identities: &Identities) -> NoIdentity {
        NoIdentity {
            recipients: self.recipients,
            tried: identities.tried(),
            broken: self.broken,
            failed: self.failed,
            unread: identities.warnings().to_vec(),
        }
    }
}

/// Opens the armored age file that holds the data key.
fn open_age(enc: &str, identities: &Identities) -> Result<Zeroizing<Vec<u8>>, age::DecryptError> {
    // The age crate takes an empty line after the armor for damage.
    let armored = age::armor::ArmoredReader::new(enc.trim().as_bytes());
    let decryptor = age::Decryptor::new(armored)?;
    let reader = decryptor.decrypt(identities.iter())?;
    let mut key = Zeroizing::new(Vec::with_capacity(64));
    reader.take(LONGEST_KEY).read_to_end(&mut key)?;
    Ok(key)
}
