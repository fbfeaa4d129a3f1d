//! Verification, retention, deletion in two steps, evidence, proofs, changes of keys.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use windlass_backup::{
    Clock, Error, EvidenceKind, KeyChange, OpenOptions, Recipient, Repository, Retention, RunOptions, Trust,
    VerifyOptions,
};
use windlass_capture::Format;

use crate::support::{self, Household, bytes};

/// A clock that is moved by hand. It starts now, since the store stamps its files by the system's.
#[derive(Clone, Default)]
struct Hand(Arc<AtomicI64>);

impl Hand {
    fn forward(&self, hours: i64) {
        self.0.fetch_add(hours * 3600, Ordering::Relaxed);
    }

    fn clock(&self) -> Clock {
        let moved = self.0.clone();
        Clock::new(move || Timestamp::now() + SignedDuration::from_secs(moved.load(Ordering::Relaxed)))
    }
}

async fn with_hand() -> (Household, Repository, Hand) {
    let (household, hand) = (Household::new(), Hand::default());
    let options = windlass_backup::InitOptions { clock: hand.clock(), ..household.init_options() };
    let repository = Repository::init(household.store(), options).await.unwrap();
    (household, repository, hand)
}

fn item_path(household: &Household, key: &str) -> std::path::PathBuf {
    household.folder.path().join(key)
}

#[tokio::test]
async fn verification_needs_no_private_key_and_finds_every_kind_of_damage() {
    let (household, repository, _) = with_hand().await;
    let first = household.save(&repository, &[("a", b"one"), ("b", b"two")]).await;
    let second = household.save(&repository, &[("a", b"one"), ("b", b"three")]).await;
    let whole = repository.verify(VerifyOptions::default()).await.unwrap();
    assert_eq!((whole.objects, whole.damaged.len(), whole.whole.len()), (5, 0, 2));
    let b = second.items.iter().find(|item| first.items.iter().all(|old| old.key != item.key)).unwrap();
    let path = item_path(&household, &b.key);
    let good = std::fs::read(&path).unwrap();
    let mut rotten = good.clone();
    rotten[30] ^= 1;
    let longer = [&good[..], b"x"].concat();
    for damage in [Some(rotten), Some(good[..good.len() - 1].to_vec()), Some(longer), None] {
        match &damage {
            Some(bytes) => std::fs::write(&path, bytes).unwrap(),
            None => std::fs::remove_file(&path).unwrap(),
        }
        let found = repository.verify(VerifyOptions::default()).await.unwrap();
        assert_eq!(found.damaged.iter().map(|fault| &fault.key).collect::<Vec<_>>(), [&b.key]);
        assert_eq!((found.broken, found.whole), (vec![second.id.clone()], vec![first.id.clone()]));
    }
}

#[tokio::test]
async fn shares_of_all_days_together_make_a_snapshot_verified() {
    let (household, repository, _) = with_hand().await;
    // Keys are drawn by lot: so many that no share is empty.
    let contents: Vec<String> = (0..60).map(|number| format!("content {number}")).collect();
    let names: Vec<String> = (0..60).map(|number| format!("item/{number}")).collect();
    let items: Vec<(&str, &[u8])> =
        names.iter().map(String::as_str).zip(contents.iter().map(String::as_bytes)).collect();
    household.save(&repository, &items).await;
    let mut seen = 0;
    for day in 1..=4 {
        assert!(repository.recovery_points().await.unwrap()[0].verified.is_none(), "day {day}");
        let options =
            VerifyOptions { share: Some((day, 4)), writer: Some(household.writer.clone()), ..VerifyOptions::default() };
        seen += repository.verify(options).await.unwrap().objects;
    }
    assert_eq!(seen, 61);
    let points = repository.recovery_points().await.unwrap();
    assert!(points[0].verified.is_some());
    assert_eq!((points[0].host.as_str(), points[0].stale), ("attic", 0));
}

#[tokio::test]
async fn deep_verification_opens_everything() {
    let (household, repository, _) = with_hand().await;
    household.save(&repository, &[("a", b"one"), ("b", b"two")]).await;
    let options = VerifyOptions { identities: Some(household.identities[1].clone()), ..VerifyOptions::default() };
    let found = repository.verify(options).await.unwrap();
    assert_eq!((found.opened, found.damaged.len()), (3, 0));
    let (stranger, _) = support::identity();
    let options = VerifyOptions { identities: Some(stranger), ..VerifyOptions::default() };
    assert_eq!(repository.verify(options).await.unwrap().damaged.len(), 3);
}

#[tokio::test]
async fn what_shrank_is_suspicious_and_stops_deletion_until_accepted() {
    let (household, repository, _) = with_hand().await;
    let big = b"a long content, of which there is enough".repeat(50);
    let first = household.save(&repository, &[("a", &big), ("b", b"two")]).await;
    let emptied = household.save(&repository, &[("a", b"")]).await;
    assert!(emptied.suspicious.as_ref().unwrap().contains(&first.id), "{:?}", emptied.suspicious);
    let again = household.save(&repository, &[("a", b"x")]).await;
    assert!(again.suspicious.is_some(), "what is measured against is the last good one");
    let policy = Retention { last: 1, daily: 0, weekly: 0, monthly: 0, yearly: 0, ..Retention::default() };
    let plan = repository.plan_retention(&policy, &TimeZone::UTC).await.unwrap();
    assert!(plan.keep.iter().any(|(id, _)| *id == first.id), "{plan:?}");
    assert!(plan.suspended.is_some());
    let refused = repository.carry_out_retention(&plan, &household.writer).await.unwrap_err();
    assert!(matches!(refused, Error::Suspended { .. }), "{refused}");
    assert!(matches!(repository.sweep(&household.writer).await, Err(Error::Suspended { .. })));
    let options = RunOptions { accept_shrink: true, ..RunOptions::new("attic") };
    let mut run = repository.begin(&household.writer, options).await.unwrap();
    run.add("a", bytes(Format::Tar, b"y"), serde_json::Map::new()).await.unwrap();
    assert!(run.commit().await.unwrap().suspicious.is_none());
    assert!(repository.plan_retention(&policy, &TimeZone::UTC).await.unwrap().suspended.is_none());
}

#[tokio::test]
async fn what_goes_is_said_a_day_before_and_can_be_taken_back() {
    let (household, repository, hand) = with_hand().await;
    let first = household.save(&repository, &[("a", b"one")]).await;
    let verified = VerifyOptions { writer: Some(household.writer.clone()), ..VerifyOptions::default() };
    hand.forward(1);
    let second = household.save(&repository, &[("a", b"two")]).await;
    repository.verify(verified).await.unwrap();
    let policy = Retention { last: 1, daily: 0, weekly: 0, monthly: 0, yearly: 0, ..Retention::default() };
    let plan = repository.plan_retention(&policy, &TimeZone::UTC).await.unwrap();
    assert_eq!(plan.remove, std::slice::from_ref(&first.id));
    repository.carry_out_retention(&plan, &household.writer).await.unwrap();
    hand.forward(23);
    let swept = repository.sweep(&household.writer).await.unwrap();
    assert_eq!((swept.snapshots.len(), swept.objects), (0, 0), "a day has not gone by");
    assert_eq!(repository.take_back().await.unwrap(), 1);
    hand.forward(30);
    assert!(repository.sweep(&household.writer).await.unwrap().snapshots.is_empty(), "taken back");
    repository.carry_out_retention(&plan, &household.writer).await.unwrap();
    hand.forward(25);
    let swept = repository.sweep(&household.writer).await.unwrap();
    assert_eq!((swept.snapshots, swept.noted), (vec![first.id.clone()], 2));
    let listed = repository.snapshots().await.unwrap();
    assert_eq!((listed.snapshots.len(), &listed.faults[..]), (1, &[][..]), "a gap that was meant is no fault");
    hand.forward(25);
    let swept = repository.sweep(&household.writer).await.unwrap();
    assert_eq!((swept.objects, swept.noted), (2, 0), "its item and its manifest");
    assert_eq!(household.read(&repository, &second, "a", &household.identities[0]).await.unwrap(), b"two");
    let found = repository.verify(VerifyOptions::default()).await.unwrap();
    assert_eq!((found.damaged.len(), found.objects), (0, 2));
}

#[tokio::test]
async fn the_last_that_is_verified_is_never_let_go() {
    let (household, repository, hand) = with_hand().await;
    let good = household.save(&repository, &[("a", b"one")]).await;
    let options = VerifyOptions { writer: Some(household.writer.clone()), ..VerifyOptions::default() };
    repository.verify(options).await.unwrap();
    for number in 0..20 {
        hand.forward(24 * 40);
        household.save(&repository, &[("a", format!("{number}").as_bytes())]).await;
    }
    let none = Retention { last: 0, hourly: 0, daily: 0, weekly: 0, monthly: 0, yearly: 0, ..Retention::default() };
    let nothing = Retention { within: None, verified: 0, standalone: SignedDuration::ZERO, ..none };
    let plan = repository.plan_retention(&nothing, &TimeZone::UTC).await.unwrap();
    let kept: Vec<&String> = plan.keep.iter().map(|(id, _)| id).collect();
    assert_eq!(kept.len(), 2, "{plan:?}");
    assert_eq!(*kept[0], good.id);
}

#[tokio::test]
async fn what_is_found_damaged_after_the_plan_keeps_the_one_before_it() {
    let (household, repository, hand) = with_hand().await;
    let verify = || VerifyOptions { writer: Some(household.writer.clone()), ..VerifyOptions::default() };
    let old = household.save(&repository, &[("a", b"one")]).await;
    let good = household.save(&repository, &[("a", b"two")]).await;
    repository.verify(verify()).await.unwrap();
    household.save(&repository, &[("a", b"three")]).await;
    let policy = Retention { last: 1, daily: 0, weekly: 0, monthly: 0, yearly: 0, ..Retention::default() };
    let plan = repository.plan_retention(&policy, &TimeZone::UTC).await.unwrap();
    assert_eq!(plan.remove, std::slice::from_ref(&old.id), "the last verified one stays, the one before it goes");
    repository.carry_out_retention(&plan, &household.writer).await.unwrap();
    hand.forward(12);
    // The good one rots, and that is found.
    let path = item_path(&household, &good.items[0].key);
    let mut rotten = std::fs::read(&path).unwrap();
    rotten[40] ^= 1;
    std::fs::write(&path, rotten).unwrap();
    assert_eq!(
        repository.verify(VerifyOptions { snapshot: Some(good.id.clone()), ..verify() }).await.unwrap().broken.len(),
        1
    );
    // The newest was compared in that as little as before: the old one is the last that is known to be good.
    hand.forward(13);
    let swept = repository.sweep(&household.writer).await.unwrap();
    assert_eq!((swept.snapshots.len(), swept.kept_back), (0, vec![old.id.clone()]));
    assert_eq!(household.read(&repository, &old, "a", &household.identities[0]).await.unwrap(), b"one");
    // A newer good one lets it go.
    repository.verify(verify()).await.unwrap();
    assert_eq!(repository.sweep(&household.writer).await.unwrap().snapshots, std::slice::from_ref(&old.id));
}

#[tokio::test]
async fn snapshots_that_stand_by_themselves_take_no_place_of_others_and_go_with_time() {
    let (household, repository, hand) = with_hand().await;
    let pruned = async |content: &[u8]| {
        let options = RunOptions { standalone: true, ..RunOptions::new("attic/pruned") };
        let mut run = repository.begin(&household.writer, options).await.unwrap();
        run.add("pruned/objects", bytes(Format::Tar, content), serde_json::Map::new()).await.unwrap();
        run.commit().await.unwrap()
    };
    let mut regular = Vec::new();
    let mut standalone = Vec::new();
    for day in 0..3_u8 {
        regular.push(household.save(&repository, &[("a", &[day])]).await.id.clone());
        for number in 0..4_u8 {
            hand.forward(1);
            standalone.push(pruned(&[day, number][..usize::from(number % 2) + 1]).await);
        }
        hand.forward(20);
    }
    assert!(standalone.iter().all(|one| one.suspicious.is_none()), "one pruning is not measured against another");
    let policy = Retention { last: 2, daily: 3, weekly: 0, monthly: 0, yearly: 0, ..Retention::default() };
    let plan = repository.plan_retention(&policy, &TimeZone::UTC).await.unwrap();
    // Each day the third pruning was of the same as the first: of those the newest stays.
    let again: Vec<&str> = [0, 4, 8].map(|at| standalone[at].id.as_str()).into();
    assert_eq!(plan.remove, again, "three days, and each of the prunings: {plan:?}");
    let why = |id: &str| plan.keep.iter().find(|(kept, _)| kept == id).unwrap().1.clone();
    assert!(why(&standalone[2].id).contains(&"for its own sake".to_owned()));
    assert!(why(&regular[0]).iter().any(|why| why.starts_with("daily")));
    let short = Retention { standalone: SignedDuration::from_hours(30), ..policy.clone() };
    let plan = repository.plan_retention(&short, &TimeZone::UTC).await.unwrap();
    let going: Vec<&str> = standalone[..4].iter().map(|one| one.id.as_str()).collect();
    assert!(going.iter().all(|id| plan.remove.iter().any(|gone| gone == id)), "{plan:?}");
    assert!(regular.iter().all(|id| !plan.remove.contains(id)));
    // Nobody is late with them, and policies of one host leave those of another alone.
    let points = repository.recovery_points().await.unwrap();
    assert_eq!(points.iter().map(|point| point.host.as_str()).collect::<Vec<_>>(), ["attic"]);
    let nothing = Retention { last: 0, daily: 0, standalone: SignedDuration::ZERO, ..policy };
    let others = repository.plan_retention_of(&nothing, &TimeZone::UTC, |host| host == "cellar").await.unwrap();
    assert!(others.remove.is_empty() && others.keep.is_empty());
}

#[tokio::test]
async fn each_host_has_its_own_last_snapshots() {
    let (household, repository, _) = with_hand().await;
    for (host, count) in [("attic", 2), ("cellar", 5)] {
        for number in 0..count {
            let mut run = repository.begin(&household.writer, RunOptions::new(host)).await.unwrap();
            run.add("a", bytes(Format::Tar, &[number]), serde_json::Map::new()).await.unwrap();
            run.commit().await.unwrap();
        }
    }
    let policy = Retention { last: 2, daily: 0, weekly: 0, monthly: 0, yearly: 0, ..Retention::default() };
    let plan = repository.plan_retention(&policy, &TimeZone::UTC).await.unwrap();
    assert_eq!((plan.keep.len(), plan.remove.len()), (4, 3), "one that runs often does not push out another: {plan:?}");
}

#[tokio::test]
async fn two_sweeps_and_a_run_at_once_do_no_harm() {
    let (household, repository, hand) = with_hand().await;
    let first = household.save(&repository, &[("a", b"one"), ("b", b"two")]).await;
    household.save(&repository, &[("a", b"one"), ("b", b"three")]).await;
    // An item that nobody needs, and a snapshot that goes.
    let mut run = repository.begin(&household.writer, RunOptions::new("attic")).await.unwrap();
    run.add("a", bytes(Format::Tar, b"cut off"), serde_json::Map::new()).await.unwrap();
    drop(run);
    let policy = Retention { last: 1, daily: 0, weekly: 0, monthly: 0, yearly: 0, ..Retention::default() };
    let plan = repository.plan_retention(&policy, &TimeZone::UTC).await.unwrap();
    assert_eq!(plan.remove, std::slice::from_ref(&first.id));
    repository.carry_out_retention(&plan, &household.writer).await.unwrap();
    let trust = || OpenOptions::new(Trust::Writers(vec![household.writer.id()])).with_clock(hand.clock());
    let other = Repository::open(household.store(), trust()).await.unwrap();
    for _ in 0..3 {
        hand.forward(25);
        // A run that uses again what is there, around both of them.
        let mut run = repository.begin(&household.writer, RunOptions::new("attic")).await.unwrap();
        run.add("a", bytes(Format::Tar, b"one"), serde_json::Map::new()).await.unwrap();
        let (left, right) = tokio::join!(repository.sweep(&household.writer), other.sweep(&household.writer));
        left.unwrap();
        right.unwrap();
        run.add("b", bytes(Format::Tar, b"three"), serde_json::Map::new()).await.unwrap();
        assert_eq!(run.commit().await.unwrap().counts.sent, 0);
        let reader = Repository::open(household.store(), trust()).await.unwrap();
        let found = reader.verify(VerifyOptions::default()).await.unwrap();
        assert_eq!(found.damaged, []);
    }
    let objects = household.files().iter().filter(|path| path.to_string_lossy().contains("/items/")).count();
    assert_eq!(objects, 2, "what nobody needs is gone");
}

#[tokio::test]
async fn an_item_that_is_needed_again_meanwhile_stays() {
    let (household, repository, hand) = with_hand().await;
    household.save(&repository, &[("a", b"one")]).await;
    // A run that is cut off before its commit leaves an item that nobody needs.
    let mut run = repository.begin(&household.writer, RunOptions::new("attic")).await.unwrap();
    run.add("a", bytes(Format::Tar, b"cut off"), serde_json::Map::new()).await.unwrap();
    drop(run);
    hand.forward(25);
    assert_eq!(repository.sweep(&household.writer).await.unwrap().noted, 1);
    hand.forward(1);
    household.save(&repository, &[("a", b"cut off")]).await;
    hand.forward(30);
    let swept = repository.sweep(&household.writer).await.unwrap();
    assert_eq!(swept.objects, 1, "the one that was cut off; the same content was sent again under a key of its own");
    assert!(repository.verify(VerifyOptions::default()).await.unwrap().damaged.is_empty());
}

#[tokio::test]
async fn deletion_stands_still_where_a_commit_cannot_be_read_or_the_last_run_failed() {
    let (household, repository, hand) = with_hand().await;
    let first = household.save(&repository, &[("a", b"one")]).await;
    household.save(&repository, &[("a", b"two")]).await;
    hand.forward(48);
    let path = item_path(&household, &format!("snapshots/{}/commit.json", first.id));
    let good = std::fs::read(&path).unwrap();
    std::fs::write(&path, &good[..100]).unwrap();
    let reopened = Repository::open(
        household.store(),
        OpenOptions::new(Trust::Writers(vec![household.writer.id()])).with_clock(hand.clock()),
    )
    .await
    .unwrap();
    let error = reopened.sweep(&household.writer).await.unwrap_err();
    assert!(matches!(error, Error::Suspended { .. }), "{error}");
    std::fs::write(&path, &good).unwrap();
    let run = reopened.begin(&household.writer, RunOptions::new("attic")).await.unwrap();
    assert!(run.commit().await.is_err(), "nothing was added");
    let error = reopened.sweep(&household.writer).await.unwrap_err().to_string();
    assert!(error.contains("last backup failed"), "{error}");
    household.save(&reopened, &[("a", b"three")]).await;
    reopened.sweep(&household.writer).await.unwrap();
}

#[tokio::test]
async fn a_key_is_proven_and_the_proof_kept() {
    let (household, repository, _) = with_hand().await;
    household.save(&repository, &[("a", b"one")]).await;
    assert!(repository.proven().await.unwrap().iter().all(|proven| proven.at.is_none()));
    let proof = repository.prove(&household.identities[1], Some(&household.writer)).await.unwrap();
    assert_eq!(proof.proven[0].label, "paper");
    let proven = repository.proven().await.unwrap();
    let dates: Vec<bool> = proven.iter().map(|proven| proven.at.is_some()).collect();
    assert_eq!(dates, [false, true]);
    let (evidence, faults) = repository.evidence().await.unwrap();
    assert_eq!((evidence.len(), evidence[0].what, faults.len()), (1, EvidenceKind::Prove, 0));
    let (stranger, _) = support::identity();
    assert!(matches!(repository.prove(&stranger, None).await, Err(Error::NoIdentity { .. })));
}

#[tokio::test]
async fn new_recipients_open_what_is_saved_from_then_on_wholly() {
    let (household, repository, _) = with_hand().await;
    household.save(&repository, &[("a", b"one"), ("b", b"two")]).await;
    let (partner, public) = support::identity();
    let mut recipients = household.recipients.clone();
    recipients[0] = Recipient::new("partner", public).unwrap();
    let change = KeyChange { recipients: Some(recipients.clone()), ..KeyChange::default() };
    repository.change_keys(&household.writer, change).await.unwrap();
    // Another process sees the change in the row of snapshots.
    let other = household.open().await;
    let second = household.save(&other, &[("a", b"one"), ("b", b"two")]).await;
    assert_eq!(other.recipients(), recipients);
    assert_eq!(second.counts.sent, 2, "all is encrypted anew");
    for identity in [&partner, &household.identities[1]] {
        assert_eq!(household.read(&other, &second, "b", identity).await.unwrap(), b"two");
    }
    let refused = household.read(&other, &second, "b", &household.identities[0]).await.unwrap_err();
    assert!(matches!(refused, Error::NoIdentity { .. }), "{refused}");
    let third = household.save(&other, &[("a", b"one"), ("b", b"two")]).await;
    assert_eq!(third.counts.sent_bytes, 0);
}

#[tokio::test]
async fn a_carried_item_that_new_recipients_cannot_open_is_saved_anew_as_soon_as_it_can_be() {
    let (household, repository, _) = with_hand().await;
    household.save(&repository, &[("a", b"one"), ("b", b"two")]).await;
    let (partner, public) = support::identity();
    let recipients = vec![Recipient::new("partner", public).unwrap(), household.recipients[1].clone()];
    let change = KeyChange { recipients: Some(recipients), ..KeyChange::default() };
    repository.change_keys(&household.writer, change).await.unwrap();
    let mut run = repository.begin(&household.writer, RunOptions::new("attic")).await.unwrap();
    run.add("a", bytes(Format::Tar, b"one"), serde_json::Map::new()).await.unwrap();
    run.skip("b", "busy").unwrap();
    let second = run.commit().await.unwrap();
    assert!(second.items.iter().any(|item| item.carried.as_ref().is_some_and(|carried| carried.other_recipients)));
    let third = household.save(&repository, &[("a", b"one"), ("b", b"two")]).await;
    assert_eq!(third.counts.sent, 1);
    assert_eq!(household.read(&repository, &third, "b", &partner).await.unwrap(), b"two");
}
