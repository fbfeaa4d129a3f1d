use std::fs;
use std::time::Duration;

use rusqlite::Connection;
use windlass_capture::{SqliteDatabase, SqliteOptions};

use crate::bank::{self, Writers};

/// Captures the bank `count` times while three writers commit, and judges every image on its own.
fn trials(journal: &str, pause: Duration, count: usize) {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("bank.db");
    bank::make(&path, journal);
    let writers = Writers::start(&path, pause);
    let teller = bank::connect(&path);
    let copy = home.path().join("copy.db");
    let (mut corrupt, mut stale, mut moved) = (0, 0, 0);
    let mut before = Vec::new();
    for _ in 0..count {
        let committed = bank::last_commits(&teller);
        assert_eq!(committed.len(), 3);
        moved += usize::from(committed != before);
        let options = SqliteOptions::new(home.path().join("scratch")).with_busy(Duration::from_secs(60));
        fs::write(&copy, bank::image_of(&mut SqliteDatabase::new(&path, options))).unwrap();
        let image = Connection::open(&copy).unwrap();
        let check: String = image.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
        corrupt += usize::from(check != "ok" || bank::money(&image) != bank::MONEY);
        let kept = bank::last_commits(&image);
        stale += usize::from(committed.iter().zip(&kept).any(|(wanted, kept)| kept < wanted));
        before = committed;
    }
    writers.stop();
    assert_eq!((corrupt, stale), (0, 0), "of {count}");
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
