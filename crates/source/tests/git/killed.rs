//! A process that is killed in the middle of whatever it does.

use std::process::{Command, Stdio};
use std::time::Duration;
use std::{env, fs, thread};

use windlass_source::{Cancel, GitOptions, GitSource};

use crate::repository::{Repository, noise};
use crate::{main_branch, remote, text};

const STORE: &str = "WINDLASS_TEST_STORE";
const URL: &str = "WINDLASS_TEST_URL";

/// What the killed process does: it is this test program, started again for this one test.
#[test]
fn polls_until_it_is_killed() {
    let (Ok(store), Ok(url)) = (env::var(STORE), env::var(URL)) else { return };
    let options = GitOptions::default().with_max_packs(3);
    let source = GitSource::open(store, remote(&url, main_branch()), options).unwrap();
    loop {
        let _ = source.poll(None, &Cancel::new());
    }
}

#[test]
fn a_kill_at_any_moment_leaves_a_store_that_reads() {
    let repository = Repository::new();
    let push = |number: u32| {
        repository.write("number", number.to_string());
        repository.write(&format!("noise-{}", number % 5), noise(100_000 + number as usize));
        repository.push()
    };
    let mut pushed = vec![push(0)];
    let mut seen = 0;
    for round in 1..25_u32 {
        let mut child = Command::new(env::current_exe().unwrap())
            .args(["--exact", "killed::polls_until_it_is_killed", "--test-threads=1"])
            .env(STORE, repository.store())
            .env(URL, repository.url())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // New commits while it polls, so that the kill meets a fetch.
        thread::sleep(Duration::from_millis(u64::from(round * 7 % 40)));
        pushed.push(push(round));
        thread::sleep(Duration::from_millis(u64::from(round * 13 % 60)));
        child.kill().unwrap();
        child.wait().unwrap();

        let source =
            GitSource::open(repository.store(), remote(&repository.url(), main_branch()), GitOptions::default());
        let source = source.unwrap();
        if let Some(last) = source.last() {
            let place = pushed.iter().position(|id| id == last.revision.hash()).expect("only pushed commits are seen");
            assert!(place >= seen, "the store went back from {seen} to {place}");
            assert_eq!(text(&last, "number"), place.to_string());
            seen = place;
        }
        drop(source);
        let stores = fs::read_dir(repository.store()).unwrap().flatten();
        assert!(stores.filter(|entry| entry.path().is_dir()).count() <= 1, "left-overs are cleared away");
    }
    assert!(seen > 5, "the processes got to fetch something: {seen}");
    let source = GitSource::open(repository.store(), remote(&repository.url(), main_branch()), GitOptions::default());
    let snapshot = crate::changed(&source.unwrap());
    assert_eq!(Some(snapshot.revision.hash()), pushed.last().map(String::as_str));
    let fsck = Command::new("git")
        .arg("--git-dir")
        .arg(fs::read_dir(repository.store()).unwrap().flatten().map(|e| e.path()).find(|p| p.is_dir()).unwrap())
        .args(["fsck", "--full", snapshot.revision.hash()])
        .output()
        .unwrap();
    assert!(fsck.status.success(), "{}", String::from_utf8_lossy(&fsck.stderr));
}
