//! The recorded answers of sops 3.11.0 and 3.13.2 (`../shared/conformance/sops` beside the work tree).
//!
//! `cases` have to be decrypted to the same values and, where we print as sops does, the same bytes; `negative` have to be
//! refused with the same class of error. What is out of scope is listed by name.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test's helpers may fail it, and its table is for reading"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;
use windlass_sops::{DecryptOptions, Error, Format, Identities, Plaintext, Prompt, decrypt};

fn folder() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/conformance/sops");
    if !folder.is_dir() {
        println!("skipped: no recorded cases at {}", folder.display());
        return None;
    }
    Some(folder)
}

struct Case {
    id: String,
    format: Format,
    folder: PathBuf,
    text: Vec<u8>,
    exit: u64,
    identities: Identities,
    options: DecryptOptions,
    /// Why we cannot open it yet.
    out_of_scope: Option<&'static str>,
}

impl Case {
    fn load(folder: PathBuf, keys: &Path) -> Self {
        let case: Value = serde_json::from_slice(&std::fs::read(folder.join("case.json")).unwrap()).unwrap();
        let (format, file) = match case["format"].as_str().unwrap() {
            "yaml" => (Format::Yaml, "enc.yaml"),
            "json" => (Format::Json, "enc.json"),
            "dotenv" => (Format::Dotenv, "enc.env"),
            "ini" => (Format::Ini, "enc.ini"),
            _ => (Format::Binary, "enc.bin"),
        };
        let mut identities = Identities::new();
        for name in case["identities"].as_array().unwrap() {
            let name = name.as_str().unwrap();
            let Ok(text) = std::fs::read_to_string(keys.join(name)) else { continue };
            let ssh = name.starts_with("ssh").then(|| Identities::parse_ssh(&text, name, &Prompt::default()));
            if let Ok(more) = ssh.unwrap_or_else(|| Identities::parse(&text, name)) {
                identities.extend(more);
            }
        }
        let env = case["env"].as_object().unwrap();
        if let Some(command) = env.get("SOPS_AGE_KEY_CMD").and_then(Value::as_str) {
            let file = command.trim_start_matches("cat {keys}/");
            let text = std::fs::read_to_string(keys.join(file)).unwrap();
            identities.extend(Identities::parse(&text, "SOPS_AGE_KEY_CMD").unwrap());
        }
        let tags: Vec<&str> = case["tags"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        if let Some(file) = env.get("SOPS_AGE_SSH_PRIVATE_KEY_FILE").and_then(Value::as_str) {
            let text = std::fs::read_to_string(keys.join(file.trim_start_matches("{keys}/"))).unwrap();
            identities.extend(Identities::parse_ssh(&text, file, &Prompt::default()).unwrap());
        }
        #[cfg(feature = "pgp")]
        if tags.contains(&"pgp") {
            for name in ["pgp1.asc", "pgp2.asc"] {
                let text = std::fs::read_to_string(keys.join(name)).unwrap();
                identities.add_pgp_keys(windlass_sops::PgpKeys::parse(&text, name, &Prompt::default()).unwrap());
            }
        }
        let out_of_scope = if cfg!(feature = "pgp") {
            None
        } else if tags.contains(&"pgp") && (identities.is_empty() || tags.contains(&"shamir")) {
            Some("PGP, without the cargo feature `pgp`")
        } else {
            None
        };
        let ignore_mac = case["argv"].as_array().unwrap().iter().any(|arg| arg == "--ignore-mac");
        let options = DecryptOptions::default();
        Self {
            id: case["id"].as_str().unwrap().to_owned(),
            format,
            text: std::fs::read(folder.join(file)).unwrap_or_default(),
            folder,
            exit: case["expect"]["rc"].as_u64().unwrap(),
            identities,
            options: if ignore_mac { options.ignore_mac() } else { options },
            out_of_scope,
        }
    }

    fn expected(&self, file: &str) -> Option<Vec<u8>> {
        std::fs::read(self.folder.join(file)).ok()
    }

    fn check_decrypted(&self) -> Result<(), String> {
        let plain =
            decrypt(&self.text, self.format, &self.identities, &self.options).map_err(|error| error.to_string())?;
        let same_text = |file: &str| match self.expected(file) {
            Some(text) if text != plain.bytes() => Err(format!(
                "text differs:\n{}\n--- expected\n{}",
                String::from_utf8_lossy(plain.bytes()),
                String::from_utf8_lossy(&text)
            )),
            _ => Ok(()),
        };
        match self.format {
            Format::Binary => same_text("expected.bin"),
            Format::Json => same_text("expected.json"),
            Format::Dotenv => self.check_values(&plain).and(same_text("expected.env")),
            Format::Ini => self.check_values(&plain).and(same_text("expected.ini")),
            Format::Yaml => {
                self.check_values(&plain)?;
                let text = self.expected("expected.yaml").ok_or("no expected.yaml")?;
                same_documents(plain.documents(), &String::from_utf8_lossy(&text))?;
                same_text("expected.yaml")
            }
        }
    }

    fn check_values(&self, plain: &Plaintext) -> Result<(), String> {
        let Some(json) = self.expected("expected.json") else { return Ok(()) };
        let expected: Value = serde_json::from_slice(&json).unwrap();
        let ours = &plain.documents()[0];
        if same_value(ours, &expected) { Ok(()) } else { Err(format!("{ours} is not {expected}")) }
    }

    fn check_refused(&self) -> Result<(), String> {
        let Err(error) = decrypt(&self.text, self.format, &self.identities, &self.options) else {
            return Err("was decrypted".to_owned());
        };
        // Where sops panics (2), a fault of a value.
        let expected = if self.exit == 2 { 25 } else { self.exit };
        if u64::from(error.exit_code()) != expected {
            return Err(format!("expected exit code {expected}: {error}"));
        }
        let chain = format!("{error} {error:?}");
        for secret in ["hidden", "AGE-SECRET-KEY"] {
            if chain.contains(secret) {
                return Err(format!("shows {secret}: {chain}"));
            }
        }
        println!("{}: {error}", self.id);
        Ok(())
    }
}

/// Equal but for the kind of number: sops' JSON output of a YAML float can look like an integer.
fn same_value(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => left.as_f64() == right.as_f64(),
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(l, r)| same_value(l, r))
        }
        (Value::Object(left), Value::Object(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|((lk, l), (rk, r))| lk == rk && same_value(l, r))
        }
        _ => left == right,
    }
}

fn same_documents(documents: &[Value], text: &str) -> Result<(), String> {
    let Ok(expected) = windlass_yaml::read_documents(text, &windlass_yaml::ReadOptions::resource()) else {
        return Ok(());
    };
    // A document of comments only is none for a reader of Kubernetes objects.
    let ours: Vec<_> = documents.iter().filter(|d| d.as_object().is_some_and(|o| !o.is_empty())).collect();
    let expected: Vec<_> = expected
        .iter()
        .map(|document| &document.value)
        .filter(|value| value.as_object().is_some_and(|o| !o.is_empty()))
        .collect();
    let same =
        ours.len() == expected.len() && ours.iter().zip(&expected).all(|(ours, theirs)| same_value(ours, theirs));
    if same { Ok(()) } else { Err(format!("documents differ:\n{ours:?}\n{expected:?}")) }
}

fn run(kind: &str, floor: usize) {
    let Some(folder) = folder() else { return };
    let keys = folder.join("keys");
    let mut entries: Vec<_> =
        std::fs::read_dir(folder.join(kind)).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    let mut out_of_scope: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    let mut failures = Vec::new();
    let mut passed = 0;
    for entry in entries {
        let case = Case::load(entry, &keys);
        if let Some(reason) = case.out_of_scope {
            out_of_scope.entry(reason).or_default().push(case.id);
            continue;
        }
        let result = if case.exit == 0 { case.check_decrypted() } else { case.check_refused() };
        match result {
            Ok(()) => passed += 1,
            Err(reason) => failures.push(format!("{}: {reason}", case.id)),
        }
    }
    println!("{kind}: {passed} passed, {} failed", failures.len());
    for (reason, cases) in &out_of_scope {
        println!("  out of scope, {reason}: {} ({})", cases.len(), cases.join(" "));
    }
    assert!(failures.is_empty(), "{} failures:\n{}", failures.len(), failures.join("\n\n"));
    assert!(passed >= floor, "{passed} cases found, {floor} expected");
}

#[test]
fn recorded_documents_are_decrypted_as_sops_does() {
    run("cases", 197);
}

#[test]
fn recorded_attacks_are_refused_as_sops_does() {
    run("negative", 57);
}

/// Raw envelopes: put into a document whose data key we choose, at the path their additional data names.
#[test]
fn recorded_values_open() {
    let Some(folder) = folder() else { return };
    let vectors: Value = serde_json::from_slice(&std::fs::read(folder.join("vectors.json")).unwrap()).unwrap();
    let identity = age::x25519::Identity::generate();
    let identities = {
        use age::secrecy::ExposeSecret as _;
        Identities::parse(identity.to_string().expose_secret(), "test").unwrap()
    };
    let mut opened = 0;
    for vector in vectors["values"].as_array().unwrap() {
        let hex = |field: &str| -> Vec<u8> {
            let text = vector[field].as_str().unwrap();
            (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
        };
        let base64 = |field: &str| {
            use base64::Engine as _;
            base64::engine::general_purpose::STANDARD.encode(hex(field))
        };
        let kind = vector["type"].as_str().unwrap();
        let envelope =
            format!("ENC[AES256_GCM,data:{},iv:{},tag:{},type:{kind}]", base64("data"), base64("iv"), base64("tag"));
        let path: Vec<&str> = vector["aad"].as_str().unwrap().strip_suffix(':').unwrap().split(':').collect();
        let mut document = Value::String(envelope);
        for key in path.iter().rev() {
            document = serde_json::json!({ *key: document });
        }
        let enc = age::encrypt_and_armor(&identity.to_public(), &hex("key")).unwrap();
        document["sops"] = serde_json::json!({
            "age": [{"recipient": identity.to_public().to_string(), "enc": enc}],
            "lastmodified": "2026-11-20T05:01:50Z",
            "version": "3.11.0",
            // The vectors were picked from documents with any selector: here everything is encrypted.
            "unencrypted_regex": "^\\b$",
        });
        let options = DecryptOptions::default().ignore_mac();
        let plain = decrypt(document.to_string().as_bytes(), Format::Json, &identities, &options)
            .unwrap_or_else(|error| panic!("{}: {error}", vector["case"]));
        let value = path.iter().fold(&plain.documents()[0], |value, key| &value[key]);
        let expected = String::from_utf8_lossy(&hex("plain")).into_owned();
        let shown = match (kind, value) {
            ("bool", Value::Bool(true)) => "True".to_owned(),
            ("bool", Value::Bool(false)) => "False".to_owned(),
            ("str", Value::String(text)) => text.clone(),
            ("float", Value::Number(number)) => {
                assert_eq!(number.as_f64(), expected.parse().ok(), "{}", vector["case"]);
                expected.clone()
            }
            _ => panic!("{kind} opened to another type"),
        };
        assert_eq!(shown, expected, "{}", vector["case"]);
        opened += 1;
    }
    println!("{opened} values opened");
    assert!(opened >= 500);
}

/// The message for the mistake made most often.
#[test]
fn a_wrong_key_is_told_with_both_sides() {
    let Some(folder) = folder() else { return };
    let case = Case::load(folder.join("negative/json-wrong-key"), &folder.join("keys"));
    let error = decrypt(&case.text, case.format, &case.identities, &case.options).unwrap_err();
    assert!(matches!(error, Error::NoIdentity(_)));
    assert_eq!(
        error.to_string(),
        "no identity opens this document: encrypted for \
         age1hpdp62n95rdulgh4hy5jxajxdsgmd4uu7hrcwz7t0sxwx43fap5q4my0g0; tried \
         age1hm9ehkyjvagccxq97q2fkkph3n6qmzydyzpafw8xcr569kndc9wqxxp6xq (from age2.txt)"
    );
}
