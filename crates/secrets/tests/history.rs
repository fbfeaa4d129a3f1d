//! Values are dated by the commits that made them what they are.

#![expect(clippy::unwrap_used, reason = "a test's helpers may fail it")]

use std::collections::BTreeMap;
use std::time::{Duration, UNIX_EPOCH};

use home::{Home, ME, OTHER};
use windlass_secrets::{AgeLimits, Rotation, RuleFiles, SecretFile, metrics, rekey, replace_file, rotate, status};
use windlass_sops::{Format, Identities, Location, Recipients};

#[path = "support/home.rs"]
mod home;

const FILE: &str = "apps/web.sops.yaml";
const PLAIN: &str = "kind: Secret\nstringData:\n  a: one\n  b: two\n  c: three\n";
const DAY: u64 = 24 * 60 * 60;

/// Made on day 1, `a` changed on day 2, all encrypted anew on day 3, `b` changed on day 4, reformatted on day 5.
fn home() -> Home {
    let home = Home::new();
    home.git(&["init", "-q"], 0);
    home.encrypt(FILE, PLAIN, &[ME]);
    home.commit(DAY);
    home.set(FILE, "stringData.a", "new");
    home.commit(2 * DAY);
    let old = home.read(FILE);
    let path = home.path(FILE);
    let change = rotate(&path, &old, Format::Yaml, &home.hands(), &Rotation::default()).unwrap();
    replace_file(&path, Some(&old), &change.text.unwrap()).unwrap();
    home.commit(3 * DAY);
    home.set(FILE, "stringData.b", "new");
    home.commit(4 * DAY);
    home.write(FILE, ["# moved down\n".as_bytes(), &home.read(FILE)].concat());
    home.write("other.txt", "x");
    home.commit(5 * DAY);
    home
}

fn statuses(home: &Home) -> Vec<SecretFile> {
    status(&home.repository(), &home.identities, &AgeLimits::default(), &mut RuleFiles::default()).unwrap()
}

fn ages(home: &Home, identities: &Identities) -> BTreeMap<String, (Option<u64>, bool)> {
    let files = status(&home.repository(), identities, &AgeLimits::default(), &mut RuleFiles::default()).unwrap();
    let values = files.iter().flat_map(|file| &file.dated.values);
    let name = |at: &Location| Location { line: None, ..at.clone() }.to_string();
    values.map(|value| (name(&value.at), (value.since.map(|since| since / DAY), value.may_be_older))).collect()
}

#[test]
fn a_new_data_key_is_looked_through() {
    let home = home();
    let ages = ages(&home, &home.identities);
    assert_eq!(ages["stringData.a"], (Some(2), false));
    assert_eq!(ages["stringData.b"], (Some(4), false));
    assert_eq!(ages["stringData.c"], (Some(1), false));
}

#[test]
fn without_a_key_a_date_behind_a_new_data_key_is_a_bound() {
    let ages = ages(&home(), &Identities::new());
    assert_eq!(ages["stringData.a"], (Some(3), true));
    assert_eq!(ages["stringData.b"], (Some(4), false));
    assert_eq!(ages["stringData.c"], (Some(3), true));
}

#[test]
fn a_data_key_is_as_old_as_its_rotation_and_no_key_is_needed_to_see_it() {
    let home = home();
    let since = |home: &Home| {
        let files = status(&home.repository(), &Identities::new(), &AgeLimits::default(), &mut RuleFiles::default());
        files.unwrap()[0].dated.key_since.map(|since| since / DAY)
    };
    assert_eq!(since(&home), Some(3));
    // Another recipient gets the same key; all values are new, and the key is stored as it was.
    let (path, old) = (home.path(FILE), home.read(FILE));
    let wanted = Recipients::age([ME, OTHER]).unwrap();
    let change = rekey(&path, &old, Format::Yaml, &home.hands(), &wanted, false).unwrap();
    replace_file(&path, Some(&old), &change.text.unwrap()).unwrap();
    home.commit(6 * DAY);
    assert_eq!(since(&home), Some(3));
    for name in ["a", "b", "c"] {
        home.set(FILE, &format!("stringData.{name}"), "newest");
    }
    home.commit(7 * DAY);
    assert_eq!(since(&home), Some(3));
    let old = home.read(FILE);
    let change = rotate(&path, &old, Format::Yaml, &home.hands(), &Rotation::default()).unwrap();
    replace_file(&path, Some(&old), &change.text.unwrap()).unwrap();
    assert_eq!(since(&home), None, "not committed yet");
}

#[test]
fn what_is_too_old_by_its_limit_is_marked() {
    let home = home();
    let limits = |value: &str, key: &str| AgeLimits {
        values: vec![value.parse().unwrap()],
        data_keys: vec![key.parse().unwrap()],
    };
    let now = UNIX_EPOCH + Duration::from_secs(12 * DAY);
    let old = |limits: &AgeLimits| {
        let files = status(&home.repository(), &home.identities, limits, &mut RuleFiles::default()).unwrap();
        let old = files[0].dated.values.iter().filter(|value| files[0].is_old(value, now)).count();
        (old, files[0].is_key_old(now), metrics(&files, now))
    };
    let (values, key, text) = old(&limits("8d", "8d"));
    assert_eq!((values, key), (2, true));
    for line in [
        "windlass_secret_too_old{what=\"value\"} 2",
        "windlass_secret_too_old{what=\"data_key\"} 1",
        "windlass_secret_value_max_age_seconds{file=\"apps/web.sops.yaml\",value=\"stringData.b\"} 691200",
        "windlass_secret_data_key_age_seconds{file=\"apps/web.sops.yaml\"} 777600",
        "windlass_secret_data_key_max_age_seconds{file=\"apps/web.sops.yaml\"} 691200",
    ] {
        assert!(text.lines().any(|known| known == line), "{line} is missing in\n{text}");
    }
    let (values, key, _) = old(&limits("other/**=1d", "9d"));
    assert_eq!((values, key), (0, false));
}

#[test]
fn what_is_not_committed_has_no_date() {
    let home = home();
    home.set(FILE, "stringData.c", "newer");
    let ages = ages(&home, &home.identities);
    assert_eq!(ages["stringData.c"], (None, false));
    assert_eq!(ages["stringData.a"], (Some(2), false));
}

#[test]
fn without_a_repository_nothing_is_dated() {
    let home = Home::new();
    home.encrypt(FILE, PLAIN, &[ME]);
    assert_eq!(ages(&home, &home.identities)["stringData.a"], (None, false));
    home.git(&["init", "-q"], 0);
    assert_eq!(ages(&home, &home.identities)["stringData.a"], (None, false));
}

#[test]
fn metrics_are_text_for_prometheus() {
    let home = home();
    let files = statuses(&home);
    let text = metrics(&files, UNIX_EPOCH + Duration::from_secs(12 * DAY));
    for line in [
        "windlass_secret_files 1",
        "windlass_secret_values 3",
        "windlass_secret_file_recipients{file=\"apps/web.sops.yaml\"} 1",
        "windlass_secret_value_age_seconds{file=\"apps/web.sops.yaml\",value=\"stringData.a\"} 864000",
    ] {
        assert!(text.lines().any(|known| known == line), "{line} is missing in\n{text}");
    }
}
