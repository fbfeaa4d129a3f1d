//! PGP recipients: what we encrypt for a key of gpg's, the real sops opens through gpg, and the other way round; keys that
//! gpg would not encrypt to are refused.

#![expect(clippy::unwrap_used, reason = "a test's helpers may fail it")]

use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use windlass_sops::{
    DecryptOptions, Document, EncryptOptions, Format, GpgProgram, Identities, IdentitySources, MasterKey, PgpKeys,
    Platform, ProgramCall, Prompt, Recipient, Recipients, decrypt, encrypt,
};
use windlass_testbed::{Gnupg, Testbed, Tool, require_peers};
use zeroize::Zeroizing;

const TEXT: &[u8] = b"user: me\npass: hunter2\n";
const CURVES: [&str; 2] = ["ed25519", "cv25519"];
const DAY: Duration = Duration::from_secs(86_400);

fn sops(testbed: &Testbed, gnupg: &Gnupg, args: &[&str], text: &[u8]) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.yaml");
    std::fs::write(&file, text).unwrap();
    let mut command = testbed.command(Tool::Sops).unwrap();
    command.args(args).arg(&file).env("GNUPGHOME", gnupg.home()).current_dir(folder.path()).stdin(Stdio::null());
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

fn encrypted(keys: impl MasterKey + 'static, fingerprint: &str) -> Vec<u8> {
    let options = EncryptOptions::default().master_key(Arc::new(keys));
    let recipients = Recipients::new([Recipient::pgp(fingerprint).unwrap()]);
    encrypt(TEXT, Format::Yaml, &recipients, &options, SystemTime::now()).unwrap()
}

fn exported(gnupg: &Gnupg) -> PgpKeys {
    PgpKeys::public(gnupg.run(&["--armor", "--export"]).as_bytes(), "exported").unwrap()
}

#[test]
fn sops_and_we_open_what_the_other_encrypted_for_a_key_of_gpg() {
    let testbed = require_peers!([Tool::Sops, Tool::Gpg, Tool::GpgConnectAgent]);
    let gnupg = Gnupg::new(&testbed);
    let keys = [gnupg.key("curve", CURVES, "0"), gnupg.key("rsa", ["rsa2048", "rsa2048"], "0")];
    // All keys of a home stand in its keybox.
    let keybox = std::fs::read(gnupg.home().join("pubring.kbx")).unwrap();
    for fingerprint in &keys {
        for keyring in [exported(&gnupg), PgpKeys::public(&keybox, "keybox").unwrap()] {
            let ours = encrypted(keyring, fingerprint);
            assert_eq!(sops(&testbed, &gnupg, &["decrypt"], &ours), TEXT);
        }
        let theirs = sops(&testbed, &gnupg, &["encrypt", "--pgp", fingerprint], TEXT);
        let private = gnupg.run(&["--armor", "--export-secret-keys", fingerprint]);
        let mut identities = Identities::new();
        identities.add_pgp_keys(PgpKeys::parse(&private, "exported", &Prompt::default()).unwrap());
        let plain = decrypt(&theirs, Format::Yaml, &identities, &DecryptOptions::default()).unwrap();
        assert_eq!(plain.bytes(), TEXT);
        // A private key has its public side: the document can be rotated.
        let mut document = Document::open(&theirs, Format::Yaml, &identities, &DecryptOptions::default()).unwrap();
        document.rotate().unwrap();
        let rotated = document.save(SystemTime::now()).unwrap();
        assert_eq!(sops(&testbed, &gnupg, &["decrypt"], &rotated), TEXT);
    }
}

#[test]
fn armor_has_the_form_of_gpg() {
    let testbed = require_peers!([Tool::Gpg, Tool::GpgConnectAgent]);
    let gnupg = Gnupg::new(&testbed);
    let fingerprint = gnupg.key("a", CURVES, "0");
    let recipient = Recipient::pgp(&fingerprint).unwrap();
    let armor = exported(&gnupg).seal(&recipient, &[7; 32]).unwrap();
    let lines: Vec<_> = armor.lines().collect();
    assert_eq!(lines[..2], ["-----BEGIN PGP MESSAGE-----", ""]);
    let [body @ .., last, sum, end] = &lines[2..] else { panic!("{armor}") };
    assert!(body.iter().all(|line| line.len() == 64) && last.len() <= 64, "{armor}");
    assert!(sum.len() == 5 && sum.starts_with('='), "{armor}");
    assert_eq!(*end, "-----END PGP MESSAGE-----");
    let file = gnupg.home().join("message");
    std::fs::write(&file, &armor).unwrap();
    assert_eq!(gnupg.run(&["--decrypt", file.to_str().unwrap()]).as_bytes(), [7; 32]);
}

#[test]
fn the_newest_subkey_counts_and_a_mark_names_another() {
    let testbed = require_peers!([Tool::Gpg, Tool::GpgConnectAgent]);
    let gnupg = Gnupg::new(&testbed);
    let fingerprint = gnupg.key("a", CURVES, "0");
    let later = format!("{}!", SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs() + 3600);
    gnupg.run(&["--faked-system-time", &later, "--quick-add-key", &fingerprint, "cv25519", "encr", "0"]);
    let all = gnupg.fingerprints("a");
    let keys = exported(&gnupg);
    let subkey_of = |id: &str| {
        let armor = keys.seal(&Recipient::pgp(id).unwrap(), &[7; 32]).unwrap();
        let file = gnupg.home().join("message");
        std::fs::write(&file, &armor).unwrap();
        let packets = gnupg.run(&["--list-packets", file.to_str().unwrap()]);
        let id = packets.split("keyid ").nth(1).unwrap().lines().next().unwrap().to_owned();
        all.iter().position(|own| own.ends_with(&id)).unwrap()
    };
    assert_eq!(subkey_of(&all[0]), 2, "the newest of the two");
    assert_eq!(subkey_of(&all[0][24..]), 2, "by the key's ID");
    assert_eq!(subkey_of(&all[1]), 2, "as gpg, by any fingerprint of the key");
    assert_eq!(subkey_of(&format!("{}!", all[1])), 1, "the very one");
}

#[test]
fn keys_that_must_not_be_used_are_refused() {
    let testbed = require_peers!([Tool::Gpg, Tool::GpgConnectAgent]);
    let gnupg = Gnupg::new(&testbed);
    let now = SystemTime::now();
    let short = gnupg.key("short", CURVES, "2d");
    let revoked = gnupg.key("revoked", CURVES, "0");
    gnupg.run(&["--quick-generate-key", "signs", "ed25519", "sign,cert", "0"]);
    let signs = gnupg.fingerprints("signs").remove(0);
    let certificate = gnupg.home().join(format!("openpgp-revocs.d/{revoked}.rev"));
    let certificate_text = std::fs::read_to_string(&certificate).unwrap().replace(":-----BEGIN", "-----BEGIN");
    std::fs::write(&certificate, certificate_text).unwrap();
    gnupg.run(&["--import", certificate.to_str().unwrap()]);
    let keys = exported(&gnupg);
    let fault = |id: &str, now: SystemTime| {
        keys.seal_at(&Recipient::pgp(id).unwrap(), &[7; 32], now).map_err(|error| error.to_string()).err()
    };
    assert_eq!(fault(&short, now), None);
    assert_eq!(fault(&short, now + 3 * DAY).as_deref(), Some("it has expired"));
    assert_eq!(fault(&revoked, now).as_deref(), Some("it was revoked"));
    assert_eq!(fault(&signs, now).as_deref(), Some("it has no subkey for encryption"));
    assert_eq!(fault("0123456789ABCDEF0123", now).as_deref(), Some("its public key is not at hand"));
    assert_eq!(fault("ABCDEF01", now).as_deref(), Some("its public key is not at hand"), "too short to name a key");
}

fn run(call: &ProgramCall) -> Result<Zeroizing<Vec<u8>>, String> {
    use std::io::Write as _;
    let mut command = Command::new(&call.program);
    command.args(&call.arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| error.to_string())?;
    child.stdin.take().unwrap().write_all(&call.input).map_err(|error| error.to_string())?;
    let output = child.wait_with_output().map_err(|error| error.to_string())?;
    let fault = || String::from_utf8_lossy(&output.stderr).into_owned();
    output.status.success().then(|| Zeroizing::new(output.stdout.clone())).ok_or_else(fault)
}

#[test]
fn gpg_opens_and_encrypts_with_what_its_agent_holds() {
    let testbed = require_peers!([Tool::Sops, Tool::Gpg, Tool::GpgConnectAgent]);
    let gnupg = Gnupg::new(&testbed);
    let fingerprint = gnupg.key("a", CURVES, "0");
    let gpg = || GpgProgram::new("gpg", run).home(gnupg.home());
    let ours = encrypted(gpg(), &fingerprint);
    assert_eq!(sops(&testbed, &gnupg, &["decrypt"], &ours), TEXT);
    let mut identities = Identities::new();
    identities.add_master_key(Arc::new(gpg()));
    let plain = decrypt(&ours, Format::Yaml, &identities, &DecryptOptions::default()).unwrap();
    assert_eq!(plain.bytes(), TEXT);
}

#[test]
fn keyrings_of_the_home_directory_are_found() {
    let testbed = require_peers!([Tool::Gpg, Tool::GpgConnectAgent]);
    let gnupg = Gnupg::new(&testbed);
    let fingerprint = gnupg.key("a", CURVES, "0");
    let home = tempfile::tempdir().unwrap();
    let lookup = |name: &str| (name == "GNUPGHOME").then(|| gnupg.home().display().to_string());
    let found = IdentitySources::new(lookup).home(home.path(), Platform::Unix).find();
    let options = EncryptOptions::default().keys_of(&found);
    let recipients = Recipients::new([Recipient::pgp(&fingerprint).unwrap()]);
    let text = encrypt(TEXT, Format::Yaml, &recipients, &options, SystemTime::now()).unwrap();
    let error = decrypt(&text, Format::Yaml, &found, &DecryptOptions::default()).unwrap_err().to_string();
    assert!(error.contains("its private key is not at hand"), "{error}");
}

#[test]
fn a_secret_of_the_cluster_may_hold_keys_in_every_form_and_errors_name_them() {
    let testbed = require_peers!([Tool::Sops, Tool::Gpg, Tool::GpgConnectAgent]);
    let gnupg = Gnupg::new(&testbed);
    let [own, other] = ["own", "other"].map(|name| gnupg.key(name, CURVES, "0"));
    let text = sops(&testbed, &gnupg, &["encrypt", "--pgp", &own], TEXT);
    let armored = |option: &str, key: &str| gnupg.run(&["--armor", option, key]);
    let binary = gnupg.home().join("binary");
    gnupg.run(&["--output", binary.to_str().unwrap(), "--export-secret-keys", &own]);
    let open = |data: &[(&str, &[u8])]| {
        let identities = Identities::from_secret_data(data.iter().copied());
        let warnings: Vec<_> = identities.warnings().iter().map(ToString::to_string).collect();
        (decrypt(&text, Format::Yaml, &identities, &DecryptOptions::default()), warnings)
    };
    let several = format!("{}{}", armored("--export-secret-keys", &other), armored("--export-secret-keys", &own));
    let subkeys = armored("--export-secret-subkeys", &own);
    for bytes in [several.as_bytes(), subkeys.as_bytes(), &std::fs::read(&binary).unwrap()] {
        let (opened, warnings) = open(&[("a.asc", bytes)]);
        assert_eq!((opened.unwrap().bytes(), warnings), (TEXT, Vec::new()));
    }
    let (opened, warnings) = open(&[("pgp.key", several.as_bytes())]);
    assert_eq!(opened.unwrap().bytes(), TEXT);
    let told = "Secret key pgp.key: holds a PGP private key, but Flux reads only names that end with .asc";
    assert_eq!(warnings, [told]);
    let (refused, _) = open(&[("a.asc", armored("--export-secret-keys", &other).as_bytes())]);
    let error = refused.unwrap_err().to_string();
    assert!(error.contains(&format!("PGP {own}: {other} (from Secret key a.asc) does not open it: ")), "{error}");
    let (refused, warnings) = open(&[("a.asc", armored("--export", &own).as_bytes())]);
    assert_eq!(warnings, ["Secret key a.asc: cannot be read: no PGP private key that can be read"]);
    assert!(refused.unwrap_err().to_string().contains(&warnings[0]));
}
