//! Repositories encrypted for the kinds of keys that Flux opens out of the box, and where their plaintext is not.

use std::path::Path;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::SystemTime;

use age::secrecy::ExposeSecret as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use windlass_sops::{EncryptOptions, Format, Recipients, Selector};
use windlass_testbed::{Gnupg, Mood, Testbed, Tool, Transit, files_holding, open_files_holding, peers_or_skip};

use crate::daemon::Daemon;
use crate::repository::Repository;
use crate::server::{KUSTOMIZE, Server, on_embedded};
use crate::waiting::{eventually, flux_objects, request, wait_condition, wait_ready};

fn secret(namespace: &str, name: &str, value: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: {name}\n  namespace: {namespace}\nstringData:\n  password: {value}\n"
    )
}

/// Encrypts as the user of a repository does.
fn sops(testbed: &Testbed, gnupg: &Gnupg, recipient: [&str; 2], text: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("secret.yaml");
    std::fs::write(&file, text).unwrap();
    let output = testbed
        .command(Tool::Sops)
        .unwrap()
        .args(["encrypt", "--encrypted-regex", "^(data|stringData)$"])
        .args(recipient)
        .arg(&file)
        .env("GNUPGHOME", gnupg.home())
        .env("VAULT_TOKEN", Transit::TOKEN)
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn what_sops_encrypts_for_pgp_vault_and_age_is_opened_with_the_secret_that_flux_reads() {
    let Some(testbed) = peers_or_skip(&[Tool::Sops, Tool::Gpg, Tool::GpgConnectAgent]) else { return };
    let gnupg = Gnupg::new(&testbed);
    let keys = [gnupg.key("curve", ["ed25519", "cv25519"], "0"), gnupg.key("rsa", ["rsa2048", "rsa2048"], "0")];
    let age = age::x25519::Identity::generate();
    let vault = Transit::start(Mood::Willing, None);
    let namespace = "keys";
    let encrypt = |option: &str, recipient: &str, name: &str| {
        sops(&testbed, &gnupg, [option, recipient], &secret(namespace, name, &format!("open-{name}")))
    };
    let files = [
        ("curve", encrypt("--pgp", &keys[0], "curve")),
        ("rsa", encrypt("--pgp", &keys[1], "rsa")),
        ("vault", encrypt("--hc-vault-transit", &vault.url("team"), "vault")),
        ("age", encrypt("--age", &age.to_public().to_string(), "age")),
    ];
    // Of the first key all parts; of the second, as careful people do it, the subkeys alone.
    let private = |option: &str, key: &str| gnupg.run(&["--armor", option, key]);
    let [whole, subkeys] = [private("--export-secret-keys", &keys[0]), private("--export-secret-subkeys", &keys[1])];
    let in_cluster = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "keys", "namespace": namespace},
        "stringData": {"a.asc": whole, "b.asc": subkeys, "sops.vault-token": format!("{}\n", Transit::TOKEN),
            "age.agekey": age.to_string().expose_secret(), "sops.aws-kms": "aws_access_key_id: x", "id": "x"}});

    on_embedded_with(|server| {
        server.make_namespace(namespace);
        let repository = Repository::new();
        for (name, text) in &files {
            assert!(!text.contains(&format!("open-{name}")));
            repository.write(&format!("{name}.yaml"), text);
        }
        let revision = repository.push();
        server.apply(&in_cluster.to_string());
        let spec = json!({"decryption": {"provider": "sops", "secretRef": {"name": "keys"}}});
        server.apply(&flux_objects(server, namespace, &repository.url(), spec));
        let home = tempfile::tempdir().unwrap();
        let daemon = Daemon::start(&server.kubeconfig(), namespace, home.path());
        wait_ready(server, namespace, "apps", &revision);
        for (name, _) in &files {
            let found = server.get("v1", "Secret", namespace, name).unwrap();
            assert_eq!(found["data"]["password"], STANDARD.encode(format!("open-{name}")), "{name}");
        }
        let log = daemon.log();
        assert!(log.contains("Secret key id: is not read, by Flux neither"), "{log}");
        assert!(log.contains("Secret key sops.aws-kms: AWS KMS is not asked"), "{log}");
        for secret in ["open-", Transit::TOKEN, "PRIVATE KEY", "AGE-SECRET-KEY"] {
            assert!(!log.contains(secret), "{log}");
        }

        // One for a service that is not asked: what to do stands in the status.
        let (_, text) = &files[3];
        let at = text.find("    age:").unwrap();
        let end = text[at..].find("    lastmodified:").unwrap() + at;
        let arn = "arn:aws:kms:eu-west-1:000000000000:key/11111111-2222-3333-4444-555555555555";
        let kms = format!(
            "    kms:\n        - arn: {arn}\n          created_at: \"2026-11-20T00:00:00Z\"\n          enc: AQI=\n"
        );
        repository.write("age.yaml", &format!("{}{kms}{}", &text[..at], &text[end..]));
        repository.push();
        let said = wait_condition(server, namespace, "apps", "AWS KMS");
        assert!(said.starts_with("False BuildFailed age.yaml: the file cannot be decrypted: "), "{said}");
        for part in [arn, "add an age, PGP or Vault recipient", "Secret key sops.aws-kms: AWS KMS is not asked"] {
            assert!(said.contains(part), "{part} is missing in {said}");
        }
    });
}

fn on_embedded_with(test: impl FnOnce(&Server)) {
    if peers_or_skip(&[Tool::Git]).is_some() {
        test(&Server::embedded());
    }
}

const MARKER: &str = "correct-horse-5d0e7b";

/// Encrypts for an identity, by the field that Secrets are encrypted by.
fn encrypted(identity: &age::x25519::Identity, file: &str, text: &str) -> String {
    let public = identity.to_public().to_string();
    let recipients = Recipients::age([public.as_str()]).unwrap();
    let options = match Format::of_path(file) {
        Format::Yaml => EncryptOptions::default().selector(Selector::EncryptedRegex("^(data|stringData)$".to_owned())),
        _ => EncryptOptions::default(),
    };
    let encrypted =
        windlass_sops::encrypt(text.as_bytes(), Format::of_path(file), &recipients, &options, SystemTime::now());
    String::from_utf8(encrypted.unwrap()).unwrap()
}

#[test]
fn no_file_holds_a_plaintext_at_any_time_of_a_reconcile() {
    on_embedded(|server| {
        let namespace = "plaintext";
        server.make_namespace(namespace);
        let identity = age::x25519::Identity::generate();
        let repository = Repository::new();
        // As resources, below a generator, as a patch, and in variables.
        let mut resources = String::new();
        for index in 0..30 {
            let name = format!("s{index}.sops.yaml");
            repository.write(&name, &encrypted(&identity, &name, &secret(namespace, &format!("s{index}"), MARKER)));
            resources.push_str(&format!("- {name}\n"));
        }
        let patch = secret(namespace, "s0", &format!("{MARKER}-patched"));
        repository.write("patch.sops.yaml", &encrypted(&identity, "patch.sops.yaml", &patch));
        let text = secret(namespace, "s2", "${VALUE}");
        repository.write("s2.sops.yaml", &encrypted(&identity, "s2.sops.yaml", &text));
        repository.write("vars.sops.env", &encrypted(&identity, "vars.sops.env", &format!("TOKEN={MARKER}-env\n")));
        repository.write(
            "kustomization.yaml",
            &format!(
                "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nnamespace: {namespace}\nresources:\n{resources}\
                 patches:\n- path: patch.sops.yaml\nsecretGenerator:\n- name: made\n  envs: [vars.sops.env]\n"
            ),
        );
        let first = repository.push();
        let key = identity.to_string().expose_secret().to_owned();
        let keys = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "age", "namespace": namespace},
            "stringData": {"x.agekey": key}});
        server.apply(&keys.to_string());
        let variables = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "vars", "namespace": namespace},
            "stringData": {"VALUE": format!("{MARKER}-variable")}});
        server.apply(&variables.to_string());
        let spec = json!({"decryption": {"provider": "sops", "secretRef": {"name": "age"}},
            "postBuild": {"substituteFrom": [{"kind": "Secret", "name": "vars"}]}});
        server.apply(&flux_objects(server, namespace, &repository.url(), spec));

        let home = tempfile::tempdir().unwrap();
        let scratch = tempfile::tempdir().unwrap();
        let variables = [("TMPDIR", scratch.path()), ("WINDLASS_LOG", Path::new("trace"))];
        let daemon = Daemon::start_in(&server.kubeconfig(), namespace, home.path(), &variables);
        let texts = [MARKER.to_owned(), STANDARD.encode(MARKER)[..24].to_owned(), key[20..50].to_owned()];
        let look = || {
            for text in &texts {
                let lying = [files_holding(home.path(), text), files_holding(scratch.path(), text)].concat();
                assert!(lying.is_empty(), "a secret lies in {lying:?}");
                let open = open_files_holding(daemon.id(), text);
                assert!(open.is_empty(), "a secret is in an open file: {open:?}");
            }
        };
        let (over, looks) = (AtomicBool::new(false), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            let watch = scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    look();
                    looks.fetch_add(1, Ordering::Relaxed);
                }
            });
            // Also where the work below fails.
            let _over = Over(&over);
            wait_ready(server, namespace, "apps", &first);
            let found = server.get("v1", "Secret", namespace, "s0").unwrap();
            assert_eq!(found["data"]["password"], STANDARD.encode(format!("{MARKER}-patched")));
            for (name, value) in [("s1", MARKER.to_owned()), ("s2", format!("{MARKER}-variable"))] {
                let found = server.get("v1", "Secret", namespace, name).unwrap();
                assert_eq!(found["data"]["password"], STANDARD.encode(value));
            }
            request(server, KUSTOMIZE, "Kustomization", namespace, "apps");
            // Everything anew; then a file that opens and cannot be applied, which is told about.
            let text = secret(namespace, "s1", &format!("{MARKER}-new"));
            repository.write("s1.sops.yaml", &encrypted(&identity, "s1.sops.yaml", &text));
            let second = repository.push();
            wait_ready(server, namespace, "apps", &second);
            let wrong = secret(namespace, "s1", MARKER).replace("stringData:\n", "stringData:\n  wrong/name: x\n");
            repository.write("s1.sops.yaml", &encrypted(&identity, "s1.sops.yaml", &wrong));
            repository.push();
            let said = wait_condition(server, namespace, "apps", "False");
            assert!(texts.iter().all(|text| !said.contains(text)), "{said}");
            let metrics = eventually("metrics", || daemon.get("/metrics"));
            assert!(texts.iter().all(|text| !metrics.contains(text)));
            drop(_over);
            watch.join().unwrap();
        });
        assert!(looks.load(Ordering::Relaxed) > 10, "{looks:?}");
        // What was fetched is kept there, encrypted, and so is the log.
        assert!(!files_holding(home.path(), "ENC[AES256_GCM").is_empty() || home.path().join("store").is_dir());
        look();
        let told =
            json!(server.list("v1", "Event")).to_string() + &json!(server.list(KUSTOMIZE, "Kustomization")).to_string();
        assert!(texts.iter().all(|text| !told.contains(text)), "{told}");
    });
}

/// Ends the watch when it goes.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
