use std::fs;
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;
use windlass_capture::{Error, Source, SqliteDatabase, SqliteOptions};

use crate::bank;

fn refused(path: &Path) -> Error {
    let options = SqliteOptions::new(path.with_extension("scratch")).with_busy(Duration::from_millis(300));
    let mut database = SqliteDatabase::new(path, options);
    let error = database.open().map(drop).unwrap_err();
    assert!(database.facts().is_empty());
    error
}

#[test]
fn the_library_has_no_bug_that_corrupts_on_checkpoint() {
    assert!(rusqlite::version_number() >= 3_051_003, "{}", rusqlite::version());
}

#[test]
fn a_damaged_database_is_not_captured() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("bank.db");
    bank::make(&path, "delete");
    let mut file = fs::File::options().write(true).open(&path).unwrap();
    file.seek(SeekFrom::Start(5 * 4096 + 2000)).unwrap();
    file.write_all(&[0xff; 4096]).unwrap();
    drop(file);
    let error = refused(&path);
    assert!(matches!(&error, Error::Corrupt { findings, .. } if !findings.is_empty()), "{error}");
    assert!(!error.is_transient());
}

#[test]
fn an_index_that_does_not_fit_its_table_is_damage() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("bank.db");
    bank::make(&path, "wal");
    // The index of another column under the name of this one.
    Connection::open(&path)
        .unwrap()
        .execute_batch(
            "PRAGMA writable_schema = ON;
             UPDATE sqlite_schema SET sql = 'CREATE INDEX account_note ON account (money)' WHERE name = 'account_note';",
        )
        .unwrap();
    let error = refused(&path);
    assert!(matches!(error, Error::Corrupt { .. }), "{error}");
}

#[test]
fn a_cut_database_is_not_captured() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("bank.db");
    bank::make(&path, "delete");
    fs::File::options().write(true).open(&path).unwrap().set_len(3 * 4096 + 100).unwrap();
    let error = refused(&path);
    assert!(matches!(error, Error::Corrupt { .. }), "{error}");
}

#[test]
fn a_lock_that_is_held_too_long_is_an_error_that_may_pass() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("bank.db");
    bank::make(&path, "delete");
    let bank = bank::connect(&path);
    bank.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let error = refused(&path);
    assert!(matches!(error, Error::Busy { .. }) && error.is_transient(), "{error}");
    bank.execute_batch("COMMIT").unwrap();
    bank::image_of(&mut SqliteDatabase::new(&path, SqliteOptions::new(home.path())));
}

#[test]
fn a_log_that_was_taken_away_is_noticed() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("bank.db");
    bank::make(&path, "wal");
    let mut bank = bank::connect(&path);
    bank::pay(&mut bank, 1, 0);
    fs::remove_file(home.path().join("bank.db-wal")).unwrap();
    let error = refused(&path);
    assert!(matches!(error, Error::WalMissing { .. }), "{error}");
}

#[test]
fn what_is_no_database_is_called_so() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("notes.db");
    fs::write(&path, "a text that is long enough to have a header, were it one".repeat(20)).unwrap();
    assert!(matches!(refused(&path), Error::NotADatabase { .. }));
    fs::write(&path, "").unwrap();
    assert!(matches!(refused(&path), Error::NotADatabase { .. }));
    fs::remove_file(&path).unwrap();
    assert!(matches!(refused(&path), Error::File { .. }));
    assert!(!path.exists());
}

#[test]
fn full_text_indexes_foreign_keys_and_odd_names_are_counted() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("it's 100%?#.db");
    let database = Connection::open(&path).unwrap();
    database
        .execute_batch(
            "PRAGMA journal_mode = wal; PRAGMA user_version = 7; PRAGMA application_id = 99; PRAGMA foreign_keys = OFF;
             CREATE VIRTUAL TABLE words USING fts5 (text);
             INSERT INTO words VALUES ('one'), ('two');
             CREATE TABLE \"a \"\"b\"\"\" (id INTEGER PRIMARY KEY);
             CREATE TABLE child (parent INTEGER REFERENCES \"a \"\"b\"\"\" (id));
             INSERT INTO child VALUES (5);",
        )
        .unwrap();
    let mut source = SqliteDatabase::new(&path, SqliteOptions::new(home.path()));
    bank::image_of(&mut source);
    let facts = source.facts();
    assert_eq!((&facts["user_version"], &facts["application_id"]), (&7.into(), &99.into()));
    assert_eq!((&facts["rows"]["a \"b\""], &facts["rows"]["child"]), (&0.into(), &1.into()));
    assert_eq!(facts["foreign_key_violations"], 1);
    assert_eq!(facts["warnings"].as_array().unwrap().len(), 1);
}

#[test]
fn an_order_of_texts_that_only_the_application_knows_is_no_damage() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("media.db");
    let database = Connection::open(&path).unwrap();
    database.create_collation("icu_root", |a: &str, b: &str| b.cmp(a)).unwrap();
    database
        .execute_batch(
            "CREATE TABLE title (name TEXT COLLATE icu_root);
             CREATE INDEX by_name ON title (name);
             INSERT INTO title VALUES ('b'), ('c'), ('a');",
        )
        .unwrap();
    let mut source = SqliteDatabase::new(&path, SqliteOptions::new(home.path()));
    bank::image_of(&mut source);
    assert_eq!(source.facts()["check"], "quick");
    assert!(source.facts()["warnings"][0].as_str().unwrap().contains("collation"));
}
