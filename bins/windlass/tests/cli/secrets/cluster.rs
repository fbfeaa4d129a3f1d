//! The keys that a cluster decrypts with, at a real API server.

use windlass_testbed::{KubeApi, require_peers};

use super::home::{Home, ME, MY_KEY, OTHER, OTHER_KEY, finish, secret};

fn kustomization(name: &str, secret: &str) -> String {
    format!(
        "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata:\n  name: {name}\n  namespace: default\n\
         spec:\n  path: ./{name}\n  interval: 1h\n  prune: false\n  sourceRef: {{kind: GitRepository, name: home}}\n  \
         decryption:\n    provider: sops\n    secretRef: {{name: {secret}}}\n---\n"
    )
}

#[test]
fn keys_in_the_cluster_that_open_nothing_are_found() -> Result<(), Box<dyn std::error::Error>> {
    let testbed = require_peers!(KubeApi::NEEDS);
    let kube = KubeApi::start(&testbed)?;
    let definitions = std::process::Command::new(env!("CARGO_BIN_EXE_windlass")).arg("crds").output()?;
    kube.apply(&String::from_utf8(definitions.stdout)?)?;
    let objects = format!(
        "{}{}{}apiVersion: v1\nkind: Secret\nmetadata: {{name: keys, namespace: default}}\nstringData:\n  \
         mine.agekey: {MY_KEY}\n  age.key: {OTHER_KEY}\n",
        kustomization("apps", "keys"),
        kustomization("infrastructure", "keys"),
        kustomization("forgotten", "missing"),
    );
    // The definitions take a moment before they are served.
    let applied = (0..600).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(50));
        kube.apply(&objects).is_ok()
    });
    assert!(applied);

    let mut home = Home::with_rules(&format!("creation_rules: [{{age: '{ME}'}}]\n"));
    home.variables.push(("KUBECONFIG".into(), kube.kubeconfig().display().to_string()));
    home.encrypted("mine.sops.yaml", &secret());
    home.write("others.sops.yaml", secret());
    let stranger = "age1hpdp62n95rdulgh4hy5jxajxdsgmd4uu7hrcwz7t0sxwx43fap5q4my0g0";
    home.done(&["encrypt", "-i", "--age", stranger, "others.sops.yaml"]);
    let run = finish(home.command(&["check", "--cluster", "-o", "json"]), "");
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    let found: Vec<serde_json::Value> = serde_json::from_slice(&run.stdout)?;
    for (code, path, part) in [
        ("missing-key-secret", "Secret/default/missing", "it is not there"),
        ("ignored-key", "Secret/default/keys", "age.key"),
        ("useless-key", "Secret/default/keys", OTHER),
        ("closed-to-cluster", "others.sops.yaml", "no key of the cluster opens it"),
    ] {
        let is = |one: &&serde_json::Value| one["code"] == code && one["path"] == path;
        let message = found.iter().find(is).and_then(|one| one["message"].as_str());
        assert!(message.is_some_and(|text| text.contains(part)), "{code} {path}: {}", run.text());
    }
    assert!(!found.iter().any(|one| one["code"] == "closed-to-cluster" && one["path"] == "mine.sops.yaml"));
    assert!(!run.text().contains("AGE-SECRET-KEY"));
    Ok(())
}
