//! The recipients that a creation rule names.

use serde_json::{Map, Value as Json};

use crate::recipient::{Recipient, RecipientKind};
use crate::recipients;
use crate::{Recipients, RuleError};

/// The fields of a rule that name recipients.
const FIELDS: [(&str, RecipientKind); 7] = [
    ("age", RecipientKind::Age),
    ("pgp", RecipientKind::Pgp),
    ("kms", RecipientKind::AwsKms),
    ("gcp_kms", RecipientKind::GcpKms),
    ("azure_keyvault", RecipientKind::AzureKeyVault),
    ("hc_vault_transit_uri", RecipientKind::Vault),
    ("hckms", RecipientKind::HuaweiKms),
];

/// The lists of a key group, and the field of an entry that holds its name where it is a mapping.
const GROUP_FIELDS: [(&str, RecipientKind, &str); 7] = [
    ("age", RecipientKind::Age, ""),
    ("pgp", RecipientKind::Pgp, ""),
    ("kms", RecipientKind::AwsKms, "arn"),
    ("gcp_kms", RecipientKind::GcpKms, "resource_id"),
    ("azure_keyvault", RecipientKind::AzureKeyVault, ""),
    ("hc_vault", RecipientKind::Vault, ""),
    ("hckms", RecipientKind::HuaweiKms, "key_id"),
];

/// Merged groups may hold merged groups.
const MAX_MERGES: usize = 16;

/// For whom a rule encrypts: its key groups where it has some, else the recipients that stand in it.
pub(crate) fn recipients(rule: usize, fields: &Map<String, Json>) -> Result<Recipients, RuleError> {
    let reader = Reader { rule };
    let threshold = match fields.get("shamir_threshold") {
        None | Some(Json::Null) => None,
        Some(number) => {
            let number = number.as_u64().and_then(|number| usize::try_from(number).ok());
            Some(number.ok_or_else(|| reader.shape("shamir_threshold", "a number"))?)
        }
    };
    let groups = match fields.get("key_groups") {
        Some(Json::Array(groups)) if !groups.is_empty() => {
            groups.iter().map(|group| reader.group(group, 0)).collect::<Result<Vec<_>, _>>()?
        }
        None | Some(Json::Null | Json::Array(_)) => vec![reader.flat(fields)?],
        Some(_) => return Err(reader.shape("key_groups", "a list")),
    };
    if groups.iter().any(Vec::is_empty) {
        return Err(RuleError::NoRecipients { rule });
    }
    // As in sops, a threshold means nothing for a single group.
    let threshold = threshold.filter(|threshold| *threshold > 0 && groups.len() > 1);
    Ok(Recipients::groups(groups, threshold))
}

struct Reader {
    rule: usize,
}

impl Reader {
    fn shape(&self, field: &str, what: &'static str) -> RuleError {
        RuleError::Shape { rule: Some(self.rule), field: field.to_owned(), what }
    }

    fn recipient(&self, kind: RecipientKind, text: &str) -> Result<Recipient, RuleError> {
        Recipient::parse(kind, text).map_err(|source| RuleError::Recipient { rule: self.rule, source })
    }

    fn flat(&self, fields: &Map<String, Json>) -> Result<Vec<Recipient>, RuleError> {
        let mut all = Vec::new();
        for (name, kind) in FIELDS {
            for text in self.texts(name, fields.get(name))? {
                let mut recipient = self.recipient(kind, &text)?;
                if let Some(profile) = fields.get("aws_profile").filter(|_| kind == RecipientKind::AwsKms) {
                    recipient.fields.insert("aws_profile".to_owned(), profile.clone());
                }
                all.push(recipient);
            }
        }
        Ok(all)
    }

    /// A text with commas between, or a list. Commas at the end are let pass.
    fn texts(&self, name: &str, value: Option<&Json>) -> Result<Vec<String>, RuleError> {
        let split = |text: &str| -> Vec<String> {
            text.split(',').map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned).collect()
        };
        match value {
            None | Some(Json::Null) => Ok(Vec::new()),
            Some(Json::String(text)) => Ok(split(text)),
            Some(Json::Array(items)) => {
                let text = |item: &Json| item.as_str().map(split).ok_or_else(|| self.shape(name, "a list of texts"));
                Ok(items.iter().map(text).collect::<Result<Vec<_>, _>>()?.concat())
            }
            Some(_) => Err(self.shape(name, "text or a list")),
        }
    }

    fn group(&self, group: &Json, merges: usize) -> Result<Vec<Recipient>, RuleError> {
        let fields = group.as_object().ok_or_else(|| self.shape("key_groups", "a list of mappings"))?;
        let mut all: Vec<Recipient> = Vec::new();
        if let Some(Json::Array(merged)) = fields.get("merge") {
            if merges == MAX_MERGES {
                return Err(self.shape("merge", "nested less deeply"));
            }
            for group in merged {
                all.extend(self.group(group, merges + 1)?);
            }
        }
        for (name, kind, key) in GROUP_FIELDS {
            let entries = match fields.get(name) {
                None | Some(Json::Null) => continue,
                Some(Json::Array(entries)) => entries,
                Some(_) => return Err(self.shape(name, "a list")),
            };
            for entry in entries {
                all.push(self.entry(name, kind, key, entry)?);
            }
        }
        let mut unique: Vec<Recipient> = Vec::new();
        for recipient in all {
            if !unique.iter().any(|known| recipients::same(known, &recipient)) {
                unique.push(recipient);
            }
        }
        Ok(unique)
    }

    fn entry(&self, name: &str, kind: RecipientKind, key: &str, entry: &Json) -> Result<Recipient, RuleError> {
        let Json::Object(fields) = entry else {
            return self.recipient(kind, entry.as_str().ok_or_else(|| self.shape(name, "a list of texts"))?.trim());
        };
        let text = |field: &str| fields.get(field).and_then(Json::as_str).unwrap_or_default();
        let id = match kind {
            RecipientKind::AzureKeyVault => {
                format!("{}/keys/{}/{}", text("vaultUrl").trim_end_matches('/'), text("key"), text("version"))
            }
            _ => text(key).to_owned(),
        };
        let mut recipient = self.recipient(kind, &id)?;
        for field in ["role", "context", "aws_profile"] {
            if let Some(value) = fields.get(field).filter(|_| kind == RecipientKind::AwsKms) {
                recipient.fields.insert(field.to_owned(), value.clone());
            }
        }
        Ok(recipient)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::CreationRules;

    const A: &str = "age12sazq8d83w7zjc8sc5fgrljngakjqt5f9z3l782f25g64cjzvdxqmxs0rx";
    const B: &str = "age1hpdp62n95rdulgh4hy5jxajxdsgmd4uu7hrcwz7t0sxwx43fap5q4my0g0";

    fn of(rule: &str) -> Result<Recipients, RuleError> {
        CreationRules::parse(&format!("creation_rules: [{rule}]")).unwrap().rules[0].recipients()
    }

    fn ids(recipients: &Recipients) -> Vec<&str> {
        recipients.iter().map(|recipient| recipient.id.as_str()).collect()
    }

    #[test]
    fn recipients_stand_in_texts_and_lists() {
        assert_eq!(ids(&of(&format!("{{age: '{A}, {B},'}}")).unwrap()), [A, B]);
        assert_eq!(
            ids(&of(&format!("{{age: ['{A},{B}'], pgp: ABCDEF0123456789}}")).unwrap()),
            [A, B, "ABCDEF0123456789"]
        );
        assert_eq!(
            of("{encrypted_regex: a}").unwrap_err().to_string(),
            ".sops.yaml, rule 1: no recipient is named, so nobody could open what it encrypts"
        );
        assert!(of(&format!("{{age: \"{A}\\n{B}\"}}")).is_err(), "sops refuses line breaks between recipients");
    }

    #[test]
    fn a_threshold_means_nothing_for_one_group() {
        assert_eq!(of(&format!("{{age: {A}, shamir_threshold: 2}}")).unwrap().threshold, None);
    }

    #[test]
    fn groups_are_merged_without_repeats() {
        let groups = format!(
            "{{shamir_threshold: 2, key_groups: [{{merge: [{{age: [{A}]}}, {{age: [{A}, {B}]}}]}}, \
             {{kms: [{{arn: 'arn:aws:kms:x', role: r, context: {{k: v}}}}]}}, \
             {{azure_keyvault: [{{vaultUrl: 'https://x', key: n, version: '1'}}]}}]}}"
        );
        let recipients = of(&groups).unwrap();
        assert_eq!(recipients.threshold, Some(2));
        assert_eq!(ids(&recipients), [A, B, "arn:aws:kms:x", "https://x/n"]);
        assert_eq!(recipients.groups[1].recipients[0].field("role"), Some("r"));
    }
}
