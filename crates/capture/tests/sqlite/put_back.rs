use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::Connection;
use windlass_capture::put_back::{self, SqlitePutBack};
use windlass_capture::{Error, Facts, Source, SqliteDatabase, SqliteOptions};

use crate::bank;

struct Kept {
    home: tempfile::TempDir,
    path: PathBuf,
    image: Vec<u8>,
    facts: Facts,
}

/// A bank with one commit, captured; then another commit was made that stays in its log.
fn kept(journal: &str) -> Kept {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("bank.db");
    bank::make(&path, journal);
    let mut bank = bank::connect(&path);
    bank::pay(&mut bank, 1, 0);
    let mut database = SqliteDatabase::new(&path, SqliteOptions::new(home.path()));
    let (image, facts) = (bank::image_of(&mut database), database.facts());
    Kept { home, path, image, facts }
}

fn put(kept: &Kept, options: &SqlitePutBack) -> Result<put_back::SqliteInPlace, Error> {
    put_back::sqlite(&mut kept.image.as_slice(), &kept.path, &options.clone().expecting(kept.facts.clone()))
}

fn commits(path: &Path) -> Vec<(i64, i64)> {
    bank::last_commits(&Connection::open(path).unwrap())
}

#[test]
fn a_database_comes_back_where_there_is_none() {
    let kept = kept("wal");
    fs::remove_file(&kept.path).unwrap();
    let done = put(&kept, &SqlitePutBack::default().with_mode(0o640)).unwrap();
    assert_eq!(done.facts, kept.facts);
    assert_eq!(done.aside, None);
    assert_eq!(fs::metadata(&kept.path).unwrap().mode() & 0o777, 0o640);
    let bank = Connection::open(&kept.path).unwrap();
    let journal: String = bank.pragma_query_value(None, "journal_mode", |row| row.get(0)).unwrap();
    assert_eq!(journal, "wal");
    assert_eq!((bank::money(&bank), bank::last_commits(&bank)), (bank::MONEY, vec![(1, 0)]));
}

#[test]
fn an_old_log_goes_aside_with_its_database_and_is_never_mixed_with_the_new_one() {
    let kept = kept("wal");
    let mut writer = bank::start_process(&kept.path, Duration::ZERO);
    writer.kill().unwrap();
    writer.wait().unwrap();
    fs::set_permissions(&kept.path, fs::Permissions::from_mode(0o664)).unwrap();
    assert!(fs::metadata(kept.home.path().join("bank.db-wal")).unwrap().len() > 0);

    let done = put(&kept, &SqlitePutBack::default().replacing(true)).unwrap();
    assert!(!kept.home.path().join("bank.db-wal").exists());
    assert_eq!(fs::metadata(&kept.path).unwrap().mode() & 0o777, 0o664);
    assert_eq!(commits(&kept.path), [(1, 0)]);
    // What was set aside has the commits that were in the log alone.
    assert_eq!(commits(&done.aside.unwrap()).last().unwrap().0, 3);
}

#[test]
fn a_log_without_its_database_is_moved_aside_too() {
    let kept = kept("wal");
    fs::remove_file(&kept.path).unwrap();
    let log = kept.home.path().join("bank.db-wal");
    fs::write(&log, "what a careless hand left").unwrap();
    put(&kept, &SqlitePutBack::default()).unwrap();
    assert!(!log.exists());
    assert_eq!(commits(&kept.path), [(1, 0)]);
}

#[test]
fn what_is_there_is_replaced_only_on_request() {
    let kept = kept("delete");
    assert!(matches!(put(&kept, &SqlitePutBack::default()), Err(Error::Exists { .. })));
}

#[test]
fn a_database_in_use_is_left_alone() {
    for journal in ["wal", "delete"] {
        let kept = kept(journal);
        let (mut ours, options) = (bank::connect(&kept.path), SqlitePutBack::default().replacing(true));
        bank::pay(&mut ours, 1, 1);
        let error = put(&kept, &options).unwrap_err();
        assert!(matches!(error, Error::InUse { .. }) && error.is_transient(), "{journal}: {error}");
        drop(ours);

        // Pausing for an hour, so that it holds no lock.
        let mut theirs = bank::start_process(&kept.path, Duration::from_secs(3600));
        let error = put(&kept, &options).unwrap_err();
        assert!(matches!(error, Error::InUse { .. }), "{journal}: {error}");
        theirs.kill().unwrap();
        theirs.wait().unwrap();
        put(&kept, &options).unwrap();
        assert_eq!(commits(&kept.path), [(1, 0)]);
    }
}

#[test]
fn an_image_that_is_damaged_or_another_one_changes_nothing() {
    let mut kept = kept("delete");
    let before = fs::read(&kept.path).unwrap();
    let options = SqlitePutBack::default().replacing(true);
    let good = kept.image.clone();

    kept.image.truncate(good.len() - 4096);
    assert!(matches!(put(&kept, &options), Err(Error::Corrupt { .. })));
    kept.image.clone_from(&good);
    kept.image[9000..12000].fill(7);
    assert!(matches!(put(&kept, &options), Err(Error::Corrupt { .. })));
    kept.image = b"no database".to_vec();
    assert!(matches!(put(&kept, &options), Err(Error::NotADatabase { .. })));
    kept.image = good;
    kept.facts["rows"]["account"] = 12.into();
    let error = put(&kept, &options).unwrap_err();
    assert!(matches!(&error, Error::FactsDiffer { fact, .. } if fact == "rows"), "{error}");

    assert!(before == fs::read(&kept.path).unwrap());
    let names = fs::read_dir(kept.home.path()).unwrap().count();
    assert_eq!(names, 1, "staged files are gone");
}
