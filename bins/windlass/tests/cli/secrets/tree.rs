//! Many files at once: all of them, or none.

use std::fs;
use std::process::Stdio;

use windlass_sops::{DecryptOptions, Format, Identities, decrypt};

use super::home::{Home, MARKER, ME, OTHER, OTHER_KEY, secret};

const COUNT: usize = 12;

fn home() -> Home {
    let home = Home::new();
    for number in 0..COUNT {
        home.write(&format!("apps/{number}/web.sops.yaml"), secret());
    }
    home.done(&["encrypt", "-i", "--all"]);
    home
}

fn files(home: &Home) -> Vec<String> {
    (0..COUNT).map(|number| home.read(&format!("apps/{number}/web.sops.yaml"))).collect()
}

#[test]
fn a_tree_is_encrypted_rotated_and_decrypted() {
    let home = home();
    let encrypted = files(&home);
    assert!(encrypted.iter().all(|text| !text.contains(MARKER) && text.contains("ENC[")));
    assert!(!home.read(".sops.yaml").contains("ENC["));
    home.done(&["rotate", "-i", "apps/*/web.sops.yaml"]);
    assert!(files(&home).iter().zip(&encrypted).all(|(new, old)| new != old));
    home.done(&["decrypt", "-i", "apps"]);
    assert!(files(&home).iter().all(|text| *text == secret()));
}

#[test]
fn what_a_broad_rule_matches_is_not_all_encrypted() {
    let home =
        Home::with_rules(&format!("creation_rules: [{{path_regex: .*yaml, encrypted_regex: ^data$, age: {ME}}}]\n"));
    home.write("map.yaml", "apiVersion: v1\nkind: ConfigMap\ndata: {a: b}\n");
    home.write("web.yaml", secret().replace("stringData", "data"));
    home.done(&["encrypt", "-i", "--all"]);
    assert!(!home.read("map.yaml").contains("ENC["));
    assert!(home.read("web.yaml").contains("ENC["));
    assert_eq!(home.run(&["check"]).text().lines().filter(|line| line.contains("map.yaml")).count(), 0);
    home.done(&["encrypt", "-i", "map.yaml"]);
    assert!(home.read("map.yaml").contains("ENC["));
}

#[test]
fn one_bad_file_leaves_all_alone() {
    let home = home();
    home.write("apps/5/web.sops.yaml", home.read("apps/5/web.sops.yaml").replace("name: web", "name: wbe"));
    let before = files(&home);
    for arguments in [&["rotate", "-i", "--all"][..], &["decrypt", "-i", "--all"]] {
        let run = home.run(arguments);
        assert_eq!(run.code, Some(51), "{}", run.stderr);
        assert!(
            run.stderr.contains("apps/5/web.sops.yaml") && run.stderr.contains("no file was changed"),
            "{}",
            run.stderr
        );
        assert_eq!(files(&home), before);
    }
}

#[test]
fn removing_somebody_rotates_and_tells_what_was_seen() {
    let mut home = home();
    home.write(".sops.yaml", format!("creation_rules: [{{encrypted_regex: ^stringData$, age: '{ME},{OTHER}'}}]\n"));
    assert_eq!(home.run(&["rekey", "--all", "--check"]).code, Some(1));
    home.done(&["rekey", "--all", "-y"]);
    let before = files(&home);
    home.done(&["rekey", "--all", "--check"]);
    assert_eq!(files(&home), before, "what is in order is not touched");

    home.write(".sops.yaml", format!("creation_rules: [{{encrypted_regex: ^stringData$, age: '{OTHER}'}}]\n"));
    let run = home.run(&["rekey", "--all", "-y"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert!(run.stderr.contains(&format!("removed {ME}, who has seen")), "{}", run.stderr);
    assert!(run.stderr.contains("stringData.password") && run.stderr.contains("24 values"), "{}", run.stderr);
    // A new data key: no envelope is what it was.
    let envelopes =
        |text: &str| -> Vec<String> { super::home::envelopes(text).iter().map(|one| (*one).to_owned()).collect() };
    for (old, new) in before.iter().zip(files(&home)) {
        assert!(envelopes(old).iter().all(|one| !envelopes(&new).contains(one)));
    }
    assert_eq!(home.run(&["decrypt", "apps/0/web.sops.yaml"]).code, Some(128));
    OTHER_KEY.clone_into(&mut home.key);
    home.done(&["decrypt", "apps/0/web.sops.yaml"]);
}

#[test]
fn a_no_changes_nothing() {
    let home = home();
    home.write(".sops.yaml", format!("creation_rules: [{{age: '{ME},{OTHER}'}}]\n"));
    let before = files(&home);
    for answer in ["n\n", "", "what?\nno\n"] {
        assert_eq!(home.run_with(&["rekey", "--all"], answer).code, Some(0));
        assert_eq!(files(&home), before);
    }
    assert_eq!(home.run_with(&["rekey", "apps/0"], "y\n").code, Some(0));
    assert_ne!(files(&home), before);
}

#[test]
fn another_selector_is_applied_on_request() {
    let home = home();
    home.write(".sops.yaml", format!("creation_rules: [{{encrypted_regex: ^password$, age: {ME}}}]\n"));
    home.done(&["rekey", "--all", "-y"]);
    assert!(!home.read("apps/0/web.sops.yaml").contains("user: me"));
    home.done(&["rekey", "--all", "-y", "--apply-selector"]);
    let text = home.read("apps/0/web.sops.yaml");
    assert!(text.contains("user: me") && !text.contains(MARKER), "{text}");
}

#[test]
fn killed_at_any_moment_every_file_is_whole_and_the_next_run_goes_on() {
    let home = home();
    let identities = Identities::parse(&home.key, "the test").unwrap();
    for number in 0..8 {
        let mut child =
            home.command(&["rotate", "-i", "--all"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(std::time::Duration::from_millis(6 * number));
        let _ = child.kill();
        child.wait().unwrap();
        // In this process: a program for each of them would take most of the test's time.
        for number in 0..COUNT {
            let name = format!("apps/{number}/web.sops.yaml");
            let opened = decrypt(home.read(&name).as_bytes(), Format::Yaml, &identities, &DecryptOptions::default());
            assert!(opened.unwrap().documents()[0]["stringData"]["password"] == MARKER, "{name}");
        }
    }
    home.done(&["rotate", "-i", "--all"]);
    for number in 0..COUNT {
        let left = fs::read_dir(home.path(&format!("apps/{number}"))).unwrap().count();
        assert_eq!(left, 1, "what a killed run left is gone");
    }
}
