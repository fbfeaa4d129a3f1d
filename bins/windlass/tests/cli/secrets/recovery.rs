//! A key for paper: made, used in a drill, split and joined.

use super::home::{Home, ME, finish, secret};

/// The rows of a sheet, and the recipient in its title.
fn sheet(text: &str) -> (String, String) {
    let rows =
        text.lines().skip(1).filter(|line| line.trim_start().starts_with(|letter: char| letter.is_ascii_digit()));
    let recipient = text.split_whitespace().find(|word| word.starts_with("age1")).unwrap();
    (rows.map(|row| format!("{row}\n")).collect(), recipient.trim_end_matches(';').to_owned())
}

fn windlass(home: &Home, arguments: &[&str], stdin: &str) -> String {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_windlass"));
    command.current_dir(home.folder()).env("HOME", home.folder()).args(arguments);
    let run = finish(command, stdin);
    assert_eq!(run.code, Some(0), "{arguments:?}: {}", run.stderr);
    run.text().to_owned()
}

#[test]
fn papers_of_secrets_and_of_the_backup_are_the_same() {
    let home = Home::new();
    let (rows, recipient) = sheet(&home.done(&["recovery", "new", "--no-qr"]));
    assert_eq!(windlass(&home, &["backup", "key", "read", "read.key"], &rows).trim(), recipient);
    let sheets = home.done(&["recovery", "new", "--split", "2/3", "--no-qr"]);
    let shares: Vec<_> = sheets.split("Share ").skip(1).map(sheet).collect();
    let two = format!("{}\n{}", shares[2].0, shares[0].0);
    assert_eq!(windlass(&home, &["backup", "key", "read", "joined.key"], &two).trim(), shares[0].1);
    windlass(&home, &["backup", "key", "split", "read.key", "--shares", "3", "--threshold", "2"], "");
    let files = ["--key-file", "read.key.share-3", "--key-file", "read.key.share-1"];
    let joined = home.done(&[&["recovery", "join"], &files[..]].concat());
    assert!(home.read("read.key").contains(joined.trim()));
}

fn rekeyed(home: &Home, recipient: &str) {
    home.write(
        ".sops.yaml",
        format!(
            "creation_rules: [{{path_regex: sops, encrypted_regex: ^(data|stringData)$, age: '{ME},{recipient}'}}]\n"
        ),
    );
    home.done(&["rekey", "--all", "-y"]);
}

#[test]
fn a_drill_tells_what_would_be_lost() {
    let home = Home::new();
    home.encrypted("a.sops.yaml", &secret());
    let (rows, recipient) = sheet(&home.done(&["recovery", "new"]));
    home.write("paper", &rows);
    let run = home.run(&["recovery", "drill", "--key-file", "paper"]);
    assert_eq!(run.code, Some(1));
    assert!(
        run.text().contains("lost: a.sops.yaml (2 values)") && run.text().contains("0 of 1 file"),
        "{}",
        run.text()
    );
    let before = home.read("a.sops.yaml");
    rekeyed(&home, &recipient);
    assert_ne!(home.read("a.sops.yaml"), before);
    let rekeyed = home.read("a.sops.yaml");
    let shown = home.done(&["recovery", "drill", "--key-file", "paper"]);
    assert!(shown.contains(&format!("1 of 1 file would be recovered with {recipient}")), "{shown}");
    assert_eq!(home.read("a.sops.yaml"), rekeyed, "a drill writes nothing");
    // Without the check letters, the rows are an age key that sops takes.
    let run = home.run_with(&["recovery", "join", "--key-file", "-"], &rows);
    assert!(run.text().starts_with("AGE-SECRET-KEY-1"), "{}", run.stderr);
    let mut other = home.copy();
    other.key = run.text().trim().to_owned();
    other.done(&["decrypt", "a.sops.yaml"]);
}

#[test]
fn two_of_three_people_recover_everything() {
    let home = Home::new();
    home.encrypted("a.sops.yaml", &secret());
    let sheets = home.done(&["recovery", "new", "--split", "2/3", "--no-qr"]);
    assert!(!sheets.contains("AGE-SECRET-KEY"));
    let sheets: Vec<_> = sheets.split("Share ").skip(1).map(sheet).collect();
    assert_eq!(sheets.len(), 3);
    rekeyed(&home, &sheets[0].1);
    for (at, (rows, _)) in sheets.iter().enumerate() {
        home.write(&format!("paper{at}"), rows);
    }
    home.done(&["recovery", "drill", "--key-file", "paper2", "--key-file", "paper0"]);
    let run = home.run(&["recovery", "drill", "--key-file", "paper1"]);
    assert!(run.stderr.contains("1 of 2 shares are there"), "{}", run.stderr);
    let slip = home.read("paper0").replacen("WINDL", "WINDI", 1);
    home.write("paper0", slip);
    let run = home.run(&["recovery", "drill", "--key-file", "paper0", "--key-file", "paper1"]);
    assert!(run.stderr.contains("row 1 does not fit"), "{}", run.stderr);
}
