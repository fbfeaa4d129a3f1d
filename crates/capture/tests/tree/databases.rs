use std::fs;
use std::io::Read;
use std::path::Path;

use rusqlite::Connection;
use windlass_capture::put_back::{self, FilesPutBack};
use windlass_capture::{Databases, Error, FileOptions, FileTree, Source, SqliteOptions};

use crate::sketch::{archive, names, write};

/// A database with one row on disk and one in its log.
fn live_database(path: &Path) -> Connection {
    let database = Connection::open(path).unwrap();
    database
        .execute_batch(
            "PRAGMA journal_mode = wal; CREATE TABLE note (text); INSERT INTO note VALUES ('old');
             PRAGMA wal_checkpoint; INSERT INTO note VALUES ('new')",
        )
        .unwrap();
    database
}

#[test]
fn a_database_among_files_is_refused_by_name() {
    let home = tempfile::tempdir().unwrap();
    let _open = live_database(&home.path().join("home.db"));
    let mut tree = FileTree::new(home.path(), FileOptions::default()).unwrap();
    let error = tree.open().unwrap().read_to_end(&mut Vec::new()).unwrap_err().downcast::<Error>().unwrap();
    assert!(matches!(&error, Error::DatabaseInTree { path } if path.ends_with("home.db")), "{error}");
}

#[test]
fn on_request_it_stays_out_with_its_log() {
    let home = tempfile::tempdir().unwrap();
    write(home.path(), &[("home.db.txt", "no database")]);
    let _open = live_database(&home.path().join("home.db"));
    let (bytes, facts) = archive(home.path(), FileOptions::default().with_databases(Databases::LeaveOut));
    assert_eq!(names(&bytes), ["", "home.db.txt"]);
    assert!(facts["warnings"][0].as_str().unwrap().contains("home.db"));
}

#[test]
fn on_request_an_image_of_it_is_kept_with_what_is_in_its_log() {
    let home = tempfile::tempdir().unwrap();
    let (root, scratch) = (home.path().join("data"), home.path().join("scratch"));
    write(&root, &[("sub/settings", "x")]);
    // Whatever its name ends with.
    let open = live_database(&root.join("sub/home"));
    let options = FileOptions::default().with_databases(Databases::Snapshot(SqliteOptions::new(&scratch)));
    let (bytes, facts) = archive(&root, options.clone());
    assert_eq!(names(&bytes), ["", "sub", "sub/home", "sub/settings"]);
    assert_eq!((&facts["databases"], &facts["files"]), (&1.into(), &1.into()));
    assert!(bytes == archive(&root, options).0, "unchanged");

    let target = home.path().join("back");
    put_back::files(&mut bytes.as_slice(), &target, &FilesPutBack::default().expecting(facts)).unwrap();
    let back = Connection::open(target.join("sub/home")).unwrap();
    let rows: i64 = back.query_row("SELECT count(*) FROM note", [], |row| row.get(0)).unwrap();
    assert_eq!(rows, 2);
    drop(open);
}

#[test]
fn a_damaged_one_fails_the_tree() {
    let home = tempfile::tempdir().unwrap();
    let (root, scratch) = (home.path().join("data"), home.path().join("scratch"));
    fs::create_dir(&root).unwrap();
    drop(live_database(&root.join("home.db")));
    let mut bytes = fs::read(root.join("home.db")).unwrap();
    bytes[4096..].fill(1);
    fs::write(root.join("home.db"), bytes).unwrap();
    let options = FileOptions::default().with_databases(Databases::Snapshot(SqliteOptions::new(&scratch)));
    let mut tree = FileTree::new(&root, options).unwrap();
    let error = tree.open().unwrap().read_to_end(&mut Vec::new()).unwrap_err().downcast::<Error>().unwrap();
    assert!(matches!(error, Error::Corrupt { .. }), "{error}");
}
