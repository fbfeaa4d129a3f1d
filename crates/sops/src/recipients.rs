//! For whom a document is to be encrypted.

use crate::metadata::{KeyGroup, Metadata};
use crate::recipient::Recipient;
use crate::recipient_error::RecipientError;

/// For whom a document is to be encrypted: recipients of whom each can open it alone, or several groups of which a number
/// has to come together.
///
/// ```
/// use windlass_sops::Recipients;
///
/// let everyone = Recipients::age(["age12sazq8d83w7zjc8sc5fgrljngakjqt5f9z3l782f25g64cjzvdxqmxs0rx"])?;
/// assert_eq!(everyone.iter().count(), 1);
/// # Ok::<(), windlass_sops::RecipientError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recipients {
    pub(crate) groups: Vec<KeyGroup>,
    pub(crate) threshold: Option<usize>,
}

impl Recipients {
    /// Recipients of whom each can open the document.
    pub fn new(recipients: impl IntoIterator<Item = Recipient>) -> Self {
        Self { groups: vec![KeyGroup { recipients: recipients.into_iter().collect() }], threshold: None }
    }

    /// The same for age recipients as texts.
    ///
    /// # Errors
    ///
    /// When one of them is none.
    pub fn age<'a>(texts: impl IntoIterator<Item = &'a str>) -> Result<Self, RecipientError> {
        texts.into_iter().map(Recipient::age).collect::<Result<Vec<_>, _>>().map(Self::new)
    }

    /// Groups of which `threshold` have to be opened, each by one of its recipients (Shamir's secret sharing). Without a
    /// threshold, all of them. A single group is the same as [`new`](Self::new).
    pub fn groups(groups: impl IntoIterator<Item = Vec<Recipient>>, threshold: Option<usize>) -> Self {
        let groups = groups.into_iter().map(|recipients| KeyGroup { recipients }).collect();
        Self { groups, threshold }
    }

    /// Those of an existing document.
    pub fn of(metadata: &Metadata) -> Self {
        // As in sops, a threshold means nothing for a single group.
        let threshold = metadata.shamir_threshold.filter(|_| metadata.groups.len() > 1);
        Self { groups: metadata.groups.clone(), threshold }
    }

    /// Adds recipients to the first group, as `sops rotate --add-age` does. Those already there are not added again.
    pub fn add(&mut self, recipients: impl IntoIterator<Item = Recipient>) {
        if self.groups.is_empty() {
            self.groups.push(KeyGroup::default());
        }
        for recipient in recipients {
            let first = &mut self.groups[0].recipients;
            if !first.iter().any(|known| same(known, &recipient)) {
                first.push(recipient);
            }
        }
    }

    /// Takes recipients out of all groups. Says how many were found.
    pub fn remove<'a>(&mut self, recipients: impl IntoIterator<Item = &'a Recipient>) -> usize {
        let before = self.iter().count();
        for recipient in recipients {
            for group in &mut self.groups {
                group.recipients.retain(|known| !same(known, recipient));
            }
        }
        before - self.iter().count()
    }

    /// Adds a key group.
    pub fn add_group(&mut self, recipients: impl IntoIterator<Item = Recipient>) {
        self.groups.push(KeyGroup { recipients: recipients.into_iter().collect() });
    }

    /// Takes a key group out, counted from 0. Says whether it was there.
    pub fn remove_group(&mut self, group: usize) -> bool {
        let found = group < self.groups.len();
        if found {
            self.groups.remove(group);
        }
        found
    }

    /// Sets how many groups have to be opened; without a number, all of them.
    #[must_use]
    pub fn with_threshold(mut self, threshold: Option<usize>) -> Self {
        self.threshold = threshold;
        self
    }

    /// How many groups have to be opened, where there are several.
    pub(crate) fn needed(&self) -> Option<usize> {
        match self.groups.len() {
            0 | 1 => None,
            groups => Some(self.threshold.unwrap_or(groups)),
        }
    }

    /// How many groups have to be opened, where that was said.
    pub fn threshold(&self) -> Option<usize> {
        self.threshold
    }

    /// How many groups there are.
    pub fn group_count(&self) -> usize {
        self.groups.len()
    }

    /// All recipients of all groups.
    pub fn iter(&self) -> impl Iterator<Item = &Recipient> {
        self.groups.iter().flat_map(|group| &group.recipients)
    }

    /// Whether both name the same recipients in the same groups, in any order.
    pub fn same_as(&self, other: &Self) -> bool {
        let names = |recipients: &Self| -> Vec<Vec<_>> {
            let name = |recipient: &Recipient| (recipient.kind, recipient.id.clone());
            let group = |group: &KeyGroup| {
                let mut names: Vec<_> = group.recipients.iter().map(name).collect();
                names.sort_unstable();
                names.dedup();
                names
            };
            recipients.groups.iter().map(group).collect()
        };
        names(self) == names(other)
    }
}

/// Whether two entries name one key.
pub(crate) fn same(left: &Recipient, right: &Recipient) -> bool {
    left.kind == right.kind && left.id == right.id
}
