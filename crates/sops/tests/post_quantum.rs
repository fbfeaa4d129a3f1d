//! Post-quantum age keys: the real age opens what we seal for them, and we what it seals. (sops has them from 3.12 on.)

#![expect(clippy::unwrap_used, reason = "a test's helpers may fail it")]

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::SystemTime;

use serde_json::Value;
use windlass_sops::{DecryptOptions, EncryptOptions, Format, Identities, Recipients, decrypt, encrypt};
use windlass_testbed::{Tool, require_peers};

fn output_of(command: &mut Command, input: &[u8]) -> Vec<u8> {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    output.stdout
}

#[test]
fn age_and_we_open_what_the_other_sealed() {
    let testbed = require_peers!([Tool::Age, Tool::AgeKeygen]);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key.txt");
    let text = String::from_utf8(testbed.run(Tool::AgeKeygen, ["-pq"]).unwrap()).unwrap();
    std::fs::write(&file, &text).unwrap();
    let identities = Identities::parse(&text, "age-keygen").unwrap();
    let recipient = identities.recipients().next().unwrap().to_owned();
    assert!(text.contains(&format!("# public key: {recipient}")));

    let recipients = Recipients::age([recipient.as_str()]).unwrap();
    let options = EncryptOptions::default();
    let ours = encrypt(b"{\"a\": \"b\"}", Format::Json, &recipients, &options, SystemTime::now()).unwrap();
    let mut document: Value = serde_json::from_slice(&ours).unwrap();
    let entry = &mut document["sops"]["age"][0];
    let key = output_of(
        testbed.command(Tool::Age).unwrap().args(["--decrypt", "--identity"]).arg(&file),
        entry["enc"].as_str().unwrap().as_bytes(),
    );
    assert_eq!(key.len(), 32);
    let theirs =
        output_of(testbed.command(Tool::Age).unwrap().args(["--encrypt", "--armor", "--recipient", &recipient]), &key);
    entry["enc"] = String::from_utf8(theirs).unwrap().into();
    for text in [ours, document.to_string().into_bytes()] {
        let plain = decrypt(&text, Format::Json, &identities, &DecryptOptions::default()).unwrap();
        assert_eq!(plain.documents()[0]["a"], "b");
    }
    let other = Identities::parse(include_str!("documents/post_quantum_key.txt"), "another").unwrap();
    let error = decrypt(document.to_string().as_bytes(), Format::Json, &other, &DecryptOptions::default());
    assert!(error.unwrap_err().to_string().starts_with("no identity opens this document: encrypted for age1pq1"));
}
