//! X-Wing: ML-KEM-768 and X25519 together, so that both have to be broken (draft-connolly-cfrg-xwing-kem).

use ml_kem::kem::{Decapsulate as _, KeyExport as _};
use ml_kem::ml_kem_768::{Ciphertext, DecapsulationKey, EncapsulationKey};
use ml_kem::{B32, Seed};
use sha3::{Digest as _, Sha3_256};
use shake::digest::{ExtendableOutput as _, Update as _, XofReader as _};
use x25519_dalek::{X25519_BASEPOINT_BYTES, x25519};
use zeroize::Zeroizing;

use crate::random;

/// Its number in HPKE.
pub(crate) const ID: u16 = 0x647a;

/// The lengths of the parts of ML-KEM-768.
const LATTICE_PUBLIC: usize = 1184;
const LATTICE_CIPHERTEXT: usize = 1088;

/// The lengths of a public key and of what is sent to its owner: the part of ML-KEM, then that of X25519.
pub(crate) const PUBLIC: usize = LATTICE_PUBLIC + 32;
pub(crate) const CIPHERTEXT: usize = LATTICE_CIPHERTEXT + 32;

const LABEL: &[u8] = br"\.//^\";

type Secret = Zeroizing<[u8; 32]>;

/// A public key.
pub(crate) struct PublicKey {
    lattice: EncapsulationKey,
    curve: [u8; 32],
}

impl PublicKey {
    pub(crate) fn parse(bytes: &[u8; PUBLIC]) -> Option<Self> {
        let (lattice, curve) = bytes.split_at(LATTICE_PUBLIC);
        let lattice = EncapsulationKey::new(&lattice.try_into().ok()?).ok()?;
        Some(Self { lattice, curve: curve.try_into().ok()? })
    }

    /// A fresh secret, and what tells it to the owner of the key.
    pub(crate) fn encapsulate(&self) -> Option<(Vec<u8>, Secret)> {
        let mut message = Zeroizing::new([0; 32]);
        let mut own = Zeroizing::new([0; 32]);
        random::fill(&mut *message).ok()?;
        random::fill(&mut *own).ok()?;
        // Its randomness is that of the operating system, as all of this crate.
        let (lattice, lattice_secret) = self.lattice.encapsulate_deterministic(&B32::from(*message));
        let curve = x25519(*own, X25519_BASEPOINT_BYTES);
        let curve_secret = agree(&own, &self.curve)?;
        let secret = combine(&Zeroizing::new(lattice_secret.into()), &curve_secret, &curve, &self.curve);
        Some(([&lattice[..], &curve].concat(), secret))
    }
}

/// A private key.
pub(crate) struct SecretKey {
    lattice: DecapsulationKey,
    curve: Zeroizing<[u8; 32]>,
}

impl SecretKey {
    pub(crate) fn from_seed(seed: &[u8; 32]) -> Self {
        let mut expanded = Zeroizing::new([0; 96]);
        let mut reader = shake::Shake256::default().chain(seed).finalize_xof();
        reader.read(&mut *expanded);
        let (lattice, curve) = expanded.split_at(64);
        let (mut seed, mut own) = (Seed::default(), Zeroizing::new([0; 32]));
        seed.copy_from_slice(lattice);
        own.copy_from_slice(curve);
        Self { lattice: DecapsulationKey::from_seed(seed), curve: own }
    }

    /// The bytes of its public side.
    pub(crate) fn public(&self) -> Vec<u8> {
        [&self.lattice.encapsulation_key().to_bytes()[..], &self.curve_public()].concat()
    }

    fn curve_public(&self) -> [u8; 32] {
        x25519(*self.curve, X25519_BASEPOINT_BYTES)
    }

    /// The secret that was told. One that was told to another key comes out as another secret.
    pub(crate) fn decapsulate(&self, ciphertext: &[u8; CIPHERTEXT]) -> Option<Secret> {
        let (lattice, curve) = ciphertext.split_at(LATTICE_CIPHERTEXT);
        let lattice: &Ciphertext = lattice.try_into().ok()?;
        let curve: [u8; 32] = curve.try_into().ok()?;
        let lattice_secret: Secret = Zeroizing::new(self.lattice.decapsulate(lattice).into());
        let curve_secret = agree(&self.curve, &curve)?;
        Some(combine(&lattice_secret, &curve_secret, &curve, &self.curve_public()))
    }
}

/// X25519, but for points that give the same to everybody.
fn agree(own: &[u8; 32], point: &[u8; 32]) -> Option<Secret> {
    let shared = Zeroizing::new(x25519(*own, *point));
    (*shared != [0; 32]).then_some(shared)
}

fn combine(lattice: &[u8; 32], shared: &[u8; 32], ciphertext: &[u8; 32], public: &[u8; 32]) -> Secret {
    let mut hash = Sha3_256::new();
    for part in [&lattice[..], shared, ciphertext, public, LABEL] {
        sha3::Digest::update(&mut hash, part);
    }
    Zeroizing::new(hash.finalize().into())
}
