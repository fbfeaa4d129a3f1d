//! Writes the fields of a `sops` entry, in the order in which sops 3.11 writes them. Fields that nobody here knows are kept.

use crate::metadata::KeyGroup;
use crate::recipient::{Recipient, RecipientKind};
use crate::recipients::Recipients;
use crate::scalar::Scalar;
use crate::selector::Selector;
use crate::tree::{Branch, Item, Node, Value};
use crate::{Error, values};

/// The fields in their order.
const ORDER: [&str; 19] = [
    "shamir_threshold",
    "key_groups",
    "kms",
    "gcp_kms",
    "hckms",
    "azure_kv",
    "hc_vault",
    "age",
    "lastmodified",
    "mac",
    "pgp",
    "unencrypted_suffix",
    "encrypted_suffix",
    "unencrypted_regex",
    "encrypted_regex",
    "unencrypted_comment_regex",
    "encrypted_comment_regex",
    "mac_only_encrypted",
    "version",
];

/// The lists of one of several key groups.
const GROUP: [RecipientKind; 7] = [
    RecipientKind::Pgp,
    RecipientKind::AwsKms,
    RecipientKind::GcpKms,
    RecipientKind::HuaweiKms,
    RecipientKind::AzureKeyVault,
    RecipientKind::Vault,
    RecipientKind::Age,
];

/// The lists that sops writes for a group even where they are empty.
const ALWAYS: [RecipientKind; 2] = [RecipientKind::Vault, RecipientKind::Age];

/// Sets a field to a text, at its place among the others.
pub(crate) fn set_text(fields: &mut Branch, name: &str, text: &str) {
    set(fields, name, node(Value::Scalar(Scalar::text(text))));
}

/// Says which values are encrypted.
pub(crate) fn set_selector(fields: &mut Branch, selector: &Selector, mac_only_encrypted: bool) {
    let (name, text) = selector.as_field();
    set_text(fields, name, text);
    if mac_only_encrypted {
        set(fields, "mac_only_encrypted", node(Value::Scalar(Scalar::Bool(true))));
    }
}

/// Puts sealed recipients in the place of all there are.
pub(crate) fn set_recipients(fields: &mut Branch, recipients: &Recipients) -> Result<(), Error> {
    let lists = RecipientKind::ALL.map(RecipientKind::list_name);
    let is_old = |name: &str| lists.contains(&name) || matches!(name, "shamir_threshold" | "key_groups");
    fields.retain(|item| !matches!(item, Item::Entry { key, .. } if is_old(key)));
    if let [group] = &recipients.groups[..] {
        for kind in RecipientKind::ALL {
            if let Some(list) = list(group, kind)? {
                set(fields, kind.list_name(), list);
            }
        }
        return Ok(());
    }
    let threshold = i64::try_from(recipients.threshold.unwrap_or(recipients.groups.len())).unwrap_or(i64::MAX);
    set(fields, "shamir_threshold", node(Value::Scalar(Scalar::Int(threshold))));
    let groups = recipients.groups.iter().map(group_node).collect::<Result<_, _>>()?;
    set(fields, "key_groups", node(Value::List(groups)));
    Ok(())
}

fn group_node(group: &KeyGroup) -> Result<Node, Error> {
    let mut items = Branch::new();
    for kind in GROUP {
        let list = match list(group, kind)? {
            None if ALWAYS.contains(&kind) => Some(node(Value::List(Vec::new()))),
            list => list,
        };
        let key = kind.list_name().to_owned();
        items.extend(list.map(|node| Item::Entry { key, node }));
    }
    Ok(node(Value::Map(items)))
}

fn list(group: &KeyGroup, kind: RecipientKind) -> Result<Option<Node>, Error> {
    let of_kind = group.recipients.iter().filter(|recipient| recipient.kind == kind);
    let entry = |recipient: &Recipient| values::from_json(&recipient.fields).map(|items| node(Value::Map(items)));
    let entries = of_kind.map(entry).collect::<Result<Vec<_>, _>>()?;
    Ok((!entries.is_empty()).then(|| node(Value::List(entries))))
}

fn set(fields: &mut Branch, name: &str, value: Node) {
    let has_name = |item: &Item| matches!(item, Item::Entry { key, .. } if key == name);
    if let Some(Item::Entry { node, .. }) = fields.iter_mut().rev().find(|item| has_name(item)) {
        node.value = value.value;
        return;
    }
    let rank = |name: &str| ORDER.iter().position(|known| *known == name);
    let own = rank(name);
    let comes_later = |item: &Item| matches!(item, Item::Entry { key, .. } if rank(key) > own);
    let at = fields.iter().position(comes_later).unwrap_or(fields.len());
    fields.insert(at, Item::Entry { key: name.to_owned(), node: value });
}

fn node(value: Value) -> Node {
    Node { value, line: None }
}
