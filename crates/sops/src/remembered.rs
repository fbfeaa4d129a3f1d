//! The envelopes of a document by what they hold, so that an unchanged value keeps its envelope.

use std::collections::{BTreeMap, VecDeque};

use sha2::{Digest as _, Sha256};

/// Envelopes by the hash of type, text and additional data: no plaintext is kept.
///
/// Equal items of one list share all three. Each keeps its own envelope here, in their order; sops remembers one for all of
/// them, so that they change at every edit.
#[derive(Clone, Default)]
pub(crate) struct Remembered(BTreeMap<[u8; 32], VecDeque<String>>);

impl Remembered {
    pub(crate) fn add(&mut self, type_name: &str, plain: &[u8], aad: &str, envelope: &str) {
        self.0.entry(digest(type_name, plain, aad)).or_default().push_back(envelope.to_owned());
    }

    /// The envelope of a value. A number whose text is the same is the same, whatever its type: sops before 3.12 encrypted
    /// every number of a JSON file as a float.
    pub(crate) fn take(&mut self, type_name: &str, plain: &[u8], aad: &str) -> Option<String> {
        let other_type = match type_name {
            "int" => Some("float"),
            "float" => Some("int"),
            _ => None,
        };
        let mut types = std::iter::once(type_name).chain(other_type);
        types.find_map(|type_name| self.0.get_mut(&digest(type_name, plain, aad))?.pop_front())
    }
}

fn digest(type_name: &str, plain: &[u8], aad: &str) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in [type_name.as_bytes(), aad.as_bytes(), plain] {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_items_keep_their_envelopes_in_order() {
        let mut remembered = Remembered::default();
        remembered.add("str", b"x", "l:", "first");
        remembered.add("str", b"x", "l:", "second");
        remembered.add("float", b"x", "l:", "other");
        let mut take = |type_name| remembered.take(type_name, b"x", "l:");
        assert_eq!([take("str"), take("str"), take("str")], [Some("first".into()), Some("second".into()), None]);
        assert_eq!(take("int").as_deref(), Some("other"));
    }
}
