//! SealedSecrets of all scopes, sealed with Go's own library, are opened with the backup of the keys.

use serde_json::json;
use windlass_secrets::{SealedError, SealingKeys, unseal};

const KEYS: &str = include_str!("sealed/keys.yaml");
const SEALED: &str = include_str!("sealed/sealed.yaml");

#[test]
fn all_scopes_are_opened() {
    let keys = SealingKeys::parse(KEYS).unwrap();
    assert_eq!(keys.len(), 2);
    let secrets = unseal(SEALED, &keys, None).unwrap();
    assert_eq!(
        secrets.iter().map(|secret| secret.name.as_str()).collect::<Vec<_>>(),
        ["strict", "by-namespace", "anywhere"]
    );
    assert_eq!(
        secrets[0].manifest,
        json!({
            "apiVersion": "v1", "kind": "Secret", "type": "Opaque",
            "metadata": {"name": "strict", "namespace": "home", "labels": {"app": "web"}},
            "data": {"password": "aHVudGVyMg==", "user": "bWU="},
        })
    );
    assert_eq!(secrets[1].manifest["data"], json!({"token": "dDBrZW4="}));
    assert_eq!(secrets[2].manifest["data"], json!({"empty": "", "tls.key": "AP8gYnl0ZXM="}));
    assert_eq!(secrets[2].manifest["immutable"], true);
    assert!(!format!("{secrets:?}{keys:?}").contains("aHVudGVyMg"));
}

#[test]
fn what_was_moved_or_sealed_by_others_is_told() {
    let keys = SealingKeys::parse(KEYS).unwrap();
    let moved = SEALED.replace("namespace: home", "namespace: work");
    let error = unseal(&moved, &keys, None).unwrap_err().to_string();
    assert!(error.starts_with("SealedSecret work/strict: none of the 2 keys opens password"), "{error}");
    let renamed = SEALED.replace("  name: strict\n  namespace: home", "  name: strict");
    assert!(matches!(unseal(&renamed, &keys, None), Err(SealedError::NoKey { .. })));
    assert!(unseal(&renamed, &keys, Some("home")).is_ok(), "the namespace that kustomize adds later");
    let first = KEYS.split("- apiVersion").take(2).collect::<Vec<_>>().join("- apiVersion");
    let one_key = SealingKeys::parse(&first).unwrap();
    assert!(matches!(unseal(SEALED, &one_key, None), Err(SealedError::NoKey { keys: 1, .. })));
}

#[test]
fn broken_input_is_refused() {
    let keys = SealingKeys::parse(KEYS).unwrap();
    assert!(matches!(SealingKeys::parse("kind: Secret\n"), Err(SealedError::NoKeys)));
    let broken = "-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n";
    assert!(matches!(SealingKeys::parse(broken), Err(SealedError::BrokenKey)));
    assert!(matches!(SealingKeys::parse("-----BEGIN RSA PRIVATE KEY-----\n"), Err(SealedError::BrokenKey)));
    assert!(matches!(unseal("kind: Secret\n", &keys, None), Err(SealedError::None)));
    for (change, to) in
        [("encryptedData:\n    password: ", "encryptedData:\n    password: '%' #"), ("encryptedData", "data")]
    {
        assert!(
            matches!(unseal(&SEALED.replacen(change, to, 1), &keys, None), Err(SealedError::Shape { .. })),
            "{change}"
        );
    }
    for cut in ["AA==", "AQA=", ""] {
        let text = SEALED.replacen("    token: ", &format!("    token: {cut} #"), 1);
        assert!(
            matches!(unseal(&text, &keys, None), Err(SealedError::NoKey { .. } | SealedError::Shape { .. })),
            "{cut}"
        );
    }
}
