//! From a data key to the entries of its recipients.

use std::io::Write as _;
use std::str::FromStr as _;
use std::time::SystemTime;

use serde_json::Value as Json;

use crate::WriteError;
use crate::cipher::DataKey;
use crate::master_key::{MasterKeyError, MasterKeys};
use crate::metadata::KeyGroup;
use crate::recipient::{Recipient, RecipientKind, SEALED};
use crate::recipients::Recipients;
use crate::{post_quantum, timestamp};

/// Encrypts the data key for all recipients: whole for those of a single group, a share per group for those of several.
///
/// Says in `created_at` when, for the kinds that sops keeps a time for.
pub(crate) fn seal(
    recipients: &Recipients,
    key: &DataKey,
    keys: &MasterKeys,
    now: SystemTime,
) -> Result<Recipients, WriteError> {
    let time = timestamp::text(now)?;
    let groups = &recipients.groups;
    if groups.iter().all(|group| group.recipients.is_empty()) {
        return Err(WriteError::NoRecipients);
    }
    if let Some(group) = groups.iter().position(|group| group.recipients.is_empty()) {
        return Err(WriteError::EmptyGroup { group });
    }
    let threshold = threshold(recipients)?;
    let shares = match threshold {
        None => vec![key.expose().to_vec().into()],
        // The numbers fit: only randomness can fail.
        Some((count, threshold)) => {
            windlass_paperkey::split_secret(key.expose(), count, threshold).map_err(|_| WriteError::Random)?
        }
    };
    let seal = |(group, share): (&KeyGroup, &zeroize::Zeroizing<Vec<u8>>)| {
        let sealed = group.recipients.iter().map(|recipient| seal_one(recipient, share, keys, (now, &time)));
        Ok(KeyGroup { recipients: sealed.collect::<Result<_, WriteError>>()? })
    };
    let groups = groups.iter().zip(&shares).map(seal).collect::<Result<_, WriteError>>()?;
    Ok(Recipients { groups, threshold: threshold.map(|(_, threshold)| usize::from(threshold)) })
}

/// The number of shares and how many of them are needed, where there are several groups.
fn threshold(recipients: &Recipients) -> Result<Option<(u8, u8)>, WriteError> {
    let groups = recipients.groups.len();
    if groups == 1 && recipients.threshold.is_none_or(|threshold| threshold < 2) {
        return Ok(None);
    }
    let threshold = recipients.threshold.filter(|threshold| *threshold > 0).unwrap_or(groups);
    match (u8::try_from(groups), u8::try_from(threshold)) {
        (Ok(count), Ok(needed)) if (2..=count).contains(&needed) => Ok(Some((count, needed))),
        _ => Err(WriteError::Threshold { threshold, groups }),
    }
}

/// A recipient with its sealed key, and the fields that sops writes beside it.
fn seal_one(
    recipient: &Recipient,
    share: &[u8],
    keys: &MasterKeys,
    (now, time): (SystemTime, &str),
) -> Result<Recipient, WriteError> {
    let (kind, id) = (recipient.kind, &recipient.id);
    let sealed = seal_by_any(recipient, share, keys, now)
        .ok_or_else(|| WriteError::UnsupportedRecipient { kind, recipient: id.clone() })?
        .map_err(|source| WriteError::MasterKey { kind, recipient: id.clone(), source })?;
    let mut sealed_recipient = recipient.clone();
    let fields = &mut sealed_recipient.fields;
    if kind != RecipientKind::Age {
        fields.insert("created_at".to_owned(), Json::from(time));
    }
    if kind == RecipientKind::AwsKms {
        fields.entry("aws_profile").or_insert_with(|| Json::from(""));
    }
    fields.insert(SEALED.to_owned(), Json::from(sealed));
    Ok(sealed_recipient)
}

/// Tries all keys of the recipient's kind. Where none can, the first one's reason is told; nothing where there is none.
fn seal_by_any(
    recipient: &Recipient,
    share: &[u8],
    keys: &MasterKeys,
    now: SystemTime,
) -> Option<Result<String, MasterKeyError>> {
    let mut fault = None;
    for key in keys.iter().filter(|key| key.kind() == recipient.kind) {
        match key.seal_at(recipient, share, now) {
            Ok(sealed) => return Some(Ok(sealed)),
            Err(error) => fault = fault.or(Some(Err(error))),
        }
    }
    fault.or_else(|| (recipient.kind == RecipientKind::Age).then(|| seal_age(&recipient.id, share)))
}

/// An armored age file with one recipient, as sops writes them.
fn seal_age(id: &str, share: &[u8]) -> Result<String, MasterKeyError> {
    let recipient = age_recipient(id)?;
    let encryptor = age::Encryptor::with_recipients(std::iter::once(&*recipient))?;
    let mut armored = Vec::new();
    let armor = age::armor::ArmoredWriter::wrap_output(&mut armored, age::armor::Format::AsciiArmor)?;
    let mut writer = encryptor.wrap_output(armor)?;
    writer.write_all(share)?;
    writer.finish()?.finish()?;
    Ok(String::from_utf8(armored)?)
}

fn age_recipient(id: &str) -> Result<Box<dyn age::Recipient>, MasterKeyError> {
    if let Ok(recipient) = age::x25519::Recipient::from_str(id) {
        return Ok(Box::new(recipient));
    }
    if let Some(recipient) = post_quantum::Recipient::parse(id) {
        return Ok(Box::new(recipient));
    }
    if let Ok(recipient) = age::ssh::Recipient::from_str(id) {
        return Ok(Box::new(recipient));
    }
    let recipient = age::plugin::Recipient::from_str(id)?;
    let plugin = recipient.plugin().to_owned();
    Ok(Box::new(age::plugin::RecipientPluginV1::new(&plugin, &[recipient], &[], age::NoCallbacks)?))
}
