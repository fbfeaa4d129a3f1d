//! The verbs of sops: the same output, the same effect, the same exit codes.

use windlass_testbed::{Tool, require_peers};

use super::home::{Home, ME, MY_KEY, OTHER, OTHER_KEY, secret};

/// Files of all formats, plain and encrypted, good and bad.
fn home() -> Home {
    let home = Home::new();
    home.write("plain.yaml", "a: 1\n");
    home.write("broken-secret.yaml", "a: [\n");
    home.write("list-secret.yaml", "- a\n");
    home.write("empty-secret.yaml", "");
    home.write("number-secret.yaml", "1: a\n");
    home.encrypted("web.sops.yaml", &secret());
    home.encrypted(
        "secret.yaml",
        "# all\na: text\nlist: [1, 2.5, {x: true}]\nempty: ''\nnothing: null\nmap:\n  b: two\n  c: x y\n",
    );
    home.encrypted("secret.json", "{\"a\": \"text\", \"n\": 5, \"l\": [1, {\"b\": null}]}\n");
    home.encrypted("secret.env", "# a comment\nUSER=me\nPASSWORD=a b=c\n");
    home.encrypted("secret.ini", "top = 1\n[section]\nkey = value\n");
    home.encrypted("secret.bin", "any\nbytes");
    let moved = home.read("web.sops.yaml").replace("name: web", "name: wbe");
    home.write("tampered-secret.yaml", moved);
    home.write("cut-secret.yaml", home.read("secret.yaml").split("lastmodified").next().unwrap());
    home
}

fn same(home: &Home, arguments: &[&str], stdin: &str, changed: Option<&str>) {
    let testbed = require_peers!(&[Tool::Sops]);
    let (ours_at, theirs_at) = (home.copy(), home.copy());
    let ours = ours_at.run_with(arguments, stdin);
    let theirs = theirs_at.sops(&testbed, arguments, stdin);
    let context = format!("{arguments:?}\nours: {}\nsops: {}", ours.stderr, theirs.stderr);
    assert_eq!(ours.code, theirs.code, "{context}");
    match changed {
        None => assert_eq!(String::from_utf8_lossy(&ours.stdout), String::from_utf8_lossy(&theirs.stdout), "{context}"),
        // What both wrote, sops decrypts to the same.
        Some(file) => {
            let opened = |at: &Home| {
                let run = at.sops(&testbed, &["decrypt", file], "");
                (run.code, String::from_utf8_lossy(&run.stdout).into_owned())
            };
            assert_eq!(opened(&ours_at), opened(&theirs_at), "{context}");
        }
    }
}

#[test]
fn decrypt() {
    let home = home();
    for file in ["web.sops.yaml", "secret.yaml", "secret.json", "secret.env", "secret.ini", "secret.bin"] {
        same(&home, &["decrypt", file], "", None);
        same(&home, &["decrypt", "--input-type", "yaml", file], "", None);
        same(&home, &["decrypt", "--output-type", "json", file], "", None);
        same(&home, &["decrypt", "--output-type", "dotenv", file], "", None);
    }
    for file in [
        "missing.yaml",
        "plain.yaml",
        "broken-secret.yaml",
        "list-secret.yaml",
        "empty-secret.yaml",
        "tampered-secret.yaml",
        "cut-secret.yaml",
    ] {
        same(&home, &["decrypt", file], "", None);
    }
    same(&home, &["decrypt", "--ignore-mac", "tampered-secret.yaml"], "", None);
    same(&home, &["decrypt", "-i", "--output", "x", "secret.yaml"], "", None);
    same(&home, &["decrypt", "-i"], "", None);
    same(&home, &["decrypt", "--input-type", "yaml", "--output-type", "yaml"], &home.read("secret.yaml"), None);
    for path in [
        "[\"a\"]",
        "[\"list\"]",
        "[\"list\"][1]",
        "[\"list\"][2][\"x\"]",
        "[\"map\"]",
        "[\"map\"][\"c\"]",
        "[\"missing\"]",
        "[\"list\"][7]",
        "nonsense",
    ] {
        same(&home, &["decrypt", "--extract", path, "secret.yaml"], "", None);
    }
}

#[test]
fn without_a_key() {
    let mut home = home();
    home.key = OTHER_KEY.to_owned();
    same(&home, &["decrypt", "secret.yaml"], "", None);
    same(&home, &["set", "--value-stdin", "secret.yaml", "[\"a\"]"], "\"b\"", None);
    same(&home, &["rotate", "secret.yaml"], "", None);
    same(&home, &["exec-env", "secret.env", "true"], "", None);
}

#[test]
fn encrypt() {
    let home = home();
    home.write("new-secret.yaml", "# c\na: 1\nb: {c: x, d: [true, 1.5]}\n");
    home.write("new-secret.env", "A=1\n");
    home.write("new.sops.yaml", secret());
    for file in ["new-secret.yaml", "new-secret.env", "new.sops.yaml"] {
        same(&home, &["encrypt", "-i", file], "", Some(file));
    }
    for file in [
        "secret.yaml",
        "plain.yaml",
        "broken-secret.yaml",
        "list-secret.yaml",
        "empty-secret.yaml",
        "missing",
        "number-secret.yaml",
    ] {
        same(&home, &["encrypt", file], "", Some(file));
    }
    for flags in [
        &["--age", ME][..],
        &["--age", ME, "--unencrypted-suffix", "x", "--encrypted-suffix", "y"],
        &["--age", "age1nonsense"],
        &["--encrypted-regex", "^c$"],
    ] {
        let arguments = [&["encrypt", "-i"], flags, &["new-secret.yaml"]].concat();
        same(&home, &arguments, "", Some("new-secret.yaml"));
        let arguments = [&["encrypt", "-i"], flags, &["new.sops.yaml"]].concat();
        same(&home, &arguments, "", Some("new.sops.yaml"));
    }
    same(&home, &["encrypt"], "a: 1\n", None);
    same(&home, &["encrypt", "-i", "--filename-override", "secret.yaml"], "a: 1\n", None);
}

#[test]
fn set_and_unset() {
    let home = home();
    for (path, value) in [
        ("[\"a\"]", "\"other\""),
        ("[\"a\"]", "{\"deep\": [1, 2]}"),
        ("[\"new\"][\"deep\"][0]", "true"),
        ("[\"list\"][1]", "\"two\""),
        ("[\"list\"][9]", "5"),
        ("[\"a\"]", "not json"),
        ("a[", "1"),
    ] {
        same(&home, &["set", "--value-stdin", "secret.yaml", path], value, Some("secret.yaml"));
        home.write("value", value);
        same(&home, &["set", "--value-file", "secret.yaml", path, "value"], "", Some("secret.yaml"));
    }
    same(&home, &["set", "--value-stdin", "secret.json", "[\"a\"]"], "\"b\"", Some("secret.json"));
    same(&home, &["set", "--value-stdin", "secret.env", "[\"USER\"]"], "\"b\"", Some("secret.env"));
    same(&home, &["set", "--value-stdin", "--idempotent", "secret.yaml", "[\"a\"]"], "\"text\"", Some("secret.yaml"));
    for path in ["[\"a\"]", "[\"list\"][0]", "[\"map\"][\"b\"]", "[\"missing\"]", "a["] {
        same(&home, &["unset", "secret.yaml", path], "", Some("secret.yaml"));
        same(&home, &["unset", "--idempotent", "secret.yaml", path], "", Some("secret.yaml"));
    }
}

#[test]
fn rotate_and_update_keys() {
    let home = home();
    for flags in [&[][..], &["--add-age", OTHER], &["--add-age", OTHER, "--rm-age", ME], &["--rm-age", OTHER]] {
        same(&home, &[&["rotate", "-i"], flags, &["secret.yaml"]].concat(), "", Some("secret.yaml"));
    }
    same(&home, &["rotate", "missing.yaml"], "", None);
    home.write(".sops.yaml", format!("creation_rules: [{{path_regex: yaml, age: '{ME},{OTHER}'}}]\n"));
    same(&home, &["updatekeys", "-y", "secret.yaml"], "", Some("secret.yaml"));
    same(&home, &["updatekeys", "-y", "secret.json"], "", Some("secret.json"));
    let testbed = require_peers!(&[Tool::Sops]);
    home.done(&["updatekeys", "-y", "secret.yaml"]);
    for key in [MY_KEY, OTHER_KEY] {
        let mut other = home.copy();
        key.clone_into(&mut other.key);
        assert_eq!(other.sops(&testbed, &["decrypt", "secret.yaml"], "").code, Some(0));
    }
}

#[test]
fn key_groups() {
    let home = home();
    let add = ["groups", "add", "--file", "secret.yaml", "--age", OTHER];
    same(&home, &[&add[..], &["-i"]].concat(), "", None);
    home.done(&[&add[..], &["-i"]].concat());
    let mut other = home.copy();
    // Both groups are needed now, and each key alone opens one of them.
    for key in [MY_KEY, OTHER_KEY] {
        key.clone_into(&mut other.key);
        same(&other, &["decrypt", "secret.yaml"], "", None);
    }
    other.key = format!("{MY_KEY}\n{OTHER_KEY}");
    same(&other, &["decrypt", "secret.yaml"], "", None);
    same(&other, &["groups", "delete", "-i", "--file", "secret.yaml", "1"], "", Some("secret.yaml"));
    let delete = ["groups", "delete", "-i", "--shamir-secret-sharing-threshold", "1", "--file", "secret.yaml", "1"];
    same(&other, &delete, "", Some("secret.yaml"));
}

#[test]
fn running_commands() {
    let home = home();
    for arguments in [
        &["exec-env", "secret.env", "echo $USER/$PASSWORD"][..],
        &["exec-env", "--pristine", "secret.env", "echo $USER $HOME; exit 3"],
        &["exec-env", "--same-process", "secret.env", "echo $USER; exit 4"],
        &["exec-env", "secret.yaml", "env"],
        &["exec-env", "secret.json", "env"],
        &["exec-env", "secret.env", "no-such-program"],
        &["exec-env", "missing.env", "true"],
        &["exec-file", "secret.yaml", "cat {}"],
        &["exec-file", "--output-type", "json", "secret.yaml", "cat {}; exit 5"],
        &["exec-file", "--no-fifo", "secret.yaml", "cat {} {}"],
        &["exec-file", "--no-fifo", "--filename", "my.yaml", "secret.yaml", "basename {}"],
        &["filestatus", "secret.yaml"],
        &["filestatus", "secret.env"],
        &["filestatus", "plain.yaml"],
        &["filestatus", "broken-secret.yaml"],
    ] {
        same(&home, arguments, "", None);
    }
}

/// As it was before sops had verbs.
#[test]
fn old_forms() {
    let home = home();
    home.write("new-secret.yaml", "a: 1\n");
    for arguments in [
        &["-d", "secret.yaml"][..],
        &["--decrypt", "--extract", "[\"list\"][1]", "secret.yaml"],
        &["-d", "--output-type", "json", "secret.yaml"],
        &["-d", "--indent", "2", "secret.yaml"],
        &["-d", "--indent", "2", "secret.json"],
        &["-d", "--ignore-mac", "tampered-secret.yaml"],
        &["-d", "tampered-secret.yaml"],
        &["-d", "missing.yaml"],
        &["-d", "plain.yaml"],
        &["--verbose", "--disable-version-check", "-d", "secret.env"],
    ] {
        same(&home, arguments, "", None);
    }
    for (arguments, file) in [
        (&["-e", "-i", "new-secret.yaml"][..], "new-secret.yaml"),
        (&["-i", "--encrypt", "--age", OTHER, "new-secret.yaml"], "new-secret.yaml"),
        (&["-r", "-i", "--add-age", OTHER, "secret.yaml"], "secret.yaml"),
        (&["--set", "[\"a\"] \"b] c\"", "secret.yaml"], "secret.yaml"),
        (&["--set", "[\"list\"][1] -7", "-i", "secret.yaml"], "secret.yaml"),
        (&["--set", "[\"map\"][\"new\"] {\"x\": [true]}", "secret.yaml"], "secret.yaml"),
        (&["-d", "-i", "secret.yaml"], "missing.yaml"),
    ] {
        same(&home, arguments, "", Some(file));
    }
}

#[test]
fn what_is_not_here_is_told() {
    let home = home();
    for (arguments, part) in [
        (&["publish", "-y", "secret.yaml"][..], "publishes no files"),
        (&["keyservice", "--net", "unix"], "key service"),
        (&["completion", "bash"], "windlass completions"),
        (&["decrypt", "--keyservice", "tcp://x:1", "secret.yaml"], "key service"),
        (&["-d", "--enable-local-keyservice=false", "secret.yaml"], "key service"),
        (&["encrypt", "--encryption-context", "a:b", "--kms", "x", "secret.yaml"], "AWS KMS"),
        (&["rotate", "-i", "--output-type", "json", "secret.yaml"], "keeps its format"),
        (&["exec-env", "--background", "secret.env", "true"], "background"),
    ] {
        let run = home.run(arguments);
        assert_eq!(run.code, Some(1), "{arguments:?}: {}", run.stderr);
        assert!(run.stderr.contains(part) && run.stderr.contains("help: "), "{arguments:?}: {}", run.stderr);
    }
    let kept =
        ["rotate", "--enable-local-keyservice=true", "--aws-profile", "x", "--output-type", "yaml", "secret.yaml"];
    home.done(&kept);
}
