//! What looks after a whole repository: checks, ages, doctor, Git.

use windlass_testbed::{Testbed, Tool, require_peers};

use super::home::{Home, MARKER, ME, OTHER, OTHER_KEY, secret};

fn home() -> Home {
    let home = Home::with_rules(&format!(
        "creation_rules: [{{path_regex: \\.sops\\.yaml$, encrypted_regex: ^(data|stringData)$, age: '{ME},{OTHER}'}}]\n"
    ));
    home.git(&["init", "-q"]);
    home.encrypted("web.sops.yaml", &secret());
    home.commit("the web");
    home
}

#[test]
fn check_is_for_hooks_and_ci() {
    let home = home();
    assert_eq!(home.done(&["check"]), "");
    home.write("clear.yaml", secret());
    let run = home.run(&["check"]);
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    assert!(run.text().contains("leak") && run.text().contains("clear.yaml:7"), "{}", run.text());
    assert!(!run.text().contains(MARKER));
    assert!(run.stderr.contains("help: `windlass secrets encrypt -i FILE`"), "{}", run.stderr);
    let run = home.run(&["check", "-o", "json"]);
    assert!(!run.stderr.contains("help:"), "{}", run.stderr);
    let found: serde_json::Value = serde_json::from_slice(&run.stdout).unwrap();
    assert_eq!((&found[0]["code"], &found[0]["line"]), (&"plain-secret".into(), &7.into()));
    home.done(&["check", "--exclude", "clear.*"]);
    home.commit("oops");
    std::fs::remove_file(home.path("clear.yaml")).unwrap();
    home.commit("gone");
    home.done(&["check"]);
    assert_eq!(home.run(&["check", "--history"]).code, Some(1));

    home.write(
        ".sops.yaml",
        format!("creation_rules: [{{path_regex: sops, encrypted_regex: ^(data|stringData)$, age: {ME}}}]\n"),
    );
    home.done(&["rekey", "--all", "-y"]);
    let run = home.run(&["check"]);
    assert_eq!(run.code, Some(0), "a risk is no fault: {}", run.text());
    assert!(run.text().contains("risk") && run.text().contains(ME), "{}", run.text());
    assert_eq!(home.run(&["check", "--strict"]).code, Some(1));
    assert!(run.stderr.contains("help: `windlass secrets recovery new`"), "{}", run.stderr);

    // A hook does not tell at every commit what is at risk.
    home.git(&["add", "-A"]);
    let run = home.run(&["check", "--staged"]);
    assert_eq!((run.code, run.text()), (Some(0), ""));
    assert!(run.stderr.contains(" at risk"), "{}", run.stderr);
    assert!(home.run(&["check", "--staged", "--strict"]).text().contains("risk"));
}

#[test]
fn an_unresolved_merge_is_told_as_such() {
    let home = home();
    for (name, text) in [
        ("web.sops.yaml", home.read("web.sops.yaml")),
        ("a.sops.json", "{\"a\": 1}\n".to_owned()),
        ("a.sops.env", "A=1\n".to_owned()),
        ("a.sops.ini", "[a]\nb=1\n".to_owned()),
    ] {
        home.write(name, format!("<<<<<<< ours\n{text}=======\n{text}>>>>>>> theirs\n"));
        let run = home.run(&["decrypt", name]);
        assert_eq!(run.code, Some(1), "{name}: {}", run.stderr);
        assert!(run.stderr.contains("the conflict of a merge is not resolved, line 1"), "{name}: {}", run.stderr);
        assert!(run.stderr.contains("git checkout --ours"), "{name}: {}", run.stderr);
    }
}

#[test]
fn status_tells_ages_and_marks_old_values() {
    let mut home = home();
    let shown = home.done(&["status"]);
    assert!(
        shown.contains("web.sops.yaml") && shown.contains("stringData.password") && shown.contains("0d"),
        "{shown}"
    );
    home.done(&["status", "--max-age", "90d", "--max-key-age", "90d"]);
    let metrics = home.done(&["status", "-o", "metrics"]);
    assert!(metrics.contains("windlass_secret_values 2\n"), "{metrics}");
    let json: serde_json::Value = serde_json::from_str(&home.done(&["status", "-o", "json"])).unwrap();
    assert_eq!(json[0]["values"][0]["path"], "stringData.password");
    assert!(json[0]["values"][0]["ageSeconds"].is_number());
    // A commit of long ago.
    home.variables.push(("GIT_COMMITTER_DATE".into(), "@86400 +0000".into()));
    let amended = home.git(&["commit", "-q", "--amend", "--no-edit"]);
    assert_eq!(amended.code, Some(0), "{}", amended.stderr);
    let run = home.run(&["status", "--max-age", "90d", "--max-age", "web.*=99y"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let run = home.run(&["status", "--max-age", "90d", "--max-key-age", "1y"]);
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    assert!(run.stderr.contains("2 values are older") && run.stderr.contains("1 data key is older"), "{}", run.stderr);
    // As a rule has it, which sops takes all the same.
    let rules = home.read(".sops.yaml");
    home.write(".sops.yaml", rules.replace("{path_regex", "{windlass: {max_age: 99y, max_key_age: 30d}, path_regex"));
    let run = home.run(&["status", "-o", "json"]);
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    let json: serde_json::Value = serde_json::from_slice(&run.stdout).unwrap();
    assert_eq!((&json[0]["values"][0]["tooOld"], &json[0]["dataKey"]["tooOld"]), (&false.into(), &true.into()));
}

#[test]
fn doctor_tells_who_opens_what() {
    let mut home = home();
    let shown = home.done(&["doctor"]);
    assert!(shown.contains(ME) && shown.contains("SOPS_AGE_KEY") && shown.contains("1 of 1 file open"), "{shown}");
    assert!(shown.contains(OTHER), "whose key is missing: {shown}");
    home.key.clear();
    let run = home.run(&["doctor"]);
    assert_eq!(run.code, Some(1));
    assert!(run.text().contains("no key was found") && run.text().contains("keys.txt"), "{}", run.text());
    home.write(".config/sops/age/keys.txt", OTHER_KEY);
    let shown = home.done(&["doctor", "-o", "json"]);
    let found: serde_json::Value = serde_json::from_str(&shown).unwrap();
    assert!(found["identities"][0]["origin"].as_str().unwrap().ends_with(".config/sops/age/keys.txt"), "{shown}");
    assert_eq!(found["files"][0]["opens"], true);
}

/// Lets git find `windlass`.
fn with_git(home: &mut Home) {
    let bin = std::path::Path::new(env!("CARGO_BIN_EXE_windlass")).parent().unwrap();
    let path = std::env::join_paths(
        std::iter::once(bin.to_owned()).chain(std::env::split_paths(&std::env::var_os("PATH").unwrap())),
    );
    home.variables.push(("PATH".into(), path.unwrap().into_string().unwrap()));
    home.done(&["git-setup", "--apply"]);
    home.done(&["git-setup", "--apply"]);
    assert_eq!(home.read(".gitattributes"), "*.sops.* diff=windlass-secrets merge=windlass-secrets\n");
    home.commit("set up");
}

#[test]
fn a_commit_with_a_secret_in_clear_is_refused() {
    let mut home = home();
    with_git(&mut home);
    home.done(&["git-setup", "--apply", "--hook"]);
    home.done(&["git-setup", "--apply", "--hook"]);
    home.write("apps/clear.yaml", secret());
    home.git(&["add", "-A"]);
    // What counts is what is staged, whatever became of the file since.
    home.write("apps/clear.yaml", "a: b\n");
    let run = home.git(&["commit", "-qm", "oops"]);
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    assert!(run.stderr.contains("apps/clear.yaml:7") || run.text().contains("apps/clear.yaml:7"), "{}", run.stderr);
    home.git(&["add", "-A"]);
    assert_eq!(home.git(&["commit", "-qm", "fine"]).code, Some(0));
    home.write(".git/hooks/pre-commit", "#!/bin/sh\n");
    assert_eq!(home.run(&["git-setup", "--apply", "--hook"]).code, Some(1), "a hook of somebody else is left alone");
}

fn set(home: &Home, path: &str, value: &str) {
    let run = home.run_with(&["set", "web.sops.yaml", path, "--stdin"], value);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
}

fn both_sides(home: &Home, ours: (&str, &str), theirs: (&str, &str)) -> super::home::Run {
    home.git(&["checkout", "-q", "-b", "side"]);
    set(home, theirs.0, theirs.1);
    home.commit("theirs");
    home.git(&["checkout", "-q", "main"]);
    set(home, ours.0, ours.1);
    home.commit("ours");
    home.git(&["merge", "-q", "-m", "both", "side"])
}

#[test]
fn git_merges_different_values_by_itself() {
    let mut home = home();
    with_git(&mut home);
    let run = both_sides(&home, ("stringData.password", "ours"), ("stringData.user", "theirs"));
    assert_eq!(run.code, Some(0), "{}{}", run.text(), run.stderr);
    let plain = home.done(&["decrypt", "web.sops.yaml"]);
    assert!(plain.contains("password: ours") && plain.contains("user: theirs"), "{plain}");
    let testbed: Testbed = require_peers!(&[Tool::Sops]);
    assert_eq!(home.sops(&testbed, &["decrypt", "web.sops.yaml"], "").text(), plain);
}

#[test]
fn a_conflict_holds_no_plaintext_and_can_be_resolved() {
    let mut home = home();
    with_git(&mut home);
    let run = both_sides(&home, ("stringData.password", "hunter4"), ("stringData.password", "hunter3"));
    assert_eq!(run.code, Some(1));
    assert!(run.stderr.contains("both sides changed stringData.password"), "{}", run.stderr);
    let text = home.read("web.sops.yaml");
    assert!(text.contains("<<<<<<< ours") && !text.contains("hunter"), "{text}");
    assert_ne!(home.run(&["decrypt", "web.sops.yaml"]).code, Some(0));
    // The other side, everywhere.
    let mut keep = true;
    let mut taken = String::new();
    for line in text.lines() {
        match line.split(' ').next().unwrap() {
            "<<<<<<<" => keep = false,
            "=======" | ">>>>>>>" => keep = true,
            _ if keep => taken += &format!("{line}\n"),
            _ => {}
        }
    }
    home.write("web.sops.yaml", taken);
    assert_eq!(home.done(&["get", "web.sops.yaml", "stringData.password"]), "hunter3");
}

#[test]
fn git_diff_shows_plaintext_to_who_can_read_it() {
    let mut home = home();
    with_git(&mut home);
    set(&home, "stringData.user", "you");
    let shown = home.git(&["diff"]);
    assert!(shown.text().contains("-    user: me\n+    user: you\n"), "{}", shown.text());
    assert!(!shown.text().contains("mac:"));
    home.key.clear();
    let shown = home.git(&["diff"]);
    assert!(shown.text().contains("ENC[") && !shown.text().contains("user: you"), "{}", shown.text());
}

#[test]
fn sealed_secrets_are_taken_over() {
    let home = Home::new();
    let sealed = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../crates/secrets/tests/sealed"));
    std::fs::copy(sealed.join("sealed.yaml"), home.path("sealed.yaml")).unwrap();
    std::fs::copy(sealed.join("keys.yaml"), home.path("backup.yaml")).unwrap();
    home.done(&["import", "sealed", "sealed.yaml", "--keys", "backup.yaml", "--to", "apps"]);
    assert_eq!(home.done(&["get", "--data", "apps/strict.sops.yaml", "password"]), "hunter2");
    assert_eq!(home.done(&["get", "--data", "apps/by-namespace.sops.yaml", "token"]), "t0ken");
    assert!(!home.read("apps/strict.sops.yaml").contains("aHVudGVyMg"));
    assert!(home.read("apps/strict.sops.yaml").contains("app: web"));
    let run = home.run(&["import", "sealed", "sealed.yaml", "--keys", "sealed.yaml", "--to", "more"]);
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    assert!(run.stderr.starts_with("error: sealed.yaml is no backup of the keys: "), "{}", run.stderr);
    let run = home.run(&["import", "sealed", "sealed.yaml", "--keys", "backup.yaml", "--to", "apps"]);
    assert_eq!(run.code, Some(1), "what is there is not overwritten");
    assert_eq!(std::fs::read_dir(home.path("apps")).unwrap().count(), 3);
}

#[test]
fn a_stranger_starts_with_a_key_and_rules_that_sops_takes_too() {
    use std::os::unix::fs::PermissionsExt as _;
    let testbed = require_peers!(&[Tool::Sops]);
    let mut home = Home::with_rules("");
    std::fs::remove_file(home.path(".sops.yaml")).unwrap();
    home.key = String::new();
    let own = tempfile::tempdir().unwrap();
    home.variables.push(("HOME".into(), own.path().display().to_string()));
    home.git(&["init", "-q"]);
    home.write("web.sops.yaml", secret());
    let run = home.run(&["encrypt", "-i", "web.sops.yaml"]);
    assert!(run.code == Some(1) && run.stderr.contains("windlass secrets init"), "{}", run.stderr);
    home.done(&["init", "--age", OTHER]);
    let file = own.path().join(".config/sops/age/keys.txt");
    let read = || std::fs::read_to_string(&file).unwrap();
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let (key, rules) = (read(), home.read(".sops.yaml"));
    home.done(&["encrypt", "-i", "web.sops.yaml"]);
    home.write("other.sops.env", "A=1\n");
    home.done(&["encrypt", "-i", "other.sops.env"]);
    assert_eq!(home.done(&["check"]), "");
    assert!(home.read("web.sops.yaml").contains("name: web") && home.read("web.sops.yaml").contains(OTHER));
    let sops = home.sops(&testbed, &["decrypt", "web.sops.yaml"], "");
    assert!(sops.text().contains(MARKER), "{}", sops.stderr);
    // Again, it changes nothing.
    let run = home.run(&["init"]);
    assert!(run.code == Some(0) && run.stderr.contains("there already"), "{}", run.stderr);
    assert!(!run.stderr.contains("AGE-SECRET-KEY"));
    assert_eq!((read(), home.read(".sops.yaml")), (key, rules));
    // A file that is no key is not written over.
    std::fs::write(&file, "mine\n").unwrap();
    let run = home.run(&["init"]);
    assert!(run.code == Some(1) && run.stderr.contains("cannot be used"), "{}", run.stderr);
    assert_eq!(read(), "mine\n");
}
