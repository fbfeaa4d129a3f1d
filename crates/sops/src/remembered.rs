//! The envelopes of a document by what they hold, so that an unchanged value keeps its envelope.

use std::collections::{BTreeMap, VecDeque};
use std::hash::{BuildHasher as _, RandomState};

/// Envelopes by a hash of type, text and additional data (two SipHashes with random keys, 128 bits): no plaintext is kept.
///
/// Equal items of one list share all three. Each keeps its own envelope here, in their order; sops remembers one for all of
/// them, so that they change at every edit.
#[derive(Clone, Default)]
pub(crate) struct Remembered {
    keys: [RandomState; 2],
    envelopes: BTreeMap<[u64; 2], VecDeque<String>>,
}

impl Remembered {
    pub(crate) fn add(&mut self, type_name: &str, plain: &[u8], aad: &str, envelope: &str) {
        let digest = self.digest(type_name, plain, aad);
        self.envelopes.entry(digest).or_default().push_back(envelope.to_owned());
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
        types.find_map(|type_name| {
            let digest = self.digest(type_name, plain, aad);
            self.envelopes.get_mut(&digest)?.pop_front()
        })
    }

    fn digest(&self, type_name: &str, plain: &[u8], aad: &str) -> [u64; 2] {
        self.keys.each_ref().map(|key| key.hash_one((type_name, aad, plain)))
    }
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
