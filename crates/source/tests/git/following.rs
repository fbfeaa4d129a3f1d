//! What a source gives while its repository changes.

use std::fs;

use windlass_source::{Cancel, Error, GitOptions, GitSource, Poll, Reference};

use crate::repository::Repository;
use crate::{changed, failure, main_branch, open, remote, text};

#[test]
fn a_commit_is_fetched_once_and_its_successor_after_it() {
    let repository = Repository::new();
    let first = repository.push_file("app.yaml", "one");
    let source = open(&repository, main_branch());
    let snapshot = changed(&source);
    assert_eq!(snapshot.revision.to_string(), format!("main@sha1:{first}"));
    assert_eq!(text(&snapshot, "app.yaml"), "one");
    assert!(matches!(source.poll(Some(&snapshot.revision), &Cancel::new()).unwrap(), Poll::Unchanged));

    let second = repository.push_file("app.yaml", "two");
    let Poll::Changed(next) = source.poll(Some(&snapshot.revision), &Cancel::new()).unwrap() else {
        panic!("the branch moved")
    };
    assert_eq!(next.revision.hash(), second);
    assert_eq!((text(&next, "app.yaml"), text(&snapshot, "app.yaml")), ("two".into(), "one".into()));
}

#[test]
fn a_rewritten_history_is_followed() {
    let repository = Repository::new();
    repository.push_file("app.yaml", "one");
    let source = open(&repository, main_branch());
    changed(&source);
    repository.write("app.yaml", "rewritten");
    repository.git(&["commit", "-q", "-a", "--amend", "-m", "other"]);
    repository.git(&["push", "-q", "--force", "origin", "HEAD:main"]);
    assert_eq!(text(&changed(&source), "app.yaml"), "rewritten");
    // Back to an older commit, with the newer one gone from the server.
    repository.git(&["checkout", "-q", "--orphan", "fresh"]);
    repository.push_file("app.yaml", "orphan");
    assert_eq!(text(&changed(&source), "app.yaml"), "orphan");
}

#[test]
fn a_restart_needs_no_server() {
    let repository = Repository::new();
    let id = repository.push_file("app.yaml", "one");
    changed(&open(&repository, main_branch()));
    fs::remove_dir_all(repository.bare()).unwrap();
    let source = open(&repository, main_branch());
    let last = source.last().expect("the store remembers");
    assert_eq!((last.revision.hash(), text(&last, "app.yaml").as_str()), (id.as_str(), "one"));
    assert!(matches!(failure(&source), Error::RepositoryNotFound { .. }));
    assert!(source.last().is_some());
}

#[test]
fn a_store_of_another_reference_is_not_mistaken_for_ours() {
    let repository = Repository::new();
    repository.push_file("app.yaml", "one");
    changed(&open(&repository, main_branch()));
    assert!(open(&repository, Reference::tag("v1").unwrap()).last().is_none());
}

#[test]
fn tags_light_and_annotated_lead_to_the_commit() {
    let repository = Repository::new();
    let first = repository.push_file("app.yaml", "one");
    repository.git(&["tag", "v1.0.0"]);
    let second = repository.push_file("app.yaml", "two");
    repository.git(&["tag", "-a", "-m", "two", "v1.1.0"]);
    repository.git(&["tag", "-a", "-m", "two again", "v1.2.0", "v1.1.0"]);
    repository.push_file("app.yaml", "three");
    repository.git(&["push", "-q", "origin", "--tags"]);
    for (reference, name, id) in [
        (Reference::tag("v1.0.0").unwrap(), "v1.0.0", &first),
        (Reference::tag("v1.1.0").unwrap(), "v1.1.0", &second),
        (Reference::tag("v1.2.0").unwrap(), "v1.2.0", &second),
        (Reference::semver(">=1.0.0 <1.2.0").unwrap(), "v1.1.0", &second),
        (Reference::name("refs/tags/v1.0.0").unwrap(), "refs/tags/v1.0.0", &first),
    ] {
        let source = open(&repository, reference);
        let snapshot = changed(&source);
        assert_eq!(snapshot.revision.to_string(), format!("{name}@sha1:{id}"));
        assert!(matches!(source.poll(Some(&snapshot.revision), &Cancel::new()).unwrap(), Poll::Unchanged));
    }
}

#[test]
fn commits_are_fetched_by_id_and_need_no_request_once_known() {
    let repository = Repository::new();
    let first = repository.push_file("app.yaml", "one");
    repository.push_file("app.yaml", "two");
    let source = open(&repository, Reference::commit(&first).unwrap());
    let snapshot = changed(&source);
    assert_eq!((snapshot.revision.to_string(), text(&snapshot, "app.yaml")), (format!("sha1:{first}"), "one".into()));
    let source_on_branch = Reference::commit_on_branch(&first, "main").unwrap();
    drop(source);
    assert_eq!(changed(&open(&repository, source_on_branch)).revision.to_string(), format!("main@sha1:{first}"));
    let source = open(&repository, Reference::commit_on_branch(&first, "main").unwrap());
    fs::remove_dir_all(repository.bare()).unwrap();
    assert!(matches!(source.poll(Some(&source.last().unwrap().revision), &Cancel::new()).unwrap(), Poll::Unchanged));
}

#[test]
fn the_default_branch_is_found() {
    let repository = Repository::new();
    let id = repository.push_file("app.yaml", "one");
    assert_eq!(changed(&open(&repository, Reference::head())).revision.to_string(), format!("main@sha1:{id}"));
}

#[test]
fn what_is_missing_is_named_with_what_is_near() {
    let repository = Repository::new();
    let url = repository.url();
    assert_eq!(
        failure(&open(&repository, main_branch())).to_string(),
        format!("{url} is empty: it has no branch \"main\" since nothing was pushed to it yet")
    );
    repository.push_file("app.yaml", "one");
    let error = failure(&open(&repository, Reference::branch("mian").unwrap()));
    assert_eq!(error.to_string(), format!("{url} has no branch \"mian\"; did you mean \"main\"?"));
    assert!(!error.is_transient());
    let absent = "0123456789012345678901234567890123456789";
    let error = failure(&open(&repository, Reference::commit(absent).unwrap()));
    assert_eq!(error.to_string(), format!("{url} does not hand out commit {absent}"));
    let error = failure(&open(&repository, Reference::commit_on_branch(absent, "main").unwrap()));
    assert_eq!(error.to_string(), format!("{url} does not hand out commit {absent}: it is not on branch \"main\""));
}

#[test]
fn a_repository_with_sha256_is_read() {
    let repository = Repository::with_format("sha256");
    let id = repository.push_file("app.yaml", "one");
    let snapshot = changed(&open(&repository, main_branch()));
    assert_eq!(
        (snapshot.revision.to_string(), text(&snapshot, "app.yaml")),
        (format!("main@sha256:{id}"), "one".into())
    );
    assert!(open(&repository, main_branch()).last().is_some());
}

#[test]
fn packs_do_not_pile_up() {
    let repository = Repository::new();
    let options = || GitOptions::default().with_max_packs(3);
    let source = GitSource::open(repository.store(), remote(&repository.url(), main_branch()), options()).unwrap();
    let mut kept = Vec::new();
    for number in 0..10 {
        repository.push_file("app.yaml", number.to_string());
        kept.push(changed(&source));
    }
    for (number, snapshot) in kept.iter().enumerate() {
        assert_eq!(text(snapshot, "app.yaml"), number.to_string());
    }
    drop(kept);
    drop(source);
    // Ten fetches at three packs each: the fourth store is the one that counts.
    let stores: Vec<String> = fs::read_dir(repository.store())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with("objects-"))
        .collect();
    assert_eq!(stores, ["objects-4"]);
}

#[test]
fn a_source_can_be_shared_between_threads() {
    fn is_shareable<T: Send + Sync + 'static>() {}
    is_shareable::<GitSource>();
    is_shareable::<windlass_source::Snapshot>();
    is_shareable::<Error>();
}

#[test]
fn the_whole_history_is_fetched_on_request_and_followed() {
    let repository = Repository::new();
    for content in ["one", "two", "three"] {
        repository.push_file("app.yaml", content);
    }
    changed(&open(&repository, main_branch()));
    let remote = || remote(&repository.url(), main_branch());
    let options = || GitOptions::default().with_full_history(true);
    // The store that is there has no history.
    let source = GitSource::open(repository.store(), remote(), options()).unwrap();
    let count = |source: &GitSource, id: &str| {
        let path = source.repository().unwrap();
        crate::repository::run(&path, &["rev-list", "--count", id])
    };
    let first = changed(&source);
    assert_eq!(count(&source, first.revision.hash()), "3");
    repository.push_file("app.yaml", "four");
    let next = changed(&source);
    assert_eq!(count(&source, next.revision.hash()), "4");
    assert!(!source.repository().unwrap().join("shallow").exists());
}
