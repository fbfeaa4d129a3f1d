//! In which order the kinds of keys are tried.

use crate::RecipientKind;

/// In which order the kinds of keys are tried on a key group, as `--decryption-order` and `SOPS_DECRYPTION_ORDER` set it.
///
/// Kinds that are not named come last, in the order of the document. Default: age, then PGP.
///
/// ```
/// use windlass_sops::{DecryptOptions, DecryptionOrder};
///
/// let options = DecryptOptions::default().order(DecryptionOrder::parse("pgp,age")?);
/// # Ok::<(), windlass_sops::OrderError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DecryptionOrder {
    kinds: [Option<RecipientKind>; RecipientKind::ALL.len()],
}

/// Why a text is no order of decryption: a kind of key is named twice. sops ends with exit code 112.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the kind of key {name:?} stands twice in the decryption order")]
pub struct OrderError {
    name: String,
}

impl Default for DecryptionOrder {
    fn default() -> Self {
        Self::of([RecipientKind::Age, RecipientKind::Pgp])
    }
}

impl DecryptionOrder {
    fn of(named: impl IntoIterator<Item = RecipientKind>) -> Self {
        let mut kinds = [None; RecipientKind::ALL.len()];
        kinds.iter_mut().zip(named).for_each(|(place, kind)| *place = Some(kind));
        Self { kinds }
    }

    /// Reads names of kinds with commas between: `age`, `pgp`, `kms`, `gcp_kms`, `hckms`, `azure_kv`, `hc_vault`. An empty
    /// text is the default. As in sops, other names are passed over.
    ///
    /// # Errors
    ///
    /// When a name stands twice.
    pub fn parse(text: &str) -> Result<Self, OrderError> {
        if text.is_empty() {
            return Ok(Self::default());
        }
        let names: Vec<_> = text.split(',').collect();
        if let Some((_, name)) = names.iter().enumerate().find(|(at, name)| names[..*at].contains(name)) {
            return Err(OrderError { name: (*name).to_owned() });
        }
        Ok(Self::of(names.iter().filter_map(|name| RecipientKind::of_list(name))))
    }

    /// Where a kind stands; the smaller number is tried first.
    pub(crate) fn rank(&self, kind: RecipientKind) -> usize {
        self.kinds.iter().position(|own| *own == Some(kind)).unwrap_or(self.kinds.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_named_come_first() {
        let ranks = |text: &str| {
            let order = DecryptionOrder::parse(text).unwrap();
            [RecipientKind::Age, RecipientKind::Pgp, RecipientKind::Vault].map(|kind| order.rank(kind))
        };
        assert_eq!(ranks(""), [0, 1, 7]);
        assert_eq!(ranks("hc_vault,age"), [1, 7, 0]);
        assert_eq!(ranks("bogus,pgp"), [7, 0, 7]);
        assert_eq!(
            DecryptionOrder::parse("age,pgp,age").unwrap_err().to_string(),
            "the kind of key \"age\" stands twice in the decryption order"
        );
    }
}
