//! Which part of a public PGP key is encrypted to: the newest subkey for encryption that its owner vouches for.

use std::time::{Duration, SystemTime};

use pgp::composed::{SignedPublicKey, SignedPublicSubKey};
use pgp::packet::{PublicKey, Signature, SignatureType};
use pgp::types::KeyDetails;

/// A key or a subkey to encrypt to.
pub(crate) enum Target<'k> {
    Primary(&'k PublicKey),
    Subkey(&'k SignedPublicSubKey),
}

/// The fingerprint in upper case.
pub(crate) fn fingerprint(key: &impl KeyDetails) -> String {
    format!("{:X}", key.fingerprint())
}

/// Finds what to encrypt to. `name` is a fingerprint or a long key ID, of a key or one of its subkeys; with a `!` at its end
/// that very one is meant. With a time, what has expired by then is refused.
pub(crate) fn find<'k>(
    keys: &'k [SignedPublicKey],
    name: &str,
    now: Option<SystemTime>,
) -> Result<Target<'k>, &'static str> {
    let (wanted, exact) = name.strip_suffix('!').map_or((name, false), |name| (name, true));
    let wanted = wanted.trim_start_matches("0x").to_uppercase();
    let matches = |key: &dyn Fn() -> String| wanted.len() >= 16 && key().ends_with(&wanted);
    let is_primary = |key: &SignedPublicKey| matches(&|| fingerprint(&key.primary_key));
    let is_subkey = |subkey: &SignedPublicSubKey| matches(&|| fingerprint(&subkey.key));
    let mut found = keys.iter().filter(|key| is_primary(key) || key.public_subkeys.iter().any(is_subkey));
    let key = found.next().ok_or("its public key is not at hand")?;
    check_primary(key, now)?;
    let own = primary_flags(key).map(|_| Target::Primary(&key.primary_key));
    if exact && is_primary(key) {
        return own.ok_or("this key is not for encryption (one of its subkeys is)");
    }
    let mut subkeys: Vec<_> = key.public_subkeys.iter().filter(|subkey| !exact || is_subkey(subkey)).collect();
    // The newest first, as gpg chooses.
    subkeys.sort_by_key(|subkey| std::cmp::Reverse(subkey.key.created_at().as_secs()));
    let mut fault = "it has no subkey for encryption";
    for subkey in subkeys {
        match check_subkey(key, subkey, now) {
            Ok(()) => return Ok(Target::Subkey(subkey)),
            Err(reason) => fault = reason,
        }
    }
    match own {
        Some(target) if !exact => Ok(target),
        _ => Err(fault),
    }
}

/// The signatures of the key over itself: its own words about what it is for, and until when.
fn own_signatures(key: &SignedPublicKey) -> Vec<&Signature> {
    let users = key.details.users.iter().flat_map(|user| {
        let is_own = |signature: &&Signature| {
            signature.verify_certification(&key.primary_key, pgp::types::Tag::UserId, &user.id).is_ok()
        };
        user.signatures.iter().filter(is_own)
    });
    let direct =
        key.details.direct_signatures.iter().filter(|signature| signature.verify_key(&key.primary_key).is_ok());
    users.chain(direct).collect()
}

fn newest<'s>(signatures: &[&'s Signature]) -> Option<&'s Signature> {
    signatures.iter().copied().max_by_key(|signature| signature.created().map(pgp::types::Timestamp::as_secs))
}

fn check_primary(key: &SignedPublicKey, now: Option<SystemTime>) -> Result<(), &'static str> {
    let mut revocations = key.details.revocation_signatures.iter();
    if revocations.any(|signature| signature.verify_key(&key.primary_key).is_ok()) {
        return Err("it was revoked");
    }
    let own = newest(&own_signatures(key)).ok_or("it vouches for no user")?;
    if has_expired(&key.primary_key, own, now) { Err("it has expired") } else { Ok(()) }
}

/// Whether the primary key itself is for encryption.
fn primary_flags(key: &SignedPublicKey) -> Option<()> {
    let flags = newest(&own_signatures(key))?.key_flags();
    let fits = (flags.encrypt_comms() || flags.encrypt_storage()) && key.primary_key.algorithm().can_encrypt();
    fits.then_some(())
}

fn check_subkey(
    key: &SignedPublicKey,
    subkey: &SignedPublicSubKey,
    now: Option<SystemTime>,
) -> Result<(), &'static str> {
    let is_own = |signature: &&Signature| signature.verify_subkey_binding(&key.primary_key, &subkey.key).is_ok();
    let (mut bindings, mut revocations) = (Vec::new(), 0);
    for signature in subkey.signatures.iter().filter(is_own) {
        match signature.typ() {
            Some(SignatureType::SubkeyBinding) => bindings.push(signature),
            Some(SignatureType::SubkeyRevocation) => revocations += 1,
            _ => {}
        }
    }
    let binding = newest(&bindings).ok_or("its key does not vouch for the subkey")?;
    let flags = binding.key_flags();
    if !(flags.encrypt_comms() || flags.encrypt_storage()) || !subkey.key.algorithm().can_encrypt() {
        return Err("it has no subkey for encryption");
    }
    if revocations > 0 {
        return Err("its subkey for encryption was revoked");
    }
    if has_expired(&subkey.key, binding, now) { Err("its subkey for encryption has expired") } else { Ok(()) }
}

/// A key lives from its making on for as long as the newest signature says; zero means for ever.
fn has_expired(key: &impl KeyDetails, signature: &Signature, now: Option<SystemTime>) -> bool {
    let life = signature.key_expiration_time().map(|life| Duration::from_secs(life.as_secs().into()));
    match (life, now) {
        (Some(life), Some(now)) if !life.is_zero() => {
            let made = SystemTime::UNIX_EPOCH + Duration::from_secs(key.created_at().as_secs().into());
            made + life <= now
        }
        _ => false,
    }
}
