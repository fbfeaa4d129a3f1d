//! What somebody who can write to the bucket might put there.

use std::fs;
use std::path::PathBuf;

use windlass_backup::{Error, OpenOptions, Repository, RunOptions, Snapshot, Trust, WriterKey};
use windlass_capture::Format;

use crate::support::{Household, bytes};

fn commit_path(household: &Household, id: &str) -> PathBuf {
    household.folder.path().join("snapshots").join(id).join("commit.json")
}

fn item_path(household: &Household, snapshot: &Snapshot, at: usize) -> PathBuf {
    household.folder.path().join(&snapshot.items[at].key)
}

/// What a fresh reader finds wrong with the only snapshot.
async fn fault(household: &Household) -> String {
    let listed = household.open().await.snapshots().await.unwrap();
    assert!(listed.snapshots.is_empty(), "{listed:?}");
    listed.faults[0].what.clone()
}

#[tokio::test]
async fn a_commit_that_was_changed_forged_or_stripped_is_not_believed() {
    let household = Household::new();
    let repository = household.init().await;
    let snapshot = household.save(&repository, &[("a", b"one")]).await;
    let path = commit_path(&household, &snapshot.id);
    let good = fs::read_to_string(&path).unwrap();
    fs::write(&path, good.replace("\"host\": \"attic\"", "\"host\": \"cellar\"")).unwrap();
    assert!(fault(&household).await.contains("signature"));
    let unsigned: String = good.lines().filter(|line| !line.contains("\"signature\"")).collect::<Vec<_>>().join("\n");
    fs::write(&path, unsigned.replace(",\n}", "\n}")).unwrap();
    assert!(fault(&household).await.contains("signature"));
    fs::write(&path, "{}").unwrap();
    assert!(fault(&household).await.contains("missing field"));
    fs::write(&path, good.replace("\"format\": 1", "\"format\": 2")).unwrap();
    assert!(fault(&household).await.contains("use a newer windlass"));
    // Looking is possible on purpose, and marked.
    fs::write(&path, good.replace("\"host\": \"attic\"", "\"host\": \"cellar\"")).unwrap();
    let reader = Repository::open(household.store(), OpenOptions::new(Trust::Any)).await.unwrap();
    assert_eq!(reader.snapshots().await.unwrap().snapshots[0].signed_by, None);
}

#[tokio::test]
async fn a_snapshot_of_a_stranger_is_not_believed() {
    let household = Household::new();
    let repository = household.init().await;
    household.save(&repository, &[("a", b"one")]).await;
    // He has the bucket, and a repository of his own with the same identity.
    let stranger = WriterKey::generate().unwrap();
    let his = Household::new();
    let his_repository =
        Repository::init(his.store(), windlass_backup::InitOptions::new(his.recipients.clone(), &stranger)).await;
    let mut run = his_repository.unwrap().begin(&stranger, RunOptions::new("attic")).await.unwrap();
    run.add("a", bytes(Format::Tar, b"evil"), serde_json::Map::new()).await.unwrap();
    let evil = run.commit().await.unwrap();
    let folder = household.folder.path().join("snapshots").join(&evil.id);
    fs::create_dir_all(&folder).unwrap();
    fs::copy(commit_path(&his, &evil.id), folder.join("commit.json")).unwrap();
    for trust in [Trust::Writers(vec![household.writer.id()]), Trust::OnFirstUse] {
        let reader = Repository::open(household.store(), OpenOptions::new(trust)).await.unwrap();
        let listed = reader.snapshots().await.unwrap();
        assert_eq!(listed.snapshots.len(), 1);
        assert!(listed.faults[0].what.contains("whom you do not trust"), "{:?}", listed.faults);
    }
}

#[tokio::test]
async fn recipients_that_a_stranger_put_into_the_marker_get_nothing() {
    let household = Household::new();
    household.init().await;
    let stranger = WriterKey::generate().unwrap();
    let his = Household::new();
    let options = windlass_backup::InitOptions {
        other_writers: vec![household.writer.id()],
        ..windlass_backup::InitOptions::new(his.recipients.clone(), &stranger)
    };
    Repository::init(his.store(), options).await.unwrap();
    let marker = "windlass-backup.json";
    fs::copy(his.folder.path().join(marker), household.folder.path().join(marker)).unwrap();
    let opened = Repository::open(household.store(), OpenOptions::new(Trust::OnFirstUse)).await.unwrap();
    let refused = opened.begin(&household.writer, RunOptions::new("attic")).await.unwrap_err();
    assert!(matches!(refused, Error::ForeignMarker { .. }), "{refused}");
}

#[tokio::test]
async fn a_commit_moved_to_another_place_or_repository_is_refused() {
    let household = Household::new();
    let repository = household.init().await;
    let first = household.save(&repository, &[("a", b"one")]).await;
    let second = household.save(&repository, &[("a", b"two")]).await;
    // The old one again, as the newest: a rollback.
    let later = household.folder.path().join("snapshots").join(second.id.replace("00000002", "00000009"));
    fs::create_dir_all(&later).unwrap();
    fs::copy(commit_path(&household, &first.id), later.join("commit.json")).unwrap();
    let listed = household.open().await.snapshots().await.unwrap();
    assert_eq!(listed.snapshots.len(), 2);
    assert!(listed.faults[0].what.contains("somebody moved it"), "{:?}", listed.faults);
    // One of the same writer's other repository.
    let other = Household { writer: household.writer.clone(), ..Household::new() };
    let foreign = other.save(&other.init().await, &[("a", b"elsewhere")]).await;
    let folder = household.folder.path().join("snapshots").join(&foreign.id);
    fs::create_dir_all(&folder).unwrap();
    fs::copy(commit_path(&other, &foreign.id), folder.join("commit.json")).unwrap();
    let listed = household.open().await.snapshots().await.unwrap();
    assert!(listed.faults.iter().any(|fault| fault.what.contains("another repository")), "{:?}", listed.faults);
}

#[tokio::test]
async fn newest_snapshots_that_were_taken_away_are_missed() {
    let household = Household::new();
    let repository = household.init().await;
    household.save(&repository, &[("a", b"one")]).await;
    let second = household.save(&repository, &[("a", b"two")]).await;
    fs::remove_file(commit_path(&household, &second.id)).unwrap();
    let mut run = repository.begin(&household.writer, RunOptions::new("attic")).await.unwrap();
    assert!(run.warnings().iter().any(|warning| warning.what.contains("rolled back")), "{:?}", run.warnings());
    run.add("a", bytes(Format::Tar, b"two"), serde_json::Map::new()).await.unwrap();
    let third = run.commit().await.unwrap();
    assert_eq!(household.read(&repository, &third, "a", &household.identities[0]).await.unwrap(), b"two");
}

#[tokio::test]
async fn a_snapshot_missing_from_the_middle_is_missed() {
    let household = Household::new();
    let repository = household.init().await;
    let ids = [b"1", b"2", b"3"].map(|content| (content, ()));
    let mut saved = Vec::new();
    for (content, ()) in ids {
        saved.push(household.save(&repository, &[("a", content.as_slice())]).await);
    }
    fs::remove_file(commit_path(&household, &saved[1].id)).unwrap();
    let listed = household.open().await.snapshots().await.unwrap();
    assert_eq!(listed.snapshots.len(), 2);
    assert!(listed.faults.iter().any(|fault| fault.key.contains(&saved[1].id)), "{:?}", listed.faults);
}

#[tokio::test]
async fn items_and_manifests_that_were_swapped_are_refused() {
    let household = Household::new();
    let repository = household.init().await;
    let snapshot = household.save(&repository, &[("a", b"one"), ("b", b"two")]).await;
    let (left, right) = (item_path(&household, &snapshot, 0), item_path(&household, &snapshot, 1));
    let (one, two) = (fs::read(&left).unwrap(), fs::read(&right).unwrap());
    fs::write(&left, two).unwrap();
    fs::write(&right, one).unwrap();
    for name in ["a", "b"] {
        let error = household.read(&repository, &snapshot, name, &household.identities[0]).await.unwrap_err();
        assert!(matches!(error, Error::Damaged { .. }), "{error}");
    }
    let second = household.save(&repository, &[("a", b"three")]).await;
    let manifest = |snapshot: &Snapshot| household.folder.path().join(&snapshot.manifest.key);
    fs::copy(manifest(&second), manifest(&snapshot)).unwrap();
    let error = repository.manifest(&snapshot, &household.identities[0]).await.unwrap_err();
    assert!(matches!(error, Error::Damaged { .. }), "{error}");
}

#[tokio::test]
async fn names_that_lead_elsewhere_are_refused() {
    let household = Household::new();
    let repository = household.init().await;
    let mut run = repository.begin(&household.writer, RunOptions::new("attic")).await.unwrap();
    for name in ["", "/etc/passwd", "../x", "a/../../x", "a//b", "a\\b", "a\nb", ".", "a/."] {
        let error = run.add(name, bytes(Format::Tar, b"x"), serde_json::Map::new()).await.unwrap_err();
        assert!(matches!(error, Error::Name { .. }), "{name:?}: {error}");
        assert!(run.skip(name, "x").is_err());
    }
}

#[cfg(unix)]
#[tokio::test]
async fn links_in_the_folder_are_not_followed() {
    let household = Household::new();
    let repository = household.init().await;
    let snapshot = household.save(&repository, &[("a", b"one")]).await;
    let path = item_path(&household, &snapshot, 0);
    let elsewhere = household.folder.path().join("elsewhere");
    fs::rename(&path, &elsewhere).unwrap();
    std::os::unix::fs::symlink(&elsewhere, &path).unwrap();
    assert!(household.read(&repository, &snapshot, "a", &household.identities[0]).await.is_err());
}
