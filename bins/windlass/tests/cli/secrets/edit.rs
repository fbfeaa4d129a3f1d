//! Editing: what the editor gets, and what is left when it is gone.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use windlass_testbed::{Tool, files_holding, open_files_holding, require_peers};

use super::home::{Home, MARKER, ME, OTHER, OTHER_KEY, envelopes, secret};

/// An editor made of shell commands; `$1` is the file.
fn editor(home: &mut Home, script: &str) {
    home.write("editor.sh", format!("#!/bin/sh\n{script}\n"));
    fs::set_permissions(home.path("editor.sh"), fs::Permissions::from_mode(0o755)).unwrap();
    let path = home.path("editor.sh").display().to_string();
    home.variables.retain(|(name, _)| name != "EDITOR");
    home.variables.push(("EDITOR".into(), path));
}

fn home() -> Home {
    let home = Home::new();
    home.encrypted("web.sops.yaml", &secret());
    home
}

#[test]
fn what_is_edited_is_encrypted_and_the_rest_stays() {
    let mut home = home();
    let before = home.read("web.sops.yaml");
    editor(&mut home, "stat -c %a \"$1\" > seen; sed -i 's/user: me/user: you/' \"$1\"");
    home.done(&["edit", "web.sops.yaml"]);
    assert_eq!(home.read("seen"), "600\n");
    let after = home.read("web.sops.yaml");
    assert_eq!(envelopes(&before)[0], envelopes(&after)[0]);
    assert!(home.done(&["decrypt", "web.sops.yaml"]).contains("user: you"));
}

#[test]
fn exit_codes_are_those_of_sops() {
    let mut home = home();
    let before = home.read("web.sops.yaml");
    for (script, code) in [("true", 200), ("exit 3", 201), ("echo 'a: [' > \"$1\"", 201)] {
        editor(&mut home, script);
        assert_eq!(home.run(&["edit", "web.sops.yaml"]).code, Some(code), "{script}");
        assert_eq!(home.read("web.sops.yaml"), before);
    }
    home.variables.push(("SOPS_EDITOR".into(), "/no/such/editor".into()));
    assert_eq!(home.run(&["edit", "web.sops.yaml"]).code, Some(201));
}

#[test]
fn a_text_that_cannot_be_encrypted_opens_the_editor_again() {
    let mut home = home();
    let script =
        "if [ -e once ]; then sed -i 's/^bad: \\[$/good: 1/' \"$1\"; else touch once; echo 'bad: [' >> \"$1\"; fi";
    editor(&mut home, script);
    let run = home.run_with(&["edit", "web.sops.yaml"], "\n");
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert!(run.stderr.contains("line 10"), "the line is named: {}", run.stderr);
    assert!(home.done(&["decrypt", "web.sops.yaml"]).contains("good: 1"));
}

#[test]
fn a_new_file_starts_from_an_example() {
    let mut home = home();
    editor(&mut home, &format!("cp \"$1\" example; sed -i 's/value/{MARKER}/' \"$1\""));
    home.done(&["edit", "new.sops.yaml"]);
    assert!(home.read("example").starts_with("apiVersion: v1\nkind: Secret\nmetadata:\n  name: \"new\"\n"));
    assert!(!home.read("new.sops.yaml").contains(MARKER));
    assert_eq!(home.done(&["get", "new.sops.yaml", "stringData.key"]), MARKER);
}

#[test]
fn a_changed_file_is_accepted_with_its_mac_ignored() {
    let mut home = home();
    home.write("web.sops.yaml", home.read("web.sops.yaml").replace("name: web", "name: wbe"));
    editor(&mut home, "echo '# seen' >> \"$1\"");
    assert_eq!(home.run(&["edit", "web.sops.yaml"]).code, Some(51));
    home.done(&["edit", "--ignore-mac", "web.sops.yaml"]);
    assert!(home.done(&["decrypt", "web.sops.yaml"]).contains("name: wbe"));
}

/// An editor that writes the path of its file, and then waits.
fn waiting(home: &mut Home) -> (Child, PathBuf) {
    // The path is moved into place, so that it is whole once it is there. The swap file is what vim leaves beside a file.
    editor(home, "cp \"$1\" \"$1.swp\"; echo \"$1\" > path.new; mv path.new path; exec sleep 60");
    let mut command = home.command(&["edit", "web.sops.yaml"]);
    command.env("TMPDIR", home.path("tmp")).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    fs::create_dir_all(home.path("tmp")).unwrap();
    let child = command.spawn().unwrap();
    let limit = Instant::now() + Duration::from_secs(60);
    while !home.path("path").exists() {
        assert!(Instant::now() < limit, "the editor was never started");
        std::thread::sleep(Duration::from_millis(10));
    }
    (child, PathBuf::from(home.read("path").trim()))
}

#[test]
fn the_plaintext_lies_in_memory_alone_and_no_signal_leaves_it_behind() {
    for signal in ["INT", "TERM", "HUP"] {
        let mut home = home();
        let before = home.read("web.sops.yaml");
        let (mut child, path) = waiting(&mut home);
        assert!(fs::read_to_string(&path).unwrap().contains(MARKER));
        assert!(path.starts_with("/dev/shm"), "{}", path.display());
        let folder = path.parent().unwrap();
        assert_eq!(fs::metadata(folder).unwrap().permissions().mode() & 0o777, 0o700);

        // Neither the folders for temporary files, nor the home, nor what the process has open.
        let places = [home.folder(), &std::env::temp_dir().join("windlass-secrets"), Path::new("/var/tmp")];
        let found: Vec<_> = places.iter().flat_map(|place| files_holding(place, MARKER)).collect();
        assert_eq!(found, [] as [PathBuf; 0]);
        let mut open = open_files_holding(child.id(), MARKER);
        open.retain(|path| !path.starts_with("/dev/shm"));
        assert_eq!(open, [] as [PathBuf; 0]);

        let killed = std::process::Command::new("kill").arg(format!("-{signal}")).arg(child.id().to_string()).status();
        assert!(killed.unwrap().success());
        let status = child.wait().unwrap();
        assert!(status.code().is_some_and(|code| code > 128), "{signal}: {status}");
        assert!(!folder.exists(), "{signal} left {}", folder.display());
        assert_eq!(home.read("web.sops.yaml"), before);
    }
}

#[test]
fn what_a_kill_leaves_in_memory_the_next_run_wipes() {
    let mut home = home();
    let (mut child, path) = waiting(&mut home);
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(path.exists(), "nobody can catch this signal");
    editor(&mut home, "true");
    assert_eq!(home.run(&["edit", "web.sops.yaml"]).code, Some(200));
    assert!(!path.exists());
    assert!(!path.parent().unwrap().exists());
}

/// What sops 3.11 does: it shows the metadata, exits with 0, and writes the values as they were.
#[test]
fn the_keys_are_shown_as_sops_shows_them() {
    let testbed = require_peers!(&[Tool::Sops]);
    let mut ours = home();
    let multi = "a: 1\n---\nb: 2\n";
    for (name, text) in [("secret.yaml", multi), ("secret.json", "{\"a\": \"x\"}\n"), ("secret.env", "A=1\n")] {
        ours.encrypted(name, text);
        let mut theirs = ours.copy();
        for home in [&mut ours, &mut theirs] {
            editor(home, "cp \"$1\" seen");
        }
        assert_eq!(ours.run(&["edit", "-s", name]).code, Some(200));
        assert_eq!(theirs.sops(&testbed, &["edit", "-s", name], "").code, Some(200));
        let data = |home: &Home| home.read("seen").replace("   ", " ").replace("  ", " ");
        assert_eq!(data(&ours).replace("\t", " "), data(&theirs).replace("\t", " "), "{name}");
    }
}

#[test]
fn edits_of_the_keys_are_taken() {
    let testbed = require_peers!(&[Tool::Sops]);
    let mut home = home();
    let before = home.read("web.sops.yaml");
    // Somebody comes, named without a key, and a value changes with them.
    editor(
        &mut home,
        &format!("sed -i 's/user: me/user: you/; s/    age:/    age:\\n        - recipient: {OTHER}/' \"$1\""),
    );
    let run = home.run(&["edit", "--show-master-keys", "web.sops.yaml"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert!(run.stderr.contains(&format!("added {OTHER}")), "{}", run.stderr);
    let after = home.read("web.sops.yaml");
    assert_eq!(envelopes(&before)[0], envelopes(&after)[0], "what was not edited stays");
    home.key = OTHER_KEY.to_owned();
    let opened = home.sops(&testbed, &["decrypt", "web.sops.yaml"], "");
    assert!(opened.text().contains("user: you"), "{}", opened.stderr);

    // Somebody goes: the data key is a new one, and what they have seen is told.
    editor(&mut home, &format!("sed -i '/- recipient: {ME}/,/END AGE/d' \"$1\""));
    let run = home.run(&["edit", "-s", "web.sops.yaml"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert!(run.stderr.contains(&format!("removed {ME}, who has seen:\n    stringData.password")), "{}", run.stderr);
    assert!(run.stderr.contains("data key is a new one"), "{}", run.stderr);
    assert_ne!(envelopes(&after)[0], envelopes(&home.read("web.sops.yaml"))[0]);
    assert!(home.sops(&testbed, &["decrypt", "web.sops.yaml"], "").text().contains("user: you"));

    // The selector: names come under it.
    editor(&mut home, "sed -i 's/\\^(data|stringData)\\$/^(data|name)$/' \"$1\"");
    home.done(&["edit", "-s", "web.sops.yaml"]);
    let text = home.read("web.sops.yaml");
    assert!(text.contains("name: ENC[") && text.contains("user: you"), "{text}");
    assert_eq!(home.sops(&testbed, &["decrypt", "web.sops.yaml"], "").code, Some(0));
}

#[test]
fn what_saving_makes_is_not_taken_from_an_editor() {
    let mut home = home();
    let before = home.read("web.sops.yaml");
    for (script, told) in [
        ("s/mac: ENC/mac: ENX/", "sops.mac is made when the document is saved"),
        ("s/lastmodified: .*/lastmodified: \"2020-01-01T00:00:00Z\"/", "sops.lastmodified is made"),
        ("s/BEGIN AGE ENCRYPTED FILE/BEGIN/", "sops.age.enc is made"),
        ("s/^sops:/soups:/", "sops is gone"),
        ("s/- recipient: age1/- recipient: age2/", "sops.age.enc is made"),
        ("s/    age:/    age:\\n        - recipient: age2nope/", "age2nope"),
        ("s/(data|stringData)/(data/", "sops.encrypted_regex is not a valid regular expression"),
    ] {
        editor(&mut home, &format!("sed -i '{script}' \"$1\""));
        let run = home.run(&["edit", "-s", "web.sops.yaml"]);
        assert_eq!(run.code, Some(201), "{script}: {}", run.stderr);
        assert!(run.stderr.contains(told), "{script}: {}", run.stderr);
        assert_eq!(home.read("web.sops.yaml"), before);
    }
}
