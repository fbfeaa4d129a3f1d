//! What `RESTORE.txt` says works, with nothing of ours: age, zstd, tar and sqlite3.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use windlass_backup::RunOptions;
use windlass_capture::Format;
use windlass_testbed::{Testbed, Tool, require_peers};

use crate::support::{Household, bytes};

/// Runs a line of shell with the tools on the path, as a stranger would.
fn shell(testbed: &Testbed, folder: &Path, line: &str) -> Output {
    let age = testbed.command(Tool::Age).unwrap();
    let tools = Path::new(age.get_program()).parent().unwrap().display().to_string();
    let path = format!("{tools}:{}", std::env::var("PATH").unwrap());
    let output =
        Command::new("bash").args(["-euo", "pipefail", "-c", line]).current_dir(folder).env("PATH", path).output();
    let output = output.unwrap();
    assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
    output
}

#[tokio::test]
async fn a_stranger_restores_with_stock_tools() {
    let testbed = require_peers!([Tool::Age, Tool::Zstd, Tool::Sqlite3]);
    let household = Household::new();
    let repository = household.init().await;
    let work = tempfile::tempdir().unwrap();
    let sqlite = "create table notes (text); insert into notes values ('buy milk'), ('call home');";
    shell(
        &testbed,
        work.path(),
        &format!(
            "mkdir -p tree/notes && echo milk > tree/notes/today && sqlite3 notes.sqlite \"{sqlite}\" && tar -C tree -cf tree.tar notes"
        ),
    );
    let mut run = repository.begin(&household.writer, RunOptions::new("attic")).await.unwrap();
    for (name, file, format) in
        [("files/notes", "tree.tar", Format::Tar), ("sqlite/home/notes", "notes.sqlite", Format::Sqlite)]
    {
        let content = fs::read(work.path().join(file)).unwrap();
        run.add(name, bytes(format, &content), serde_json::Map::new()).await.unwrap();
    }
    run.commit().await.unwrap();

    // From here on: the folder, a key, and the guide.
    let bucket = household.folder.path();
    assert!(fs::read_to_string(bucket.join("RESTORE.txt")).unwrap().contains("age -d -i key.txt MANIFEST | zstd -d"));
    for secret in &household.secrets {
        let stranger = tempfile::tempdir().unwrap();
        fs::write(stranger.path().join("key.txt"), format!("{secret}\n")).unwrap();
        let at = bucket.display();
        let commit = shell(&testbed, stranger.path(), &format!("cat {at}/snapshots/*/commit.json")).stdout;
        let commit: Value = serde_json::from_slice(&commit).unwrap();
        let manifest = commit["manifest"]["key"].as_str().unwrap();
        let manifest = shell(&testbed, stranger.path(), &format!("age -d -i key.txt {at}/{manifest} | zstd -d")).stdout;
        let manifest: Value = serde_json::from_slice(&manifest).unwrap();
        let key = |name: &str| {
            let id = &manifest["items"][name]["id"];
            let item = commit["items"].as_array().unwrap().iter().find(|item| item["id"] == *id).unwrap();
            let (key, sha256) = (item["key"].as_str().unwrap().to_owned(), item["sha256"].as_str().unwrap());
            shell(&testbed, stranger.path(), &format!("echo '{sha256}  {at}/{key}' | sha256sum -c"));
            key
        };
        let line = format!("age -d -i key.txt {at}/{} | zstd -d | tar -x && cat notes/today", key("files/notes"));
        assert_eq!(shell(&testbed, stranger.path(), &line).stdout, b"milk\n");
        let line = format!(
            "age -d -i key.txt {at}/{} | zstd -d > notes.sqlite && sqlite3 notes.sqlite 'PRAGMA integrity_check; SELECT count(*) FROM notes;'",
            key("sqlite/home/notes")
        );
        assert_eq!(shell(&testbed, stranger.path(), &line).stdout, b"ok\n2\n");
    }
}

#[tokio::test]
async fn what_is_signed_is_what_the_guide_says() {
    let household = Household::new();
    let repository = household.init().await;
    let snapshot = household.save(&repository, &[("a", b"one")]).await;
    let path = household.folder.path().join("snapshots").join(&snapshot.id).join("commit.json");
    let text = fs::read_to_string(path).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[lines.len() - 2].starts_with("  \"signature\": \""));
    assert!(lines[lines.len() - 3].contains(&household.writer.id().to_string()));
    for secret in ["one", "files", "AGE-SECRET", "WINDLASS-WRITER-SECRET"] {
        assert!(!text.contains(secret), "a commit is readable by everybody");
    }
}
