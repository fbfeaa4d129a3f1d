//! What is changed is changed in place, and a secret goes nowhere but there.

use super::home::{Home, MARKER, ME, OTHER, envelopes, secret};

#[test]
fn a_diff_shows_what_was_changed_and_nothing_else() {
    let home = Home::new();
    let text = "# top\napiVersion: v1\nkind: Secret\nmetadata: {name: web}   # flow\nstringData:\n  \"user\": me\n\n  password: \"old\"  # note\n  other: x\n";
    home.encrypted("web.sops.yaml", text);
    let before = home.read("web.sops.yaml");
    let run = home.run_with(&["set", "web.sops.yaml", "stringData.password", "--stdin"], &format!("{MARKER}\n"));
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let after = home.read("web.sops.yaml");
    let changed: Vec<_> = before.lines().zip(after.lines()).filter(|(before, after)| before != after).collect();
    let keys: Vec<_> = changed.iter().map(|(line, _)| line.trim().split(':').next().unwrap()).collect();
    assert_eq!(before.lines().count(), after.lines().count());
    assert!(keys.iter().all(|key| ["password", "lastmodified", "mac"].contains(key)), "{keys:?}");
    assert_eq!(home.done(&["get", "web.sops.yaml", "stringData.password"]), MARKER);
    home.done(&["decrypt", "-i", "web.sops.yaml"]);
    assert_eq!(home.read("web.sops.yaml"), text.replace("\"old\"", MARKER));
}

#[test]
fn several_values_lists_and_new_files() {
    let home = Home::new();
    let run = home.run_with(&["set", "new.sops.yaml", "stringData.a", "stringData.b", "--stdin"], "one\ntwo\n");
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert_eq!(home.done(&["decrypt", "new.sops.yaml"]), "stringData:\n    a: one\n    b: two\n");
    let run = home.run_with(&["set", "new.sops.yaml", "stringData.list", "--json", "--stdin"], "[1, \"x\"]");
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert_eq!(home.done(&["get", "new.sops.yaml", "stringData.list[1]"]), "x");
    for (file, path) in [("secret.env", "USER"), ("secret.ini", "section.key"), ("secret.json", "a.b")] {
        assert_eq!(home.run_with(&["set", file, path, "--stdin"], MARKER).code, Some(0), "{file}");
        assert_eq!(home.done(&["get", file, path]), MARKER);
        assert!(!home.read(file).contains(MARKER));
    }
    assert_eq!(
        home.run_with(&["set", "new.sops.yaml", "stringData.a", "stringData.b", "--stdin"], "one").code,
        Some(1)
    );
}

#[test]
fn data_of_a_secret_is_base64() {
    let home = Home::new();
    let flags = ["--data", "--name", "web", "--namespace", "home", "--stdin"];
    let run = home.run_with(&[&["set", "new.sops.yaml", "tls.key"], &flags[..]].concat(), MARKER);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let plain = home.done(&["decrypt", "new.sops.yaml"]);
    assert!(plain.contains("kind: Secret") && plain.contains("namespace: home"), "{plain}");
    assert!(plain.contains("tls.key: aHVudGVyMi0zZjlhNzFjMGQy"), "{plain}");
    assert_eq!(home.done(&["get", "--data", "new.sops.yaml", "tls.key"]), MARKER);
    home.done(&["set", "new.sops.yaml", "--data", "token", "--generate=24/hex"]);
    assert_eq!(home.done(&["get", "--data", "new.sops.yaml", "token"]).len(), 24);
    home.encrypted("secret.yaml", "a: b\n");
    assert_eq!(home.run_with(&["set", "secret.yaml", "--data", "x", "--stdin"], "y").code, Some(1));
}

#[test]
fn a_value_on_the_command_line_is_refused_with_the_way_out() {
    let home = Home::new();
    home.encrypted("secret.yaml", "a: b\n");
    let before = home.read("secret.yaml");
    let value = format!("\"{MARKER}\"");
    let run = home.run(&["set", "secret.yaml", "[\"a\"]", &value]);
    assert_eq!(run.code, Some(1));
    assert!(run.stderr.contains("--stdin") && !run.stderr.contains(MARKER), "{}", run.stderr);
    assert_eq!(home.read("secret.yaml"), before);
    home.done(&["set", "--insecure-argument", "secret.yaml", "[\"a\"]", &value]);
    assert_eq!(home.done(&["get", "secret.yaml", "a"]), MARKER);
}

/// As from a pipe whose first command failed.
#[test]
fn an_empty_input_sets_nothing_and_an_empty_line_an_empty_value() {
    let home = Home::new();
    home.encrypted("secret.yaml", "a: b\n");
    let before = home.read("secret.yaml");
    let run = home.run_with(&["set", "secret.yaml", "a", "--stdin"], "");
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    assert!(run.stderr.contains("nothing was set"), "{}", run.stderr);
    assert_eq!(home.read("secret.yaml"), before);
    assert_eq!(home.run_with(&["set", "secret.yaml", "a", "--stdin"], "\n").code, Some(0));
    assert_eq!(home.done(&["get", "secret.yaml", "a"]), "");
}

/// sops panics at the first two, and writes a number as a key at the others.
#[test]
fn a_path_through_a_list_or_a_mapping_destroys_neither() {
    let home = Home::new();
    home.encrypted("secret.yaml", "l: [1, 2]\nm: {a: 1}\ne: []\nn: 1\n");
    for (path, told) in [
        ("l.x", "l: a list stands there"),
        ("l.x.y", "l: a list stands there"),
        ("m[0]", "m: a mapping stands there"),
        ("m[0].x", "m: a mapping stands there"),
    ] {
        let run = home.run_with(&["set", "secret.yaml", path, "--stdin"], "new");
        assert_eq!(run.code, Some(1), "{path}: {}", run.stderr);
        assert!(run.stderr.contains(told), "{path}: {}", run.stderr);
    }
    // What is empty or no collection gives way, as in sops.
    for path in ["e.x", "n.x", "l[0].x", "m.a[0]"] {
        let run = home.run_with(&["set", "secret.yaml", path, "--stdin"], "new");
        assert_eq!(run.code, Some(0), "{path}: {}", run.stderr);
    }
}

#[test]
fn without_a_terminal_nothing_is_asked() {
    let home = Home::new();
    home.encrypted("secret.yaml", "a: b\n");
    for (arguments, instead) in [
        (&["set", "secret.yaml", "a"][..], "--stdin or --from-file"),
        (&["recovery", "drill"], "--key-file FILE"),
        (&["recovery", "join"], "--key-file FILE"),
    ] {
        let command = home.command(arguments);
        // A session of its own has no terminal, wherever the tests run.
        let mut detached = std::process::Command::new("setsid");
        detached.arg("--wait").arg(command.get_program()).args(command.get_args());
        detached
            .current_dir(home.folder())
            .env_clear()
            .env("SOPS_AGE_KEY", &home.key)
            .env("PATH", std::env::var_os("PATH").unwrap());
        let run = super::home::finish(detached, "");
        assert_eq!(run.code, Some(1), "{}", run.stderr);
        assert!(run.stderr.contains("no terminal") && run.stderr.contains(instead), "{}", run.stderr);
    }
}

#[test]
fn errors_name_both_sides_and_the_way_out() {
    let mut home = Home::new();
    home.encrypted("web.sops.yaml", &secret());
    super::home::OTHER_KEY.clone_into(&mut home.key);
    home.variables.push(("SOPS_AGE_KEY_FILE".into(), "/no/such/file".into()));
    let run = home.run(&["decrypt", "web.sops.yaml"]);
    assert_eq!(run.code, Some(128));
    for part in [ME, OTHER, "SOPS_AGE_KEY)", "/no/such/file", "windlass secrets rekey", "web.sops.yaml"] {
        assert!(run.stderr.contains(part), "{part} is missing in {}", run.stderr);
    }
}

#[test]
fn untouched_values_keep_their_envelopes_when_one_is_removed() {
    let home = Home::new();
    home.encrypted("web.sops.yaml", &secret());
    let before = home.read("web.sops.yaml");
    home.done(&["unset", "web.sops.yaml", "stringData.user"]);
    let after = home.read("web.sops.yaml");
    assert_eq!(envelopes(&before)[0], envelopes(&after)[0]);
    assert!(home.done(&["decrypt", "web.sops.yaml"]).contains(MARKER));
}

#[cfg(unix)]
#[test]
fn permissions_stay() {
    use std::os::unix::fs::PermissionsExt as _;
    let home = Home::new();
    home.encrypted("web.sops.yaml", &secret());
    let path = home.path("web.sops.yaml");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
    home.done(&["rotate", "-i", "web.sops.yaml"]);
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
}

#[test]
fn list_needs_no_key() {
    let mut home = Home::new();
    home.encrypted("web.sops.yaml", &secret());
    home.key.clear();
    let listed = home.done(&["list", "web.sops.yaml"]);
    assert!(
        listed.contains("stringData.password (line 7)") && listed.contains(".sops.yaml: rule 1 is for web.sops.yaml"),
        "{listed}"
    );
    home.write("plain.sops.yaml", secret());
    let listed = home.done(&["list", "plain.sops.yaml", "-o", "json"]);
    assert!(listed.contains("\"encrypted\": false") && listed.contains("stringData.user"), "{listed}");
    assert!(!listed.contains(MARKER));
}
