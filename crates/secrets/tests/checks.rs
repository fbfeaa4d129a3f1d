//! What a check finds, and what it leaves alone.

#![expect(clippy::unwrap_used, reason = "a test's helpers may fail it")]

use home::{Home, ME, MY_KEY, OTHER};
use windlass_secrets::{CheckFinding, CheckOptions, RuleFiles, Severity, check};

#[path = "support/home.rs"]
mod home;

const SECRET: &str = "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData:\n  password: hunter2\n";

fn findings(home: &Home, options: &CheckOptions) -> Vec<CheckFinding> {
    let found = check(&home.repository(), &mut RuleFiles::above(None), options).unwrap();
    assert!(found.iter().all(|finding| !finding.message.contains("hunter2") && !finding.message.contains("SA80FVW")));
    found
}

fn codes(home: &Home) -> Vec<(&'static str, String)> {
    let found = findings(home, &CheckOptions::default());
    found.iter().map(|finding| (finding.code, finding.path.display().to_string())).collect()
}

fn rules(home: &Home) {
    let both = format!("{ME},{OTHER}");
    home.write(
        ".sops.yaml",
        format!("creation_rules: [{{path_regex: \\.sops\\., encrypted_regex: ^(data|stringData)$, age: '{both}'}}]\n"),
    );
}

#[test]
fn a_repository_in_order_has_no_finding() {
    let home = Home::new();
    rules(&home);
    home.encrypt("a.sops.yaml", SECRET, &[ME, OTHER]);
    home.write("deployment.yaml", "apiVersion: apps/v1\nkind: Deployment\n");
    home.write("variables.yaml", "apiVersion: v1\nkind: Secret\nmetadata: {name: v}\nstringData:\n  a: ${PASSWORD}\n");
    home.write("README.md", "Put AGE-SECRET-KEY-1... into the cluster.\n");
    assert_eq!(codes(&home), []);
}

#[test]
fn each_fault_is_found() {
    let home = Home::new();
    rules(&home);
    home.write("clear.yaml", SECRET);
    home.write("should-be.sops.yaml", SECRET);
    home.write("keys.txt", format!("# mine\n{MY_KEY}\n"));
    home.encrypt("alone.sops.yaml", SECRET, &[ME]);
    let tampered = String::from_utf8(home.sealed("a.sops.yaml", SECRET, &[ME, OTHER])).unwrap();
    home.write("edited.sops.yaml", tampered.replace("stringData:\n", "stringData:\n  added: hunter2\n"));
    home.write("selector.sops.yaml", tampered.replace("encrypted_regex: ^(data|stringData)$", "encrypted_regex: '['"));
    let found = codes(&home);
    for (code, path) in [
        ("plain-secret", "clear.yaml"),
        ("not-encrypted", "should-be.sops.yaml"),
        ("private-key", "keys.txt"),
        ("other-recipients", "alone.sops.yaml"),
        ("single-recipient", "alone.sops.yaml"),
        ("clear-values", "edited.sops.yaml"),
        ("broken-selector", "selector.sops.yaml"),
    ] {
        assert!(found.contains(&(code, path.to_owned())), "{code} {path} is missing in {found:?}");
    }
    let severities: Vec<_> = findings(&home, &CheckOptions::default()).iter().map(|finding| finding.severity).collect();
    assert!(severities.is_sorted(), "the worst first: {severities:?}");
    let clear = findings(&home, &CheckOptions::default()).into_iter().find(|finding| finding.code == "plain-secret");
    assert_eq!(clear.unwrap().line, Some(5));
}

#[test]
fn rules_that_do_nothing_or_cannot_be_used_are_found() {
    let home = Home::new();
    home.write(
        ".sops.yaml",
        format!(
            "creation_rules: [{{path_regex: nowhere, age: {ME}}}, {{path_regex: a, encrypted_regex: '[', age: {ME}}}]\n"
        ),
    );
    home.write("a.yaml", "x: 1\n");
    let found = codes(&home);
    assert!(found.contains(&("unused-rule", ".sops.yaml".into())), "{found:?}");
    assert!(found.contains(&("broken-rule", ".sops.yaml".into())), "{found:?}");
    home.write(".sops.yaml", "creation_rules: 5\n");
    assert_eq!(codes(&home), [("broken-rules", ".sops.yaml".into())]);
}

#[test]
fn files_are_left_out_on_request() {
    let home = Home::new();
    home.write("fixtures/a/clear.yaml", SECRET);
    let mut options = CheckOptions::default();
    assert_eq!(findings(&home, &options).len(), 1);
    options.exclude = vec!["fixtures/**".into()];
    assert_eq!(findings(&home, &options), []);
}

#[test]
fn the_history_is_looked_through() {
    let home = Home::new();
    home.git(&["init", "-q"], 0);
    home.write("clear.yaml", SECRET);
    home.write("still.yaml", SECRET.replace("hunter2", "hunter2-too"));
    home.commit(1);
    std::fs::remove_file(home.path("clear.yaml")).unwrap();
    home.commit(2);
    let mut options = CheckOptions::default();
    assert_eq!(findings(&home, &options).len(), 1);
    options.history = true;
    let found = findings(&home, &options);
    let old: Vec<_> = found.iter().filter(|finding| finding.code == "in-history").collect();
    assert_eq!(old.len(), 1, "{found:?}");
    assert_eq!((old[0].path.to_str(), old[0].severity), (Some("clear.yaml"), Severity::Leak));
    assert_eq!(old[0].commit.as_ref().unwrap().len(), 7);
}
