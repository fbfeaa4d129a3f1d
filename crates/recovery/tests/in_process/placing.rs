//! Items of data, put into place.

use std::os::unix::fs::{MetadataExt as _, chown};
use std::path::Path;
use std::sync::{Arc, Mutex};

use windlass_backup::{Phase, Progress};
use windlass_capture::{Bytes, Format, SqliteDatabase, SqliteOptions};
use windlass_recovery::{DataInPlace, Error, PutData, put_data};

use crate::bed::save;
use crate::vault::{Vault, make_database, notes};

/// Phase, bytes so far, bytes in all.
type Told = (Phase, u64, Option<u64>);

async fn put(vault: &Vault, item: &str, path: &Path, how: &PutData) -> Result<DataInPlace, Error> {
    let repository = vault.reopened().await;
    let listed = repository.snapshots().await.unwrap();
    let newest = listed.newest().unwrap();
    let manifest = repository.manifest(newest, &vault.paper).await.unwrap();
    put_data(&repository, newest, &manifest, &vault.paper, item, path, how).await
}

async fn saved() -> Vault {
    let vault = Vault::new().await;
    let database = vault.path("app/notes.db");
    make_database(&database, 20);
    let sqlite = SqliteDatabase::new(&database, SqliteOptions::new(vault.folder.path()));
    let dump = Bytes::new(Format::Dump, vec![b'x'; 300_000]);
    save(&vault, vec![("sqlite/notes", Box::new(sqlite)), ("dump/pg", Box::new(dump))]).await;
    vault
}

#[tokio::test]
async fn a_file_is_there_whole_or_not_at_all_and_the_old_one_is_kept() {
    let vault = saved().await;
    let place = vault.path("back/dump.sql");
    let reports: Arc<Mutex<Vec<Told>>> = Arc::default();
    let told = reports.clone();
    let progress = Progress::new(move |report| told.lock().unwrap().push((report.phase, report.bytes, report.of)));
    let how = PutData { progress: Some(progress), ..PutData::default() };
    let placed = put(&vault, "dump/pg", &place, &how).await.unwrap();
    assert_eq!((placed.facts["bytes"].as_u64(), placed.aside), (Some(300_000), None));
    let reports = reports.lock().unwrap().clone();
    for phase in [Phase::Fetching, Phase::PuttingBack] {
        let mut told: Vec<(u64, Option<u64>)> = Vec::new();
        for (of, bytes, whole) in &reports {
            if *of == phase {
                told.push((*bytes, *whole));
            }
        }
        assert!(told.is_sorted(), "{told:?}");
        let (bytes, whole) = told[told.len() - 1];
        assert_eq!(Some(bytes), whole, "{phase:?}");
    }

    std::fs::write(&place, "mine").unwrap();
    let refused = put(&vault, "dump/pg", &place, &PutData::default()).await.unwrap_err();
    assert!(matches!(refused, Error::Data { .. }), "{refused}");
    assert_eq!(std::fs::read_to_string(&place).unwrap(), "mine");
    let replace = PutData { replace: true, ..PutData::default() };
    let placed = put(&vault, "dump/pg", &place, &replace).await.unwrap();
    assert_eq!(std::fs::read_to_string(placed.aside.unwrap()).unwrap(), "mine");
    let left: Vec<_> = std::fs::read_dir(place.parent().unwrap()).unwrap().collect();
    assert_eq!(left.len(), 2, "{left:?}");
}

/// Root restores into the folder of an application that is not root.
#[tokio::test]
async fn a_new_database_belongs_to_the_owner_of_its_folder() {
    let vault = saved().await;
    let place = vault.path("back/notes.db");
    let folder = place.parent().unwrap();
    // Only root may give it away.
    let is_given = chown(folder, Some(1234), Some(4321)).is_ok();
    put(&vault, "sqlite/notes", &place, &PutData::default()).await.unwrap();
    let (file, folder) = (std::fs::metadata(&place).unwrap(), std::fs::metadata(folder).unwrap());
    assert_eq!((file.uid(), file.gid()), (folder.uid(), folder.gid()));
    assert_eq!(file.uid() == 1234, is_given);
    assert_eq!(notes(&place).len(), 20);
}
