use std::fs;
use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;
use windlass_capture::{SqliteDatabase, SqliteOptions};

use crate::bank::{self, Writers};

/// What is wrong with a copy, to which these commits belong.
#[derive(Debug, Default, PartialEq, Eq)]
struct Faults {
    corrupt: usize,
    stale: usize,
}

impl Faults {
    fn count(&mut self, copy: &Path, committed: &[(i64, i64)]) {
        let image = Connection::open(copy).unwrap();
        let check: String = image.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
        self.corrupt += usize::from(check != "ok" || bank::money(&image) != bank::MONEY);
        let kept = bank::last_commits(&image);
        let is_stale = kept.len() < committed.len() || committed.iter().zip(&kept).any(|(wanted, kept)| kept < wanted);
        self.stale += usize::from(is_stale);
    }
}

/// Captures the bank `count` times while three writers commit, and judges every image on its own.
fn trials(journal: &str, pause: Duration, count: usize) {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("bank.db");
    bank::make(&path, journal);
    let writers = Writers::start(&path, pause);
    let teller = bank::connect(&path);
    let copy = home.path().join("copy.db");
    let (mut faults, mut moved) = (Faults::default(), 0);
    let mut before = Vec::new();
    for _ in 0..count {
        let committed = bank::last_commits(&teller);
        assert_eq!(committed.len(), 3);
        moved += usize::from(committed != before);
        let options = SqliteOptions::new(home.path().join("scratch")).with_busy(Duration::from_secs(60));
        fs::write(&copy, bank::image_of(&mut SqliteDatabase::new(&path, options))).unwrap();
        faults.count(&copy, &committed);
        before = committed;
    }
    writers.stop();
    assert_eq!(faults, Faults::default(), "of {count}");
    // Otherwise nothing was tried.
    assert!(moved > count / 2, "only {moved} of {count} copies were taken after new commits");
}

#[test]
fn no_copy_of_400_beside_writers_with_a_log_is_corrupt_or_stale() {
    trials("wal", Duration::from_micros(200), 400);
}

#[test]
fn no_copy_of_100_beside_writers_with_a_rollback_journal_is_corrupt_or_stale() {
    trials("delete", Duration::from_millis(2), 100);
}

#[test]
fn the_judge_sees_what_raw_copies_lose() {
    let home = tempfile::tempdir().unwrap();
    let (path, copy) = (home.path().join("bank.db"), home.path().join("copy.db"));
    bank::make(&path, "wal");
    let mut bank = bank::connect(&path);
    bank.execute_batch("PRAGMA wal_checkpoint(TRUNCATE); PRAGMA wal_autocheckpoint = 0").unwrap();
    bank::pay(&mut bank, 1, 0);
    let mut faults = Faults::default();
    fs::copy(&path, &copy).unwrap();
    faults.count(&copy, &bank::last_commits(&bank));
    assert_eq!(faults, Faults { corrupt: 0, stale: 1 });

    // Half of the pages from before a commit, half from after it.
    let before = fs::read(&path).unwrap();
    (1..40).for_each(|seq| bank::pay(&mut bank, 1, seq));
    bank.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    let mut torn = fs::read(&path).unwrap();
    let half = before.len() / 8192 * 4096;
    torn[4096..half].copy_from_slice(&before[4096..half]);
    fs::write(&copy, torn).unwrap();
    faults.count(&copy, &[]);
    assert_eq!(faults.corrupt, 1);
}
