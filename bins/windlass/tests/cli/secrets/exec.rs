//! Running commands with secrets.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use windlass_testbed::{files_holding, open_files_holding};

use super::home::{Home, MARKER};

fn home() -> Home {
    let home = Home::new();
    home.encrypted("secret.env", &format!("PASSWORD={MARKER}\n"));
    home
}

#[test]
fn a_file_is_handed_over_without_a_name_on_any_disk() {
    let home = home();
    let shown = home.done(&["exec-file", "--no-fifo", "secret.env", "echo {}; cat {}; cat {}"]);
    let mut lines = shown.lines();
    assert!(lines.next().unwrap().starts_with("/proc/"));
    assert_eq!(lines.collect::<Vec<_>>(), vec![format!("PASSWORD={MARKER}"); 2]);
    // Nobody can change what was handed over.
    let run = home.run(&["exec-file", "--no-fifo", "secret.env", "echo x 2>/dev/null >> {}"]);
    assert_ne!(run.code, Some(0));
}

#[test]
fn pipes_and_named_files_lie_in_memory_and_go_with_the_command() {
    let home = home();
    for arguments in [
        &["exec-file", "secret.env", "echo {}; cat {}; find . -type f | xargs grep -l hunter2"][..],
        &[
            "exec-file",
            "--no-fifo",
            "--filename",
            "x.env",
            "secret.env",
            "echo {}; cat {}; find . -type f | xargs grep -l hunter2",
        ],
    ] {
        let run = home.run(arguments);
        let text = run.text();
        let (path, rest) = text.split_once('\n').unwrap();
        assert!(path.starts_with("/dev/shm/"), "{path}");
        assert_eq!(rest, format!("PASSWORD={MARKER}\n"), "the working directory holds no plaintext");
        assert!(!Path::new(path).parent().unwrap().exists());
    }
}

#[test]
fn no_disk_holds_the_plaintext_while_a_command_has_it() {
    let home = home();
    fs::create_dir(home.path("tmp")).unwrap();
    for flags in [&[][..], &["--no-fifo"], &["--no-fifo", "--filename", "x.env"]] {
        let script = "cat {} | grep -q hunter2 && touch started; while [ ! -e over ]; do sleep 0.02; done";
        let mut command = home.command(&[&["exec-file"], flags, &["secret.env", script]].concat());
        let mut child = command.env("TMPDIR", home.path("tmp")).spawn().unwrap();
        let limit = Instant::now() + Duration::from_secs(60);
        while !home.path("started").exists() {
            assert!(Instant::now() < limit, "{flags:?}: the command did not get the file");
            std::thread::sleep(Duration::from_millis(5));
        }
        let found = [home.folder(), Path::new("/var/tmp")].map(|place| files_holding(place, MARKER)).concat();
        assert_eq!(found, [] as [PathBuf; 0], "{flags:?}");
        let mut open = open_files_holding(child.id(), MARKER);
        open.retain(|path| !path.starts_with("/dev/shm") && !path.to_string_lossy().starts_with("/memfd:"));
        assert_eq!(open, [] as [PathBuf; 0], "{flags:?}");
        home.write("over", "");
        assert!(child.wait().unwrap().success());
        for name in ["started", "over"] {
            fs::remove_file(home.path(name)).unwrap();
        }
    }
}

#[test]
fn a_command_that_reads_nothing_holds_nobody_up() {
    let home = home();
    assert_eq!(home.run(&["exec-file", "secret.env", "exit 9"]).code, Some(9));
    assert_eq!(home.run(&["exec-env", "secret.env", "kill -9 $$"]).code, Some(137));
}

#[test]
fn the_arguments_of_the_command_hold_no_secret() {
    let home = home();
    let shown =
        home.done(&["exec-env", "secret.env", "tr '\\0' ' ' < /proc/$PPID/cmdline; tr '\\0' ' ' < /proc/$$/cmdline"]);
    assert!(!shown.contains(MARKER), "{shown}");
    // Nor does the environment of windlass itself, which others of the same user can read.
    let shown = home.done(&["exec-env", "secret.env", "tr '\\0' '\\n' < /proc/$PPID/environ"]);
    assert!(!shown.contains(MARKER), "{shown}");
    assert!(fs::read_dir("/dev/shm").is_ok());
}
