//! Any bytes as a `.sops.yaml`, a path to a value, a decryption order, a rule's expression or a public PGP keyring: an answer
//! or an error, never a panic.

#![no_main]

use libfuzzer_sys::fuzz_target;
use windlass_sops::{CreationRule, DecryptionOrder, PgpKeys, Recipient, RecipientKind, SopsConfig, parse_path};

const KINDS: [RecipientKind; 7] = [
    RecipientKind::Age,
    RecipientKind::Pgp,
    RecipientKind::AwsKms,
    RecipientKind::GcpKms,
    RecipientKind::AzureKeyVault,
    RecipientKind::Vault,
    RecipientKind::HuaweiKms,
];

fn use_rule(rule: &CreationRule) {
    let _ = rule.check();
    let _ = rule.recipients();
    let _ = rule.options();
}

fuzz_target!(|input: &[u8]| {
    if let Ok(keys) = PgpKeys::public(input, "fuzz") {
        use windlass_sops::MasterKey as _;
        let name = input.iter().take(20).map(|byte| format!("{byte:02X}")).collect::<String>();
        let _ = Recipient::pgp(&name).map(|recipient| keys.seal(&recipient, &[1; 32]).is_ok());
    }
    let Ok(text) = std::str::from_utf8(input) else { return };
    if let Ok(config) = SopsConfig::parse(text) {
        config.rules.rules.iter().for_each(use_rule);
        config.destinations.iter().filter_map(|rule| rule.recreation.as_ref()).for_each(use_rule);
        let _ = config.rules.explain("apps/a.yaml").to_string();
        let _ = config.destination_for("/apps/a.yaml");
    }
    // As an expression of Go.
    let rule = serde_json::json!({ "creation_rules": [{ "path_regex": text }] }).to_string();
    if let Ok(config) = SopsConfig::parse(&rule) {
        config.rules.rules.iter().for_each(|rule| drop(rule.check()));
    }
    let _ = parse_path(text);
    let _ = DecryptionOrder::parse(text);
    KINDS.iter().for_each(|kind| drop(Recipient::parse(*kind, text)));
});
