//! Vault's transit keys: the real sops and we open what the other one encrypted, against one server that answers as Vault's
//! documentation says.

#![expect(clippy::unwrap_used, reason = "a test's helpers may fail it")]

use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use windlass_sops::{
    DecryptOptions, Document, EncryptOptions, Error, Format, Identities, MasterKey, Recipient, RecipientKind,
    Recipients, VaultTransit, decrypt, encrypt,
};
use windlass_testbed::{Mood, Testbed, Tool, Transit, require_peers};

const TEXT: &[u8] = b"user: me\npass: hunter2\n";
const KEY: [u8; 32] = [7; 32];
const TOKEN: &str = Transit::TOKEN;

fn recipient(url: &str) -> Recipient {
    Recipient::parse(RecipientKind::Vault, url).unwrap()
}

fn identities(vault: VaultTransit) -> Identities {
    let mut identities = Identities::new();
    identities.add_master_key(Arc::new(vault));
    identities
}

fn encrypted(url: &str) -> Vec<u8> {
    let identities = identities(VaultTransit::new(TOKEN));
    let options = EncryptOptions::default().keys_of(&identities);
    encrypt(TEXT, Format::Yaml, &Recipients::new([recipient(url)]), &options, SystemTime::now()).unwrap()
}

fn sops(testbed: &Testbed, args: &[&str], text: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.yaml");
    std::fs::write(&file, text).unwrap();
    let mut command = testbed.command(Tool::Sops).unwrap();
    command.args(args).arg(&file).env("VAULT_TOKEN", TOKEN).current_dir(folder.path()).stdin(Stdio::null());
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    (output.stdout, std::fs::read(&file).unwrap())
}

#[test]
fn sops_and_we_open_what_the_other_encrypted() {
    let testbed = require_peers!([Tool::Sops]);
    let server = Transit::start(Mood::Willing, None);
    let url = server.url("team-key");
    let identities = identities(VaultTransit::new(TOKEN));

    let (theirs, _) = sops(&testbed, &["encrypt", "--hc-vault-transit", &url], TEXT);
    let plain = decrypt(&theirs, Format::Yaml, &identities, &DecryptOptions::default()).unwrap();
    assert_eq!(plain.bytes(), b"user: me\npass: hunter2\n");

    let ours = encrypted(&url);
    assert_eq!(sops(&testbed, &["decrypt"], &ours).0, TEXT);

    let mut document = Document::open(&theirs, Format::Yaml, &identities, &DecryptOptions::default()).unwrap();
    document.rotate().unwrap();
    let rotated = document.save(SystemTime::now()).unwrap();
    assert_eq!(sops(&testbed, &["decrypt"], &rotated).0, TEXT);
    let (_, again) = sops(&testbed, &["rotate", "-i"], &rotated);
    assert_eq!(decrypt(&again, Format::Yaml, &identities, &DecryptOptions::default()).unwrap().bytes(), plain.bytes());
}

#[test]
fn the_namespace_and_the_path_are_those_of_the_recipient() {
    let server = Transit::start(Mood::Willing, None);
    let recipient = recipient(&server.url("k"));
    let vault = VaultTransit::new(TOKEN).namespace("team");
    let sealed = vault.seal(&recipient, &KEY).unwrap();
    assert!(sealed.starts_with("vault:v1:"));
    assert_eq!(*vault.open(&recipient, &sealed).unwrap(), KEY);
    assert_eq!(*server.asked.lock().unwrap(), ["team/v1/transit/encrypt/k", "team/v1/transit/decrypt/k"]);
}

/// Also inside of a runtime, which a wait of its own must not stumble over.
#[tokio::test]
async fn it_can_be_asked_from_anywhere() {
    let server = Transit::start(Mood::Willing, None);
    let vault = VaultTransit::new(TOKEN);
    assert!(vault.seal(&recipient(&server.url("k")), &KEY).is_ok());
}

#[test]
fn a_standby_server_sends_on_once() {
    let active = Transit::start(Mood::Willing, None);
    let standby = Transit::start(Mood::Standby(format!("http://127.0.0.1:{}", active.port)), None);
    let vault = VaultTransit::new(TOKEN);
    let sealed = vault.seal(&recipient(&standby.url("k")), &KEY).unwrap();
    assert_eq!(*vault.open(&recipient(&active.url("k")), &sealed).unwrap(), KEY);
    let away = Transit::start(Mood::Standby("http://127.0.0.1:1".to_owned()), None);
    let vault = vault.allowlist(&format!("http://127.0.0.1:{}", away.port)).unwrap();
    let error = vault.seal(&recipient(&away.url("k")), &KEY).unwrap_err().to_string();
    assert_eq!(error, "the allowlist for Vault does not have http://127.0.0.1:1 (SOPS_HC_VAULT_ALLOWLIST)");
}

#[test]
fn tls_trusts_what_it_is_told_to() {
    let authority = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let key = PrivateKeyDer::Pkcs8(authority.signing_key.serialize_der().into());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![authority.cert.der().clone()], key)
        .unwrap();
    let server = Transit::start(Mood::Willing, Some(Arc::new(config)));
    let recipient = recipient(&server.url("k").replace("http:", "https:"));
    let vault = VaultTransit::new(TOKEN).authorities(authority.cert.pem().as_bytes());
    let sealed = vault.seal(&recipient, &KEY).unwrap();
    assert_eq!(*vault.open(&recipient, &sealed).unwrap(), KEY);
    let error = VaultTransit::new(TOKEN).seal(&recipient, &KEY).unwrap_err().to_string();
    assert!(error.contains("cannot be reached: invalid peer certificate"), "{error}");
    assert!(VaultTransit::new(TOKEN).authorities(b"none").seal(&recipient, &KEY).is_err());
}

#[test]
fn faults_are_told_without_token_or_key() {
    let willing = Transit::start(Mood::Willing, None);
    let url = |mood| Transit::start(mood, None).url("k");
    let (token, wrong) = (VaultTransit::new(TOKEN), VaultTransit::new("hvs.wrong"));
    let quick = VaultTransit::new(TOKEN).timeout(Duration::from_millis(100));
    for (vault, url, expected) in [
        (&wrong, willing.url("k"), "refuses /v1/transit/encrypt/k with status 403: permission denied"),
        (&token, url(Mood::Sealed), "refuses /v1/transit/encrypt/k with status 503: Vault is sealed"),
        (&token, url(Mood::Odd("<html>")), "the answer of Vault cannot be used: it is no JSON"),
        (&token, url(Mood::Odd("{\"data\": null}")), "the answer of Vault cannot be used: it holds no key"),
        (&token, "http://127.0.0.1:1/v1/transit/keys/k".to_owned(), "http://127.0.0.1:1 cannot be reached"),
        (&quick, url(Mood::Silent), "does not answer"),
    ] {
        let error = vault.seal(&recipient(&url), &KEY).unwrap_err();
        let shown = format!("{error} {error:?}");
        assert!(shown.contains(expected), "{shown}");
        assert!(!shown.contains("hvs."), "{shown}");
    }
    assert!(
        token.open(&recipient(&willing.url("none")), "vault:v1:AAAA").unwrap_err().to_string().contains("not found")
    );
}

#[test]
fn a_document_says_why_vault_did_not_open_it() {
    let server = Transit::start(Mood::Willing, None);
    let text = encrypted(&server.url("k"));
    let refused = decrypt(&text, Format::Yaml, &identities(VaultTransit::new("x")), &DecryptOptions::default());
    let error = refused.unwrap_err();
    assert!(matches!(error, Error::NoIdentity(_)));
    assert!(error.to_string().contains("status 403: permission denied"), "{error}");
    let error = decrypt(&text, Format::Yaml, &Identities::new(), &DecryptOptions::default()).unwrap_err();
    assert!(error.to_string().contains("VAULT_TOKEN"), "{error}");
}
