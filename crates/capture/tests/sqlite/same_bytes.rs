use std::time::Duration;

use windlass_capture::{Source, SqliteDatabase, SqliteOptions};

use crate::bank;

#[test]
fn an_unchanged_database_gives_the_same_bytes_and_facts() {
    for journal in ["wal", "delete"] {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("bank.db");
        bank::make(&path, journal);
        let mut bank = bank::connect(&path);
        bank::pay(&mut bank, 1, 0);
        let take = || {
            let mut database = SqliteDatabase::new(&path, SqliteOptions::new(home.path().join("scratch")));
            (bank::image_of(&mut database), database.facts())
        };
        let first = take();
        assert_eq!(first.1["rows"]["account"], bank::ACCOUNTS);
        assert_eq!(first.1["check"], "integrity");
        assert!(first.0 == take().0, "{journal}: captured again");

        bank.execute_batch("BEGIN IMMEDIATE; DELETE FROM account; ROLLBACK; BEGIN IMMEDIATE; COMMIT").unwrap();
        assert!(first == take(), "{journal}: rolled back");

        let _ = bank.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)");
        assert!(first == take(), "{journal}: checkpointed");

        drop(bank);
        assert!(first == take(), "{journal}: closed");

        let mut bank = bank::connect(&path);
        assert!(first == take(), "{journal}: opened again");

        bank::pay(&mut bank, 1, 1);
        assert!(first.0 != take().0, "{journal}: a commit");
    }
}

#[test]
fn one_value_gives_one_image_however_often_it_is_opened() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("bank.db");
    bank::make(&path, "wal");
    let mut bank = bank::connect(&path);
    let mut database = SqliteDatabase::new(&path, SqliteOptions::new(home.path().join("scratch")));
    assert!(database.is_repeatable());
    let first = bank::image_of(&mut database);
    bank::pay(&mut bank, 1, 0);
    assert!(first == bank::image_of(&mut database));
    assert_eq!(database.take().unwrap(), first.len() as u64);
}

#[test]
fn nothing_is_left_in_scratch_or_beside_the_database() {
    let home = tempfile::tempdir().unwrap();
    let (path, scratch) = (home.path().join("bank.db"), home.path().join("scratch"));
    bank::make(&path, "wal");
    let mut database = SqliteDatabase::new(&path, SqliteOptions::new(&scratch));
    bank::image_of(&mut database);
    // Its bytes are still at hand, without a name.
    assert_eq!(std::fs::read_dir(&scratch).unwrap().count(), 0);
    let names: Vec<_> = std::fs::read_dir(home.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names.len(), 2, "{names:?}");
}

#[test]
fn a_log_that_a_crash_left_is_read_and_left_alone() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("bank.db");
    bank::make(&path, "wal");
    let mut writer = bank::start_process(&path, Duration::ZERO);
    writer.kill().unwrap();
    writer.wait().unwrap();
    let log = home.path().join("bank.db-wal");
    let before = std::fs::read(&log).unwrap();
    assert!(!before.is_empty());
    let mut database = SqliteDatabase::new(&path, SqliteOptions::new(home.path().join("scratch")));
    bank::image_of(&mut database);
    assert!(database.facts()["rows"]["log"].as_i64().unwrap() >= 1);
    assert!(before == std::fs::read(&log).unwrap());
}
