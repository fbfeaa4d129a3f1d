//! No `Debug`, `Display` or error of a public type shows a plaintext, a key or a token.

#![expect(clippy::unwrap_used, reason = "a test's helpers may fail it")]

use std::fmt::Debug;
use std::sync::Arc;
use std::time::SystemTime;

use age::secrecy::ExposeSecret as _;
use windlass_sops::{
    CreationRule, CreationRules, DecryptOptions, DecryptionOrder, Destination, DestinationRule, Document,
    EncryptOptions, EncryptedValue, Error, Explanation, Finding, Format, GpgProgram, Identities, IdentityError,
    IdentitySources, KeyGroup, Layout, Location, Mac, MasterKey, MasterKeyError, Metadata, NoIdentity, OrderError,
    PathError, PathStep, PgpKeys, Plaintext, Platform, Problem, ProgramCall, Prompt, Recipient, RecipientError,
    RecipientKind, Recipients, RepositoryFile, RuleError, Selector, SopsConfig, StoresConfig, Tried, ValueFault,
    Variable, VaultError, VaultTransit, WriteError, audit, decrypt, decrypt_value, encrypt, encrypted_values,
    parse_path, selected_values,
};
use zeroize::Zeroizing;

const MARKER: &str = "hunter2marker";

/// A document in each format, with the marker as text, in comments, and below keys.
const DOCUMENTS: [(Format, &str); 4] = [
    (
        Format::Yaml,
        "a: hunter2marker\n# hunter2marker\nb:\n  - 'hunter2marker'\n  - |\n    hunter2marker\nc: {d: \"hunter2marker\"}\n",
    ),
    (Format::Json, "{\"a\": \"hunter2marker\", \"b\": [\"hunter2marker\", {\"c\": \"hunter2marker\"}]}"),
    (Format::Dotenv, "A=hunter2marker\n#hunter2marker\nB=x hunter2marker\n"),
    (Format::Ini, "[a]\nb = hunter2marker\n; hunter2marker\nc = \"\"\"hunter2marker\nhunter2marker\"\"\"\n"),
];

struct Key {
    text: String,
    identities: Identities,
    recipients: Recipients,
}

impl Key {
    fn new() -> Self {
        let text = age::x25519::Identity::generate().to_string().expose_secret().to_owned();
        let identities = Identities::parse(&text, "the test").unwrap();
        let recipients = Recipients::age(identities.recipients()).unwrap();
        Self { text, identities, recipients }
    }

    fn encrypt(&self, text: &[u8], format: Format) -> Result<Vec<u8>, WriteError> {
        encrypt(text, format, &self.recipients, &EncryptOptions::default(), SystemTime::now())
    }

    /// Fails where a text shows the marker or the key.
    fn check(&self, shown: &str, what: &str) {
        for secret in [MARKER, &self.text[16..40], "hvs.", "marker"] {
            assert!(!shown.contains(secret), "{what} shows {secret}: {shown}");
        }
    }

    fn check_debug(&self, value: &(impl Debug + ?Sized), what: &str) {
        self.check(&format!("{value:?} {value:#?}"), what);
    }

    /// An error with all its sources.
    fn check_error(&self, error: &dyn std::error::Error, what: &str) {
        self.check_debug(error, what);
        let mut next = Some(error);
        while let Some(error) = next {
            self.check(&error.to_string(), what);
            next = error.source();
        }
    }
}

/// A type that comes later must be looked at here too.
#[test]
fn every_public_type_is_looked_at() {
    let types = windlass_testbed::public_types(include_str!("../src/lib.rs"));
    assert!(types.len() > 40, "{types:?}");
    let missing = windlass_testbed::types_not_named(&types, include_str!("redaction.rs"));
    assert!(missing.is_empty(), "not looked at: {missing:?}");
}

#[test]
fn types_of_rules_and_places_hold_no_secret() {
    let key = Key::new();
    let text = "creation_rules: [{path_regex: ^a, age: age12sazq8d83w7zjc8sc5fgrljngakjqt5f9z3l782f25g64cjzvdxqmxs0rx}]\n\
                destination_rules: [{path_regex: ^a, s3_bucket: b}]\nstores: {yaml: {indent: 2}}\n";
    let config = SopsConfig::parse(text).unwrap();
    let (rule, stores): (&CreationRule, StoresConfig) = (&config.rules.rules[0], config.stores);
    let (explanation, destination): (Explanation<'_>, &DestinationRule) =
        (config.rules.explain("a"), &config.destinations[0]);
    let place: &Option<Destination> = &destination.destination;
    key.check_debug(&(rule, stores, explanation, destination, place), "rules");
    let wrong: RuleError = SopsConfig::parse("creation_rules: hunter2").unwrap_err();
    key.check_error(&wrong, "rules");
    let wrong: OrderError = DecryptionOrder::parse("age,age").unwrap_err();
    key.check_error(&wrong, "an order");
    key.check_debug(&(DecryptionOrder::default(), Mac::Ignore, Platform::current(), Layout::Keep), "settings");
    let (encrypted, clear) = (key.encrypt(b"a: hunter2marker\n", Format::Yaml).unwrap(), b"a: hunter2marker\n");
    let values: Vec<EncryptedValue> = encrypted_values(&encrypted, Format::Yaml).unwrap();
    let places: Vec<Location> = selected_values(clear, Format::Yaml, &Selector::default()).unwrap();
    assert_eq!(places[0].path, [PathStep::Key("a".to_owned())]);
    key.check_debug(&(values, places), "values without a key");
    let metadata = Metadata::read(&encrypted, Format::Yaml).unwrap();
    let groups: &[KeyGroup] = &metadata.groups;
    key.check_debug(groups, "a key group");
    // What is given to a program, and what is asked of a service.
    let (call, fault): (std::sync::Mutex<Option<ProgramCallShown>>, MasterKeyError) =
        (std::sync::Mutex::new(None), "no key".into());
    key.check_error(&*fault, "a master key");
    let shown = Arc::new(call);
    let seen = Arc::clone(&shown);
    let gpg = GpgProgram::new("gpg", move |call: &ProgramCall| {
        *seen.lock().unwrap() = Some(format!("{call:?} {call:#?}"));
        Err("no".to_owned())
    });
    let _: &dyn MasterKey = &gpg;
    let recipient = Recipient::pgp("0123456789ABCDEF").unwrap();
    assert!(gpg.seal(&recipient, MARKER.as_bytes()).is_err());
    key.check(shown.lock().unwrap().as_deref().unwrap(), "a call of gpg");
    let refused: VaultError = VaultTransit::new("hvs.token").allowlist(",").unwrap_err();
    key.check_error(&refused, "an allowlist");
    // A path is shown, since it is what has to be mended.
    let wrong: PathError = parse_path("[").unwrap_err();
    key.check_error(&wrong, "a path");
    // So is a recipient that is none, unless it looks like a private key (below).
    let wrong: RecipientError = Recipient::age("age1nobody").unwrap_err();
    key.check_error(&wrong, "a recipient");
}

type ProgramCallShown = String;

#[test]
fn types_that_hold_secrets_do_not_show_them() {
    let key = Key::new();
    let ask = Prompt::new(|_| Some(Zeroizing::new("hunter2marker".to_owned())));
    key.check_debug(&ask, "a prompt");
    key.check_debug(&key.identities, "identities");
    let text = key.text.clone();
    let sources = IdentitySources::new(move |_| Some(text.clone())).prompt(ask.clone());
    key.check_debug(&sources, "sources");
    key.check_debug(&sources.find(), "what was found");
    let vault = VaultTransit::new("hvs.token");
    key.check_debug(&vault, "Vault");
    key.check_debug(&GpgProgram::new("gpg", |call| Err(format!("{call:?}"))), "gpg");
    let options = EncryptOptions::default().master_key(Arc::new(vault)).layout(Layout::Sops);
    key.check_debug(&options, "options");
    for (format, text) in DOCUMENTS {
        let encrypted = key.encrypt(text.as_bytes(), format).unwrap();
        let document = Document::open(&encrypted, format, &key.identities, &DecryptOptions::default()).unwrap();
        let plain: Plaintext = decrypt(&encrypted, format, &key.identities, &DecryptOptions::default()).unwrap();
        assert!(String::from_utf8_lossy(plain.bytes()).contains(MARKER));
        key.check_debug(&document, "a document");
        key.check_debug(&plain, "a plaintext");
        key.check_debug(document.metadata(), "metadata");
        key.check_debug(&Recipients::of(document.metadata()), "recipients");
        // What holds a plaintext wipes it.
        let texts: [Zeroizing<Vec<u8>>; 2] = [document.plaintext().unwrap(), document.print(format).unwrap()];
        assert!(texts.iter().all(|text| String::from_utf8_lossy(text).contains(MARKER)));
        if let Ok(variables) = document.environment() {
            key.check_debug(&variables[..], "variables");
            let _: Option<&Zeroizing<Vec<u8>>> = variables.first().map(|Variable { value, .. }| value);
        }
    }
}

/// Where a secret stands in the place of something public.
#[test]
fn a_secret_in_the_wrong_place_is_not_shown() {
    let key = Key::new();
    let lower = key.text.to_lowercase();
    let armor = "-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nhunter2marker\n";
    for text in [key.text.as_str(), lower.as_str(), armor] {
        for kind in [RecipientKind::Age, RecipientKind::Pgp, RecipientKind::AwsKms, RecipientKind::Vault] {
            if let Err(error) = Recipient::parse(kind, text) {
                key.check_error(&error, "a recipient");
            }
        }
        let rules = CreationRules::parse(&serde_json::json!({"creation_rules": [{"age": text}]}).to_string()).unwrap();
        key.check_error(&rules.rules[0].recipients().unwrap_err(), "a rule");
    }
    let broken = format!("{}X", key.text);
    key.check_error(&Identities::parse(&broken, "a file").unwrap_err(), "an identity");
    key.check_error(&Identities::parse("hunter2marker", "a file").unwrap_err(), "an identity");
    key.check_error(&Identities::parse_ssh(armor, "a file", &Prompt::default()).unwrap_err(), "an SSH key");
    key.check_error(&PgpKeys::parse(armor, "a file", &Prompt::default()).unwrap_err(), "a PGP key");
    let found = Identities::from_secret_data([("age.agekey", broken.as_bytes()), ("pgp.asc", armor.as_bytes())]);
    assert_eq!(found.warnings().len(), 2);
    let warnings: &[IdentityError] = found.warnings();
    warnings.iter().for_each(|warning| key.check_error(warning, "a warning"));
}

/// A plaintext that is cut off, or has an odd byte in it, anywhere.
#[test]
fn broken_plaintexts_are_told_without_their_content() {
    let key = Key::new();
    for (format, text) in DOCUMENTS {
        let encrypted = key.encrypt(text.as_bytes(), format).unwrap();
        let mut document = Document::open(&encrypted, format, &key.identities, &DecryptOptions::default()).unwrap();
        for at in 0..text.len() {
            let cut = text.as_bytes()[..at].to_vec();
            for odd in [&b""[..], b"\"", b"\xff", b"\n"] {
                let texts = [[&cut, odd].concat(), [&cut, odd, &text.as_bytes()[at..]].concat()];
                for text in texts {
                    if let Err(error) = document.replace(&text) {
                        key.check_error(&error, "a broken plaintext");
                    }
                    if odd.is_empty()
                        && let Err(error) = key.encrypt(&text, format)
                    {
                        key.check_error(&error, "a broken plaintext");
                    }
                }
            }
        }
    }
}

/// An encrypted document of which a part is damaged, opened with and without its key.
#[test]
fn broken_documents_are_told_without_their_content() {
    let key = Key::new();
    let other = Key::new();
    for (format, text) in DOCUMENTS {
        let encrypted = key.encrypt(text.as_bytes(), format).unwrap();
        let options = DecryptOptions::default();
        let foreign = decrypt(&encrypted, format, &other.identities, &options).unwrap_err();
        key.check_error(&foreign, "a foreign key");
        let Error::NoIdentity(sides) = &foreign else { panic!("{foreign}") };
        let (sides, tried): (&NoIdentity, &[Tried]) = (sides, &sides.tried);
        key.check_debug(&(sides, tried), "the two sides");
        // Every part of the text once.
        for at in (0..encrypted.len()).step_by(7) {
            let mut damaged = encrypted.clone();
            damaged[at] = b'!';
            for text in [&damaged[..], &encrypted[..at]] {
                if let Err(error) = decrypt(text, format, &key.identities, &options) {
                    key.check_error(&error, "a damaged document");
                }
                if let Err(error) = Metadata::read(text, format) {
                    key.check_error(&error, "damaged metadata");
                }
            }
        }
    }
    // A secret that somebody put there in clear.
    let encrypted = key.encrypt(b"{\"a\": \"x\", \"b\": \"y\"}", Format::Json).unwrap();
    let mut value: serde_json::Value = serde_json::from_slice(&encrypted).unwrap();
    value["a"] = MARKER.into();
    let clear = decrypt_value(&value, &key.identities, &DecryptOptions::default()).unwrap_err();
    assert!(matches!(clear, Error::Value { fault: ValueFault::Clear, .. }));
    key.check_error(&clear, "a clear value");
}

#[test]
fn findings_and_edits_name_places_only() {
    let key = Key::new();
    let secret = "apiVersion: v1\nkind: Secret\nstringData:\n  password: hunter2marker\n";
    let config = SopsConfig::parse("creation_rules: [{path_regex: ^b}]").unwrap();
    let leaked = format!("# keys\n{}\n", key.text);
    let files = [("a.yaml", secret), ("b.yaml", "a: hunter2marker\n"), ("c.txt", &leaked)];
    let files = files.map(|(path, text)| RepositoryFile { path, text: text.as_bytes() });
    let findings = audit(files, &config.rules);
    assert!(findings.len() >= 3, "{findings:?}");
    key.check_debug(&files, "files");
    for finding in &findings {
        let (Finding { problem, .. }, _): (&Finding, Option<Problem>) = (finding, None);
        key.check_debug(problem, "a problem");
        key.check(&format!("{finding:?} {}", finding.problem), "a finding");
    }
    let encrypted = key.encrypt(DOCUMENTS[0].1.as_bytes(), Format::Yaml).unwrap();
    let mut document = Document::open(&encrypted, Format::Yaml, &key.identities, &DecryptOptions::default()).unwrap();
    for path in ["[\"sops\"]", "[0]", "[\"a\"][\"b\"]"] {
        if let Err(error) = document.set(&parse_path(path).unwrap(), &MARKER.into()) {
            key.check_error(&error, "a path");
        }
    }
    for format in [Format::Dotenv, Format::Ini, Format::Binary] {
        key.check_error(&document.print(format).unwrap_err(), "a format that cannot hold it");
    }
    key.check_error(&document.environment().unwrap_err(), "no variable");
    let broken = EncryptOptions::default().selector(Selector::EncryptedRegex("[".to_owned()));
    let error = encrypt(MARKER.as_bytes(), Format::Binary, &Recipients::default(), &broken, SystemTime::now());
    key.check_error(&error.unwrap_err(), "nobody to encrypt for");
}
